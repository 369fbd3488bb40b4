"""What a cut does to background Internet traffic, next to the demands of a scenario."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

import corridor
from corridor.experiments.answers.cut_answer import (
    CutAnswer,
    cut_elements,
    dead_elements,
    on_topology,
)
from corridor.experiments.answers.document import internet_of
from corridor.experiments.answers.internet_cut import InternetCut, figures_of, internet_cut
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.terminal.columns import cells_of
from corridor.experiments.text.cut_text import cut_text
from corridor.experiments.text.event_text import internet_of_events
from corridor.experiments.text.internet_text import internet_notes
from corridor.experiments.text.verdict import foreseen
from corridor.topologies.base.errors import InputError
from corridor.traffic.background.internet import FILE

SEPTEMBER = ("smw4:red-sea", "imewe:red-sea", "falcon:red-sea", "eig:red-sea")
DAY = "2025-09-06"


@cache
def answer(*words: str, day: str = DAY, scenario: str = "reference") -> CutAnswer:
    return corridor.cut(*words, as_of=day, scenario=scenario)


def internet(*words: str, day: str = DAY) -> InternetCut:
    found = answer(*words, day=day).internet
    assert found is not None
    return found


def codes(of: InternetCut) -> set[str]:
    return {one.country for one in of.countries}


def test_the_cut_of_september_2025_is_that_of_its_replay() -> None:
    """Same model, same samples: same values and same interval."""
    replay = corridor.replay("redsea-2025-09")
    (pakistan,) = (one for one in internet(*SEPTEMBER).countries if one.country == "PK")
    states = {one.after: one for one in replay.states if one.country == "PK"}
    assert {one.reaction for one in pakistan.after} == set(states)
    for one in pakistan.after:
        assert one.shortfall_gbps.value == pytest.approx(
            states[one.reaction].unserved_gbps, abs=0.01
        )
        assert pakistan.offered_gbps.value == pytest.approx(
            states[one.reaction].demand_gbps, abs=0.01
        )
    (lost,) = (one for one in replay.comparisons if one.id == "pk-hit-traffic")
    assert lost.interval is not None
    interval = (pakistan.lost_path_gbps.low, pakistan.lost_path_gbps.high)
    assert interval == pytest.approx(tuple(lost.interval), abs=0.01)


def test_offered_is_carried_and_not_carried_in_each_direction_and_reaction() -> None:
    for country in internet("red-sea").countries:
        for part in (country, *country.directions):
            for after in part.after:
                total = after.carried_gbps.value + after.shortfall_gbps.value
                assert total == pytest.approx(part.offered_gbps.value)
                assert after.shortfall_gbps.low <= after.shortfall_gbps.high
            first, *later = (after.shortfall_gbps.value for after in part.after)
            assert all(one <= first + 1e-6 for one in later)
        parts = sum(
            one.shortfall_gbps.value for one in (each.after[0] for each in country.directions)
        )
        assert parts == pytest.approx(country.shortfall("none").value)


def test_a_segment_cuts_its_light_paths_for_demands_too() -> None:
    loaded = load_scenario("reference")
    assert cut_elements(loaded, ["smw4:red-sea"]) == ("segment:smw4:red-sea",)
    fibres = dead_elements(loaded, ["smw4:red-sea"])
    assert "link:smw4-karachi-jeddah" in fibres
    assert fibres == tuple(on_topology(loaded, ["segment:smw4:red-sea"]))
    assert set(answer("smw4:red-sea").fibres) == {one.partition(":")[2] for one in fibres}
    assert answer("smw4:red-sea").hit == corridor.cut(*fibres, as_of=DAY).hit


def test_a_group_takes_cables_that_are_not_on_the_map() -> None:
    whole, drawn = internet("red-sea"), internet("smw4:red-sea")
    assert {"fea:red-sea", "smw5:red-sea", "coarse:europe-india"} <= set(whole.segments)
    assert codes(drawn) == {"PK"}
    assert {"PK", "KW"} <= codes(whole)


def test_a_country_that_is_known_in_total_only_is_unknown() -> None:
    whole = internet("red-sea")
    assert {"IN", "SA"}.isdisjoint(codes(whole))
    unknown = {one.country: one.why for one in whole.unknown}
    assert unknown["IN"] == "its capacity by cable is not in the data"


def test_an_assumed_split_does_not_lead_the_answer() -> None:
    whole = internet("red-sea")
    assert [one.split for one in whole.countries] == ["published", "published", "assumed"]
    at_once = [one.shortfall("none").value for one in whole.countries]
    assert at_once[2] > at_once[0] > at_once[1]
    text = cut_text(answer("falcon:red-sea"), {})
    assert "With an assumed split by cable, Kuwait loses" in text
    assert "Kuwait*" in text
    assert "90 % interval of the figures under one model" in text


def test_one_light_path_takes_less_than_its_segment() -> None:
    fibre = internet("smw4-karachi-jeddah").countries[0].lost_path_gbps.value
    segment = internet("smw4:karachi-branch").countries[0].lost_path_gbps.value
    assert 0 < fibre < segment
    assert fibre == pytest.approx(internet("smw4:red-sea").countries[0].lost_path_gbps.value)


def test_the_day_decides_which_capacity_exists() -> None:
    before, after = internet("smw6", day="2025-11-21"), internet("smw6", day="2025-11-23")
    assert "PK" not in codes(before)
    assert "PK" in codes(after)


def test_a_day_without_figures_says_so() -> None:
    of = internet("smw4", day="2012-01-01")
    assert not of.countries
    assert {"PK", "BD"} <= {one.country for one in of.unknown}


@pytest.mark.parametrize(("cut", "day"), [("smw4", "2012-01-01"), ("china-laos", "2026-11-24")])
def test_an_unknown_effect_is_said_once_with_its_countries(cut: str, day: str) -> None:
    of = answer(cut, day=day)
    said = cut_text(of, {})
    assert said.count("unknown") == 1
    assert of.internet is not None
    first = sorted(one.country for one in of.internet.unknown)[0]
    assert f"the effect is unknown, for lack of figures of {first}" in said


def test_countries_without_figures_are_unknown_and_never_unaffected() -> None:
    of = internet("smw4:red-sea")
    unknown = {one.country: one.why for one in of.unknown}
    assert unknown["EG"] == "its capacity is not in the data"
    assert unknown["IN"] == "its capacity by cable is not in the data"
    assert not codes(of) & unknown.keys()
    assert "Effect unknown" in cut_text(answer("smw4:red-sea"), {})
    china = {one.country: one.why for one in internet("karakoram", day="2026-11-24").unknown}
    assert set(china) == {"CN"}


def test_a_larger_cut_never_names_fewer_countries() -> None:
    small, large = internet(*SEPTEMBER), internet("red-sea")
    named = codes(large) | {one.country for one in large.unknown}
    assert "OM" in {one.country for one in small.unknown}
    assert codes(small) | {one.country for one in small.unknown} <= named


def test_old_figures_are_not_used() -> None:
    later = {one.country: one.why for one in internet("red-sea", day="2026-11-24").unknown}
    assert "is of 2020-12-31, over four years away" in later["CN"]


def test_a_failed_landing_hub_takes_all_that_lands_there() -> None:
    (pakistan,) = internet("hub:karachi").countries
    owners = {one.owner for one in pakistan.owners}
    assert {"ptcl", "transworld", "cybernet"} <= owners
    land = next(one for one in pakistan.directions if one.direction == "hongkong")
    assert pakistan.shortfall("none").value == pytest.approx(
        pakistan.offered_gbps.value - land.offered_gbps.value
    )


@pytest.mark.parametrize(
    ("cut", "countries"),
    [
        ("friendship-pass", {"CN", "VN"}),
        ("khorgos", {"CN", "KZ"}),
        ("smw5-singapore-ngwesaung", {"BD", "MM", "SG"}),
    ],
)
def test_a_cut_names_the_countries_that_it_may_affect(cut: str, countries: set[str]) -> None:
    of = internet(cut)
    assert {one.country for one in of.unknown} == countries
    assert not of.countries


def test_a_failed_hub_is_felt_by_those_who_hand_over_there_only() -> None:
    jeddah, singapore = codes(internet("hub:jeddah")), codes(internet("hub:singapore"))
    assert "KW" in jeddah
    assert "PK" not in jeddah
    assert {"BD", "VN", "PK"} <= singapore


def test_a_cut_uses_the_figures_and_the_day_of_its_scenario(tmp_path: Path) -> None:
    figures = yaml.safe_load(FILE.read_text())
    figures["holdings"] = [one for one in figures["holdings"] if one["id"] == "pk-ptcl-smw4"]
    figures["offers"] = []
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(figures))
    (tmp_path / "one.yaml").write_text(
        "schema: 1\nname: one\ntopology: pan-asia\nas_of: 2026-11-24\n"
        "background: {file: own.yaml, date: 2025-09-06}\n"
        "demands:\n- {id: one, class: dr, src: fujairah, dst: karachi}\n"
    )
    found = corridor.cut("red-sea", scenario=str(tmp_path / "one.yaml")).internet
    assert found is not None
    assert found.date == DAY
    (pakistan,) = found.countries
    assert [one.owner for one in pakistan.owners] == ["ptcl"]
    shipped = internet("red-sea").countries
    assert pakistan.offered_gbps.value < next(
        one.offered_gbps.value for one in shipped if one.country == "PK"
    )


def test_nothing_is_computed_where_no_background_traffic_uses_the_map_or_the_fibre() -> None:
    assert answer("guian-kunming", scenario="mini").internet is None
    assert answer("guian-kunming").internet is None
    assert "internet" not in answer("guian-kunming").to_json()


def test_a_system_without_known_capacity_has_an_unknown_effect() -> None:
    of = answer("fea")
    assert of.dead == ("system:fea",)
    assert "the effect is unknown" in cut_text(of, {})
    assert "unaffected" not in cut_text(of, {})


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("smw4:red-se", 'no fibre or shared-risk group is called "smw4:red-se"; .*"smw4:red-sea"'),
        (
            "smw4:moon",
            'no fibre or shared-risk group is called "smw4:moon"; its segments are smw4:',
        ),
        ("coarse", 'is called "coarse"; its segments are coarse:'),
    ],
)
def test_a_segment_that_is_not_known_is_refused(word: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        cut_elements(load_scenario("reference"), [word])


def test_what_only_the_internet_has_cannot_be_cut_where_fibres_are_needed() -> None:
    with pytest.raises(InputError, match='no fibre of pan-asia passes "fea"; corridor cut'):
        dead_elements(load_scenario("reference"), ["fea"])
    with pytest.raises(InputError, match='is called "smw4:red-sea"'):
        cut_elements(load_scenario("mini"), ["smw4:red-sea"])


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_part_on_internet_traffic_fits_a_terminal(width: int) -> None:
    said = cut_text(answer("red-sea"), {}, width=width).splitlines()
    start = next(n for n, line in enumerate(said) if line.startswith("Internet traffic not"))
    assert max(map(cells_of, said[start:])) <= width
    if width == 80:
        assert len(said[start:]) <= 20
        assert "left out" not in "\n".join(said[start:])


def test_what_is_handed_over_in_the_gulf_is_noted_where_the_way_on_is_cut() -> None:
    notes, none = (
        [*internet_notes(internet(*cut), {})] for cut in (("red-sea",), ("smw4:red-sea",))
    )
    assert any(one.startswith("Traffic handed over in the Gulf counts as") for one in notes)
    assert not any("handed over" in one for one in none)
    assert not any(one.endswith(".") for one in notes)  # briefs join them as sentences


def test_few_samples_of_the_same_seed_give_the_same_answer() -> None:
    loaded = load_scenario("reference", as_of=DAY)
    dead, (related, day) = cut_elements(loaded, ["smw4:red-sea"]), figures_of(loaded)
    one = internet_cut(related, dead, day, samples=5, seed=3)
    assert one == internet_cut(related, dead, day, samples=5, seed=3)
    assert one != internet_cut(related, dead, day, samples=5, seed=4)


def test_answers_have_the_internet_traffic_of_each_cut_of_the_timeline() -> None:
    found = list(internet_of(load_scenario("reference")))
    assert [one.event for one in found] == ["karakoram", "red-sea"]
    day = load_scenario("reference").as_of
    values = {one.country: one.shortfall("none").value for one in found[1].cut.countries}
    for one in internet("red-sea", day=str(day)).countries:
        assert values[one.country] == pytest.approx(one.shortfall("none").value)
    assert not list(internet_of(load_scenario("mini")))


def test_the_verdict_names_the_event_that_takes_most_internet_traffic() -> None:
    loaded = load_scenario("reference")
    answers = replace(corridor.answers("mini"), internet=tuple(internet_of(loaded)))
    said = internet_of_events(answers)
    assert said.startswith("Internet traffic in red-sea, by the model (not emulated): ")
    assert "Pakistan loses" in said
    assert said in foreseen(answers).answers
    assert not internet_of_events(replace(answers, internet=()))
