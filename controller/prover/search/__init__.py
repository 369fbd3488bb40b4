"""The over-approximating search: where packets may come, whatever has failed. Pure."""
