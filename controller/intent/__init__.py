"""What is to be served: demands with their packets, failures by name, the specification. Pure."""
