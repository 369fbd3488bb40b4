"""What theory predicts of queues, shares and transfers, for comparison with measurements. Pure.

Times in seconds, rates in bit/s; each function names its source. Nothing here knows of emulation.
"""
