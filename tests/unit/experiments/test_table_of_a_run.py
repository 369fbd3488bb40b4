"""The tables a run ends with, letter by letter."""

from __future__ import annotations

from pathlib import Path

import pytest

import handmade_run
from corridor.experiments.results.columns import LEAST_WIDTH, render
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.results.table import demand_table, doubtful_line, flow_table

DEMANDS = """\
demand  path                        predicted RTT        min   p50  lost  lost by
------  --------------------------  -------------  ---------  ----  ----  -------------
near    shanghai > guian                10.000 ms  10.001 ms  none   2/4  unexplained 2
silent  guian > karachi                 40.000 ms       none  none   1/1  unexplained 1
far     shanghai > guian > karachi      50.000 ms  50.000 ms  none   0/3"""
FLOWS = """\
demand  by         offered      delivered     bottleneck  lost at
------  ---  -------------  -------------  -------------  ----------------------------
near    udp  12.000 Mbit/s  10.000 Mbit/s  10.000 Mbit/s  one:shanghai->guian queue 10
far     tcp                  5.000 Mbit/s  10.000 Mbit/s  two:karachi->guian line 3"""


@pytest.fixture
def summary(tmp_path: Path):
    handmade_run.write_run(tmp_path / "run")
    return summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)


def test_table_of_demands(summary) -> None:
    table, left_out = demand_table(summary, 92).rsplit("\n", 1)
    assert table == DEMANDS
    assert left_out.startswith("3 columns left out (class, crosses, difference): ")


def test_columns_are_left_out_until_the_table_fits_the_terminal(summary) -> None:
    whole = demand_table(summary).splitlines()[0].split()
    assert {"class", "difference", "crosses"} <= set(whole)
    for width in (70, 98, 110):
        assert max(map(len, demand_table(summary, width).splitlines())) <= width
    assert max(map(len, demand_table(summary, 10).splitlines())) <= LEAST_WIDTH


def test_table_of_flows(summary) -> None:
    assert flow_table(summary) == FLOWS


def test_what_rests_on_an_assumed_capacity_is_marked(summary) -> None:
    summary["demands"][2]["capacity_assumed"] = ["two"]
    table = flow_table(summary)
    assert table.count("Mbit/s*") == 1
    assert table.splitlines()[-2].split()[-1] == "3"
    assert table.splitlines()[-1] == "* 1 of 2 fibres on these paths has an assumed capacity"


def test_what_is_not_known_to_be_crossed_has_a_question_mark(summary) -> None:
    summary["demands"][0]["may_cross"] = ["IN", "MY"]
    assert " CN IN? MY? " in demand_table(summary)
    said = doubtful_line(one.get("may_cross", ()) for one in summary["demands"])
    assert said == "? after a jurisdiction: not known whether light comes under it (1 demand)"
    assert doubtful_line([(), ()]) == ""


def test_table_of_flows_is_empty_without_flows(summary) -> None:
    for demand in summary["demands"]:
        demand.pop("flows", None)
    assert flow_table(summary) == ""


def test_table_of_flows_gives_the_error_of_a_failed_one(summary) -> None:
    summary["demands"][2]["flows"][0]["error"] = "no route"
    assert flow_table(summary).splitlines()[-1].endswith("failed: no route")


def test_table_shortens_a_long_path_to_its_ends(summary) -> None:
    summary["demands"][0]["path"] = [f"hub-number-{number}" for number in range(9)]
    row = demand_table(summary).splitlines()[2]
    assert "hub-number-0 > (7 hubs) > hub-number-8" in row


def test_table_columns_are_as_wide_as_their_widest_cell() -> None:
    table = render(("a", "long heading"), [("wide cell", "1")], frozenset({"long heading"}))
    assert table.splitlines() == [
        "a          long heading",
        "---------  ------------",
        "wide cell             1",
    ]
