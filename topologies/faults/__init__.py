"""Kinds of faults, one a file: how YAML writes it, what plans call it, what it does. Pure.

Scenarios and plans ask here which kinds there are, so it lies left of both and reads no YAML. The
network that a fault affects is a protocol (``kind.Network``), so it lies left of the edge that
changes the kernel, too; the file of a kind says which interfaces change, and how.
"""
