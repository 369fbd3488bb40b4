"""A user-supplied objective, examples/own_objective.py: the cost of fibre leases, by the
jurisdiction of the fibres.

corridor explain copies examples/own_objective.yaml

Prices are invented. The interface of such a file: docs/extending.md, "An objective".
"""

from __future__ import annotations

PRICES = {"CN": 1, "HK": 1, "VN": 2, "TH": 2, "PK": 4, "LA": 8}
"""Of a fibre for each 10 Mbit/s, by jurisdiction."""
OTHERS = 5
DETOURS_WEIGH = 1e-3
"""A detour is seldom in use."""


class Leases:
    key = "leases"
    words = "what leases of fibres cost"

    def over(self, space, fibre, delay_ns):
        """Of a demand over one fibre."""
        return self._price(space, fibre)

    def main(self, space, order, one_way_ns, alone):
        """Return the cost of a primary path with the fibres ``order``, by number."""
        fibres = space.product.topology.fibres
        return sum(self._price(space, fibres[number]) for number in order)

    def detour(self, space, found, order, one_way_ns, alone):
        return DETOURS_WEIGH * self.main(space, order, one_way_ns, alone)

    def _price(self, space, fibre):
        topology = space.product.topology
        ends = {topology.hub(end).located_in for end in fibre.ends}
        under = ends | set(fibre.crosses)
        return max(PRICES.get(one, OTHERS) for one in under) * space.rate_bps / 10e6


KIND = Leases()
