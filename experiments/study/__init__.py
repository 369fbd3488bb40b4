"""Studies: many runs as one file, what they came to, and how sure that is. Pure."""
