"""Tests of policies on networks that run: what stands behind the marker ``corridor_live``."""
