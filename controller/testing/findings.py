"""Findings with file and line, as other systems read them: SARIF 2.1.0 and GitLab's Code Quality.

Code scanning of GitHub reads SARIF, merge requests of GitLab read Code Quality reports. Those about
a failed test name the assertion, the demand, and the lines of policies and of the test: pytest
keeps them as properties of the test, which its JUnit file shows.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.policy.written_at import WrittenAt, places_of_policies
from corridor.controller.testing import assertions
from corridor.controller.testing.network import DemandUnderTest
from corridor.topologies.base.bounded_file import is_file, is_folder
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.whole_file import write_text

if TYPE_CHECKING:
    import pytest


SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}
"""Of Code Quality, by the level of SARIF."""


@dataclass(frozen=True)
class Rule:
    """What a finding is an instance of."""

    id: str
    says: str
    """One sentence."""


@dataclass(frozen=True)
class Finding:
    """One problem, and the lines that it is about."""

    rule: Rule
    message: str
    """Its first line can stand alone."""
    places: Sequence[WrittenAt]
    """The first is where to repair it; others are related."""
    level: Literal["error", "warning", "note"] = "error"


BAD_INPUT = Rule("bad-input", "A file is wrong: nothing can be judged.")


def bad_input(error: InputError, named: str) -> Finding:
    """Return the finding of an error in a file, or else in the file that was ``named``."""
    place = WrittenAt(error.file or named, error.line or 1)
    return Finding(BAD_INPUT, str(error).removeprefix(f"{place}: "), [place])


def check_files(files: Mapping[str, Path | None]) -> None:
    """Raise InputError if an option's file is a folder or an existing file that is not JSON, or if
    two options name the same file."""
    named: dict[Path, str] = {}
    for option, file in files.items():
        if file is None:
            continue
        if is_folder(file):
            raise InputError(f"{option} {file} is a folder", "name a file in it")
        if is_file(file) and not _may_be_json(file):
            raise InputError(f"{option} {file} exists and is not JSON", "name another file")
        other = named.setdefault(file.resolve(), option)
        if other != option:
            raise InputError(f"{other} and {option} both name {file}", "name two files")


def _may_be_json(file: Path) -> bool:
    """Whether a file is empty or begins as JSON does: a mistyped option must not replace a file
    that somebody wrote."""
    with file.open("rb") as content:
        return content.read(64).lstrip()[:1] in (b"", b"{", b"[")


def write_findings(
    findings: Iterable[Finding],
    sarif_file: Path | None,
    code_quality_file: Path | None,
    category: str,
) -> None:
    """Write the files that are asked for, with paths relative to the working directory.

    Code scanning replaces earlier findings of the same ``category``.

    Raises EnvironmentUnsupported if a file cannot be written.
    """
    listed, here = list(findings), Path.cwd()
    wanted = (
        (sarif_file, sarif(listed, category, here)),
        (code_quality_file, code_quality(listed, here)),
    )
    for file, document in wanted:
        if file is not None:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                write_text(file, json.dumps(document, indent=1) + "\n")
            except OSError as error:
                said = f"{file}: cannot be written: {error.strerror or error}"
                raise EnvironmentUnsupported(said, "name another file") from error


def sarif(findings: Iterable[Finding], category: str, root: Path) -> dict[str, Any]:
    """Return a SARIF 2.1.0 log with one run of this program.

    Files below ``root`` are relative to it, as a repository's pages need; others are absolute.
    """
    listed = list(findings)
    rules = list(dict.fromkeys(one.rule for one in listed))
    driver = {
        "name": "corridor",
        "rules": [{"id": one.id, "shortDescription": {"text": one.says}} for one in rules],
    }
    results = [_result(one, rules.index(one.rule), root) for one in listed]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{category}/"},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def code_quality(findings: Iterable[Finding], root: Path) -> list[dict[str, Any]]:
    """Return a Code Quality report of GitLab; a finding's fingerprint leaves out its line.

    A finding is at its first place below ``root``. If it has none, the path begins with ``../``.
    """
    return [_issue(one, root) for one in findings]


def _issue(finding: Finding, root: Path) -> dict[str, Any]:
    below = (one for one in finding.places if not _path(one, root).startswith("../"))
    place = next(below, finding.places[0])
    path = _path(place, root)
    return {
        "description": finding.message.partition("\n")[0],
        "check_name": finding.rule.id,
        "fingerprint": _digest(finding.rule.id, path, finding.message),
        "severity": SEVERITIES[finding.level],
        "location": {"path": path, "lines": {"begin": place.line}},
    }


def _result(finding: Finding, rule: int, root: Path) -> dict[str, Any]:
    places = [_location(one, root) for one in finding.places]
    related = [
        {"id": number, "message": {"text": f"{_path(one, root)}:{one.line}"}, **place}
        for number, (one, place) in enumerate(zip(finding.places, places, strict=True))
    ][1:]
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": finding.level,
        "message": {"text": finding.message},
        "locations": places[:1],
        **({"relatedLocations": related} if related else {}),
    }


def _location(place: WrittenAt, root: Path) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(place, root)},
            "region": {"startLine": place.line},
        }
    }


def _uri(place: WrittenAt, root: Path) -> str:
    path = _path(place, root)
    return (root / path).resolve().as_uri() if path.startswith("../") else quote(path)


def _path(place: WrittenAt, root: Path) -> str:
    """Relative to ``root``, without quotation marks or escapes."""
    return Path(os.path.relpath((root / place.file).resolve(), root.resolve())).as_posix()


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


type Properties = list[tuple[str, object]]
RULE, DEMAND, POLICY, PLACE = (
    "corridor.rule",
    "corridor.demand",
    "corridor.policy",
    "corridor.place",
)
FAILED_TEST = Rule("failed-test", "A test failed without an assertion about a demand.")


def properties_of(
    failure: pytest.ExceptionInfo[BaseException], file: Path, line: int
) -> Properties:
    """Return the properties of a failed test; empty if no assertion of this package failed.

    Each ``corridor.place`` is FILE:LINE. The first is the policy to look at first, if a file of
    the user contains or includes it, otherwise the line of the test, which begins at ``line``.
    """
    lines = [one.lineno + 1 for one in failure.traceback if Path(one.path) == file]
    test = WrittenAt(str(file), lines[-1] if lines else line)
    if isinstance(failure.value, InputError) and failure.value.file:
        (wrong,) = bad_input(failure.value, str(file)).places
        return [(RULE, BAD_INPUT.id), (PLACE, _shown(wrong)), (PLACE, _shown(test))]
    ours = (one for one in failure.traceback if one.frame.f_globals is vars(assertions))
    asserted = next((one for one in ours if one.name.startswith("assert_")), None)
    if asserted is None:
        return []
    demand: DemandUnderTest = asserted.locals["demand"]
    policies = list(dict.fromkeys(_policies(demand)))
    source = demand.network.written_in
    places = [*map(places_of_policies(source).of, policies)] if source else []
    places = sorted([*places, test], key=lambda one: one.is_shipped)
    return [
        (RULE, asserted.name),
        (DEMAND, repr(demand)),
        *((POLICY, one) for one in policies),
        *((PLACE, _shown(one)) for one in dict.fromkeys(places)),
    ]


class FailedTests:
    """The plugin of a session that writes its failed tests as SARIF, as Code Quality, or both."""

    def __init__(self, sarif_file: Path | None, code_quality_file: Path | None, root: Path) -> None:
        """``root`` is the folder that reports of pytest are relative to."""
        self.files = sarif_file, code_quality_file
        self.root = root
        self.findings: list[Finding] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.when != "teardown":
            file, line, _ = report.location
            self._add(report, WrittenAt(str(self.root / file), (line or 0) + 1))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._add(report, WrittenAt(str(self.root / report.nodeid.partition("::")[0])))

    def pytest_sessionfinish(self) -> None:
        write_findings(self.findings, *self.files, "corridor-tests")

    def _add(self, report: pytest.TestReport | pytest.CollectReport, test: WrittenAt) -> None:
        properties = getattr(report, "user_properties", ())
        places = [_written_at(value) for name, value in properties if name == PLACE]
        rule = next((_rule(value) for name, value in properties if name == RULE), FAILED_TEST)
        message = _message(report)
        for folder in dict.fromkeys((Path.cwd(), self.root)):  # the same on every machine
            message = message.replace(f"{folder}{os.sep}", "") if folder.name else message
        self.findings.append(Finding(rule, message, places or [test]))


def _message(report: pytest.TestReport | pytest.CollectReport) -> str:
    """What was raised, without the name of its class.

    If a file cannot be imported, pytest has only a text, whose lines of the error begin with E.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else report.longreprtext.strip()
    if not crash:
        text = "\n".join(re.findall(r"^E +(.+)$", text, re.MULTILINE)) or text
    return re.sub(r"^[\w.]+(Error|Failure|Exception): ", "", text) or report.nodeid


def _policies(demand: DemandUnderTest) -> Iterator[str]:
    """Those that decide about the demand: its permit and what narrows it, or what forbids it."""
    automaton = demand.graph.automaton
    if isinstance(demand.graph.route, NoPermittedPath) or automaton is None:
        yield from (one.policy for one in demand.forbidden)
        return
    yield automaton.permit.id
    yield from (policy for policy, _ in automaton.clause_names())


def _shown(place: WrittenAt) -> str:
    """FILE:LINE, from the working directory if the file is below it."""
    path, here = Path(place.file).resolve(), Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return f"{shown}:{place.line}"


def _written_at(text: str) -> WrittenAt:
    file, _, line = text.rpartition(":")
    return WrittenAt(file, int(line))


def _rule(name: str) -> Rule:
    if name == BAD_INPUT.id:
        return BAD_INPUT
    said = (getattr(assertions, name).__doc__ or "").partition(". ")[0].partition(":")[0]
    return Rule(name, " ".join(said.replace("``", "").split()).rstrip(".") + ".")
