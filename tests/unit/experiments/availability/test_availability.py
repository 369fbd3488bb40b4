"""``corridor availability``: enumeration and Monte Carlo confirm it, and it claims no more."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import chain, combinations
from pathlib import Path

import numpy as np
import pytest

import corridor
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.permitted_paths import lawful_route
from corridor.controller.policy.semantics import Failures
from corridor.experiments import cli
from corridor.experiments.availability.availability_answer import AvailabilityAnswer
from corridor.experiments.availability.enclosed import EnclosedScenario, longitudes
from corridor.experiments.availability.figures import Bounds, figure, nines, price_in_nines
from corridor.experiments.availability.served_systems import Limits
from corridor.experiments.commands import availability
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.availability_text import told
from corridor.topologies.analysis import failure_rates
from corridor.topologies.analysis.enclosure import FailureDiagrams
from corridor.topologies.analysis.failing_parts import FailureModel, failure_model
from corridor.topologies.analysis.failure_rates import read_failure_rates
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError

EXACT = Limits(gap=1e-15, questions=100_000)
DRAWS = 20_000


def decided(scenario: str, limits: Limits) -> EnclosedScenario:
    loaded = load_scenario(scenario)
    model = failure_model(loaded.topology, read_failure_rates(), samples=20, seed=1)
    baseline = load_scenario(scenario, policies="none")
    return EnclosedScenario(loaded, model, baseline=baseline, limits=limits)


class Asked:
    """What other parts of the product say of a demand while fibres have failed."""

    def __init__(self, of: EnclosedScenario, demand: str) -> None:
        graphs = {one.intent.id: one for one in Intended.of(of.loaded).graphs}
        self._pair = (graphs[demand], graphs[f"{demand}{RETURN}"])
        self._topology = of.loaded.topology

    def is_unlawful(self, fibres: frozenset[str]) -> bool:
        failures = Failures(links=fibres)
        policies = (one.intent.applicable_policies for one in self._pair)
        return any(lawful_route(one, failures) is None for one in policies)

    def is_dropped(self, fibres: frozenset[str]) -> bool:
        failures = Failures(links=fibres)
        walks = (trace_packet(one, self._topology, failures) for one in self._pair)
        return not all(one.delivered for one in walks)


def failed_fibres(model: FailureModel, failed: tuple[int, ...]) -> frozenset[str]:
    return frozenset(chain.from_iterable(model.parts[part].fibres for part in failed))


def enumerated(of: EnclosedScenario, fails: dict[frozenset[str], bool]) -> np.ndarray:
    """The probability of failure by sample, over all sets of failed parts."""
    count, q = len(of.model.parts), of.model.unavailable
    found = np.zeros(q.shape[1])
    for size in range(count + 1):
        for failed in combinations(range(count), size):
            if fails[failed_fibres(of.model, failed)]:
                works = [part for part in range(count) if part not in failed]
                found += q[list(failed)].prod(axis=0) * (1 - q[works]).prod(axis=0)
    return found


def test_policies_and_tables_are_as_an_enumeration_of_all_failures_has_them():
    of = decided("mini", limits=EXACT)
    assert not of.model.events
    count = len(of.model.parts)
    every = {
        failed_fibres(of.model, failed)
        for size in range(count + 1)
        for failed in combinations(range(count), size)
    }
    for one in of.demands[:3]:
        asked = Asked(of, one.demand.id)
        unlawful = {fibres: asked.is_unlawful(fibres) for fibres in every}
        dropped = {fibres: asked.is_dropped(fibres) for fibres in every}
        for found, fails in ((one.replanned, unlawful), (one.installed, dropped)):
            exact = enumerated(of, fails)
            for bound in of.bounds(found):
                assert bound == pytest.approx(exact, abs=1e-12)


def one_demand(folder: Path, demand: str) -> str:
    """A scenario of one demand on the large map."""
    file = folder / "one.yaml"
    head = "schema: 1\nname: one\ntopology: pan-asia\npolicies: pan-asia\nas_of: 2026-11-24\n"
    file.write_text(f"{head}service: leased-circuit\ndemands:\n{demand}")
    return str(file)


def test_monte_carlo_lies_within_its_interval_of_the_exact_value(tmp_path):
    demand = "- {id: gwadar, class: science, data: pk-open-exempt, returns: same-class, "
    of = decided(one_demand(tmp_path, f"{demand}src: gwadar, dst: lanzhou}}"), Limits())
    (one,) = of.demands
    asked, q = cache(Asked(of, one.demand.id).is_dropped), np.array(of.model.mean_unavailable)
    failed = np.random.default_rng(1).random((DRAWS, len(q))) < q
    for event, hits in of.model.events.items():
        failed[:, list(hits)] &= failed[:, [event]]
        failed[:, event] = False
    states, counts = np.unique(failed, axis=0, return_counts=True)
    fibres = [failed_fibres(of.model, tuple(np.flatnonzero(state))) for state in states]
    share = sum(int(count) for of, count in zip(fibres, counts, strict=True) if asked(of)) / DRAWS
    error = 3 * (share * (1 - share) / DRAWS) ** 0.5
    at_means = FailureDiagrams(of.model.cut_sets, q[:, None], longitudes(of.model))
    low = float(at_means.probabilities(one.installed.fails)[0])
    assert 0.01 < share < 0.05
    assert low - error < share < low + one.installed.gap + error


@pytest.fixture(scope="module")
def mini() -> AvailabilityAnswer:
    return corridor.availability("mini", samples=40, policies="pan-asia")


def test_a_controller_that_plans_again_never_serves_less_than_the_tables(mini):
    for one in mini.demands:
        assert one.replanned.unavailable_low <= one.installed.unavailable_high + 1e-12
        assert one.replanned.interval_low <= one.replanned.unavailable_high
        assert one.replanned.unavailable_high <= one.replanned.interval_high


def test_figures_are_in_order_and_the_worst_demand_is_first(mini):
    worst = [one.replanned.unavailable_high for one in mini.demands]
    assert worst == sorted(worst, reverse=True)
    for one in mini.demands:
        of = one.replanned
        assert of.nines_low <= of.nines <= of.nines_high <= mini.most_nines
        assert of.minutes_a_year_high == pytest.approx(of.unavailable_high * 525_960)
    assert mini.two_failures.parts == 9
    assert "hubs, landing stations, gateways and their power" in [one.what for one in mini.missing]


def test_policies_never_gain_nines_against_no_policies(mini):
    for one in mini.demands:
        assert one.price is not None
        assert one.baseline is not None
        assert one.price.nines >= 0
        assert one.price.minutes_a_year_low >= 0
        assert one.baseline.unavailable_low <= one.replanned.unavailable_high


def test_a_path_of_two_saudi_fibres_is_priced_and_never_beyond_five_nines(tmp_path):
    scenario = one_demand(
        tmp_path,
        "- {id: state, class: dr, data: sa-secret-none, returns: same-class, src: riyadh, "
        "dst: jeddah}\n"
        "- {id: blocked, class: dr, data: sa-secret-none, returns: same-class, src: riyadh, "
        "dst: guian}\n",
    )
    found = corridor.availability(scenario, samples=40)
    (state,) = found.demands
    assert state.price is not None
    assert 4 < state.replanned.nines < 5
    assert not state.replanned.is_at_least
    assert state.price.nines == pytest.approx(5 - state.replanned.nines)
    assert state.price.is_at_least
    assert found.unserved == ("blocked",)
    said = " ".join(told(found, width=100).split())
    assert "Against none, 1 of 1 loses nines beyond the bounds: state." in said
    assert "1 demand without a permitted path: blocked." in said


def test_minutes_of_a_baseline_are_next_to_those_of_the_same_demands(mini):
    other = replace(mini.demands[0], baseline=None, price=None)
    fewer = replace(mini, demands=(other, *mini.demands[1:]))
    said = " ".join(told(fewer, width=100).split())
    both = sum(one.replanned.minutes_a_year_high for one in mini.demands[1:])
    assert f"Baseline none serves {len(mini.demands) - 1} of them" in said
    assert f"and {both:,.0f} under pan-asia." in said
    assert "Under baseline none:" in " ".join(told(mini, width=100).split())


def test_minutes_that_policies_cost_beyond_five_nines_are_stated(mini):
    policed = Bounds(np.full(3, 4e-6), np.full(3, 4e-6))
    other = Bounds(np.full(3, 1e-9), np.full(3, 1e-9))
    price = price_in_nines(policed, other, is_nested=True)
    assert price.nines == 0
    first = replace(mini.demands[0], price=price)
    said = " ".join(told(replace(mini, demands=(first, *mini.demands[1:])), width=100).split())
    assert "1 more loses minutes, up to 2.1 a year each, but no nines" in said
    assert "loses minutes" not in " ".join(told(mini, width=100).split())


def test_without_a_baseline_there_is_no_price():
    found = corridor.availability("mini", samples=20, against=None, questions=20)
    assert found.against == ""
    assert all(one.baseline is None and one.price is None for one in found.demands)
    assert corridor.availability("mini", samples=20, policies="none").against == ""


def test_few_questions_leave_bounds_apart_and_say_at_least():
    found = corridor.availability("mini", samples=20, questions=1)
    first = found.demands[0].replanned
    assert first.questions == 1
    assert first.is_at_least
    assert first.gap_at_mean_rates > 0.001
    wide = first.unavailable_high - first.unavailable_low
    assert first.gap_over_samples == pytest.approx(wide)
    assert first.gap_over_samples != pytest.approx(first.gap_at_mean_rates)
    exact = corridor.availability("mini", samples=20)
    by_id = {one.demand: one.replanned for one in exact.demands}
    for one in found.demands:
        assert one.replanned.unavailable_low <= by_id[one.demand].unavailable_high
        assert by_id[one.demand].unavailable_low <= one.replanned.unavailable_high


def test_no_more_than_five_nines_are_claimed():
    tiny = Bounds(np.full(3, 1e-9), np.full(3, 2e-9))
    of = figure(tiny, 1e-9, 5)
    assert (of.nines, of.nines_low, of.nines_high, of.is_at_least) == (5, 5, 5, True)
    assert nines(1.0) == 0
    price = price_in_nines(Bounds(np.full(3, 1e-7), np.full(3, 1e-6)), tiny, is_nested=True)
    assert (price.nines, price.is_at_least) == (0, False)


def test_bounds_that_overlap_are_no_price():
    policed = Bounds(np.full(3, 1e-4), np.full(3, 3e-4))
    other = Bounds(np.full(3, 0.9e-4), np.full(3, 2e-4))
    assert price_in_nines(policed, other, is_nested=False).nines == 0
    apart = Bounds(np.full(3, 1e-5), np.full(3, 2e-5))
    price = price_in_nines(policed, apart, is_nested=False)
    assert price.nines == pytest.approx(np.log10(5))
    gained = price_in_nines(apart, policed, is_nested=False)
    assert gained.nines == pytest.approx(-np.log10(5))


def test_the_command_has_the_climate_of_the_model_by_default():
    assert availability.DEFAULT_CLIMATE == failure_rates.DEFAULT_CLIMATE


def test_the_command_prints_a_table_or_json(capsys):
    words = ["availability", "mini", "--seed", "2", "--questions", "50"]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "Availability of 6 demands of mini in both directions" in said
    assert "Left out:" in said
    assert cli.main([*words, "--json"]) == 0
    found = from_plain(AvailabilityAnswer, json.loads(capsys.readouterr().out))
    assert found.seed == 2
    assert told(found, width=60)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"climate": "war"}, 'no climate is called "war"'),
        ({"samples": 1}, "samples are 20 to 5,000, not 1"),
        ({"gap": 0.0}, "a gap is above 0 and below 1, not 0"),
        ({"questions": 0}, "questions are 1 or more, not 0"),
        ({"rates": "no-such.yaml"}, "no-such.yaml"),
        ({"against": "no-such"}, "no-such"),
    ],
)
def test_wrong_questions_are_one_line(options, said):
    with pytest.raises(InputError) as caught:
        corridor.availability("mini", **options)
    assert said in str(caught.value)


def test_an_unknown_climate_ends_with_exit_code_2(capsys):
    assert cli.main(["availability", "mini", "--climate", "peas"]) == 2
    assert 'no climate is called "peas"' in capsys.readouterr().err
