"""Sets of headers, and what the entries of one table do to them. Pure."""
