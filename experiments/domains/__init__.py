"""Answers of a scenario that several controllers serve."""
