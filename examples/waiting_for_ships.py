"""What do repair ships change? Compare repair times that are all equal with those of the record.

    .venv/bin/python examples/waiting_for_ships.py [SCENARIO]

Nothing is emulated. ``docs/availability.md`` has the model and its limits.
"""

import sys

import corridor


def main() -> None:
    scenario = sys.argv[1] if len(sys.argv) > 1 else "mini"
    for repair_times in ("constant", "lognormal"):
        found = corridor.repairs(scenario, repair_times=repair_times)
        added = found.added
        print(
            f"{repair_times} repair times: {found.at_once:,.0f} demand-minutes a year at once; "
            f"waiting adds {added.mean:.2g} +- {added.error:.1g}"
        )
        for ships in found.ships:
            print(f"  {ships.id}: {ships.waited:.1%} of {ships.repairs_a_year:.1f} a year wait")


if __name__ == "__main__":
    main()
