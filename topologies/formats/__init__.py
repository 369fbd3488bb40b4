"""Topology file formats: one module each, text in, Topology out (and back where it can be)."""
