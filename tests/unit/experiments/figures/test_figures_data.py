"""What figures show: groups of demands, their names, units and words. No drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import handmade_run
from corridor.experiments.account.summary import DemandSummary
from corridor.experiments.figures import data
from corridor.experiments.results.results import read_plan, summarise
from typed_summary import made, typed

PLACES = {
    "shanghai": ("CN", "coastal"),
    "beijing": ("CN", "coastal"),
    "guian": ("CN", "western"),
    "wuhan": ("CN", "core"),
    "hongkong": ("HK", "coastal"),
    "karachi": ("PK", "foreign"),
    "riyadh": ("SA", "foreign"),
    "jeddah": ("SA", "foreign"),
    "bangkok": ("TH", "foreign"),
    "dubai": ("AE", "transit"),
}


def demand(
    src: str, dst: str, predicted_ms: float = 10.0, crosses: tuple[str, ...] = ("CN",), **more: Any
) -> Any:
    keys = {"src": src, "dst": dst, "crosses": list(crosses), "predicted_rtt_ms": predicted_ms}
    return made(DemandSummary, {"id": f"{src}-{dst}", **keys, **more})


@pytest.mark.parametrize(
    ("src", "dst", "group"),
    [
        ("shanghai", "guian", "China coast–west"),
        ("guian", "shanghai", "China coast–west"),
        ("shanghai", "beijing", "within China"),
        ("guian", "wuhan", "within China"),
        ("guian", "karachi", "China–Pakistan"),
        ("karachi", "guian", "China–Pakistan"),
        ("hongkong", "guian", "China–Hong Kong"),
        ("riyadh", "jeddah", "within Saudi Arabia"),
    ],
)
def test_a_demand_belongs_to_the_jurisdictions_of_its_ends(src: str, dst: str, group: str) -> None:
    assert [found.name for found in data.group_demands([demand(src, dst)], PLACES)] == [group]


def test_the_ends_of_a_path_stand_in_for_unknown_hubs() -> None:
    found = data.group_demands([demand("x", "y", crosses=("PK", "IN", "CN"))], {})
    assert [group.name for group in found] == ["China–Pakistan"]


def test_an_unlisted_jurisdiction_goes_by_its_code() -> None:
    found = data.group_demands([demand("x", "y", crosses=("CN", "QQ"))], {})
    assert [group.name for group in found] == ["China–QQ"]


def test_groups_come_fastest_first_and_so_do_their_members() -> None:
    demands = [
        demand("guian", "karachi", 90),
        demand("beijing", "guian", 30),
        demand("shanghai", "guian", 25),
        demand("karachi", "guian", 60),
    ]
    found = data.group_demands(demands, PLACES)
    assert [(group.name, group.members) for group in found] == [
        ("China coast–west", (2, 1)),
        ("China–Pakistan", (3, 0)),
    ]


def test_beyond_six_groups_the_smallest_are_put_together_last() -> None:
    ends = ["karachi", "riyadh", "bangkok", "shanghai", "wuhan"]
    demands = [demand("guian", end, 50) for end in ends for _ in range(2)]
    demands += [demand("guian", "dubai", 1), demand("dubai", "riyadh", 2)]
    found = data.group_demands(demands, PLACES)
    assert len(found) == data.MAX_GROUPS
    assert (found[-1].name, found[-1].members) == ("other cross-border", (10, 11))


def test_what_is_put_together_is_called_cross_border_only_if_all_of_it_is() -> None:
    ends = ["karachi", "riyadh", "bangkok", "shanghai", "dubai"]
    demands = [demand("guian", end) for end in ends for _ in range(2)]
    demands += [demand("guian", "wuhan"), demand("dubai", "riyadh")]
    assert data.group_demands(demands, PLACES)[-1].name == "other"


def test_every_demand_is_in_one_group() -> None:
    ends = list(PLACES)
    demands = [demand(src, dst, len(src)) for src in ends for dst in ends if src != dst]
    groups = data.group_demands(demands, PLACES)
    members = sorted(position for group in groups for position in group.members)
    assert members == list(range(len(demands)))
    assert len(groups) == data.MAX_GROUPS


def test_round_trips_are_those_of_first_replies_after_the_warm_up(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "run")
    summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    near, silent, far = data.read_rtt_ms(tmp_path / "run", 3)
    assert near.tolist() == [10.00075, 10.003]
    assert silent.tolist() == []
    assert far.tolist() == [50.0, 50.001, 50.002]


def test_no_probes_are_read_where_there_is_no_table(tmp_path: Path) -> None:
    assert [len(found) for found in data.read_rtt_ms(tmp_path, 2)] == [0, 0]


def test_hubs_have_a_place_only_where_the_scenario_can_be_read(tmp_path: Path) -> None:
    assert data.read_places(tmp_path) == {}
    (tmp_path / "scenario.yaml").write_text("topology: {hubs: [{id: x")
    assert data.read_places(tmp_path) == {}
    (tmp_path / "scenario.yaml").write_text(handmade_run.SCENARIO)
    assert data.read_places(tmp_path)["karachi"] == ("PK", "foreign")


def test_an_ecdf_steps_from_nought_to_one() -> None:
    x, y = data.ecdf(np.array([1.0, 2.0, 2.0, 4.0]))
    assert x.tolist() == [1.0, 1.0, 2.0, 2.0, 4.0]
    assert y.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_a_long_ecdf_is_thinned_to_ranks_that_were_measured() -> None:
    values = np.arange(1.0, 100_001.0)
    x, y = data.ecdf(values, most=100)
    assert len(x) == 101
    assert set(x) <= set(values)
    assert np.allclose(x[1:], y[1:] * 100_000, rtol=1e-12)
    assert (x[0], x[-1], y[-1]) == (1.0, 100_000.0, 1.0)


def test_a_caption_says_where_the_figure_comes_from() -> None:
    about = {"scenario": "mini", "testbed": "uml", "clock": "real", "seed": 3, "complete": False}
    assert data.caption(typed(about), "6 demands") == (
        "6 demands · scenario mini · uml testbed · real clock · seed 3 · run not complete"
    )
