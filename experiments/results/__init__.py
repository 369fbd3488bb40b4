"""From recorded rows to results: effects of events, messages, checks against the predictions.
Pure.
"""
