"""Artifacts packed, opened, and checked: files, values made again from samples, runs repeated."""
