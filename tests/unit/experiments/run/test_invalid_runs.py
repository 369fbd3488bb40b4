"""An invalid measurement is reported in one line and by exit code 4; nothing is withheld."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import handmade_run
from corridor.experiments import cli
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.run import recover, runner
from corridor.experiments.run.recover import Recovered
from typed_summary import changed

RECOVERED = recover.recover
REASON = "the machine was too busy: the probes of near left 33 ms late, and 20 ms are too many"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes ``corridor run`` come back with a run that is invalid for a reason, or for none."""
    handmade_run.write_run(tmp_path)
    summary = summarise(tmp_path, read_plan(tmp_path), handmade_run.FACTS)

    def comes_back(invalid: str | None, **more: object) -> None:
        outcome = runner.Outcome(tmp_path, changed(summary, **more, invalid=invalid), {})
        monkeypatch.setattr(runner, "run_scenario", lambda _options, _say: outcome)

    return comes_back


def test_a_run_badly_late_shows_all_and_ends_with_4(ran: Any, capsys: Any) -> None:
    ran(REASON)
    assert cli.main(["run", "mini"]) == 4
    said = capsys.readouterr()
    assert "near" in said.out
    (line,) = said.err.splitlines()
    assert line.startswith(f"corridor: the measurement is not valid: {REASON}; all of it is kept")


def test_so_does_one_that_prints_json(ran: Any, capsys: Any) -> None:
    ran(REASON)
    assert cli.main(["run", "mini", "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["invalid"] == REASON


def test_a_report_ends_as_its_run_did(ran: Any, tmp_path: Path, monkeypatch: Any) -> None:
    unmet = [{"id": "e", "demand": "near", "of": "lost", "expected": 0, "found": 3, "holds": False}]
    for invalid, expected, code in ((None, [], 0), (REASON, [], 4), (REASON, unmet, 1)):
        found = RECOVERED(tmp_path).summary
        summary = changed(found, invalid=invalid, expectations=expected)
        monkeypatch.setattr(recover, "recover", lambda _folder, said=summary: Recovered(said, ()))
        assert cli.main(["report", str(tmp_path), "--no-figures"]) == code


def test_a_run_in_time_ends_with_0(ran: Any, capsys: Any) -> None:
    ran(None)
    assert cli.main(["run", "mini"]) == 0
    assert capsys.readouterr().err == ""


def test_forbidden_traffic_is_the_graver_failure(ran: Any) -> None:
    crossing = {"fibre": "one", "sent_by": "guian", "packets": 1}
    ran(REASON, crossings={"frames": 1, "forbidden": [crossing], "strange": []})
    assert cli.main(["run", "mini", "--json"]) == 1
