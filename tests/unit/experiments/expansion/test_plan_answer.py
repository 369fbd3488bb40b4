"""Plans of candidates for the example on mini, and mistakes in files of candidates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import corridor
from corridor.experiments import cli
from corridor.experiments.expansion.candidates import FILE, read_candidates
from corridor.experiments.text import plan_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology

EXAMPLE = "examples/candidates.yaml"


def test_the_example_saves_what_the_shorter_fibre_saves() -> None:
    found = corridor.plan("mini", candidates=EXAMPLE)
    assert found.plan.ids == ("guian-karachi",)
    assert [(one.id, one.saves_ms, one.newly_served) for one in found.singles] == [
        ("guian-karachi", 11.076, 0),
        ("guian-bangkok", 2.608, 0),
        ("gateway-guian", 0.0, 0),
    ]
    best = found.singles[0]
    assert best.saves_per_musd is not None
    assert best.saves_per_musd.low_ms_per_musd == pytest.approx(11.076 / 640, abs=1e-4)
    assert best.saves_per_musd.high_ms_per_musd == pytest.approx(11.076 / 230, abs=1e-4)
    assert {one.demand for one in found.changed} == {"science-karachi", "ckpt-karachi"}
    assert found.plan.latencies.sum_ms == pytest.approx(found.bound, abs=1e-3)
    assert found.everything.sum_ms < found.plan.latencies.sum_ms < found.today.sum_ms
    assert set(found.greedy.ids) == set(found.plan.ids)
    both = corridor.plan("mini", most=2, candidates=EXAMPLE)
    assert set(both.plan.ids) == {"guian-bangkok", "guian-karachi"}
    assert both.plan.cost is not None
    assert (both.plan.cost.low_musd, both.plan.cost.high_musd) == (285, 795)


def test_a_budget_is_for_the_high_ends_of_costs_and_refuses_unknown_ones() -> None:
    with pytest.raises(InputError, match=r"a budget needs costs.*gateway-guian"):
        corridor.plan("mini", budget_musd=200, candidates=EXAMPLE)
    left = {"candidates": EXAMPLE, "leave_out": ["gateway-guian"]}
    assert corridor.plan("mini", budget_musd=154, **left).plan.ids == ()
    assert corridor.plan("mini", budget_musd=155, **left).plan.ids == ("guian-bangkok",)
    assert corridor.plan("mini", budget_musd=640, **left).plan.ids == ("guian-karachi",)


def test_samples_are_of_lengths_and_equal_for_a_seed() -> None:
    found = corridor.plan("mini", candidates=EXAMPLE, samples=40, seed=3)
    assert found.certainty is not None
    shares = {one.id: one.first_share for one in found.singles}
    nothing = next(one for one in found.certainty.choices if one.id == "nothing")
    assert sum(share or 0 for share in shares.values()) + nothing.best_share == pytest.approx(1)
    assert 0 < found.certainty.best_share < 1
    assert found.certainty.most_regret > found.certainty.mean_regret > 0
    assert corridor.plan("mini", candidates=EXAMPLE, samples=40, seed=3) == found


def test_the_answer_says_what_it_rests_on() -> None:
    text = plan_text.told(corridor.plan("mini", candidates=EXAMPLE, samples=5))
    assert "It saves 11.1 of 295.5 ms of RTT, for 230 to 640 MUSD." in text
    assert "3 of them are assumptions" in text
    assert "No plan within the limits has a sum below 284.4 ms." in text
    found = corridor.plan("mini", candidates=EXAMPLE)
    assert "ran out of time" not in plan_text.told(found)
    late = replace(found, proof=replace(found.proof, gap=1.0))
    assert "ran out of time" in plan_text.told(late)
    reach = plan_text.told(corridor.plan("mini", candidates=EXAMPLE, by="reach"))
    assert "No plan within the limits serves more than 6 demands." in reach


def test_the_map_of_a_plan_is_a_topology_file_with_the_planned_delay(tmp_path: Path) -> None:
    file = tmp_path / "planned.yaml"
    asked = ["plan", "mini", "--candidates", EXAMPLE, "--next", "2", "--map", str(file), "--json"]
    assert cli.main(asked) == 0
    made = load_topology(str(file))
    added = {one.id for one in made.fibres} - {one.id for one in load_topology("mini").fibres}
    assert added == {"guian-bangkok", "guian-karachi"}
    assert cli.main(asked) == 2


def test_an_announced_candidate_carries_its_sources_and_years() -> None:
    found = {one.id: one for one in corridor.plan("sovereignty").singles}
    announced = found["rawalpindi-gwadar"]
    assert len(announced.sources) == 2
    assert announced.sources[0].endswith("2019-04-10")
    assert announced.years is not None
    assert (announced.years.low_years, announced.years.high_years) == (3, 5)
    assert found["mengla-chiangmai"].sources == ()
    assert found["gateway-urumqi"].needs.startswith("decided by the ministry")


def test_the_shipped_candidates_belong_to_the_shipped_map() -> None:
    found = read_candidates(load_topology("pan-asia"))
    written = yaml.safe_load(FILE.read_text())
    assert [one.id for one in found.file.fibres] == [one["id"] for one in written["fibres"]]
    for one in found.file.all:
        assert one.source if one.origin != "assumption" else one.what
    built = found.built(found.file.by_id)
    assert built.hub("urumqi").intl_gateway
    assert not found.base.hub("urumqi").intl_gateway
    low = found.built(found.file.by_id, shortest=True)
    for one in found.file.fibres:
        ratio = low.fibre(one.id).length_km / built.fibre(one.id).length_km
        assert ratio == pytest.approx(one.length_factor.low)
        assert low.fibre(one.id).one_way_delay_ns < built.fibre(one.id).one_way_delay_ns


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("{a: guian, z: bangkok", "{a: guian, z: bankok", 'mini has no hub "bankok"; did you mean'),
        ("id: guian-karachi", "id: guian-bangkok", 'two candidates are called "guian-bangkok"'),
        ("hub: guian", "hub: kunming", '"kunming" has a gateway already'),
        ("hub: guian", "hub: gujan", 'mine.yaml:25: the map mini has no hub "gujan"'),
        ("a: guian, z: karachi", "a: guian, z: karachi, meduim: x", 'mine.yaml:17: unknown key "m'),
        (
            "a: guian, z: karachi",
            "a: guian, z: guian",
            'mine.yaml:17: fibre "guian-karachi" starts',
        ),
        ("a: guian, z: karachi", "a: guian", '"guian-karachi" has no end z'),
        ("a: guian, z: karachi", "id: x, a: guian, z: karachi", "mine.yaml:17: the id of"),
        ("id: guian-karachi", "id: bangkok-karachi", 'mine.yaml:17: fibre id "bangkok-karachi" is'),
        ("a: guian, z: karachi", "length: 0km, a: guian, z: karachi", "mine.yaml:17: length must"),
        (
            "{low: 230, high: 640}",
            "{low: .nan, high: 640}",
            "mine.yaml:19: fibres[1].cost_musd.low",
        ),
        ("{low: 230, high: 640}", "{low: 0, high: 640}", "must be more than 0.0, not 0"),
        ("{low: 0.8, high: 1.2}", "{low: 1.1, high: 1.2}", "does not contain 1"),
        ("{low: 55, high: 155}", "{low: 155, high: 55}", "low end 155 is above its high end 55"),
        ("origin: assumption", "origin: announced", "is announced, but names no source"),
        ("needs: permits of China and", "source: [x]\n  needs: permits of China and", "not listed"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    text = Path(EXAMPLE).read_text()
    assert before in text
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace(before, after, 1))
    with pytest.raises(InputError) as problem:
        corridor.plan("mini", candidates=file)
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"most": 0}, "write 1 to 20"),
        ({"budget_musd": -1}, "above 0"),
        ({"budget_musd": float("nan")}, "above 0"),
        ({"by": "delay"}, "they are latency"),
        ({"samples": -1}, "0 to 10,000"),
        ({"leave_out": ["guian-bankok"]}, "guian-bangkok"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        corridor.plan("mini", candidates=EXAMPLE, **arguments)  # type: ignore[arg-type]


def costly(folder: Path, *costs: float) -> Path:
    ends = (("guian", "karachi", 3000), ("guian", "bangkok", 1000), ("guian", "karachi", 3000))
    fibres = [
        {
            "id": f"of-{at}",
            "what": "drawn",
            "origin": "assumption",
            "fibre": {"a": a, "z": z, "length": f"{km}km"},
            "cost_musd": {"low": cost, "high": cost},
        }
        for at, (cost, (a, z, km)) in enumerate(zip(costs, ends, strict=False))
    ]
    file = folder / "mine.yaml"
    file.write_text(
        yaml.safe_dump({"schema": 1, "name": "m", "topology": "mini", "fibres": fibres})
    )
    return file


def test_a_budget_may_be_spent_to_the_last_dollar(tmp_path: Path) -> None:
    file = costly(tmp_path, 0.1, 0.2)  # whose sum is 0.30000000000000004
    found = corridor.plan("mini", candidates=file, budget_musd=0.3, samples=3)
    assert found.plan.ids == found.greedy.ids == ("of-0", "of-1")
    assert found.plan.cost is not None
    assert (found.plan.cost.low_musd, found.plan.cost.high_musd) == (0.3, 0.3)
    assert found.certainty is not None
    assert found.certainty.best_share == 1
    assert corridor.plan("mini", candidates=file, budget_musd=0.29).plan.ids == ("of-0",)


def test_a_second_fibre_of_the_same_ends_is_not_bought(tmp_path: Path) -> None:
    found = corridor.plan("mini", candidates=costly(tmp_path, 5, 5, 5), most=3)
    assert len(found.plan.ids) == 2
    assert "of-1" in found.plan.ids
    assert found.plan.latencies == found.greedy.latencies == found.everything
    text = " ".join(plan_text.told(found).split())
    assert set(found.plan.ids) == set(found.greedy.ids) or "ms and is as good." in text
    other = ("of-0", "of-1") if "of-2" in found.plan.ids else ("of-1", "of-2")
    equal = replace(found, greedy=replace(found.plan, ids=other))
    assert "ms and is as good." in " ".join(plan_text.told(equal).split())


def test_a_plan_of_demands_without_any_path_saves_nothing(tmp_path: Path) -> None:
    fibres = [one.id for one in load_topology("mini").fibres]
    (tmp_path / "cut.yaml").write_text(
        yaml.safe_dump({"name": "cut", "extends": ["mini"], "without": {"fibres": fibres}})
    )
    scenario = yaml.safe_load(Path("experiments/scenario/shipped/mini.yaml").read_text())
    mine = tmp_path / "cut-mini.yaml"
    mine.write_text(yaml.safe_dump({**scenario, "topology": "cut.yaml"}))
    file = costly(tmp_path, 5, 5)
    for by in ("latency", "reach", "survival", "nines"):
        found = corridor.plan(mine, candidates=file, most=2, by=by, measures=["nines"])  # type: ignore[arg-type]
        assert (found.today.served, found.today.sum_ms, found.plan.saves_ms) == (0, 0, 0)
        assert found.today_measured.high_minutes == 0
        assert found.plan.latencies.served > 0 or by == "nines"
    weighed = corridor.plan(mine, candidates=file, weigh="traffic", rates=["1Gbit"])
    assert weighed.today.served == 0
