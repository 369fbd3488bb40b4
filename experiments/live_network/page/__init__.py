"""The page of a live network: a door of its own, with a token of its own, that may break things."""
