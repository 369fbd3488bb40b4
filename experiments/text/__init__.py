"""Answers and results as sentences and tables. Pure."""
