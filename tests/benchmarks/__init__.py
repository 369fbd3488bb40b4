"""Benchmarks: what takes how long, as ratios against an alternative."""
