"""``corridor topology``: its actions that show, check, convert and measure a map."""
