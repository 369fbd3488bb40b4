"""Topology file formats: one module each, text in, Topology out (and back where it can be)."""

TOPOHUB = "topohub:"
"""What names of graphs of the package ``topohub`` begin with."""
