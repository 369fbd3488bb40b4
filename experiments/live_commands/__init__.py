"""The verbs that start, change and use a live network, one a file."""
