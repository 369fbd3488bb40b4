"""Changes of a live network: ``corridor policy``, ``drain`` and ``restore``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import day
from corridor.experiments.live_commands.network_arguments import (
    EXIT_CODES,
    add_network_arguments,
    connect,
)
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import Changed
    from corridor.experiments.live_network.client import Api, NotUnderstood
    from corridor.topologies.base.codec import JsonObject
    from corridor.topologies.base.errors import InputError


EPILOG = f"""examples:
  corridor policy show                        what is in force
  corridor policy set none                    a shipped set
  corridor policy set my-policies.yaml        a file of your own
  corridor policy set th --as-of 2027-07-01   also another day

A new policy set is compiled and verified before it is installed. If it would violate a property, it
is rejected with a counterexample, and nothing changes.

{EXIT_CODES}"""


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "policy",
        description="Show or replace the policy set of a live network.",
        epilog=EPILOG,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print the current policy set")
    show.add_argument("--json", action="store_true", help="print the whole set as JSON")
    change = actions.add_parser("set", help="verify and install another policy set")
    change.add_argument("sets", metavar="SETS", help="a shipped policy set or a policy file")
    change.add_argument(
        "--as-of", type=day, metavar="DAY", help="also another day, YYYY-MM-DD, afterwards"
    )
    for one in (show, change):
        add_network_arguments(one)


def run(args: argparse.Namespace) -> int:
    api = connect(args)
    return _show(api, args) if args.action == "show" else _set(api, args)


def _show(api: Api, args: argparse.Namespace) -> int:
    policies = api.get("/v1/policies")
    if args.json:
        print(json.dumps(policies, indent=1, ensure_ascii=False))
        return 0
    as_of = api.get("/v1/status")["as_of"]
    print(f"{policies['name']}, as of {as_of}: {policies.get('title') or 'no title'}")
    for one in policies["policies"]:
        law = ", ".join(one.get("legal_ref", ()))
        off = "" if one.get("enabled", True) else "  (switched off)"
        print(f"  {one['effect']:<9}{one['id']}{f' [{law}]' if law else ''}{off}")
    return 0


def _set(api: Api, args: argparse.Namespace) -> int:
    from corridor.controller.policy.load import load_policies
    from corridor.experiments.live_network.client import DAY, NotUnderstood, Refused
    from corridor.experiments.live_network.status_text import shown
    from corridor.experiments.scenario.extending import shipped_classes

    policies = load_policies(args.sets, hubs=api.get("/v1/topology")["hubs"])
    sent = policies.beside(shipped_classes()).model_dump(mode="json", by_alias=True)
    try:
        changed = api.put("/v1/policies", sent)
    except NotUnderstood as problem:
        raise _as_written(args.sets, sent, problem) from problem
    except Refused as refused:
        print(shown(refused.counterexamples))
        raise
    print(told_change(api, f"policies {policies.name}", changed))
    if args.as_of is not None:
        print(told_change(api, f"day {args.as_of}", api.put(DAY, {"as_of": str(args.as_of)})))
    return 0


def _as_written(sets: str, sent: JsonObject, problem: NotUnderstood) -> InputError:
    """What the network did not understand, as an error in the file that contains it."""
    from corridor.controller.policy.written_at import Sources
    from corridor.topologies.base.documents import path_of_pointer

    for mistake in problem.mistakes:
        path = path_of_pointer(mistake.get("pointer", ""))
        hint = mistake.get("hint", "")
        return Sources.of(sets).error(sent, path, mistake["message"], hint)
    return problem


def told_change(api: Api, change: str, changed: Changed) -> str:
    """Return one line about a change that is in force, with the name of its network."""
    what = f"network {api.network}: {change}" if api.network else change
    gone = changed["withdrawn"]
    said = f"{what}: {counted(len(gone), 'demand')} dropped at once; " if gone else f"{what}: "
    if changed["update"] is None:
        more = "nothing else" if gone else "no table"
        return f"{said}epoch {changed['epoch']}, {more} had to be changed"
    done, entries = changed["update"]["done_ms"], changed["update"]["entries"]
    return (
        f"{said}epoch {changed['epoch']}, verified and activated in {done['flipped']:.1f} ms, "
        f"all done in {max(done.values()):.0f} ms; {entries['after']} entries"
    )


DRAIN_EPILOG = f"""example:
  corridor drain kunming-karachi     demands move off it; corridor restore undoes it

{EXIT_CODES}"""


def add_drain(verbs: Any) -> None:
    parser = verbs.add_parser(
        "drain",
        description="Reroute all demands off a fibre without loss, for example before maintenance.",
        epilog=DRAIN_EPILOG,
    )
    parser.add_argument("fibre", metavar="FIBRE", help="a fibre's id")
    add_network_arguments(parser)


def run_drain(args: argparse.Namespace) -> int:
    return change_fibre(args, "drain", "drained")


def change_fibre(args: argparse.Namespace, verb: str, done: str) -> int:
    """Request it, and print the result."""
    from urllib.parse import quote

    api = connect(args)
    changed = api.post(f"/v1/fibres/{quote(args.fibre, safe='')}/{verb}")
    print(told_change(api, f"{args.fibre} {done}", changed))
    return 0


def add_restore(verbs: Any) -> None:
    parser = verbs.add_parser(
        "restore",
        description="Use a drained fibre again.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("fibre", metavar="FIBRE", help="a fibre's id")
    add_network_arguments(parser)


def run_restore(args: argparse.Namespace) -> int:
    return change_fibre(args, "restore", "restored")
