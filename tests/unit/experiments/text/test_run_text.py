"""The tables a run ends with, letter by letter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import handmade_run
from artifact_case import names_of_handmade_runs, write_study  # noqa: F401 - for all tests
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.terminal.columns import LEAST_WIDTH, render
from corridor.experiments.text.demand_table import demand_table, doubtful_line, flow_table
from corridor.experiments.text.run_text import account_lines
from described import wrong
from typed_summary import typed

DEMANDS = """\
demand  path                        predicted RTT        min   p50  lost  cause of loss
------  --------------------------  -------------  ---------  ----  ----  -------------
near    shanghai > guian                10.000 ms  10.001 ms  none   2/4  unexplained 2
silent  guian > karachi                 40.000 ms       none  none   1/1  unexplained 1
far     shanghai > guian > karachi      50.000 ms  50.000 ms  none   0/3"""
FLOWS = """\
demand  protocol        offered      delivered     bottleneck  lost at
------  --------  -------------  -------------  -------------  ----------------------------
near    udp       12.000 Mbit/s  10.000 Mbit/s  10.000 Mbit/s  one:shanghai->guian queue 10
far     tcp                       5.000 Mbit/s  10.000 Mbit/s  two:karachi->guian line 3"""


@pytest.fixture
def summary(tmp_path: Path):
    handmade_run.write_run(tmp_path / "run")
    of = summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    found = of.to_json()
    (stream,), (transfer,) = (found["demands"][number]["flows"] for number in (0, 2))
    stream["lost_at"] = {"one:shanghai->guian queue": 10}
    transfer["lost_at"] = {"two:karachi->guian line": 3}
    return found


def test_table_of_demands(summary) -> None:
    table, left_out = demand_table(typed(summary), 92).split("\n3 columns", 1)
    assert table == DEMANDS
    assert left_out.startswith(" left out (application class, jurisdictions, min - predicted): ")


def test_causes_of_the_whole_run_do_not_contradict_what_was_lost_of_the_probes_beside(
    summary,
) -> None:
    near, _, far = summary["demands"]
    near["lost_by"], far["lost_by"] = {"policy": 5}, {"fault": 129}
    rows = demand_table(typed(summary), 92).splitlines()
    assert rows[2].endswith("2/4  policy 2")
    assert rows[4].endswith("0/3"), "none of these was lost, but of others, in cuts for instance"
    near["lost_by"] = {"fault": 1, "queue": 4}
    assert "queue 4, ... in the whole run" in demand_table(typed(summary))


def test_columns_are_left_out_until_the_table_fits_the_terminal(summary) -> None:
    whole = demand_table(typed(summary)).splitlines()[0].split("  ")
    assert {"application class", "min - predicted", "jurisdictions"} <= set(map(str.strip, whole))
    for width in (70, 98, 110):
        assert max(map(len, demand_table(typed(summary), width).splitlines())) <= width
    assert max(map(len, demand_table(typed(summary), 10).splitlines())) <= LEAST_WIDTH


def test_table_of_flows(summary) -> None:
    assert flow_table(typed(summary)) == FLOWS


def test_a_flow_that_lost_packets_never_has_lost_them_nowhere(summary) -> None:
    stream = summary["demands"][0]["flows"][0]
    for known, told in ((None, "unknown"), ({}, "unlocated 10"), ({"a": 4}, "unlocated 6")):
        stream["lost_at"] = known
        assert told in flow_table(typed(summary)).splitlines()[2]


def test_the_account_is_a_line_where_nothing_was_lost_and_a_table_where_something_was(
    summary,
) -> None:
    assert account_lines(typed(summary), None) == "", "nothing was counted"
    lossless = {"closes": True, "off_by": 0, "sent": 5, "delivered": 5, "in_flight": 0}
    summary["account"] = account = {**lossless, "lost": {}, "problems": [], "demands": []}
    said = "packet accounting: 5 sent = 5 delivered + 0 lost + 0 in flight (balanced)"
    assert account_lines(typed(summary), None) == said
    lossy = {"demand": "a", "kind": "stream", "direction": "forward"}
    lossy |= {name: count for name, count in lossless.items() if name != "closes"}
    account |= {"sent": 9, "lost": {"meter": 4}, "demands": [lossy | {"lost": {"meter": 4}}]}
    _, headings, _, row, total = account_lines(typed(summary), None).splitlines()
    assert headings.split() == ["demand", "packets", "sent", "delivered", "meter", "in", "flight"]
    assert row.split() == ["a", "stream", "forward", "5", "5", "4", "0"]
    assert total.split() == ["all", "9", "5", "4", "0"]
    account |= {"closes": False, "off_by": 2, "problems": ["2 packets went nowhere"]}
    first, *_, last = account_lines(typed(summary), None).splitlines()
    assert first.endswith("(unbalanced by 2)")
    assert last == "account: 2 packets went nowhere"


def test_what_rests_on_an_assumed_capacity_is_marked(summary) -> None:
    summary["demands"][2]["capacity_assumed"] = ["two"]
    table = flow_table(typed(summary))
    assert table.count("Mbit/s*") == 1
    assert table.splitlines()[-2].split()[-1] == "3"
    assert table.splitlines()[-1] == "* 1 of 2 fibres on these paths has an assumed capacity"


def test_what_is_not_known_to_be_crossed_has_a_question_mark(summary) -> None:
    summary["demands"][0]["may_cross"] = ["IN", "MY"]
    assert " CN IN? MY? " in demand_table(typed(summary))
    said = doubtful_line(one.may_cross for one in typed(summary).demands)
    assert said == "? after a jurisdiction: transit is possible but not documented (1 demand)"
    assert doubtful_line([(), ()]) == ""


def test_table_of_flows_is_empty_without_flows(summary) -> None:
    for demand in summary["demands"]:
        demand.pop("flows", None)
    assert flow_table(typed(summary)) == ""


def test_table_of_flows_gives_the_error_of_a_failed_one(summary) -> None:
    summary["demands"][2]["flows"][0]["error"] = "no route"
    assert flow_table(typed(summary)).splitlines()[-1].endswith("failed: no route")


def test_table_shortens_a_long_path_to_its_ends(summary) -> None:
    summary["demands"][0]["path"] = [f"hub-number-{number}" for number in range(9)]
    row = demand_table(typed(summary)).splitlines()[2]
    assert "hub-number-0 > (7 hubs) > hub-number-8" in row


def test_table_columns_are_as_wide_as_their_widest_cell() -> None:
    table = render(("a", "long heading"), [("wide cell", "1")], frozenset({"long heading"}))
    assert table.splitlines() == [
        "a          long heading",
        "---------  ------------",
        "wide cell             1",
    ]


# ``corridor show``: what a folder holds, without touching it.


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def ran(tmp_path):
    folder = tmp_path / "run"
    handmade_run.write_run(folder)
    summarise(folder, read_plan(folder), handmade_run.FACTS)
    return folder


def test_a_study_is_told_and_left_as_it_is(corridor, study):
    before = contents(study)
    code, said, _ = corridor("show", str(study))
    assert code == corridor("study", "show", str(study), "--no-figures")[0]
    assert "95 % interval" in said
    assert contents(study).keys() == before.keys()
    assert wrong("study-answers", json.loads(corridor("show", str(study), "--json")[1])) == []


def test_a_run_is_told_and_left_as_it_is(corridor, ran):
    before = contents(ran)
    _, said, _ = corridor("show", str(ran))
    _, whole, _ = corridor("report", str(ran), "--no-figures")
    assert said.splitlines()[0] in whole
    (ran / "report.html").unlink()
    assert contents(ran).keys() == before.keys()
    assert wrong("summary", json.loads(corridor("show", str(ran), "--json")[1])) == []


def test_a_folder_without_results_is_refused(corridor, tmp_path):
    code, said, complained = corridor("show", str(tmp_path))
    assert (code, said) == (2, "")
    assert "contains neither summary.json nor study.json" in complained
