"""A process for each domain: its controller behind mutually authenticated TLS, and its start."""
