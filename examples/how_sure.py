"""Print the uncertainty of a path and its jurisdictions, its causes, and a price with interval.

.venv/bin/python examples/how_sure.py
"""

from datetime import date

import numpy as np

from corridor.controller.policy.certainty import Lawful, price_ns, unruled
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Demand
from corridor.controller.policy.permitted_paths import PermittedPath, best_permitted_path
from corridor.controller.policy.semantics import rule
from corridor.topologies.analysis.monte_carlo import draw, influences, interval_of
from corridor.topologies.formats.load import load_topology

DAY = date(2026, 11, 24)


def main() -> None:
    topology = load_topology("pan-asia")
    policies = load_policies("pan-asia", topology)
    demand = Demand.model_validate(
        {"id": "records", "class": "cn-personal-contract", "src": "urumqi", "dst": "lahore"}
    )
    applicable_policies = rule(policies, topology, demand, as_of=DAY)
    route = best_permitted_path(applicable_policies)
    assert isinstance(route, PermittedPath)
    lawful = Lawful(draw(topology, draws=1000, seed=1))
    found = lawful.certainty(applicable_policies, route.path)
    print(f"{route.one_way_ns / 1e6:.1f} ms one way, 90 % {found.taken}")
    print(f"the same jurisdictions in {found.set_share:.0%} of draws; near tie: {found.near_tie}")
    price = price_ns(lawful, [applicable_policies], [unruled(topology, demand)])
    print(f"policies add {interval_of(price[~np.isnan(price)])} one way")
    first = influences(lawful.ensemble.inputs, found.taken_ns.astype(float), found.as_expected)[0]
    print(f"look up next: {first.input}, {first.variance_share:.0%} of the variance")


if __name__ == "__main__":
    main()
