"""``corridor traffic``: the background Internet traffic of countries, with sources."""

from __future__ import annotations

import argparse
import json
from typing import Any

from corridor.experiments.commands.arguments import day, whole
from corridor.experiments.terminal.screen import show, terminal_width

EXAMPLES = """examples:
  corridor traffic                       all countries, published totals, what is unknown
  corridor traffic PK                    owners, directions and holdings of Pakistan, today
  corridor traffic PK --date 2025-09-06  carried to a day
  corridor traffic --json                the whole matrix, with sources

Nothing is emulated. docs/background.md has the model and its assumptions.
exit codes: 0 fine, 2 bad input"""


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "traffic",
        description="Show the background Internet traffic of countries: offered traffic by owner "
        "and direction, holdings with load and capacity, published totals, and what is unknown.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "country", nargs="?", default="", metavar="COUNTRY", help="a code such as PK; default: all"
    )
    parser.add_argument(
        "--date", type=day, metavar="DAY", help="carry figures to this day; default: today"
    )
    parser.add_argument(
        "--seed",
        type=whole(0, 2**63, "a seed is 0 or more and below 2^63"),
        default=1,
        metavar="N",
        help="seed of the samples behind the intervals (default: 1)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run the verb."""
    from corridor.experiments.answers.traffic_answer import traffic_matrix
    from corridor.experiments.text.traffic_text import told

    answer = traffic_matrix(args.country, as_of=args.date, seed=args.seed)
    if args.json:
        print(json.dumps(answer.to_json(), indent=1, ensure_ascii=False))
    else:
        show(told(answer, terminal_width()))
    return 0
