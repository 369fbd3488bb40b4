"""``corridor law``: legal rules as data."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.commands.arguments import day
from corridor.experiments.terminal.screen import show, terminal_width
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.today import today

if TYPE_CHECKING:
    from datetime import date

    from corridor.controller.policy.law import Law, Rule
    from corridor.topologies.base.documents import Document, Plain

EPILOG = """examples:
  corridor law classify --from AE --to CN --kind personal
  corridor law classify --from SA --to CN --kind personal --mechanism scc
  corridor law classify --from CN --to SG --kind personal --actor private \\
    --persons 200000 --sensitive-persons 0
  corridor law classify --from CN --to PK --operation route \\
    --fact service=internet --fact gateway_on_route=false
  corridor law classify --from CN --to TH --kind personal --actor ciio \\
    --necessity "contract with the individual" --reading ciio-exemptions=strict
  corridor law classify facts.yaml --json     facts from a file, with the same keys
  corridor law diff 2025-12-31 2026-01-01     rules that began, ended or changed their confidence
  corridor law list --jurisdiction VN         rules of one jurisdiction
  corridor law list CN-24-4                   one rule in full
  corridor law calendar --until 2027-06-30    rules that begin, end, or need a review

Summaries for experiments, not legal advice. docs/law.md describes every fact and key.
exit codes: 0 success, whatever the answer; 2 bad input"""
FACTS = (
    ("--from", "origin", "PLACE", "where the data was collected: CN, HK, FR, ..."),
    ("--to", "destination", "PLACE", "where it is received, stored or accessed"),
    ("--operation", "operation", "HOW", "export (default), store, remote-access, transit, ..."),
    ("--kind", "sensitivity", "KIND", "general, personal, sensitive-personal, important, ..."),
    ("--actor", "actor", "WHO", "private, ciio, public-sector, critical-infrastructure"),
    ("--persons", "persons_since_jan1", "N", "persons whose data was sent since 1 January"),
    ("--sensitive-persons", "sensitive_persons_since_jan1", "N", "those with sensitive data"),
    ("--purpose", "purpose", "TEXT", "purpose, in the words of the rules"),
    (
        "--necessity",
        "necessity",
        "TEXT",
        "reason for the transfer: emergency, human resources, ...",
    ),
)


def add_parser(verbs: Any) -> None:
    parser = verbs.add_parser(
        "law",
        description="Query the legal rules that policies cite: classify a flow, compare two "
        "dates, list rules of a jurisdiction, or show a calendar.",
        epilog=EPILOG,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_classify(actions.add_parser("classify", help="classify a data flow"))
    diff = actions.add_parser("diff", help="compare the rules of two dates")
    diff.add_argument("earlier", type=day, metavar="DAY", help="YYYY-MM-DD")
    diff.add_argument("later", type=day, metavar="DAY", help="YYYY-MM-DD")
    listed = actions.add_parser("list", help="list rules, and what was read of them")
    listed.add_argument("rules", nargs="*", metavar="RULE", help="rules to show in full")
    listed.add_argument("--jurisdiction", metavar="PLACE", help="only rules of CN, SA, FR, eu, ...")
    dates = actions.add_parser("calendar", help="rules that begin, end, or need a review")
    dates.add_argument(
        "--until", type=day, metavar="DAY", help="last day (default: one year from now)"
    )
    for one in (listed, dates):
        one.add_argument("--as-of", type=day, metavar="DAY", help="the day (default: today)")
    for one in (diff, listed, dates):
        one.add_argument("--json", action="store_true", help="print JSON")


def _add_classify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("facts", nargs="?", type=Path, metavar="FILE", help="a YAML file of facts")
    for option, key, what, words in FACTS:
        parser.add_argument(option, dest=key, metavar=what, help=words)
    parser.add_argument(
        "--mechanism",
        dest="mechanisms",
        action="append",
        metavar="NAME",
        help="a transfer mechanism that is in place; may be repeated",
    )
    parser.add_argument(
        "--fact",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other fact of docs/law.md; may be repeated",
    )
    parser.add_argument(
        "--reading",
        action="append",
        default=[],
        metavar="NAME=ANSWER",
        help="choose another answer to a disputed question; may be repeated",
    )
    parser.add_argument("--as-of", type=day, metavar="DAY", help="the day (default: today)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    from corridor.controller.policy.law import load_law

    law = load_law()
    if args.action == "diff":
        return _diff(args, law)
    on = args.as_of or today()
    if args.action == "classify":
        return _classify(args, law, on)
    if args.action == "list":
        return _list(args, law, on)
    return _calendar(args, law, on)


def _classify(args: argparse.Namespace, law: Law, on: date) -> int:
    from corridor.controller.policy.law import read_flow
    from corridor.experiments.answers.law_answers import as_json, classified
    from corridor.experiments.text.law_text import told

    law = _under(args.reading, law)
    answer = classified(read_flow(_facts(args), law), law, on)
    if args.json:
        print(json.dumps(as_json(answer), indent=1, ensure_ascii=False))
    else:
        show(told(answer, law.titles, terminal_width()))
    if answer.warning:  # what is printed stays what was asked for
        print(answer.warning, file=sys.stderr, flush=True)
    return 0


def _under(readings: list[str], law: Law) -> Law:
    """The law with the chosen answers to disputed readings."""
    from corridor.experiments.answers.law_answers import interpreted

    chosen: dict[str, str] = {}
    for one in readings:
        name, equals, answer = one.partition("=")
        if not equals:
            raise InputError(f'"{one[:40]}" is not a reading', "write --reading NAME=ANSWER")
        chosen[name] = answer
    return interpreted(law, chosen)


def _facts(args: argparse.Namespace) -> Document:
    """The file's facts, with those of the options in their place."""
    from corridor.topologies.base.documents import Document, read_document

    given = _options(args)
    if args.facts is None:
        if not given:
            raise InputError("no facts of the flow are given", "give --from and --to, or a file")
        return Document(given, "", {})
    document = read_document(args.facts)
    if not isinstance(document.data, dict):
        raise document.error("must be a mapping of facts to values")
    return Document({**document.data, **given}, document.file, document.lines)


