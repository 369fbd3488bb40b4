"""What a proof claims, one kind of claim a file. Pure."""
