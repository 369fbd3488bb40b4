"""The computed answers of a scenario without a run: outcome, price, law, cut, capacity,
uncertainty. Pure.
"""
