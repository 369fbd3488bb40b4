"""Objectives of plans beyond latency: survival, capacity, nines, cost, weights, and the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import corridor
from corridor.experiments import cli
from corridor.experiments.availability.availability_answer import availability
from corridor.experiments.text import plan_text
from corridor.topologies.base.errors import InputError

EXAMPLE = "examples/candidates.yaml"
PROMISED = "examples/capacity.yaml"
MINI = Path("experiments/scenario/shipped/mini.yaml")
UNEXPLORED = 6 * 2 * 1e-8 * 525_600
"""Minutes a year: six demands, each with bounds twice as wide as the search leaves unexplored."""
FIBRES: dict[str, Any] = {"candidates": EXAMPLE, "leave_out": ["gateway-guian"]}


@pytest.fixture
def thin(tmp_path: Path) -> Path:
    """The scenario mini without its second route to Karachi."""
    (tmp_path / "thin.yaml").write_text(
        "name: thin\nextends: [mini]\nwithout: {fibres: [bangkok-karachi]}\n"
    )
    scenario = yaml.safe_load(MINI.read_text())
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**scenario, "topology": "thin.yaml"}))
    return tmp_path / "mine.yaml"


def test_a_second_route_to_karachi_survives_what_the_first_does_not(thin: Path) -> None:
    found = corridor.plan(thin, by="survival", candidates=EXAMPLE)
    assert found.failures is not None
    pairs = found.failures * found.demands
    assert found.today_measured.survival_pairs == pairs - 2  # both demands of Karachi
    assert found.plan.ids == ("guian-karachi",)
    assert found.plan.measured.survival_pairs == found.bound == pairs
    assert found.everything_measured.survival_pairs == pairs
    assert {one.id: one.measured.survival_pairs for one in found.singles} == {
        "guian-karachi": pairs,
        "guian-bangkok": pairs - 2,
        "gateway-guian": pairs - 2,
    }
    assert (found.proof.method, found.proof.sets, found.proof.gap) == ("program", None, 0)
    text = " ".join(plan_text.told(found).split())
    assert f"{pairs} of {pairs} pairs survive" in text
    assert f"one of {found.failures} shared-risk groups" in text


def test_minutes_are_those_of_availability_on_the_map_of_the_plan(tmp_path: Path) -> None:
    found = corridor.plan("mini", by="nines", **FIBRES)
    today = availability("mini", against=None).replanned_minutes
    assert found.today_measured.low_minutes == pytest.approx(today.low, abs=UNEXPLORED)
    assert found.today_measured.high_minutes == pytest.approx(today.high, abs=UNEXPLORED)
    assert (found.proof.method, found.proof.sets) == ("enumeration", 3)
    file = tmp_path / "planned.yaml"
    asked = ["plan", "mini", "--by", "nines", "--candidates", EXAMPLE, "--map", str(file)]
    assert cli.main([*asked, "--leave-out", "gateway-guian"]) == 0
    scenario = yaml.safe_load(MINI.read_text())
    scenario["topology"] = file.name
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(scenario))
    planned = availability(tmp_path / "mine.yaml", against=None).replanned_minutes
    assert found.plan.measured.high_minutes == pytest.approx(planned.high, abs=UNEXPLORED)
    assert found.bound <= planned.high + 0.01
    assert found.bound == pytest.approx(planned.low, abs=UNEXPLORED)
    assert found.proof.gap == 0
    assert planned.high < today.high / 2
    assert "3 sets of candidates were compared; no other set is better" in " ".join(
        plan_text.told(found).split()
    )


def test_capacity_is_what_capacity_answers_on_the_map_of_the_plan(tmp_path: Path) -> None:
    found = corridor.plan(PROMISED, by="capacity", **FIBRES)
    now = corridor.capacity(PROMISED)
    assert found.today_measured.growth_times == pytest.approx(now.growth[0].first.times, abs=1e-6)
    assert found.today_measured.worst_utilization == pytest.approx(
        max(one.share for one in now.links), abs=1e-6
    )
    grown = {one.id: one.measured.growth_times for one in found.singles}
    assert found.plan.measured.growth_times == found.bound == max(*grown.values(), found.bound)
    assert set(grown) == {"guian-bangkok", "guian-karachi"}
    with pytest.raises(InputError, match="mini states no rate of any demand"):
        corridor.plan("mini", by="capacity", **FIBRES)


def test_traffic_weighs_each_round_trip_by_its_rate() -> None:
    with pytest.raises(InputError, match="mini states no rate of train-east-west, backup"):
        corridor.plan("mini", weigh="traffic", **FIBRES)
    equal = corridor.plan("mini", **FIBRES)
    alike = corridor.plan("mini", weigh="traffic", rates=["10Gbit"], **FIBRES)
    assert alike.today.sum_ms == pytest.approx(equal.today.sum_ms, abs=0.01)
    rates = ["1Gbit", "infer-bangkok=1Tbit"]
    bangkok = corridor.plan("mini", weigh="traffic", rates=rates, **FIBRES)
    assert (equal.plan.ids, bangkok.plan.ids) == (("guian-karachi",), ("guian-bangkok",))
    # five demands of 1 Gbit/s and one of 1,000: the mean is 167.5
    rtt = {one.demand: one for one in bangkok.changed}["infer-bangkok"]
    assert rtt.before_ms is not None
    saved = (rtt.before_ms - rtt.after_ms) * 1000 / 167.5
    assert bangkok.plan.saves_ms == pytest.approx(saved, abs=0.001)
    assert "counts by its rate over the mean rate" in " ".join(plan_text.told(bangkok).split())


def test_the_lowest_cost_needs_a_target_that_can_be_reached() -> None:
    asked: dict[str, Any] = {"by": "cost", **FIBRES}
    assert corridor.plan("mini", at_most={"latency": 296}, **asked).plan.ids == ()
    one = corridor.plan("mini", at_most={"latency": 294}, **asked)
    assert (one.plan.ids, one.bound) == (("guian-bangkok",), 155)
    two = corridor.plan("mini", at_most={"latency": 290}, **asked)
    assert (two.plan.ids, two.bound, two.proof.gap) == (("guian-karachi",), 640, 0)
    many = corridor.plan("mini", at_most={"nines": 1e5}, **asked)
    assert (many.plan.ids, many.proof.method, many.proof.sets) == ((), "enumeration", 4)
    assert "No plan within the limits that reaches the target costs less" in plan_text.told(two)
    with pytest.raises(InputError, match=r"reaches a latency of 100; all .* have 28\d\.\d"):
        corridor.plan("mini", at_most={"latency": 100}, **asked)
    with pytest.raises(InputError, match=r"comparison of costs needs costs.*gateway-guian"):
        corridor.plan("mini", by="cost", at_most={"latency": 290}, candidates=EXAMPLE)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"by": "cost"}, "needs a target"),
        ({"at_least": {"reach": 6}}, "only that has one"),
        ({"by": "cost", "at_least": {"latency": 6}}, "it is of reach or survival or capacity"),
        ({"by": "cost", "at_most": {"reach": 6}}, "it is of latency or nines"),
        ({"by": "cost", "at_least": {"reach": 6}, "at_most": {"nines": 6}}, "two targets"),
        ({"by": "survival", "samples": 5}, "samples are of latency, reach, nines and capacity"),
        ({"by": "capacity", "rates": ["1Gbit"], "samples": 5}, "no background traffic with inter"),
        ({"by": "capacity", "samples": 5, "vary": ["length"]}, "capacity does not depend on len"),
        ({"samples": 5, "vary": ["rates"]}, "latency does not depend on rates"),
        ({"pareto": ["cost"]}, "name two or more"),
        ({"pareto": ["cost", "cost"]}, "each once"),
        ({"by": "cost", "at_least": {"reach": float("nan")}}, "a reach of nan; state a number"),
        ({"by": "cost", "at_most": {"latency": float("inf")}}, "a latency of inf; state a number"),
        ({"pareto": ["cost", "carbon"]}, 'called "carbon"; corridor place JOBS'),
        ({"measures": ["nine"]}, 'did you mean "nines"'),
        ({"vary": ["laws"]}, "write length, cost, law, rates, traffic"),
        ({"weigh": "rate"}, "write equal or traffic"),
        ({"time_limit_s": 0}, "write up to"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        corridor.plan("mini", **{**FIBRES, **arguments})


def test_the_table_has_all_measures_and_pareto_lists_what_is_not_dominated() -> None:
    found = corridor.plan(
        PROMISED,
        most=2,
        measures=["survival", "capacity", "nines"],
        pareto=["latency", "cost"],
        **FIBRES,
    )
    costs = [one.values["cost"] for one in found.pareto]
    assert costs == sorted(costs, reverse=True)
    assert set(costs) <= {0, 155, 640, 795}
    sums = [one.values["latency"] for one in found.pareto]
    assert sums == sorted(sums)
    assert found.pareto[-1].ids == ()
    assert found.pareto[-1].values["latency"] == pytest.approx(found.today.sum_ms, abs=1e-3)
    table = plan_text.told(found, 200)
    head = next(line for line in table.splitlines() if line.startswith("each alone"))
    for name in ("saves ms", "pairs", "growth", "highest use", "min a year", "cost MUSD"):
        assert name in head
    assert "not dominated" in table


def test_the_map_of_a_plan_is_found_from_where_it_is_written(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "base.yaml").write_text("name: base\nextends: [mini]\n")
    scenario = yaml.safe_load(MINI.read_text())
    (mine / "mine.yaml").write_text(yaml.safe_dump({**scenario, "topology": "base.yaml"}))
    file = tmp_path / "maps" / "planned.yaml"
    file.parent.mkdir()
    asked = ["plan", str(mine / "mine.yaml"), "--candidates", EXAMPLE, "--map", str(file)]
    assert cli.main(asked) == 0
    assert yaml.safe_load(file.read_text())["extends"] == ["../mine/base.yaml"]
    made = corridor.load_topology(str(file))
    assert made.fibre("guian-karachi").status == "planned"


def test_carbon_is_a_question_for_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["plan", "mini", "--by", "carbon"])
    assert "corridor place JOBS --objective carbon" in capsys.readouterr().err
