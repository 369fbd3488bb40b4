"""Compare the emissions of hubs by three countings, and list what is unknown.

    .venv/bin/python examples/energy.py [HUB ...]

The bounds of two hubs can overlap: then neither emits less. ``docs/energy.md`` has the countings.
"""

import sys

import corridor

COUNTS = ("location", "market", "marginal")


def main() -> None:
    hubs = sys.argv[1:] or ["horinger", "tianfu", "shaoguan"]
    for count in COUNTS:
        found = corridor.energy(*hubs, count=count)
        bounds = {
            hub.id: (one.low, one.high)
            for hub in found.hubs
            for one in hub.countings
            if one.boundary == "direct" and one.low is not None and one.high is not None
        }
        print(f"{count}: {least(bounds)}")
    for one in corridor.energy(*hubs).unknown:
        print(f"unknown: {one.what} of {one.hub}; {one.state or 'no option states it'}")


def least(bounds: dict[str, tuple[float, float]]) -> str:
    """Return the hub whose upper bound is below the lower bound of all others, if there is one."""
    for hub, (_, high) in bounds.items():
        if all(high < low for other, (low, _) in bounds.items() if other != hub):
            return f"{hub} emits least, at most {high:.0f} g/kWh"
    return f"bounds of {len(bounds)} hubs overlap, so none of them is known to emit least"


if __name__ == "__main__":
    main()
