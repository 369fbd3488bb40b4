"""Compare the availability of demands by climate: all years of the record, peace and war.

    .venv/bin/python examples/nines.py [SCENARIO]

Nothing is emulated. ``docs/availability.md`` has the model and its limits.
"""

import sys

import corridor

CLIMATES = ("record", "peace", "as-2024-2026")


def main() -> None:
    scenario = sys.argv[1] if len(sys.argv) > 1 else "mini"
    for climate in CLIMATES:
        found = corridor.availability(scenario, climate=climate)
        first = corridor.risks(scenario, climate=climate).risks[0]
        worst = found.demands[0]
        print(
            f"{climate}: {found.replanned_minutes.high:,.0f} demand-minutes a year; worst demand "
            f"{worst.demand} with {worst.replanned.nines:.1f} nines; first risk {first.id}, in "
            f"{first.first:.0%} of samples"
        )


if __name__ == "__main__":
    main()
