"""Scenario files, and the intents they come to. Pure."""
