"""The exact search: the outcome of packets under each set of failures. Pure."""
