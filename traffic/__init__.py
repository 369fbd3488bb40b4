"""Frames, probes, streams and their measures. Imports nothing of the controller."""
