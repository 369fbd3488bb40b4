"""Checks of a topology alone: doubtful entries, and the latency to expect. Pure."""
