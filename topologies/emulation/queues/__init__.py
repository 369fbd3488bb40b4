"""Queues in front of a fibre, one kind a file; requests to the kernel about them, as octets.
Pure.
"""
