"""The exact search: what becomes of packets under each set of failures. Pure."""
