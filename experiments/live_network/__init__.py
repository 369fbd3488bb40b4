"""A network that runs until it is ended, its connection to commands, and its page."""
