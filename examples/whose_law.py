"""Print the jurisdictions that demands cross: certainly, possibly, and in Monte Carlo samples.

.venv/bin/python examples/whose_law.py [SCENARIO]
"""

import sys

from corridor.experiments.answers.certainty import certainties
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario

LEAST_SHARE = 0.1
"""As for near ties."""


def main(name: str = "pan-asia") -> None:
    loaded = load_scenario(name)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    served = [one for one in plan.demands if one.hubs]
    found = certainties(loaded).demands
    between = [one for one in served if len(one.crosses) > 1]
    counts = f"{len(served)} of {len(plan.demands)} demands served"
    print(f"{name}: {counts}, {len(between)} cross a border")
    print("jurisdiction  on the map  not excluded  in 10 % of samples or more")
    often = {one.id: _often(found[one.id].there.sets) for one in between}
    codes = {code for one in between for code in (*one.crosses, *one.may_cross, *often[one.id])}
    rows = [
        (
            sum(code in one.crosses for one in between),
            sum(code in one.may_cross for one in between),
            sum(code in often[one.id] for one in between),
            code,
        )
        for code in codes
    ]
    for on_map, perhaps, drawn, code in sorted(rows, key=lambda row: (-row[0], -row[2], row[3])):
        if on_map or drawn:
            print(f"{code:12}  {on_map:10}  {perhaps or '':>12}  {drawn:26}")
    others = [f"{code} {perhaps}" for on_map, perhaps, drawn, code in rows if not on_map + drawn]
    print(f"only not excluded: {', '.join(sorted(others))}")
    ties = sum(one.there.near_tie for one in found.values())
    print(f"near ties: {ties} of {len(found)}")


def _often(sets) -> set[str]:
    """Return the jurisdictions that shortest permitted paths cross in that share of samples."""
    codes = {code for one in sets for code in one.of}
    return {c for c in codes if sum(one.share for one in sets if c in one.of) >= LEAST_SHARE}


if __name__ == "__main__":
    main(*sys.argv[1:])
