"""Soaks: random events on a kept network, judged by an oracle that knows nothing of its tables."""
