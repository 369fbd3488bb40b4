"""The recorded rows of a run: probes, flows, fibres, counters, and the account of every
packet. Pure.
"""
