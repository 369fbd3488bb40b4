"""What stands in the queue stage of a fibre's data lane: a kind a file, found by the registry."""
