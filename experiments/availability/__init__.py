"""How often demands have a permitted path while fibres fail and are repaired, and the risks behind
it: decided exactly, with bounds and intervals. Pure.
"""
