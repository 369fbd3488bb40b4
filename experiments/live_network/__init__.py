"""A network that the controller keeps to its policies while it changes, and traffic through it."""
