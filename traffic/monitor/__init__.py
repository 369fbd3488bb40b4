"""Counts what crosses fibres, independently of switches and controller."""
