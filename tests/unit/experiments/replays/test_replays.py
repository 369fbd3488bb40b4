"""Outages on the market of their day, next to published figures."""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import corridor
from corridor.experiments.answers.internet_cut import internet_cut
from corridor.experiments.commands import replay as replay_command
from corridor.experiments.replays.document import Comparison, Replay
from corridor.experiments.replays.figures import daily_load, reaction_after
from corridor.experiments.replays.outages import Range, outage, shipped
from corridor.experiments.replays.replaying import replay_of, stage
from corridor.topologies.base.errors import InputError
from corridor.traffic.background import SAMPLES, SEED, read_internet


@pytest.fixture(scope="module")
def red_sea() -> Replay:
    return corridor.replay("redsea-2025-09", samples=4)


def figure(of: Replay, name: str) -> Comparison:
    return next(one for one in of.comparisons if one.id == name)


def test_every_answer_has_the_same_number_of_samples():
    assert (replay_command.SAMPLES, replay_command.SEED) == (SAMPLES, SEED)
    for function in (corridor.replay, corridor.replays, corridor.traffic_matrix, internet_cut):
        assert inspect.signature(function).parameters["samples"].default == SAMPLES


def test_every_published_figure_has_a_verdict_and_a_reason_if_it_cannot_be_computed():
    found = corridor.replays(samples=0)
    named = [(one.id, each.id) for one in shipped().outages.values() for each in one.published]
    compared = [
        (one.id, each.id) for one in found.replays for each in one.comparisons if each.sources
    ]
    assert compared == named
    for one in found.replays:
        for each in one.comparisons:
            assert (each.verdict == "not-computed") == bool(each.reason), (one.id, each.id)
    assert found.totals.figures == len(named)
    assert found.totals.compared + found.totals.not_computed == len(named)
    assert sum(found.totals.reasons.values()) == found.totals.not_computed


def test_the_cut_of_the_red_sea_takes_the_segments_of_four_systems(red_sea):
    assert {one.system: one.segments for one in red_sea.cuts} == {
        "smw4": ("smw4:red-sea",),
        "imewe": ("imewe:red-sea",),
        "falcon": ("falcon:red-sea",),
        "eig": ("eig:red-sea",),
    }


def test_owners_without_the_cut_cables_lose_nothing():
    found = figure(corridor.replay("aae1-2025-01", samples=0), "twa-unhurt")
    assert (found.computed, found.verdict) == (0, "within")


def test_more_reaction_leaves_less_traffic_unserved(red_sea):
    of_country = {
        country: [one.unserved_gbps for one in red_sea.states if one.country == country]
        for country in ("PK", "KW")
    }
    for unserved in of_country.values():
        assert unserved[0] > 0
        assert unserved == sorted(unserved, reverse=True)
    assert reaction_after(1.9) == "own" != reaction_after(2)


def test_a_capacity_that_is_lost_is_that_of_the_cut_segments(red_sea):
    found = figure(red_sea, "pk-hit")
    market = read_internet().at(outage("redsea-2025-09").began.date())
    cut = {"smw4:red-sea", "imewe:red-sea"}
    lost = [one for one in market.holdings if one.country == "PK" and cut & {*one.segments}]
    assert found.computed == pytest.approx(sum(one.capacity_gbps for one in lost), abs=1e-3)
    assert set(found.by_reaction.values()) == {found.computed}


def test_a_published_figure_that_is_far_off_gets_a_bad_verdict():
    """The same outage with another published shortfall: the verdict follows the figure."""
    known = outage("redsea-2025-09")
    (net,) = (one for one in known.published if one.id == "pk-net")
    internet = read_internet()

    def verdict(gbps: float) -> str:
        value = net.model_copy(update={"value": Range(gbps, gbps)})
        changed = known.model_copy(update={"published": (value,)})
        return figure(replay_of(stage(internet, changed, 0, 1), shipped()), "pk-net").verdict

    computed = figure(corridor.replay("redsea-2025-09", samples=0), "pk-net").computed
    assert computed is not None
    assert (verdict(computed), verdict(computed * 2 + 500)) == ("within", "off")


def test_inputs_and_remarks_do_not_enter_the_median_error(red_sea):
    counted = [one.id for one in red_sea.comparisons if one.counts]
    assert counted == [], "the only check of this outage is a published zero"
    kinds = {one.id: one.kind for one in red_sea.comparisons if one.published}
    assert (kinds["pk-hit"], kinds["pk-net"], kinds["kw-unhurt"]) == ("input", "remark", "check")


