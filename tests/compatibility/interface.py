"""The public interface as one JSON document, and what differs between two that users would notice.

    .venv/bin/python -m tests.compatibility.interface    # record it again, after a version step

Python: the names of ``corridor`` and their parameters. Command line: verbs, their options, and exit
codes by the failure that they report. Files and outputs: keys of each JSON Schema with their types,
by the place of the object they belong to; ``!`` marks a key that is always there.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import corridor
from corridor.experiments.cli import EXIT_INTERNAL, VERBS, build_parser
from corridor.experiments.commands import schema as schema_command
from corridor.experiments.commands.schema import FILES, OUTPUTS
from corridor.experiments.run.version import version
from corridor.topologies.base.errors import (
    EnvironmentUnsupported,
    InputError,
    MeasurementInvalid,
    PolicyFailure,
)

RECORD = Path(__file__).with_name("interface.json")
NUMBERED = {
    "account": "experiments.account.account_of_run.ACCOUNT_SCHEMA",
    "answers": "experiments.answers.document.ANSWERS_SCHEMA",
    "artifact": "experiments.artifact.description.SCHEMA",
    "availability-answer": "experiments.availability.availability_answer.AVAILABILITY_SCHEMA",
    "capacity-answer": "experiments.answers.capacity_document.CAPACITY_SCHEMA",
    "certainty": "experiments.answers.certainty.CERTAINTY_SCHEMA",
    "capacity-each-answer": "experiments.answers.capacity_each.CAPACITY_EACH_SCHEMA",
    "check-answer": "experiments.account.proof_document.PROOF_SCHEMA",
    "compare-answer": "experiments.commands.compare.SCHEMA",
    "cut-answer": "experiments.answers.cut_answer.CUT_SCHEMA",
    "cut-each-answer": "experiments.answers.cut_each.CUT_EACH_SCHEMA",
    "domain-processes-answer": "experiments.domains.domains_documents.PATHS_SCHEMA",
    "domains-answer": "experiments.domains.domains_documents.PATHS_SCHEMA",
    "energy-answer": "experiments.placement.energy_documents.ENERGY_SCHEMA",
    "list-answer": "experiments.commands.list.SCHEMA",
    "manifest": "experiments.run.manifest.MANIFEST_SCHEMA",
    "place-answer": "experiments.placement.place_documents.PLACE_SCHEMA",
    "plan-answer": "experiments.expansion.plan_documents.PLAN_SCHEMA",
    "price-answer": "experiments.text.price_text.SCHEMA",
    "proof": "experiments.account.proof_document.PROOF_SCHEMA",
    "repairs-answer": "experiments.availability.repairs_answer.REPAIRS_SCHEMA",
    "replay-answer": "experiments.replays.document.REPLAY_SCHEMA",
    "risks-answer": "experiments.availability.risks_answer.RISKS_SCHEMA",
    "routing-answer": "experiments.routing.routing_documents.ROUTING_SCHEMA",
    "study-answers": "experiments.study.writing.SCHEMA",
    "study-index": "experiments.study.folder.SCHEMA",
    "summary": "experiments.results.results.SUMMARY_SCHEMA",
    "tables": "controller.forwarding.program.DUMP_SCHEMA",
    "topology-domains-answer": "topologies.analysis.domains_known.DOMAINS_SCHEMA",
    "traffic-answer": "experiments.answers.traffic_answer.TRAFFIC_SCHEMA",
    "workload-answer": "experiments.commands.workload.SCHEMA",
    "year-answer": "experiments.results.emulated_year.YEAR_SCHEMA",
}
"""Where the numbers of outputs are; those of input files are in their JSON Schemas."""
CANDIDATE = re.compile(r"\d+\.0\.0rc\d+")
"""Of a new major version: each may break what the one before it offered."""
EXITS = (PolicyFailure, InputError, EnvironmentUnsupported, MeasurementInvalid)
type Interface = Mapping[str, Any]


def interface() -> dict[str, Any]:
    """What this checkout offers."""
    return {
        "version": version(),
        "python": {name: _signature(getattr(corridor, name)) for name in sorted(corridor.__all__)},
        "commands": {verb: _options(verb) for verb in sorted(VERBS)},
        "exit_codes": {**{one.__name__: one.exit_code for one in EXITS}, "internal": EXIT_INTERNAL},
        "schemas": {name: _schema(name) for name in sorted((*FILES, *OUTPUTS))},
    }


def breaks(old: Interface, new: Interface) -> list[str]:
    """Return what users of ``old`` lose with ``new``, in sentences.

    A schema with another number may differ in anything. What has no number may differ after a step
    of the version for which semantic versioning allows it.
    """
    is_step = is_breaking_step(old["version"], new["version"])
    lost = list(_schema_breaks(old["schemas"], new["schemas"], is_step))
    if not is_step:
        lost += [*_python_breaks(old["python"], new["python"])]
        lost += [*_command_breaks(old["commands"], new["commands"])]
        lost += [*_exit_breaks(old["exit_codes"], new["exit_codes"])]
    return lost


def is_breaking_step(old: str, new: str) -> bool:
    """Whether semantic versioning lets ``new`` break what ``old`` offered."""
    (major, minor), (next_major, next_minor) = map(_major_minor, (old, new))
    between_candidates = old != new and all(map(CANDIDATE.fullmatch, (old, new)))
    is_step_before_1 = major == next_major == 0 and next_minor > minor
    return next_major > major or is_step_before_1 or between_candidates


def _major_minor(text: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", text)
    assert found, text
    return int(found[1]), int(found[2])


def _signature(offered: Any) -> str:
    """Parameters by name: ``*`` before those by keyword only, ``=`` behind those with a default."""
    if inspect.isclass(offered) and issubclass(offered, Exception):
        return ""
    words, only = [], False
    for one in inspect.signature(offered).parameters.values():
        if one.kind is one.KEYWORD_ONLY and not only:
            only = True
            words.append("*")
        prefix = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        words.append(f"{prefix}{one.name}{'' if one.default is one.empty else '='}")
    return " ".join(words)


def _options(verb: str) -> str:
    parser = build_parser([verb])
    (verbs,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    return " ".join(sorted(_option_words(verbs.choices[verb])))


def _option_words(parser: argparse.ArgumentParser) -> Iterator[str]:
    for one in parser._actions:
        if isinstance(one, argparse._SubParsersAction):
            for name, inner in one.choices.items():
                yield from (f"{name}/{word}" for word in _option_words(inner))
        elif one.help != argparse.SUPPRESS and "--help" not in one.option_strings:
            names = one.option_strings or [str(one.metavar or one.dest)]
            listed = [str(choice) for choice in one.choices or ()]
            yield from names
            yield from (f"{names[-1]}={choice}" for choice in listed[:100])


def _schema(name: str) -> dict[str, Any]:
    schema = schema_command._schema(name)
    keys: dict[str, dict[str, tuple[bool, frozenset[str]]]] = {}
    for place, key, is_required, types in _keys(schema, schema, "", ()):
        known = keys.setdefault(place, {}).get(key, (True, frozenset[str]()))
        keys[place][key] = (is_required and known[0], known[1] | types)
    said = schema.get("properties", {}).get("schema", {})
    return {
        "schema": _number(NUMBERED[name]) if name in NUMBERED else said.get("default"),
        "keys": {place: " ".join(map(_word, sorted(of.items()))) for place, of in keys.items()},
    }


def _number(place: str) -> int:
    module, _, name = place.rpartition(".")
    return int(getattr(importlib.import_module(f"corridor.{module}"), name))


def _word(key: tuple[str, tuple[bool, frozenset[str]]]) -> str:
    name, (is_required, types) = key
    return f"{name}{'!' if is_required else ''}:{'|'.join(sorted(types))}"


def _keys(
    schema: Mapping[str, Any], root: Mapping[str, Any], place: str, seen: tuple[str, ...]
) -> Iterator[tuple[str, str, bool, frozenset[str]]]:
    """Each key of an object: the object's place, the key, whether it is required, its types."""
    schema, seen = _followed(schema, root, seen)
    for key in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(key, ()):
            yield from _keys(one, root, place, seen)
    required = schema.get("required", ())
    for key, value in schema.get("properties", {}).items():
        yield place, key, key in required, frozenset(_types(value, root, ()))
        yield from _keys(value, root, f"{place}.{key}" if place else key, seen)
    for key, ending in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(schema.get(key), dict):
            yield from _keys(schema[key], root, place + ending, seen)


