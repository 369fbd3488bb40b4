"""What people do to a live network by hand: programs at hubs, probes, captures, faults."""
