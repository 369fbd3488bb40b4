"""How full directed links get, what is full first as traffic grows, and the minimum that helps.

All functions take given paths: where demands go under a failure does not depend on the rates then.
So every load is a sum of rates, each times how often it crosses the link, and all answers are exact
ratios of such sums. Choosing paths again for other rates is up to the caller.
"""
