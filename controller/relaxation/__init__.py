"""What demands give up, by the ladder of their permit, so that all fits. Pure."""