def _types(
    schema: Mapping[str, Any], root: Mapping[str, Any], seen: tuple[str, ...]
) -> Iterator[str]:
    """The first letters of the types that a value may have."""
    schema, seen = _followed(schema, root, seen)
    types = schema.get("type", ())
    yield from {one[:3] for one in ([types] if isinstance(types, str) else types)}
    for key in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(key, ()):
            yield from set(_types(one, root, seen))


def _followed(
    schema: Mapping[str, Any], root: Mapping[str, Any], seen: tuple[str, ...]
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The schema that a reference leads to; empty for a circle of references."""
    reference = schema.get("$ref")
    if reference is None:
        return schema, seen
    if reference in seen:
        return {}, seen
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return {**found, **{k: v for k, v in schema.items() if k != "$ref"}}, (*seen, reference)


def _python_breaks(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name, text in old.items():
        if name not in new:
            yield f"corridor.{name} is gone"
            continue
        before, after = _parameters(text), _parameters(new[name])
        yield from (f"corridor.{name} lost {one}" for one in before if one not in after)
        for one, (is_keyword, has_default) in after.items():
            by_place, optional = before.get(one, (True, True))
            if (one not in before and not has_default) or (optional and not has_default):
                yield f"corridor.{name} requires {one}"
            elif one in before and is_keyword and not by_place:
                yield f"corridor.{name} takes {one} by keyword only"
        placed = [one for one, (keyword, _) in before.items() if not keyword and one in after]
        if [one for one in after if one in placed] != placed:
            yield f"corridor.{name} has its parameters in another order"


def _parameters(text: str) -> dict[str, tuple[bool, bool]]:
    """Whether each is by keyword only, and whether it may be left out."""
    found, keyword = {}, False
    for word in text.split():
        if word == "*":
            keyword = True
        else:
            optional = word.endswith("=") or word.startswith("*")
            found[word.removesuffix("=")] = (keyword, optional)
    return found


def _command_breaks(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for verb, words in old.items():
        if verb not in new:
            yield f"corridor {verb} is gone"
        else:
            kept = new[verb].split()
            yield from (f"corridor {verb} lost {one}" for one in words.split() if one not in kept)


def _exit_breaks(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[str]:
    for name, code in old.items():
        if new.get(name) != code:
            yield f"{name} no longer ends with exit code {code}"


def _schema_breaks(old: Mapping[str, Any], new: Mapping[str, Any], is_step: bool) -> Iterator[str]:
    for name, before in old.items():
        if is_step and (before["schema"] is None or name not in new):
            continue
        if name not in new:
            yield f"the schema {name} is gone"
        elif before["schema"] == new[name]["schema"]:
            for place, text in before["keys"].items():
                after = new[name]["keys"].get(place, "").split()
                for key in text.split():
                    yield from _key_breaks(name, place, key, after)
            if name in FILES:
                yield from _newly_required(name, before["keys"], new[name]["keys"])


def _key_breaks(name: str, place: str, key: str, after: list[str]) -> Iterator[str]:
    """A key that is gone; in outputs also one that may now be missing or has another type."""
    label, _, types = key.partition(":")
    where = ".".join(filter(None, [place, label.rstrip("!")]))
    where = f"{name}: {where}"
    now = {one.partition(":")[0].rstrip("!"): one for one in after}.get(label.rstrip("!"))
    if now is None:
        yield f"{where} is gone"
        return
    then, today = (frozenset(one.partition(":")[2].split("|")) for one in (key, now))
    narrower = then - today if name in FILES else today - then
    if types and narrower - {""}:
        yield f"{where} has other types: {now}"
    if name not in FILES and "!" in label and "!" not in now:
        yield f"{where} may be missing"


def _newly_required(
    name: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[str]:
    for place in before.keys() & after.keys():
        known = set(before[place].split())
        for key in after[place].split():
            label = key.partition(":")[0]
            was = any(one.partition(":")[0] == label for one in known)
            if label.endswith("!") and not was:
                yield f"{name}: {place or 'the file'} requires {label.rstrip('!')}"


if __name__ == "__main__":
    RECORD.write_text(json.dumps(interface(), indent=1) + "\n", encoding="utf-8")
