"""What may happen while a network is measured: kinds of events, one a file, and moments. Pure.

Kinds that affect the network itself are those of ``topologies/faults``; the others are here.
"""
