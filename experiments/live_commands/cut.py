"""``corridor cut``: what a cut would do to a scenario, or a cut of a live network's fibre."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import (
    add_scenario_options,
    is_as_written,
    load,
    under,
    whole,
)
from corridor.experiments.live_commands.fault import add_options, begin, options_of
from corridor.experiments.live_commands.network_arguments import add_name_argument, reached
from corridor.experiments.terminal.kept_answers import (
    Answer,
    add_no_cache,
    answered,
    told,
)
from corridor.experiments.terminal.names import DEFAULT_SCENARIO
from corridor.experiments.terminal.screen import terminal_width
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.cut import KIND

if TYPE_CHECKING:
    from corridor.experiments.answers.cut_answer import CutAnswer
    from corridor.experiments.scenario.scenario import LoadedScenario
    from corridor.topologies.model.footprint import Footprint

EACH = ("groups", "fibres", "pairs")
"""As ``cut_each`` has them; said here, since it takes long to import."""
MOST_ROWS = 20
EPILOG = """examples:
  corridor cut red-sea                     effect on the reference corridor
  corridor cut karakoram smw4 --scenario sovereignty --policies th    both, other policies
  corridor cut red-sea --out DIR           also write a brief of two pages, DIR/brief.html
  corridor cut smw4:red-sea imewe:red-sea --as-of 2025-09-06    segments of cables, on that day
  corridor cut hub:karachi --json          failure of a hub; gateway:ID likewise
  corridor cut --footprint hengchun-2006   all fibres that a shipped disaster hits
  corridor cut --footprint quake.yaml      or a custom circle, polygon or strip
  corridor cut --each groups               every shared-risk group alone, by harm
  corridor cut --each pairs --worst 40 --scenario sovereignty     every two groups together
  corridor cut --each groups --planned planned.yaml    also on the map of corridor plan --map
  corridor cut kunming-karachi             on a live network: both ends lose their carrier
  corridor cut kunming-karachi --silent    both ends keep their carrier: only BFD detects the cut

If a network is up and --scenario is not given, the command cuts a fibre of that network and states
the Internet traffic that all its cuts take; corridor mend repairs it. Otherwise nothing is
emulated: the effect is computed from flow tables, and for Internet traffic from a model
(docs/background.md). corridor run --cut emulates a cut and measures the outages.
exit codes: 0 success, 2 bad input, 3 no live network"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "cut",
        description="Compute the effect of cutting fibres, cables or corridors on a scenario, of "
        "some or of each; or cut a fibre of a live network.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help="a fibre, a shared-risk group, a segment (smw4:red-sea), hub:ID, gateway:ID",
    )
    parser.add_argument(
        "--footprint",
        metavar="FOOTPRINT",
        help="a shipped disaster, or the file of a shape: cut all fibres whose routes surely or "
        "possibly pass it",
    )
    parser.add_argument(
        "--each",
        choices=EACH,
        help="instead of WHAT: cut each shared-risk group, each fibre or each two groups alone, "
        "and order them by harm",
    )
    parser.add_argument(
        "--worst",
        type=whole(1, 1_000_000, "rows are 1 or more"),
        metavar="N",
        help=f"rows of --each (default: {MOST_ROWS})",
    )
    parser.add_argument(
        "--planned",
        metavar="TOPOLOGY",
        help="with --each: a second map, such as corridor plan --map writes, for the same cuts",
    )
    parser.add_argument(
        "--scenario",
        metavar="SCENARIO",
        help="compute the effect on this scenario (default: reference)",
    )
    add_scenario_options(parser)
    parser.add_argument("--all", action="store_true", help="a line for every affected demand")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON only")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="for a scenario: write cut.json and brief.html to this folder; new or empty",
    )
    add_no_cache(parser)
    add_options(parser, KIND)
    add_name_argument(parser)


def run(args: argparse.Namespace) -> int:
    _check(args)
    if args.each:
        args.scenario = args.scenario or DEFAULT_SCENARIO
        return told(args, _each_answer)
    if not args.what and not args.footprint:
        raise InputError("names nothing to cut", "name a fibre or a group, or use --footprint")
    if _is_a_question(args):
        if args.scenario is None:
            print(f"no network is up: computed for scenario {DEFAULT_SCENARIO}\n", file=sys.stderr)
            args.scenario = DEFAULT_SCENARIO
        return told(args, _answer, may_keep=args.out is None)
    with reached(args) as client:
        code = max(begin(client, KIND, one.what, options_of(KIND, one)) for one in _each(args))
        faults = client.ask("lasting")["faults"]
    _say_internet(args, faults)
    return code


