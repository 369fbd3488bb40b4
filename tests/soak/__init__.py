"""Soaks: random events on a live network, judged by an oracle that knows nothing of its tables."""
