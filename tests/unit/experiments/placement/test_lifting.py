"""What single changes of law save, and which hub all jobs may share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import corridor
from corridor.experiments.placement.jobs_file import load_jobs
from corridor.experiments.placement.place_answer import checked_asked, place_answer
from corridor.experiments.placement.place_documents import PlaceAnswer
from corridor.experiments.text.place_text import told
from corridor.topologies.energy.energy_file import read_energy

HUBS = ["bangkok", "shanghai", "tianfu"]
BATCH = {"it_mw": 1, "input": "1TB", "output": "1TB", "window_h": [0, 24], "hours": 24}
SERVED = {"it_mw": 1, "input": "1TB", "output": "1TB", "rtt_budget": "120ms"}


def written(folder: Path, jobs: list[dict[str, object]], hubs: list[str]) -> Path:
    state = {"mw": dict.fromkeys(hubs, 50), "pue": dict.fromkeys(hubs, 1.25)}
    listed = [{"returns": "same-class", **one} for one in jobs]
    head = {"name": "test", "as_of": "2026-11-24", "service": "leased-circuit"}
    path = folder / "jobs.yaml"
    path.write_text(yaml.safe_dump({**head, "hubs": hubs, "state": state, "jobs": listed}))
    return path


@pytest.fixture(scope="module")
def thai(tmp_path_factory) -> tuple[Path, PlaceAnswer]:
    job = {"id": "records", "origin": "bangkok", "data": "th-personal-none", **BATCH}
    path = written(tmp_path_factory.mktemp("thai"), [job], HUBS)
    return path, corridor.place(path, count="location", clauses=True)


def test_a_lifted_policy_saves_what_a_set_without_it_saves(thai):
    path, found = thai
    loaded = load_jobs(path)
    (lifted,) = (one for one in found.lifted if (one.kind, one.what) == ("lift", "TH-NO-BASIS"))
    kept = tuple(one for one in loaded.policies.policies if one.id != "TH-NO-BASIS")
    other = replace(loaded, policies=loaded.policies.model_copy(update={"policies": kept}))
    asked = checked_asked("carbon", "location", 1e-4, 60)
    after = place_answer(other, read_energy(), asked)
    assert lifted.saves == pytest.approx(found.with_law.value - after.with_law.value, abs=0.01)
    assert lifted.saves == pytest.approx(found.cost_of_law.value, abs=0.01)
    assert lifted.low <= lifted.saves <= lifted.high
    assert lifted.moved == pytest.approx(1)
    assert lifted.opens == ("shanghai", "tianfu")


def test_another_legal_basis_saves_the_same(thai):
    saves = {one.what: one.saves for one in thai[1].lifted if one.kind == "basis"}
    assert saves["th-personal-none as th-personal-contract"] == pytest.approx(
        thai[1].cost_of_law.value, abs=0.01
    )


def test_changes_are_tried_only_if_asked_for(thai):
    assert corridor.place(thai[0], count="location").lifted is None
    assert "lift TH-NO-BASIS" in told(thai[1])


def test_where_law_blocks_nothing_no_change_saves_anything(tmp_path):
    job = {"id": "train", "origin": "shanghai", "data": "cn-general-exempt", **BATCH}
    found = corridor.place(written(tmp_path, [job], HUBS[1:]), count="location", clauses=True)
    assert found.lifted == ()
    assert "No single change of law that was tried saves anything." in told(found)


def test_one_hub_for_three_cities_is_named_with_what_blocks_it(tmp_path):
    origins = {"riyadh": "sa", "bangkok": "th", "shanghai": "cn"}
    jobs = [
        {"id": hub, "origin": hub, "data": f"{code}-personal-none", **SERVED}
        for hub, code in origins.items()
    ]
    path = written(tmp_path, jobs, ["riyadh", "bangkok", "shanghai", "tianfu", "qingyang"])
    found = corridor.place(path, objective="latency", clauses=True)
    by_hub = {one.hub: one for one in found.common}
    assert set(by_hub) == {"bangkok", "tianfu", "qingyang"}
    assert all(one.rtt_ms <= 120 and one.lawful_rtt_ms is None for one in found.common)
    assert by_hub["tianfu"].blocked == ("riyadh", "bangkok")
    assert by_hub["tianfu"].why.startswith("riyadh, input: SA-NO-BASIS terminate [SA-PDPL-29]")
    assert all(one.opens == () for one in found.lifted)
    text = told(found).replace("\n    ", " ")
    assert "Hubs where all jobs may run (longest RTT): under law none, without law" in text


def test_general_data_of_three_cities_may_share_a_hub(tmp_path):
    origins = {"riyadh": "sa", "bangkok": "th", "shanghai": "cn"}
    jobs = [
        {"id": hub, "origin": hub, "data": f"{code}-general-exempt", **SERVED}
        for hub, code in origins.items()
    ]
    path = written(tmp_path, jobs, ["riyadh", "bangkok", "shanghai", "tianfu"])
    found = corridor.place(path, objective="latency")
    shared = {one.hub: one for one in found.common}["tianfu"]
    assert (shared.blocked, shared.why) == ((), "")
    assert shared.rtt_low_ms < shared.rtt_ms < shared.rtt_high_ms
    assert shared.rtt_ms <= shared.lawful_rtt_ms <= 120
    assert 0.3 < shared.within_budget < 1
