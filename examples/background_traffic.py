"""Cut cables in the Red Sea, and print what happens to the Internet traffic of Pakistan.

    .venv/bin/python examples/background_traffic.py

Nothing is emulated. ``docs/background.md`` has the model. The press reported 1.3 Tbit/s lost on
2025-09-06, and 0.4 Tbit/s after five days.
"""

from datetime import date

from corridor.traffic.background import Reaction, read_internet, sampled

DAY = date(2025, 9, 6)
REACTIONS: dict[Reaction, str] = {
    "none": "traffic on cut paths",
    "own": "shortfall after rerouting to own capacity",
    "bought": "shortfall after buying capacity",
}


def main() -> None:
    internet = read_internet()
    cut = internet.cut("smw4:red-sea", "imewe:red-sea", "falcon:red-sea", "eig:red-sea")
    for reaction, words in REACTIONS.items():
        found = sampled(internet, DAY, cut, reaction, seed=1, n=200, countries=["PK"])
        value, low, high = (
            part.total("PK").shortfall_gbps for part in (found.value, found.low, found.high)
        )
        print(f"{words}: {value:,.0f} Gbit/s ({low:,.0f} to {high:,.0f})")


if __name__ == "__main__":
    main()
