"""Predictions of theory that results are compared with: fair shares and transfers. Pure.

Times in seconds, rates in bit/s; each function names its source. Nothing here knows of emulation.
"""
