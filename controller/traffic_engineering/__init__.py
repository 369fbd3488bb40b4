"""Selects paths and detours so that guaranteed rates fit; bottlenecks; relaxation. Pure."""
