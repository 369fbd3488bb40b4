"""The verbs of the command line that need no live network, one a file."""
