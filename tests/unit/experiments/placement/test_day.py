"""Days with power events: what is left is placed again, running jobs move with their state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import corridor
from corridor.experiments.placement.place_documents import PlaceAnswer
from corridor.experiments.placement.program import NoPlacement
from corridor.experiments.text.place_text import told
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError

HUBS = ["shanghai", "tianfu", "horinger"]
FACTORS = {"shanghai": 573.7, "tianfu": 156.4, "horinger": 647.9}
PUE = 1.25
JOB = {
    "id": "train",
    "count": 4,
    "origin": "shanghai",
    "data": "cn-general-exempt",
    "returns": "same-class",
    "it_mw": 5,
    "input": "1TB",
    "output": "1TB",
    "window_h": [0, 24],
    "hours": 24,
    "state": "2TB",
}
DROUGHT = {"id": "drought", "at_h": 10, "power": "tianfu", "mw": 10, "because": "drought"}


@pytest.fixture
def written(tmp_path):
    """Write a file of jobs with one job and events, or with other keys."""

    def write(job: dict | None = None, *events: dict, **keys: object) -> Path:
        one = {key: of for key, of in {**JOB, **(job or {})}.items() if of is not None}
        state = {"mw": dict.fromkeys(HUBS, 50), "pue": dict.fromkeys(HUBS, PUE)}
        file = {"name": "test", "as_of": "2026-11-24", "service": "leased-circuit", "hubs": HUBS,
                "state": state, "jobs": [one], "events": list(events or [DROUGHT]),
                "wan_kwh_per_gb": 0.05, **keys}  # fmt: skip
        path = tmp_path / "jobs.yaml"
        path.write_text(yaml.safe_dump(file))
        return path

    return write


def tco2(**mwh: float) -> float:
    return sum(PUE * of * FACTORS[hub] for hub, of in mwh.items()) / 1000


def test_jobs_for_which_power_does_not_suffice_move_with_their_state(written):
    day = corridor.place(written(), count="location").day
    (move,) = day.moves
    assert (move.jobs, move.at_h, move.from_hub, move.to_hub) == (2, 10, "tianfu", "shanghai")
    assert (move.because, move.state_bytes) == (("drought",), 4_000_000_000_000)
    assert move.wan_mwh == pytest.approx(4000 * 0.05 / 1000)
    assert move.it_mwh == pytest.approx(2 * 5 * 14)
    assert move.before == pytest.approx(tco2(tianfu=140))
    assert move.after == pytest.approx(tco2(shanghai=140))
    assert move.rtt_before_ms > move.rtt_ms == 0
    assert move.path[0] == "tianfu"
    assert move.path[-1] == "shanghai"


def test_the_day_is_the_sum_of_its_periods_and_nothing_is_computed_again(written):
    day = corridor.place(written(), count="location").day
    first, second = day.periods
    assert [(one.from_h, one.until_h) for one in day.periods] == [(0, 10), (10, 24)]
    assert {one.hub: one.it_mwh for one in first.hubs} == pytest.approx({"tianfu": 200})
    assert {one.hub: one.it_mwh for one in second.hubs} == pytest.approx(
        {"shanghai": 140, "tianfu": 140}
    )
    assert day.it_mwh == pytest.approx(480)
    assert day.undisturbed == pytest.approx(tco2(tianfu=480))
    assert day.tco2 == day.total == pytest.approx(tco2(tianfu=340, shanghai=140))
    assert second.before_events == pytest.approx(tco2(tianfu=280))
    assert (second.stays, second.value) == (None, pytest.approx(tco2(tianfu=140, shanghai=140)))
    assert "do not fit" in second.why_not
    assert 0 <= second.gap < 1e-3 * second.value


def test_what_is_sent_has_its_hours_and_classes(written):
    day = corridor.place(written(), count="location").day
    assert [(one.what, one.src, one.dst, one.octets, one.at_h) for one in day.legs] == [
        ("input", "shanghai", "tianfu", 4_000_000_000_000, 0),
        ("state", "tianfu", "shanghai", 4_000_000_000_000, 10),
        ("results", "tianfu", "shanghai", 2_000_000_000_000, 24),
    ]
    assert {one.data for one in day.legs} == {"cn-general-exempt"}
    moved = next(one for one in day.runs if one.hub == "shanghai")
    assert moved.awaits == ("train-input-tianfu", "train-state-shanghai")
    assert moved.mw == (0.0,) * 10 + (10.0,) * 14
    assert day.sent_bytes == 10_000_000_000_000


def test_a_dearer_grid_alone_moves_jobs_only_if_they_save_enough(written):
    slightly = {**DROUGHT, "mw": None, "factor": {"location": 575.0}}
    much = {**DROUGHT, "mw": None, "factor": {"location": 600.0}}
    events = [{key: of for key, of in one.items() if of is not None} for one in (slightly, much)]
    stays, moves = (corridor.place(written(None, one), count="location").day for one in events)
    assert stays.moves == ()
    assert stays.total == pytest.approx(tco2(tianfu=200) + PUE * 280 * 575 / 1000)
    assert stays.periods[1].stays == pytest.approx(stays.periods[1].value)
    assert sum(one.jobs for one in moves.moves) == 4
    assert moves.total == pytest.approx(tco2(tianfu=200, shanghai=280))
    assert moves.periods[1].stays == pytest.approx(PUE * 280 * 600 / 1000)


def test_a_multiple_of_a_factor_scales_its_interval(written):
    event = {"id": "wet", "at_h": 12, "power": "tianfu", "factor_times": {"location": 0.5},
             "because": "rain"}  # fmt: skip
    day = corridor.place(written(None, event), count="location").day
    (hub,) = day.periods[1].hubs
    assert hub.factor == pytest.approx(78.2)
    assert hub.tco2_low == pytest.approx(hub.meter_mwh * 62.75 / 1000)
    assert hub.tco2_high == pytest.approx(hub.meter_mwh * 93.65 / 1000)


def test_jobs_whose_window_has_not_begun_need_no_state(written):
    later = {"window_h": [12, 24], "hours": 12, "state": None}
    day = corridor.place(written(later), count="location").day
    assert day.moves == ()
    assert {one.hub: one.it_mwh for one in day.periods[1].hubs} == pytest.approx(
        {"shanghai": 120, "tianfu": 120}
    )
    assert [(one.what, one.at_h) for one in day.legs] == [("input", 12), ("results", 24)]


def test_a_job_in_one_piece_goes_on_where_it_moves_to(written):
    block = {"hours": 16, "window_h": [0, 24]}
    day = corridor.place(written(block), count="location").day
    moved = next(one for one in day.runs if one.hub == "shanghai")
    assert moved.mw == (0.0,) * 10 + (10.0,) * 6 + (0.0,) * 8
    assert [one.at_h for one in day.legs if one.what == "results"] == [16]


def test_a_job_that_may_pause_waits_for_power_rather_than_move(written):
    pausing = {"hours": 12, "divisible": ["time"], "count": 2}
    events = [{**DROUGHT, "mw": 0}, {**DROUGHT, "id": "rain", "at_h": 20, "mw": 50}]
    day = corridor.place(written(pausing, *events), count="location").day
    assert day.it_mwh == pytest.approx(120)
    assert {one.hub for one in day.periods[0].hubs} == {"tianfu"}
    assert day.periods[0].hubs[0].it_mwh == pytest.approx(100)  # as early as power allows
    assert [one.to_hub for one in day.moves] == ["shanghai"]  # the rain is not known yet


def test_interactive_jobs_send_all_the_time(written):
    online = {"rtt_budget": "60ms", "window_h": None, "hours": None, "input": "24GB"}
    day = corridor.place(written(online), count="location").day
    inputs = [one for one in day.legs if one.what == "input"]
    assert [(one.dst, one.octets, one.at_h, one.until_h) for one in inputs] == [
        ("tianfu", 40_000_000_000, 0, 10),
        ("tianfu", 28_000_000_000, 10, 24),
    ]
    moved = next(one for one in day.runs if one.hub == "shanghai")
    assert moved.awaits == ("train-state-shanghai",)


def test_an_unknown_state_is_refused_with_its_line_if_the_job_moves(written):
    with pytest.raises(InputError) as refusal:
        corridor.place(written({"state": None}), count="location")
    assert "state of train: unknown, and 2 of it move from tianfu to shanghai at 10 h" in str(
        refusal.value
    )
    assert "state: 2TB" in str(refusal.value)


@pytest.mark.parametrize(
    ("event", "count", "said"),
    [
        ({"power": "guian"}, "location", "event drought: guian is no candidate hub"),
        ({"power": "nowhere"}, "location", 'no hub is called "nowhere"'),
        ({"mw": None}, "location", "drought changes nothing"),
        ({"price": "0.9CNY/h"}, "location", "0.9CNY/h is not a price of tianfu"),
        ({"at_h": 24}, "location", "at_h"),
        ({"factor": {"location": 500}}, "marginal",
         "event drought: the marginal factor of tianfu from 10 h on is unknown"),
        ({"factor": {"location": 500}, "factor_times": {"location": 2}}, "location",
         "drought has factor and factor_times of location"),
    ],
)  # fmt: skip
def test_mistakes_in_events_are_refused(written, event, count, said):
    one = {key: of for key, of in {**DROUGHT, **event}.items() if of is not None}
    with pytest.raises(InputError, match=r"jobs\.yaml") as refusal:
        corridor.place(written(None, one), count=count)
    assert said in str(refusal.value)


def test_two_events_of_one_hour_do_not_give_the_same_quantity(written):
    other = {**DROUGHT, "id": "flood", "mw": 20}
    said = r"jobs\.yaml:\d+: events drought and flood both change mw of tianfu"
    with pytest.raises(InputError, match=said):
        corridor.place(written(None, DROUGHT, other), count="location")
    later = {**other, "at_h": 12}
    priced = {**DROUGHT, "id": "dear", "mw": None, "price": "0.9CNY"}
    events = [{key: of for key, of in one.items() if of is not None} for one in (later, priced)]
    assert corridor.place(written(None, DROUGHT, *events), count="location").day is not None


def test_a_rest_of_the_day_that_does_not_fit_is_refused_with_its_hour(written):
    state = {"mw": {"tianfu": 50}, "pue": {"tianfu": 1.2}}
    with pytest.raises(NoPlacement, match="from 10 h on"):
        corridor.place(written(hubs=["tianfu"], state=state), count="location")


def test_the_document_is_read_back_and_the_text_has_the_moves(written):
    found = corridor.place(written(), count="location")
    assert from_plain(PlaceAnswer, json.loads(json.dumps(found.to_json()))) == found
    text = told(found, 200)
    assert "From 10 h on: drought (drought)." in text
    assert "2 moves of running jobs with 4.0 TB of state." in " ".join(text.split())
    assert "Moves are not planned" not in text


def test_a_file_without_events_has_no_day(written):
    path = written()
    file = yaml.safe_load(path.read_text())
    del file["events"]
    path.write_text(yaml.safe_dump(file))
    found = corridor.place(path, count="location")
    assert found.day is None
    assert "Moves are not planned" in told(found, 200)
