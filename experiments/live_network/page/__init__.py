"""The page of a live network: a separate door, with a separate token, that may break things."""
