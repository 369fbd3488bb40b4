"""Internet traffic: ``corridor replay`` of dated outages, ``traffic`` of countries."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import add_seed, day, names, whole
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    answered,
    told,
)
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.errors import InputError

if TYPE_CHECKING:
    from corridor.experiments.replays.document import Replay, Replays


REACTIONS = ("none", "own", "bought")
SAMPLES, SEED = 100, 1
"""As background traffic has them; its module takes long to import."""
MOST_SAMPLES = 1000
EPILOG = """examples:
  corridor replay                          all shipped outages, one row each
  corridor replay aae1-2025-01             each published figure next to the computed one
  corridor replay smw5-2026-07 --json      for programs, with the series of RIPE Atlas
  corridor replay --cables smw4,imewe --at red-sea --date 2027-01-01     another cut: a prediction
  corridor replay redsea-2025-09 --out DIR        also replay.json and a brief of two pages
  corridor replay redsea-2025-09 --network PK/ptcl --out DIR      its network, for corridor run

Nothing is emulated. Figures from which the traffic was derived or fitted are marked as inputs and
do not enter the median error; a figure that is off is reported so.
The interval of a figure is the 5 to 95 % quantile of random traffic matrices within the uncertainty
of the data.
exit codes: 0 answered (whatever the verdicts are), 2 bad input"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "replay",
        description="Compute dated outages of cables on the Internet traffic of their day, and "
        "compare each published figure with the computed one.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "event", nargs="?", metavar="EVENT", help="a shipped outage (default: all of them)"
    )
    parser.add_argument(
        "--cables",
        type=names,
        metavar="CABLE,...",
        help="another cut: cable systems, separated by commas",
    )
    parser.add_argument("--at", metavar="SEA", help="of another cut: the place of the cut")
    parser.add_argument(
        "--date", type=day, metavar="DAY", help="of another cut: the day of its market, YYYY-MM-DD"
    )
    parser.add_argument(
        "--samples",
        type=whole(0, MOST_SAMPLES, f"samples are 0 to {MOST_SAMPLES}"),
        default=SAMPLES,
        metavar="N",
        help=f"random traffic matrices (default: {SAMPLES})",
    )
    parser.add_argument(
        "--seed",
        type=whole(0, 2**32 - 1, "a seed is 0 or more"),
        default=SEED,
        metavar="N",
        help=f"seed of the random traffic matrices (default: {SEED})",
    )
    parser.add_argument(
        "--network",
        metavar="COUNTRY/OWNER",
        help="write one owner's network after EVENT, to be emulated: topology.yaml, scenario.yaml "
        "and expected.json in --out",
    )
    parser.add_argument(
        "--reaction",
        choices=REACTIONS,
        help="of --network: what operators have done (default: own)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for replay.json and brief.html, or for the network; new or empty",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    add_no_cache(parser)


def run(args: argparse.Namespace) -> int:
    if args.network is not None:
        return _write_network(args)
    if args.reaction is not None:
        raise InputError("--reaction needs --network", "the answer has all three reactions")
    return told(args, _answer, may_keep=args.out is None)


def _write_network(args: argparse.Namespace) -> int:
    from corridor.experiments.replays.asking import replay_network
    from corridor.experiments.replays.emulation import write_emulation
    from corridor.experiments.run.folders import new_folder

    if args.event is None or args.out is None:
        raise InputError("a network needs EVENT, --network and --out", "see corridor help replay")
    made = replay_network(args.event, args.network, reaction=args.reaction or "own")
    folder = new_folder(args.out, "replay")
    write_emulation(folder, made)
    print(f"corridor run {folder / 'scenario.yaml'}")
    return 0


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.replays.asking import replay, replays
    from corridor.experiments.text.replay_text import replay_text, table_of_replays

    width = terminal_width()
    if args.event is None and not _names_a_cut(args):
        every = replays(samples=args.samples, seed=args.seed)
        return _told(args, every, table_of_replays(every, width))
    one = replay(
        args.event,
        cables=args.cables or (),
        at=args.at,
        as_of=args.date,
        samples=args.samples,
        seed=args.seed,
    )
    return _told(args, one, replay_text(one, width))


def _names_a_cut(args: argparse.Namespace) -> bool:
    return any(one is not None for one in (args.cables, args.at, args.date))


def _told(args: argparse.Namespace, of: Replay | Replays, text: str) -> Answer:
    where = "" if args.out is None else f"\nResults are in {_kept(args.out, of)}"
    return answered(args, of, lambda: f"{text}{where}")


def _kept(out_dir: Path, of: Replay | Replays) -> Path:
    """The new folder of the answer and its brief."""
    from corridor.experiments.brief.written_brief import write_brief
    from corridor.experiments.replays.document import write_replay
    from corridor.experiments.run.folders import new_folder

    folder = new_folder(out_dir, "replay")
    write_replay(folder, of)
    write_brief(folder)
    return folder


TRAFFIC_EXAMPLES = """examples:
  corridor traffic                       all countries, published totals, what is unknown
  corridor traffic PK                    owners, directions and holdings of Pakistan, today
  corridor traffic PK --date 2025-09-06  carried to a day
  corridor traffic --json                the whole matrix, with sources

Nothing is emulated. docs/background.md has the model and its assumptions.
exit codes: 0 fine, 2 bad input"""


def add_traffic(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "traffic",
        description="Show the background Internet traffic of countries: offered traffic by owner "
        "and direction, holdings with load and capacity, published totals, and what is unknown.",
        epilog=TRAFFIC_EXAMPLES,
    )
    parser.add_argument(
        "country", nargs="?", default="", metavar="COUNTRY", help="a code such as PK; default: all"
    )
    parser.add_argument(
        "--date", type=day, metavar="DAY", help="carry figures to this day; default: today"
    )
    add_seed(parser, "seed of the samples behind the intervals (default: 1)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run_traffic(args: argparse.Namespace) -> int:
    """Run the verb."""
    from corridor.experiments.answers.traffic_answer import traffic_matrix
    from corridor.experiments.text.internet_text import told

    answer = traffic_matrix(args.country, as_of=args.date, seed=args.seed)
    return answered(args, answer, lambda: told(answer, terminal_width())).tell()
