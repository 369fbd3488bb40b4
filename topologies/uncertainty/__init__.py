"""Draws of a map: what each fibre may take, if lengths and constants are off as stated. Pure."""
