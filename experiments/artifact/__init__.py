"""A study or run packed for others, and verified: files, values from samples, runs repeated."""