def test_totals_separate_checks_from_inputs_and_from_what_is_true_by_construction():
    found = corridor.replays(samples=4)
    kinds = {
        (of.id, one.id): one.kind for of in found.replays for one in of.comparisons if one.sources
    }
    assert kinds["smw5-2024-04", "bd-share"] == "input"
    assert kinds["aae1-2025-01", "imewe-load"] == kinds["aae1-2025-01", "smw4-load"] == "input"
    assert kinds["aae1-2025-01", "twa-unhurt"] == kinds["smw5-2026-07", "ptcl-loss"] == "remark"
    every = found.totals
    assert sum(one.compared for one in every.by_kind.values()) == every.compared
    checks = every.by_kind["check"]
    assert every.steady is not None
    assert every.steadily_off is not None
    assert every.steady <= checks.within
    assert every.steady + every.steadily_off <= checks.compared
    assert every.errors <= checks.compared


def test_what_is_too_old_or_not_in_the_data_says_so():
    reasons = {
        name: {one.reason for one in corridor.replay(name, samples=0).comparisons}
        for name in ("hengchun-2006", "pk-imewe-2015-12", "falcon-2020-01", "redsea-2024-02")
    }
    assert reasons["hengchun-2006"] == {"no capacity of 2006 is known"}
    assert any(
        "is of 2024-10-25, over four years away" in one for one in reasons["pk-imewe-2015-12"]
    )
    assert any("no capacity of YE" in one for one in reasons["falcon-2020-01"])
    assert any("no routes of networks" in one for one in reasons["redsea-2024-02"])


def test_a_country_with_figures_of_other_years_has_no_state():
    assert corridor.replay("pk-imewe-2015-12", samples=0).states == ()
    assert corridor.replay("smw4-2024-06", samples=0).states


def test_the_same_seed_gives_the_same_answer_and_another_seed_other_samples(red_sea):
    again = corridor.replay("redsea-2025-09", samples=4)
    assert again == red_sea
    other = corridor.replay("redsea-2025-09", samples=4, seed=2)
    assert figure(other, "pk-net").computed == figure(red_sea, "pk-net").computed
    assert figure(other, "pk-hit").interval != figure(red_sea, "pk-hit").interval


def test_the_series_of_july_2026_is_compared_point_by_point():
    zcom, ptcl = corridor.replay("smw5-2026-07", samples=0).series
    assert len(zcom.points) == len(ptcl.points) == 56
    assert zcom.rtt_rise_cut_ms.worst >= zcom.rtt_rise_cut_ms.median
    assert ptcl.rtt_rise_ms.median < 5, "PTCL does not use SMW5"


def test_the_load_of_a_day_has_its_mean_and_its_peak_in_the_evening():
    hours = [datetime(2026, 7, 1, hour, tzinfo=UTC) for hour in range(24)]
    loads = [daily_load(one, 5, 1.48) for one in hours]
    assert max(loads) == loads[16] == pytest.approx(1)
    assert sum(loads) / 24 == pytest.approx(1 / 1.48)


def test_any_other_cut_is_a_prediction_without_published_figures():
    found = corridor.replay(cables=["smw4", "imewe"], at="red-sea", as_of="2027-01-01", samples=0)
    assert {one.verdict for one in found.comparisons} == {"not-published"}
    assert found.totals.figures == 0
    assert {one.country for one in found.states} == {"PK"}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"event": "redsea"}, "did you mean"),
        ({"event": "redsea-2025-09", "at": "red-sea"}, "drop one"),
        ({"cables": "smw4"}, "needs at"),
        ({}, "needs cables"),
        ({"cables": "smw4", "at": "red-sea"}, "needs date"),
        ({"cables": "smw9", "at": "red-sea", "as_of": "2027-01-01"}, "no cable"),
        ({"cables": "coarse", "at": "red-sea", "as_of": "2027-01-01"}, "no cable"),
        ({"cables": "tw1", "at": "red-sea", "as_of": "2027-01-01"}, "karachi-fujairah"),
        ({"cables": "smw4", "at": "red-sea", "as_of": "1 May"}, "not a date"),
        ({"cables": "smw4", "at": "red-sea", "as_of": "2034-01-01"}, "no capacity of 2034"),
        ({"cables": "smw4", "at": "red-sea", "as_of": "2015-01-01"}, "is of 2024-10-25, over four"),
        ({"cables": "smw6", "at": "karachi", "as_of": "2025-01-01"}, "no capacity of the data"),
        ({"cables": 4}, "not a list of names"),
        ({"event": 4}, "not a name"),
        ({"event": "aae1-2025-01", "samples": -1}, "samples is -1"),
        ({"event": "aae1-2025-01", "seed": 0.5}, "seed is 0.5"),
    ],
)
def test_bad_names_are_one_line_with_the_valid_ones(given, complaint):
    with pytest.raises(InputError, match=rf"(?s){complaint}"):
        corridor.replay(**given)


def test_unpublished_figures_are_left_out_where_one_is_published(red_sea):
    measures = [one.measure for one in red_sea.comparisons if one.place.country == "PK"]
    assert measures.count("capacity-lost") == measures.count("shortfall") == 1
    counted = replace(figure(red_sea, "pk-net"), check=True)
    assert counted.counts
    assert not replace(counted, error=None).counts
    assert not replace(counted, input=True).counts
