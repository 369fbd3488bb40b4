"""Dated outages, computed on the traffic of their day and compared with published figures. Pure."""
