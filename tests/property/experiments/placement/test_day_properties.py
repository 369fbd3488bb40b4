"""Whatever the events: all energy is computed once, within the power of the hour, and running jobs
move with their state only."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corridor
from corridor.experiments.placement.program import NoPlacement

HUBS = ("shanghai", "guian", "bangkok")


@st.composite
def jobs(draw: st.DrawFn, name: str) -> dict:
    """Interactive, in one piece, or with pauses."""
    one = {
        "id": name,
        "count": draw(st.integers(1, 3)),
        "origin": draw(st.sampled_from(HUBS)),
        "data": "anything",
        "returns": "same-class",
        "it_mw": draw(st.integers(1, 4)),
        "input": "1TB",
        "output": "1TB",
        "state": "1TB",
    }
    if draw(st.booleans()):
        return one | {"rtt_budget": "200ms"}
    begin, hours = draw(st.integers(0, 12)), draw(st.integers(1, 10))
    end = min(24, begin + hours + draw(st.integers(0, 6)))
    divisible = draw(st.sampled_from([[], ["time"], ["space"], ["time", "space"]]))
    return one | {"window_h": [begin, end], "hours": hours, "divisible": divisible}


@st.composite
def files(draw: st.DrawFn) -> dict:
    count = draw(st.integers(1, 4))
    events = [
        {
            "id": f"event-{number}",
            "at_h": draw(st.integers(1, 23)),
            "power": draw(st.sampled_from(HUBS)),
            "mw": draw(st.integers(0, 30)),
            "factor_times": {"location": draw(st.sampled_from([0.3, 1.0, 3.0]))},
            "because": "a test",
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    once = {(one["power"], one["at_h"]): one for one in events}  # two of one hour are refused
    events = list(once.values())
    return {
        "name": "days",
        "topology": "mini",
        "policies": "none",
        "hubs": list(HUBS),
        "state": {"mw": dict.fromkeys(HUBS, 40), "pue": dict.fromkeys(HUBS, 1.25)},
        "jobs": [draw(jobs(f"job-{number}")) for number in range(count)],
        **({"events": events} if events else {}),
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=files())
def test_every_day_computes_all_of_each_job_once(tmp_path: Path, file: dict):
    path = tmp_path / "jobs.yaml"
    path.write_text(yaml.safe_dump(file))
    scenario = tmp_path / "day.yaml"
    scenario.unlink(missing_ok=True)
    try:
        day = corridor.place(path, count="location").day
    except NoPlacement:
        return
    if day is None:
        assert "events" not in file
        return
    limits = {hub: [40.0] * 24 for hub in HUBS}
    for event in sorted(file["events"], key=lambda one: one["at_h"]):
        limits[event["power"]][event["at_h"] :] = [event["mw"]] * (24 - event["at_h"])
    power = {hub: [0.0] * 24 for hub in HUBS}
    energy = defaultdict[str, float](float)
    for run in day.runs:
        energy[run.job] += sum(run.mw)
        for hour, mw in enumerate(run.mw):
            power[run.hub][hour] += mw
    for job in file["jobs"]:
        hours = job.get("hours", 24)
        assert energy[job["id"]] == pytest.approx(job["count"] * job["it_mw"] * hours, rel=1e-5)
    for hub in HUBS:
        assert all(
            used <= limit + 1e-5 for used, limit in zip(power[hub], limits[hub], strict=True)
        )
    for move in day.moves:
        assert move.from_hub != move.to_hub
        assert move.state_bytes == pytest.approx(move.jobs * 1e12, rel=1e-6)
        before = [one for one in day.runs if one.job == move.job and one.hub == move.from_hub]
        assert before or move.from_hub != next(
            one["origin"] for one in file["jobs"] if one["id"] == move.job
        )
    legs = {one.id: one for one in day.legs}
    for run in day.runs:
        first = next(hour for hour, mw in enumerate(run.mw) if mw)
        assert all(legs[name].at_h <= first for name in run.awaits)
    total = sum(one.tco2 for period in day.periods for one in period.hubs)
    assert day.tco2 == pytest.approx(total)
