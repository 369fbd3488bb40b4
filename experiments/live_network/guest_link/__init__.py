"""One line into a guest, shared by many connections."""
