"""What theory predicts of queues, shares and transfers, to are next to what is measured. Pure.

Times in seconds, rates in bit/s; each function names its source. Nothing here knows of emulation.
"""
