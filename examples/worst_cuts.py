"""Print the worst cuts of one and of two shared-risk groups, and what neither group does alone.

    .venv/bin/python examples/worst_cuts.py [SCENARIO]

Nothing is emulated. ``docs/scenarios.md`` explains the values.
"""

import sys

import corridor


def main() -> None:
    scenario = sys.argv[1] if len(sys.argv) > 1 else "mini"
    for row in corridor.cut_each("groups", scenario=scenario).cuts[:3]:
        effect = row.effect
        print(f"{row.cut[0]}: {effect.slower} slower, at most {effect.added_max_ms:.1f} ms")
    for row in corridor.cut_each("pairs", scenario=scenario).cuts:
        if row.only_together:
            print(f"{' and '.join(row.cut)} disconnect {', '.join(row.only_together)}")


if __name__ == "__main__":
    main()
