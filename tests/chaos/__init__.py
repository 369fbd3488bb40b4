"""Breaks a live network on purpose and says how soon it is whole again."""
