"""Scenario files, the events of a measurement, one kind a file, and the resulting intents.
Pure.
"""
