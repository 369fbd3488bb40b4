"""Demands with their packets, failures by name, the specification, admission of guaranteed
rates. Pure.
"""
