"""Studies: many runs as one file, what they came to, and how certain that is. Pure."""