def _options(args: argparse.Namespace) -> dict[str, Plain]:
    from corridor.topologies.base.documents import parse_document

    written = [f"{key}={getattr(args, key)}" for _, key, _, _ in FACTS if getattr(args, key)]
    given: dict[str, Plain] = {}
    for one in (*written, *args.fact):
        key, equals, value = one.partition("=")
        if not equals or not key.isidentifier():
            raise InputError(f'"{one[:40]}" is not a fact', "write --fact KEY=VALUE")
        read = parse_document(f"{key}: {value}\n", "--fact").data
        assert isinstance(read, dict)
        given |= read
    if args.mechanisms:
        given["mechanisms"] = list(args.mechanisms)
    return given


def _diff(args: argparse.Namespace, law: Law) -> int:
    from corridor.controller.policy.law_calendar import changes
    from corridor.experiments.text.law_text import changes_told
    from corridor.topologies.base.codec import to_plain

    if args.later < args.earlier:
        raise InputError(f"{args.later} is before {args.earlier}", "give the earlier day first")
    found = changes(law, args.earlier, args.later)
    if args.json:
        days = {"earlier": str(args.earlier), "later": str(args.later)}
        print(json.dumps({"schema": 1, **days, "changes": to_plain(found)}, indent=1))
    else:
        show(changes_told(found, law, args.earlier, args.later, terminal_width()))
    return 0


def _list(args: argparse.Namespace, law: Law, on: date) -> int:
    from corridor.experiments.answers.law_answers import shown
    from corridor.experiments.text.law_text import list_told, rule_lines
    from corridor.topologies.base.codec import to_plain

    rules = _chosen(args, law)
    if args.json:
        plain = to_plain([shown(rule, on) for rule in rules])
        document = {"schema": 1, "day": str(on), "reviewed": str(law.as_of), "rules": plain}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    elif args.rules:
        width = terminal_width()
        show("\n".join(line for rule in rules for line in rule_lines(shown(rule, on), width)))
    else:
        show(list_told(rules, on, terminal_width()))
    return 0


def _chosen(args: argparse.Namespace, law: Law) -> list[Rule]:
    from corridor.controller.policy.clauses.places import shipped_groups
    from corridor.topologies.base.suggestions import nearest
    from corridor.topologies.model.catalogue import nearest_named

    for name in args.rules:
        if name not in law.by_id:
            raise InputError(f'no rule "{name}"', nearest(name, law.by_id) or "corridor law list")
    rules = [law.by_id[name] for name in args.rules] or list(law.rules)
    if args.jurisdiction is None:
        return rules
    known = shipped_groups().members
    if args.jurisdiction not in known:
        hint = nearest_named(args.jurisdiction, known) or "write it like CN, HK or eu"
        raise InputError(f'no jurisdiction or group "{args.jurisdiction}"', hint)
    codes = known[args.jurisdiction]
    return [rule for rule in rules if any(map(rule.speaks_of, codes))]


def _calendar(args: argparse.Namespace, law: Law, on: date) -> int:
    from corridor.controller.policy.law_calendar import calendar
    from corridor.experiments.text.law_text import calendar_told
    from corridor.topologies.base.codec import to_plain

    last = args.until or on + timedelta(days=366)
    if last < on:
        raise InputError(f"--until {last} is before {on}", "name a later day")
    entries = calendar(law, on, last)
    if args.json:
        document = {"schema": 1, "first": str(on), "last": str(last), "reviewed": str(law.as_of)}
        print(json.dumps({**document, "due": to_plain(entries)}, indent=1))
    else:
        show(calendar_told(entries, law, terminal_width()))
    return 0
