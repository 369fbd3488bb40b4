"""Regret of choices, and what it is worth to know a length, a cost or an interpretation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import corridor
from corridor.controller.policy.load import load_policies
from corridor.experiments.availability.availability_answer import SAMPLES, SEED
from corridor.experiments.expansion.candidates import read_candidates
from corridor.experiments.expansion.certainty import Samples
from corridor.experiments.expansion.measures import Load, Measures, traffic_weights
from corridor.experiments.expansion.plan_answer import PlanQuestion, plan_answer
from corridor.experiments.expansion.problem import Limits, Problem
from corridor.experiments.expansion.selection import Objective, best
from corridor.experiments.expansion.uncertain_rates import StatedRates
from corridor.experiments.scenario.intents import specify, with_rates
from corridor.experiments.scenario.scenario import Under, load_scenario, load_under
from corridor.experiments.text import plan_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology

EXAMPLE = Path("examples/candidates.yaml")
MINI = Path("experiments/scenario/shipped/mini.yaml")


def fibre(name: str, km: int, factor: tuple[float, float], cost: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": name,
        "what": "drawn",
        "origin": "assumption",
        "fibre": {"a": "guian", "z": "karachi", "length": f"{km}km"},
        "length_factor": {"low": factor[0], "high": factor[1]},
        "cost_musd": {"low": cost[0], "high": cost[1]},
    }


def file_of(folder: Path, *fibres: dict[str, Any]) -> Path:
    path = folder / "mine.yaml"
    path.write_text(json.dumps({"schema": 1, "name": "mine", "topology": "mini", "fibres": fibres}))
    return path


@pytest.fixture
def thin(tmp_path: Path) -> Path:
    """The scenario mini without its second route to Karachi."""
    (tmp_path / "thin.yaml").write_text(
        "name: thin\nextends: [mini]\nwithout: {fibres: [bangkok-karachi]}\n"
    )
    scenario = yaml.safe_load(MINI.read_text())
    (tmp_path / "thin-mini.yaml").write_text(yaml.safe_dump({**scenario, "topology": "thin.yaml"}))
    return tmp_path / "thin-mini.yaml"


def gain_of(path: Path, name: str) -> float:
    singles = corridor.plan("mini", candidates=path).singles
    return next(one.saves_ms for one in singles if one.id == name)


@pytest.mark.parametrize("by", ["latency", "reach"])
def test_gains_of_samples_are_those_of_each_set_at_their_lengths(by: Any) -> None:
    loaded = load_scenario("mini")
    candidates = read_candidates(load_topology("mini"), EXAMPLE)
    problem = Problem(specify(loaded), candidates, Limits(3, None))
    measures = Measures(problem, loaded, {"infer-bangkok": 3.0, "ckpt-karachi": 0.5})
    objective = Objective(measures, by)
    samples = Samples(objective, 15, 2, ("length",))
    sets = problem.sets()
    gains = samples.gains(sets)
    for row, longer_ns in zip(gains, samples.longer_ns, strict=True):
        today = measures.of(by, ())
        expected = [today - measures.of(by, one, longer_ns) for one in sets]
        assert list(row) == pytest.approx(expected, abs=1e-9)
        found = best(problem, objective, longer_ns, ties=False)
        assert today - found.score.first == pytest.approx(max(row), abs=1e-9)
    assert by == "reach" or len({round(value, 6) for value in gains[:, 1]}) > 10


def test_a_known_length_is_worth_what_the_better_choice_then_saves(tmp_path: Path) -> None:
    path = file_of(
        tmp_path, fibre("sure", 3000, (1, 1), (9, 9)), fibre("open", 3000, (0.5, 1.5), (9, 9))
    )
    found = corridor.plan("mini", candidates=path, samples=300).certainty
    assert found is not None
    saves = gain_of(path, "sure")
    shorter = file_of(tmp_path, fibre("open", 2400, (1, 1), (9, 9)))
    tenth = (gain_of(shorter, "open") - saves) / 2
    worth = {one.what: one.gain for one in found.information}
    # Levels of 0.6 and 0.8 of the length gain four and two tenths more, and 1.2 and 1.4 are not
    # chosen.
    assert worth["length of open"] == pytest.approx((4 + 2) * tenth / 5, rel=0.01)
    assert set(worth) == {"length of open"}
    choices = {one.ids: one for one in found.choices}
    assert choices["sure",].mean_gain == pytest.approx(saves, abs=0.01)
    assert choices["open",].best_share + choices["sure",].best_share == pytest.approx(1)
    assert choices["sure",].most_regret == pytest.approx(5 * tenth, rel=0.05)
    assert choices[()].mean_regret == pytest.approx(choices["sure",].mean_regret + saves, abs=0.01)
    assert found.perfect_information == pytest.approx(1.25 * tenth, rel=0.2)


def test_a_known_cost_is_worth_what_then_fits_into_the_budget(tmp_path: Path) -> None:
    path = file_of(
        tmp_path, fibre("cheap", 3200, (1, 1), (50, 50)), fibre("dear", 2800, (1, 1), (40, 140))
    )
    found = corridor.plan("mini", candidates=path, budget_musd=100, samples=200)
    assert found.plan.ids == ("cheap",)
    assert found.certainty is not None
    more = gain_of(path, "dear") - gain_of(path, "cheap")
    worth = {one.what: one.gain for one in found.certainty.information}
    # Of 50, 70, 90, 110 and 130 MUSD, three fit.
    assert worth["cost of dear"] == pytest.approx(0.6 * more, abs=0.01)
    assert worth["cost of cheap"] == 0
    assert 0.3 < found.certainty.best_share < 0.5
    assert found.certainty.most_regret == pytest.approx(more, abs=0.01)
    fixed = corridor.plan("mini", candidates=path, budget_musd=100, samples=20, vary=["length"])
    assert fixed.certainty is not None
    assert (fixed.certainty.best_share, fixed.certainty.information) == (1, ())


def test_interpretations_are_all_computed_and_equally_likely(tmp_path: Path) -> None:
    file = tmp_path / "asked.yaml"
    demand = {
        "id": "one",
        "class": "ckpt",
        "data": "cn-important-assessment",
        "returns": "pk-general-exempt",
        "src": "guian",
        "dst": "karachi",
    }
    plain = {
        "schema": 1,
        "name": "asked",
        "topology": "mini",
        "policies": "pan-asia",
        "as_of": "2026-11-24",
        "service": "internet",
        "demands": [demand],
    }
    file.write_text(json.dumps(plain))
    question = PlanQuestion(most=1, samples=32, vary=("law",))
    found = plan_answer(load_scenario(str(file)), question, EXAMPLE).certainty
    assert found is not None
    known = load_policies("pan-asia", load_topology("mini")).interpretations
    assert found.interpretations == 2 ** len(known) == 16
    gains = []
    for value in ("by-service", "every-service"):
        for assessed in ("at-gateway", "anywhere"):
            chosen = {"cn-gateway": value, "cn-assessed-export": assessed}
            loaded = load_under(str(file), Under(interpret=chosen))
            singles = plan_answer(loaded, PlanQuestion(), EXAMPLE).singles
            gains.append({one.id: one.saves_ms for one in singles})
    for choice in found.choices:
        if len(choice.ids) == 1:
            mean = sum(one[choice.ids[0]] for one in gains) / 4
            assert choice.mean_gain == pytest.approx(mean, abs=0.001)
    assert {one.what.split()[0] for one in found.information} == {"interpretation"}
    answer = plan_answer(load_scenario(str(file)), question, EXAMPLE)
    assert "equally likely here, which no source states" in plan_text.told(answer)


def test_minutes_of_samples_are_those_of_the_plan(thin: Path, tmp_path: Path) -> None:
    path = file_of(
        tmp_path, fibre("short", 3000, (0.5, 1.5), (9, 9)), fibre("long", 9000, (0.9, 1.1), (9, 9))
    )
    asked: dict[str, Any] = {"by": "nines", "candidates": path, "samples": SAMPLES, "seed": SEED}
    found = corridor.plan(thin, vary=["rates"], **asked)
    assert found.certainty is not None
    today, choices = found.today_measured, {one.id: one for one in found.certainty.choices}
    for one in found.singles:
        assert one.measured.high_minutes is not None
        assert today.high_minutes is not None
        saved = today.high_minutes - one.measured.high_minutes
        assert choices[one.id].mean_gain == pytest.approx(saved, abs=0.2)
        assert saved > 10
    assert found.plan.ids == ("short",)
    assert (choices["nothing"].mean_gain, choices["nothing"].best_share) == (0, 0)
    assert 0.6 < found.certainty.best_share < 1  # routes of one kind differ in their rates
    varied = corridor.plan(thin, **asked).certainty
    assert varied is not None
    assert varied.varied == ("length", "cost", "rates")
    worth = {one.what: one.gain for one in varied.information}
    assert {"length of short", "failure rate of land", "repair time of land"} <= set(worth)
    assert corridor.plan(thin, **asked).certainty == varied


def test_a_longer_fibre_fails_more_often(thin: Path, tmp_path: Path) -> None:
    path = file_of(tmp_path, fibre("one", 3000, (0.5, 1.5), (9, 9)))
    loaded = load_scenario(str(thin))
    candidates = read_candidates(loaded.topology, path)
    downtime = Measures(Problem(specify(loaded), candidates, Limits(1, None)), loaded).downtime
    model = downtime.sampled(3, 1)
    number = next(at for at, part in enumerate(model.parts) if part.fibres == ("one",))
    longer = downtime.longer(model.unavailable, np.array([[0.5], [1.0], [2.0]]))
    before, after = model.unavailable[number], longer[number]
    assert list(after / (1 - after) / before * (1 - before)) == pytest.approx([0.5, 1, 2])
    others = [at for at in range(len(model.parts)) if at != number]
    assert (longer[others] == model.unavailable[others]).all()
    minutes = downtime.by_sample(["one"], downtime.longer(model.unavailable, np.full((3, 1), 1.5)))
    assert (minutes > downtime.by_sample(["one"], model.unavailable)).all()
    assert (minutes < downtime.by_sample([], model.unavailable)).all()


def test_equal_candidates_share_samples_and_useless_ones_have_none(tmp_path: Path) -> None:
    path = file_of(
        tmp_path,
        fibre("a", 3000, (1, 1), (9, 9)),
        fibre("b", 3000, (1, 1), (9, 9)),
        fibre("useless", 19_000, (1, 1), (9, 9)),
    )
    singles = corridor.plan("mini", candidates=path, samples=4).singles
    assert {one.id: one.first_share for one in singles} == {"a": 0.5, "b": 0.5, "useless": 0}
    only = corridor.plan("mini", candidates=path, samples=4, only=["useless"])
    assert [one.first_share for one in only.singles] == [0]
    assert only.plan.ids == ()


def test_growth_of_samples_is_that_next_to_their_background(tmp_path: Path) -> None:
    plain = {
        **fibre("second", 900, (1, 1), (9, 9)),
        "fibre": {
            "a": "karachi",
            "z": "fujairah",
            "length": "900km",
            "medium": "submarine",
            "capacity": "5Tbit",
        },
    }
    path = file_of(tmp_path, plain)
    loaded = load_scenario("examples/background.yaml")
    candidates = read_candidates(loaded.topology, path)
    measures = Measures(Problem(specify(loaded), candidates, Limits(1, None)), loaded)
    samples = Samples(Objective(measures, "capacity"), 2, 3, ("traffic",))
    assert loaded.background is not None
    drawn = [Load(one) for one in loaded.background.samples(3, 2)]
    gains = [
        measures.growth_under(["second"], one) - measures.growth_under([], one) for one in drawn
    ]
    assert list(samples.gains([["second"]])[:, 0]) == pytest.approx(gains)
    assert min(gains) > 0
    assert abs(gains[0] - gains[1]) > 0.01
    values = loaded.background.after().link_gbps
    assert all(one.background.after().link_gbps != values for one in drawn if one.background)
    same = Samples(Objective(measures, "capacity"), 2, 3, ("cost",)).gains([["second"]])
    assert same[0, 0] == same[1, 0]
    found = samples.certainty(best(measures.problem, Objective(measures, "capacity")))
    assert "background PK" in {one.what for one in found.information}


RATES = ("10Gbit", "infer-bangkok=40Gbit:5Gbit-200Gbit")


def weighed(stated: tuple[str, ...]) -> Measures:
    """The measures of mini with RTTs that count by rates."""
    loaded = with_rates(load_scenario("mini"), stated)
    candidates = read_candidates(load_topology("mini"), EXAMPLE)
    problem = Problem(specify(loaded), candidates, Limits(1, None))
    names = [one.id for one in problem.demands[::2]]
    return Measures(problem, loaded, traffic_weights(loaded, names))


def test_gains_of_samples_are_those_of_each_set_at_their_rates() -> None:
    stated = StatedRates.read(RATES)
    measures = weighed(stated.plain)
    samples = Samples(Objective(measures, "latency"), 6, 5, ("demands",), stated)
    sets = measures.problem.sets()
    gains = samples.gains(sets)
    for row, bps in zip(gains, stated.drawn(6, 5), strict=True):
        other = weighed(stated.texts(bps))
        expected = [other.latency_ms(()) - other.latency_ms(one) for one in sets]
        assert list(row) == pytest.approx(expected, rel=1e-4)  # emulated rates are whole bit/s
    assert len({round(value, 3) for value in gains[:, 1]}) == 6
    found = samples.certainty(best(measures.problem, Objective(measures, "latency")))
    assert {one.what for one in found.information} == {"rate of infer-bangkok"}
    served = [one.id for one in measures.problem.demands[::2] if one.id != "infer-bangkok"]
    assert found.held == tuple(served)


def test_each_plan_of_a_sample_is_the_best_at_its_rates() -> None:
    stated = StatedRates.read(("40Gbit", "infer-bangkok=40Gbit:1Gbit-400Gbit"))
    measures = weighed(stated.plain)
    objective = Objective(measures, "latency")
    samples = Samples(objective, 30, 1, ("demands",), stated)
    sets = measures.problem.sets()
    gains = samples.gains(sets)
    firsts = {sets[at] for at in gains.argmax(axis=1)}
    assert len(firsts) == 2
    for weights, row in zip(samples.weights, gains, strict=True):
        of_sample = Objective(measures.weighted(weights.tolist()), "latency")
        found = best(measures.problem, of_sample, ties=False)
        assert of_sample.score(()).first - found.score.first == pytest.approx(max(row))


def test_growth_of_samples_is_that_at_their_rates() -> None:
    stated = StatedRates.read(RATES)
    measures = weighed(stated.plain)
    samples = Samples(Objective(measures, "capacity"), 3, 5, ("demands",), stated)
    gains = samples.gains([["guian-bangkok"]])[:, 0]
    for gain, bps in zip(gains, stated.drawn(3, 5), strict=True):
        rates = list(stated.texts(bps))
        found = corridor.plan("mini", by="capacity", candidates=EXAMPLE, rates=rates)
        one = next(one for one in found.singles if one.id == "guian-bangkok")
        assert one.measured.growth_times is not None
        assert found.today_measured.growth_times is not None
        grown = one.measured.growth_times - found.today_measured.growth_times
        assert gain == pytest.approx(grown, abs=1e-5)


def test_demands_without_an_interval_are_named() -> None:
    plain = corridor.plan("mini", candidates=EXAMPLE, samples=4)
    assert plain.certainty is not None
    assert plain.certainty.held == ()
    weigh: Any = {"weigh": "traffic", "candidates": EXAMPLE, "samples": 4}
    none = corridor.plan("mini", rates=["10Gbit"], **weigh)
    assert none.certainty is not None
    assert "demands" not in none.certainty.varied
    assert len(none.certainty.held) == 6
    assert "the rates of 6 demands" in " ".join(plan_text.told(none).split())
    some = corridor.plan("mini", rates=["10Gbit:1Gbit-20Gbit"], **weigh)
    assert some.certainty is not None
    assert "demands" in some.certainty.varied
    assert some.certainty.held == ()


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("10Gbit:20Gbit-30Gbit", "does not enclose its rate"),
        ("10Gbit:1-20", "has no unit"),
        ("10Gbit:5Gbit", "cannot be read"),
    ],
)
def test_an_interval_of_a_rate_encloses_it(rate: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        corridor.plan("mini", weigh="traffic", candidates=EXAMPLE, rates=[rate])


def test_rates_are_varied_only_where_they_decide() -> None:
    uncertain = {"rates": ["10Gbit:1Gbit-20Gbit"], "samples": 2, "vary": ["demands"]}
    with pytest.raises(InputError, match="no rate that decides has an interval"):
        corridor.plan("mini", candidates=EXAMPLE, **uncertain)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="nines does not depend on demands"):
        corridor.plan("mini", by="nines", candidates=EXAMPLE, **uncertain)  # type: ignore[arg-type]
