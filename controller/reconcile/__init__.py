"""Keeps switches in the desired state through changes; the applications that Ryu and os-ken
load.
"""
