"""Whatever prints JSON has a schema, and real answers are as these say."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

import pytest

from corridor.experiments import cli
from corridor.experiments.setup.schemas_of_outputs import OUTPUTS
from described import wrong

FLOW = ("--from", "CN", "--to", "TH", "--kind", "personal", "--actor", "private")
DAY = ("--as-of", "2026-11-25")
FIBRE = "kunming-karachi"


def print_json(parser: argparse.ArgumentParser, words: str = "") -> Iterator[str]:
    """Every verb, with its action, that has ``--json``."""
    subparsers = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if any("--json" in one.option_strings for one in parser._actions):
        yield words
    for one in subparsers:
        by_parser = {id(below): name for name, below in reversed(one.choices.items())}
        for name in by_parser.values():  # a verb by its first name
            yield from print_json(one.choices[name], f"{words} {name}".strip())


def described() -> set[str]:
    """The same, as outputs say where they are: ``kernel show, build --json; up --json``."""
    found = set()
    for output in OUTPUTS.values():
        for place in output.where.split(";"):
            verb, *more = place.removeprefix("a line of ").strip().removesuffix(" --json").split()
            if place.strip().endswith("--json"):
                found |= {" ".join([verb, one.strip(",")]) for one in more} or {verb}
    return found


def test_every_command_that_prints_json_has_a_schema() -> None:
    verbs = set(print_json(cli.build_parser()))
    of_study_and_artifact = {"study", "artifact"}  # their actions are not parsers
    assert verbs - of_study_and_artifact - described() == set()
    assert {"study show", "study list", "artifact pack", "artifact verify"} <= described()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("law-classify-answer", ["law", "classify", *FLOW, *DAY]),
        ("law-classify-answer", ["law", "classify", "--from", "IN", "--to", "CN", *DAY]),
        ("law-diff-answer", ["law", "diff", "2025-12-31", "2026-01-01"]),
        ("law-list-answer", ["law", "list", *DAY]),
        ("law-calendar-answer", ["law", "calendar", *DAY]),
        ("kernel-answer", ["kernel", "show"]),
        ("traffic-answer", ["traffic", "BD"]),
        ("availability-answer", ["availability", "mini"]),
        ("risks-answer", ["risks", "mini"]),
        ("energy-answer", ["energy", "--mw", "guian=120"]),
        (
            "domains-answer",
            ["domains", "mini", "--cuts", "--prove", "--curious", "nt@TH", "--lie", "nt@TH:reach"],
        ),
        ("domain-processes-answer", ["domains", "mini", "--processes", "--kills", "0"]),
        ("plan-answer", ["plan", "mini", "--candidates", "examples/candidates.yaml"]),
        ("place-answer", ["place", "examples/jobs.yaml", "--objective", "latency"]),
        ("repairs-answer", ["availability", "mini", "--repairs", "queue", "--years", "1"]),
        ("replay-answer", ["replay", "smw5-2026-07", "--samples", "0"]),
        ("workload-answer", ["workload", "show", "infer-chat"]),
        ("workload-answer", ["workload", "plan", "mini"]),
        ("workload-answer", ["workload", "plan", "examples/workloads.yaml"]),
        ("topology-answer", ["topology", "show", "pan-asia"]),
        ("topology-check-answer", ["topology", "check", "pan-asia"]),
        ("topology-domains-answer", ["topology", "domains", "pan-asia"]),
        ("list-answer", ["study", "list"]),
    ],
)
def test_an_answer_is_as_its_schema_says(corridor: Any, name: str, words: list[str]) -> None:
    assert wrong(name, json.loads(corridor(*words, "--json")[1])) == []


def test_what_is_written_is_told_as_its_schema_says(corridor: Any, tmp_path: Any) -> None:
    said = corridor("topology", "import", "mini", "--out", str(tmp_path / "a.json"), "--json")[1]
    assert wrong("topology-import-answer", json.loads(said)) == []
    said = corridor("export", "mini", "--to", "walker", "--out", str(tmp_path / "b"), "--json")[1]
    assert wrong("export-answer", json.loads(said)) == []


@pytest.mark.usefixtures("kept")
class TestOfALiveNetwork:
    def test_its_status_whole_and_of_one_demand(self, corridor: Any) -> None:
        for words in (["status"], ["status", "train"]):
            assert wrong("status-answer", json.loads(corridor(*words, "--json")[1])) == []

    def test_its_policies(self, corridor: Any) -> None:
        said = corridor("policy", "show", "--json")[1]
        assert wrong("policies-answer", json.loads(said)) == []

    def test_its_events(self, corridor: Any, reconciler: Any) -> None:
        reconciler.lab.do("set_drained", fibre=FIBRE, drained=True)
        lines = corridor("events", "--json")[1].splitlines()
        assert [one for line in lines for one in wrong("events-answer", json.loads(line))] == []


def test_probes_are_as_their_schema_says_and_nothing_else_is() -> None:
    answered = {"seq": 1, "rtt_ns": 3, "there_ns": 1, "back_ns": 2}
    for said in (answered, {"seq": 2, "lost": True}):
        assert wrong("probe-answer", said) == []
    assert wrong("probe-answer", {"seq": 3}) != []
