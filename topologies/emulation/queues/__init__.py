"""Queues in front of a fibre; requests to the kernel about them, as octets.
Pure.
"""
