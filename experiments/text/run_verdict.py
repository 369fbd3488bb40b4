"""The verdict of a run, from what is in its folder, kept in its summary."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

from corridor.experiments.account.proof_document import ProofDocument, read_proof
from corridor.experiments.account.run_files import read_plan_head
from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.document import ANSWERS_FILE, ANSWERS_SCHEMA, Answers
from corridor.experiments.results.messages import MESSAGES_FILE, read_messages, rounds_of
from corridor.experiments.results.results import write_summary
from corridor.experiments.text.verdict import verdict
from corridor.experiments.text.workload_text import Messages
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import read_document
from corridor.topologies.base.errors import InputError

WITHOUT = "the report is without answers"


def read_answers(out_dir: Path) -> Answers | None:
    """None where there are none of this schema, or where they cannot be read: a line says so."""
    try:
        return checked_answers(out_dir, WITHOUT)
    except InputError as error:
        _warn(str(error))
        return None


def checked_answers(out_dir: Path, hint: str) -> Answers | None:
    """None where there are none of this schema.

    Raises:
        InputError: they are not of this version, or a path or fibre has a hub or fibre that their
            map does not have. ``hint`` is the remedy.
    """
    path = out_dir / ANSWERS_FILE
    try:
        found = read_json(path, RESULT)
    except InputError:
        return None
    if not isinstance(found, dict) or found.get("schema") != ANSWERS_SCHEMA:
        return None
    answers = read_document(Answers, found, str(path), hint)
    if missing := sorted(_missing(answers)):
        raise InputError(
            f"its map has no {missing[0]}, which a path or fibre uses", hint, file=str(path)
        )
    return answers


def _missing(answers: Answers) -> set[str]:
    """Hubs and fibres of paths and fibre ends that the map does not have."""
    fibres = {one.id for one in answers.map.fibres}
    hubs = {one.id for one in answers.map.hubs}
    paths = [
        path
        for demand in answers.demands
        for cut in (None, *demand.cuts)
        for path in ((cut.at_once, cut.again) if cut else (demand.free, demand.lawful))
        if path is not None
    ]
    used = {name for path in paths for name in path.hubs}
    used |= {end for one in answers.map.fibres for end in (one.a, one.z)}
    return {f"hub {one}" for one in used - hubs} | {
        f"fibre {name}" for path in paths for name in path.fibres if name not in fibres
    }


@cache
def _warn(text: str) -> None:
    """Print a line to standard error: once, however many ask for the same answers."""
    print(f"corridor: {text}", file=sys.stderr, flush=True)


def judge(out_dir: Path, summary: Summary) -> Summary:
    """The summary with its verdict, written; as it is where the folder holds no answers."""
    answers = read_answers(out_dir)
    if answers is None:
        return summary
    lines = verdict(answers, summary, _proof(out_dir), _messages(out_dir)).lines
    judged = replace(summary, verdict=tuple(lines))
    write_summary(out_dir, judged)
    return judged


def _proof(out_dir: Path) -> ProofDocument | None:
    """Return the proof; None, with a line printed, where the file cannot be read."""
    try:
        return read_proof(out_dir)
    except InputError as error:
        _warn(str(error))
        return None


def _messages(out_dir: Path) -> Messages:
    """None of them where a run had no workloads."""
    rows = list(read_messages(out_dir / MESSAGES_FILE))
    if not rows:
        return Messages()
    try:
        plan = read_plan_head(out_dir)
    except InputError:
        plan = None
    return Messages(rounds_of(rows), plan.start_ns if plan else 0)
