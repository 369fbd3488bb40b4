"""How full directed links get, what is full first as traffic grows, and the least that helps.

Ways do not depend on load: where demands go under a failure is the same at any rate. So every load
is a sum of rates, each times how often it crosses the link then, and all answers are exact ratios
of such sums: nothing is tried out.
"""