def _check(args: argparse.Namespace) -> None:
    """Raise InputError for options that do not go together."""
    ours = {"--worst": args.worst, "--planned": args.planned}
    others = {
        "WHAT": args.what,
        "--footprint": args.footprint,
        "--all": args.all,
        "--out": args.out,
        "--network": args.network,
        **{f"--{name}": getattr(args, name) for name in KIND.options},
    }
    if not args.each:
        if alone := [name for name, value in ours.items() if value]:
            raise InputError(f"{alone[0]} is given without --each", "add --each groups")
    elif given := [name for name, value in others.items() if value]:
        raise InputError(
            f"{given[0]} does not go with --each", "--each cuts every group, fibre or pair alone"
        )


def _each_answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.answers.cut_each import cut_each_answer, on_second_map
    from corridor.experiments.text.each_text import cuts_told

    loaded, planned = load(args), None
    if args.planned:
        planned = on_second_map(loaded, args.planned, args.scenario, under(args))
    found = cut_each_answer(loaded, args.each, planned)
    worst, width = args.worst or MOST_ROWS, terminal_width()
    return answered(args, found, lambda: cuts_told(found, worst=worst, width=width))


def _say_internet(args: argparse.Namespace, faults: Sequence[Mapping[str, Any]]) -> None:
    """What all cuts of the live network do to Internet traffic, as of its day.

    Its imports take a second, so it asks first whether the map has such traffic.
    """
    from corridor.experiments.live_network.session import find

    session = find(args.network)
    if not session.has_internet_traffic:
        return

    from corridor.experiments.live_network.client import Api
    from corridor.experiments.live_network.page_app import internet_now
    from corridor.experiments.live_network.setting import Setting
    from corridor.experiments.text.internet_text import internet_text

    api = Api(session.url, Path(session.token_file), session.name)
    day = date.fromisoformat(api.get("/v1/status")["as_of"])
    topology = Setting.read(Path(session.out) / "raw").specification.topology
    found = internet_now(topology, day, faults)
    if found is not None:
        print(internet_text(found, _names(), terminal_width()))


def _names() -> Mapping[str, str]:
    """Of jurisdictions, by code."""
    from corridor.topologies.model.catalogue import load_jurisdictions

    return {one.id: one.name for one in load_jurisdictions().jurisdictions}


def _is_a_question(args: argparse.Namespace) -> bool:
    from corridor.experiments.live_network.session import sessions

    named = (args.scenario, args.footprint, args.json, args.all, args.out)
    asks = any(named) or not is_as_written(args)
    options = (options_of(KIND, one).values() for one in _each(args))
    acts = args.network is not None or any(map(any, options))
    if asks and acts:
        raise InputError(
            "names both a scenario and a live network",
            "drop --network, --silent and --toward, or the scenario and its options",
        )
    return asks or not (acts or sessions())


def _each(args: argparse.Namespace) -> Iterator[argparse.Namespace]:
    for what in args.what:
        yield argparse.Namespace(**{**vars(args), "what": what})


def _answer(args: argparse.Namespace) -> Answer:
    from corridor.experiments.answers import cut_answer as answers
    from corridor.experiments.text.cut_text import cut_text
    from corridor.topologies.model.footprint import footprint_of

    loaded = load(args)
    dead = answers.cut_elements(loaded, args.what)
    shape = footprint_of(args.footprint) if args.footprint else None
    cut = (loaded, dead, shape)
    found = answers.cut_answer(*cut) if args.out is None else _kept(args.out, *cut)
    width = terminal_width()
    where = "" if args.out is None else f"\nResults are in {args.out}"

    def text() -> str:
        return cut_text(found, _names(), everything=args.all, width=width)

    return answered(args, found, text, note=where)


def _kept(
    out: Path, loaded: LoadedScenario, dead: tuple[str, ...], shape: Footprint | None
) -> CutAnswer:
    """The answer, left in a folder with its brief."""
    from corridor.experiments.answers.cut_answer import cut_document, write_cut
    from corridor.experiments.brief.written_brief import write_brief
    from corridor.experiments.run.folders import new_folder

    folder, found = new_folder(out, "cut"), cut_document(loaded, dead, shape)
    write_cut(folder, found)
    write_brief(folder)
    return found.answer
