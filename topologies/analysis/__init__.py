"""Answers about a topology alone: gaps, expected latency, Monte Carlo samples of its lengths.
Pure.
"""
