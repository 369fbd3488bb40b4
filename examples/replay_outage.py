"""Compare an outage of January 2025 with what was published of it, and predict another cut.

.venv/bin/python examples/replay_outage.py
"""

import corridor


def main() -> None:
    found = corridor.replay("aae1-2025-01", samples=20, seed=7)
    for one in found.comparisons:
        if one.published is not None and one.computed is not None:
            published = f"{one.published.low:.0f} {one.unit}"
            print(f"{one.id}: published {published}, computed {one.computed:.0f}, {one.verdict}")
    other = corridor.replay(cables=["smw4", "imewe"], at="red-sea", as_of="2027-01-01", samples=0)
    for state in other.states:
        print(f"{state.country}, {state.after}: {state.unserved_gbps:.0f} Gbit/s are not served")


if __name__ == "__main__":
    main()
