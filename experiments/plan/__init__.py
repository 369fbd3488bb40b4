"""A scenario as a plan: all that a run does, as values. Pure."""
