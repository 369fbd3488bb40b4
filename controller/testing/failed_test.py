"""What a failed test is about: the assertion, the demand, the lines of policies and of the test.

pytest keeps this as properties of the test, which its JUnit file shows; findings are made of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.policy.written_at import WrittenAt, places_of_policies
from corridor.controller.testing import assertions
from corridor.controller.testing.demand import DemandUnderTest
from corridor.controller.testing.findings import (
    BAD_INPUT,
    Finding,
    Rule,
    bad_input,
    write_findings,
)
from corridor.topologies.base.errors import InputError

if TYPE_CHECKING:
    import pytest

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
