"""Several controllers that share only what they must: offers, composed paths, contracts, and what
can be learnt from them.

A controller sees its own switches and fibres, the fibres that lead out of its domain, and the
policies, which are public. ``controller_view`` makes that view; nothing else of the map is used.
"""
