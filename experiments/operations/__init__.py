"""Manual operations on a live network: programs, probes, captures, faults; the channel into a
guest.
"""
