"""From what was recorded to what is reported. Pure."""
