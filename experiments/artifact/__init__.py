"""Artifacts: what a reader needs to check a study or a run, and what a check came to. Pure."""
