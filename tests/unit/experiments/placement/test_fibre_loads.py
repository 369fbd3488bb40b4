"""Loads of jobs under each cut, next to background traffic; jobs that lose their path."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import corridor
from corridor.experiments.placement.jobs_file import load_jobs
from corridor.experiments.placement.place_documents import PlaceAnswer
from corridor.experiments.placement.program import NoPlacement
from corridor.experiments.text.place_text import notes
from corridor.topologies.base.errors import InputError

JOB = {
    "id": "train",
    "origin": "shanghai",
    "data": "cn-general-exempt",
    "returns": "same-class",
    "it_mw": 1,
    "input": "10800TB",  # 1 Tbit/s over a day
    "output": "10800TB",
    "window_h": [0, 24],
    "hours": 24,
}
HUBS = ["guian", "kunming"]
TRIANGLE = """name: triangle
hubs: [shanghai, guian, kunming]
capacity: {scale: 3e-6, assumed_terrestrial: 32Tbit, assumed_submarine: 20Tbit,
  min_rate: 10Mbit, max_rate: 1Gbit}
fibres:
- {id: sg, a: shanghai, z: guian, srlgs: [north], capacity: 32Tbit}
- {id: gk, a: guian, z: kunming, capacity: 32Tbit}
- {id: sk, a: shanghai, z: kunming, srlgs: [south], capacity: 32Tbit}
"""


@pytest.fixture
def placed(tmp_path):
    """Place one job, or several, on the map mini for the lowest RTT."""

    (tmp_path / "triangle.yaml").write_text(TRIANGLE)

    def place(*jobs: dict, **keys: object) -> PlaceAnswer:
        return corridor.place(written(tmp_path, jobs, keys), objective="latency")

    return place


def without_none(of: dict[str, object]) -> dict[str, object]:
    return {key: one for key, one in of.items() if one is not None}


def written(folder: Path, jobs: tuple[dict, ...], keys: dict[str, object]) -> Path:
    file = {
        "name": "loads",
        "topology": "mini",
        "as_of": "2026-11-24",
        "service": "leased-circuit",
        "hubs": HUBS,
        "state": {"mw": dict.fromkeys(HUBS, 50), "pue": dict.fromkeys(HUBS, 1.25)},
        "jobs": [without_none({**JOB, **one}) for one in jobs or ({},)],
        **keys,
    }
    path = folder / "jobs.yaml"
    path.write_text(yaml.safe_dump(file))
    return path


def test_loads_under_cuts_are_those_of_equal_demands(placed, tmp_path):
    background = {"fibres": {"guian-kunming": {"kunming": "16Tbit"}, "shanghai-kunming": "2Tbit"}}
    found = placed({"hubs": ["kunming"]}, cuts="fibres", background=background)
    ends = {"class": JOB["data"], "service": "leased-circuit"}
    scenario = {
        "name": "equal",
        "topology": "mini",
        "policies": "pan-asia",
        "as_of": found.as_of,
        "background": background,
        "demands": [
            {"id": "input", "src": "shanghai", "dst": "kunming", **ends},
            {"id": "results", "src": "kunming", "dst": "shanghai", **ends},
        ],
    }
    path = tmp_path / "equal.yaml"
    path.write_text(yaml.safe_dump(scenario))
    equal = corridor.capacity_each("fibres", scenario=path, rates="1Tbit")
    expected = {(one.fibre, one.hub): one for one in equal.links}
    assert len(found.links) == 6
    for one in found.links:
        other = expected[one.link, one.direction.removeprefix("out of ")]
        assert one.share == pytest.approx(other.share)
        assert one.cut == other.cut
        assert one.cut_background_gbps == pytest.approx(other.background_gbps)


def test_a_cut_that_overloads_a_fibre_moves_a_job(placed):
    """Under the cut of shanghai-guian, jobs at Guian are reached over guian-kunming."""
    keys = {"fibre_share": "50%", "background": {"fibres": {"guian-kunming": "31Tbit"}}}
    usual, safe = placed({"count": 2}, **keys), placed({"count": 2}, **keys, cuts="fibres")
    assert hubs_of(usual) == {"guian": 2}
    assert hubs_of(safe) == {"guian": 1, "kunming": 1}
    fullest = safe.links[0]
    assert (fullest.link, fullest.share) == ("guian-kunming", pytest.approx(1))
    assert (fullest.cut_gbps, fullest.cut_background_gbps) == (pytest.approx(1000), 31_000)
    with pytest.raises(NoPlacement, match="the capacity of fibres"):
        placed({"count": 3}, **keys, cuts="fibres")


def test_background_that_fills_a_fibre_leaves_a_hundredth(placed):
    keys = {"fibre_share": "50%", "background": {"fibres": {"shanghai-guian": "40Tbit"}}}
    with pytest.raises(NoPlacement, match="the capacity of fibres"):
        placed(**keys, hubs=["guian"])
    found = placed({"input": "3456TB", "output": "3456TB"}, **keys, hubs=["guian"])
    assert found.links[0].cut_gbps == pytest.approx(320)


def test_a_job_that_survives_has_paths_within_its_budget_under_each_cut(placed):
    """The detour to Guian takes 39 ms, that to Kunming 32 ms."""
    near = {"rtt_budget": "35ms", "window_h": None, "hours": None}
    usual, safe = placed(near, cuts="fibres"), placed({**near, "survives": True}, cuts="fibres")
    assert hubs_of(usual) == {"guian": 1}
    (late,) = usual.disturbing
    assert (late.cut, late.no_path, late.late) == (("link:shanghai-guian",), (), ("train",))
    assert late.it_mwh == 24
    assert hubs_of(safe) == {"kunming": 1}
    assert safe.disturbing == ()


def test_cuts_that_leave_jobs_without_a_path_are_named(placed):
    hubs = ["shanghai", "guian"]
    state = {"mw": dict.fromkeys(hubs, 50), "pue": dict.fromkeys(hubs, 1.25)}
    keys = {"topology": "triangle.yaml", "cuts": "pairs", "hubs": hubs, "state": state}
    away = {"hubs": ["guian"]}
    found = placed({"id": "away", **away}, {"id": "home", "origin": "guian"}, **keys)
    assert [(one.cut, one.no_path) for one in found.disturbing] == [
        (("srlg:north", "srlg:south"), ("away",))
    ]
    assert "Under the cut of srlg:north and srlg:south, jobs of away have no path." in "\n".join(
        notes(found)
    )
    with pytest.raises(NoPlacement, match="no fibres lead there under the cut of srlg:"):
        placed({**away, "survives": True}, **keys)


def test_a_hub_to_which_law_leaves_no_detour_is_refused_with_the_cut(placed, tmp_path):
    abroad = TRIANGLE.replace("kunming", "bangkok")
    (tmp_path / "abroad.yaml").write_text(abroad)
    hubs, job = ["shanghai", "guian"], {"data": "cn-important-none", "survives": True}
    state = {"mw": dict.fromkeys(hubs, 50), "pue": dict.fromkeys(hubs, 1.25)}
    keys = {"topology": "abroad.yaml", "cuts": "groups", "hubs": hubs, "state": state}
    with pytest.raises(NoPlacement, match="no lawful round trip remains under the cut of srlg:nor"):
        placed({**job, "hubs": ["guian"]}, **keys)
    open_policies = {**keys, "policies": "none"}
    assert hubs_of(placed({**job, "hubs": ["guian"]}, **open_policies)) == {"guian": 1}


@pytest.mark.parametrize(("cuts", "said"), [
    ("fibres", "whatever fibre is cut."), (None, "background traffic and failures are not counted.")
])  # fmt: skip
def test_notes_say_what_limits_of_fibres_count(placed, cuts, said):
    assert any(one.endswith(said) for one in notes(placed(fibre_share="50%", cuts=cuts)))


def test_a_file_needs_cuts_that_jobs_survive(tmp_path):
    with pytest.raises(InputError, match="train survives cuts, and the file has none"):
        load_jobs(written(tmp_path, ({"survives": True},), {}))


def test_a_map_without_shared_risk_groups_has_its_line_and_what_to_write(tmp_path):
    (tmp_path / "bare.yaml").write_text(TRIANGLE.replace(", srlgs: [north]", "").replace(
        ", srlgs: [south]", ""))  # fmt: skip
    with pytest.raises(InputError, match=r"jobs.yaml:\d+: the map triangle has no shared") as error:
        load_jobs(written(tmp_path, (), {"topology": "bare.yaml", "cuts": "groups"}))
    assert error.value.hint.startswith("write cuts: fibres")


def hubs_of(found: PlaceAnswer) -> dict[str, float]:
    return {part.hub: part.jobs for group in found.groups for part in group.parts}
