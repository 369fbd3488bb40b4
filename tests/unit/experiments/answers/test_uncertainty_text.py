"""Commands state the certainty of paths and jurisdictions, and mark near ties; results keep it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

import handmade_run
from corridor.experiments.account.summary import read_summary
from corridor.experiments.answers.certainty import CERTAINTY_FILE, certainties
from corridor.experiments.answers.demand_parts import UncertaintySummary
from corridor.experiments.cli import main
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.demand_table import demand_table, sure_legend
from corridor.topologies.model.delay_model import SHIPPED, shipped_model

ROOT = Path(__file__).resolve().parents[4]


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(list(words)) == code
    return capsys.readouterr().out


def test_explain_says_intervals_shares_and_the_next_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said(capsys, "explain", "infer-karachi-guian", "pan-asia")
    for words in (
        "Uncertainty (2000 Monte Carlo samples, one-way delay",
        "the shortest permitted path crosses PK CN in 94%",
        "next alternative PK OM CN: +11.63 ms",
    ):
        assert words in text
    assert "Sensitivity (" not in text


def test_explain_sure_names_the_length_to_look_up(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("explain", "infer-karachi-guian", "pan-asia", "--sure")
    text = said(capsys, *words)
    first = text.split("share of RTT variance")[1].splitlines()[2]
    assert first.startswith("urumqi-lanzhou")
    found = json.loads(said(capsys, *words, "--json"))["certainty"]
    assert found["of"]["schema"] == 1
    assert found["near_tie"] is False
    text = said(capsys, "explain", "infer-jeddah-zhongwei", "pan-asia")
    assert "the shortest permitted path crosses SA PK CN in 51% of samples (near tie)" in text
    assert found["influences"][0]["input"] == "urumqi-lanzhou"
    rtt = found["rtt_ms"]
    assert found["influences"][0]["width_ms"] < rtt["high"] - rtt["low"]


def test_explain_gives_an_interval_of_what_policies_cost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """43.01 ms by the map."""
    words = ("explain", "records-urumqi-lahore", "--service", "internet")
    assert "policies add 33." in said(capsys, *words)
    costs = json.loads(said(capsys, *words, "--json"))["certainty"]["costs_one_way_ms"]
    assert costs["low"] < 43.01 < costs["high"]
    assert "policies cost" not in said(capsys, "explain", "infer-karachi-guian", "pan-asia")


def test_explain_of_a_blocked_demand_is_sure_of_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "Uncertainty" not in said(capsys, "explain", "state-riyadh-guian", "--sure")
    assert json.loads(said(capsys, "explain", "state-riyadh-guian", "--json"))["certainty"] is None


def test_check_lists_near_ties_and_json_holds_every_demand(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = said(capsys, "check", "pan-asia")
    assert "12 of 46 served demands are near ties: their shortest path crosses other" in text
    (row,) = (line for line in text.splitlines() if line.startswith("infer-jeddah-zhongwei"))
    assert "+AE" in row
    document = json.loads(said(capsys, "check", "pan-asia", "--json"))
    assert document["holds"]
    told = document["certainty"]
    assert len(told["demands"]) == 46
    keys = set(next(iter(told["demands"].values())))
    assert keys == {field.name for field in dataclasses.fields(UncertaintySummary)}


def test_lengths_that_are_known_leave_no_near_tie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = re.sub(r"(own|common|spread): [0-9.]+", r"\1: 0.000001", SHIPPED.read_text())
    file = tmp_path / "known.yaml"
    file.write_text(text)
    shown = said(capsys, "check", "pan-asia", "--delay-model", str(file))
    assert "0 of 46 served demands are near ties" in shown


def test_a_delay_model_that_is_not_there_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "mini", "--delay-model", "nowhere.yaml"]) == 2
    assert "nowhere.yaml" in capsys.readouterr().err


def test_a_run_keeps_how_sure_its_paths_are(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "run")
    plan = read_plan(tmp_path / "run")
    without = summarise(tmp_path / "run", plan, handmade_run.FACTS)
    assert without.certainty is None
    assert sure_legend(without) == ""
    assert "90 % interval" not in demand_table(without).splitlines()[0]
    document = certainties(load_scenario("mini")).document
    one = next(iter(document.demands.values()))
    near = dataclasses.replace(one, near_tie=True, set_share=0.25)
    written = dataclasses.replace(document, demands={"near": near}).to_json()
    (tmp_path / "run" / "raw" / CERTAINTY_FILE).write_text(json.dumps(written))
    summary = summarise(tmp_path / "run", plan, handmade_run.FACTS)
    assert summary.certainty.delay_model == shipped_model().name
    assert summary.demands[0].certainty == near
    assert read_summary(tmp_path / "run" / "summary.json") == summary
    assert summary.demands[1].certainty is None
    assert " ms, 25% ~" in demand_table(summary)
    assert "~ marks 1 near tie" in sure_legend(summary)


def test_the_page_on_results_names_every_key_of_certainty() -> None:
    page = (ROOT / "docs" / "results.md").read_text()
    part = page.split("## Uncertainty of answers", 1)[1].split("\n## ", 1)[0]
    document = certainties(load_scenario("mini")).document.to_json()
    names = [*document["of"], *next(iter(document["demands"].values()))]
    assert [name for name in names if f"`{name}`" not in part] == []


ONE_WAY_ONLY = """schema: 1
name: one-way-only
classes:
- {id: asked, origin: CN, sensitivity: general, basis: exempt}
- {id: answered, origin: CN, sensitivity: personal, basis: none}
policies:
- {id: ASKED, effect: permit, match: {class: asked}, legal_ref: [a contract]}
- {id: ANSWERED, effect: permit, match: {class: answered}, legal_ref: [a contract],
  hard: {confine: [CN]}}
"""
ASKED = """schema: 1
name: asked
topology: mini
policies: one-way-only.yaml
demands:
- {id: both, class: dr, data: asked, returns: same-class, src: guian, dst: karachi}
- {id: there, class: dr, data: asked, returns: answered, src: guian, dst: karachi}
"""


def test_round_trips_of_answers_that_are_blocked_are_not_made_up(tmp_path: Path) -> None:
    (tmp_path / "one-way-only.yaml").write_text(ONE_WAY_ONLY)
    (tmp_path / "asked.yaml").write_text(ASKED)
    found = certainties(load_scenario(str(tmp_path / "asked.yaml"))).document.demands
    assert found["both"].rtt_ms is not None
    assert found["there"].rtt_ms is None
    assert found["there"].one_way_ms == found["both"].one_way_ms
