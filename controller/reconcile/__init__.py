"""Keeps switches to what is wanted while failures, policies and days change."""
