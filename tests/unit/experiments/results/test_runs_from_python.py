"""``corridor.Lab`` writes timelines, checked at once; ``corridor.load`` reads any result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import corridor
import handmade_run
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.results.run_result import Sample
from corridor.experiments.run import lab as labs
from corridor.experiments.run.runner import Outcome
from corridor.topologies.base.errors import InputError


@pytest.fixture
def run(tmp_path: Path) -> corridor.Run:
    folder = tmp_path / "run"
    handmade_run.write_run(folder)
    summarise(folder, read_plan(folder), handmade_run.FACTS)
    return corridor.load(folder)


def test_demands_are_asked_for_by_name(run: corridor.Run) -> None:
    assert list(run.demands) == ["near", "silent", "far"]
    assert run.demands["near"].lost_by == {"unexplained": 2}
    assert (run.events, run.expectations, run.is_valid) == ((), (), True)
    assert run.paths("near") == []


def test_probes_are_a_table_with_names_and_milliseconds(run: corridor.Run) -> None:
    rows = run.probes.to_pylist()
    assert {row["demand"] for row in rows} == {"near", "silent", "far"}
    near = [row for row in rows if row["demand"] == "near"]
    assert [row["lost"] for row in near] == [False, False, True, True]
    assert near[0]["rtt_ms"] == pytest.approx(10.00075)
    assert near[2]["rtt_ms"] is None
    assert near[0]["phase"] == "probe"


def test_a_measure_over_time_has_a_value_a_bin(run: corridor.Run) -> None:
    start_s = run.probes.to_pylist()[0]["sent_s"]
    found = run.series("near", "lost", bin="40ms")
    assert sum(one.value or 0 for one in found) == 2
    assert all(isinstance(one, Sample) for one in found)
    assert found[0].at_s <= start_s < found[0].at_s + 0.04
    assert [one.value for one in run.series("silent", "rtt_ms", bin="1s")] == [None]
    assert {one.value for one in run.series("far", "loss", bin="1s")} == {0.0}


def test_delay_variation_over_time_is_the_range_of_one_way_delays_in_a_bin(
    run: corridor.Run,
) -> None:
    def values(demand: str, measure: str) -> list[float | None]:
        return [one.value for one in run.series(demand, measure, bin="1s")]

    assert values("near", "forward_pdv_ms") == [pytest.approx(5.001 - 5.00025)]
    assert values("near", "backward_pdv_ms") == [pytest.approx(5.002 - 5.0005)]
    assert values("silent", "forward_pdv_ms") == [None]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("nothing",), 'no demand is called "nothing"'),
        (("near", "colour"), 'no measure is called "colour"; use one of rtt_ms'),
        (("near", "rtt_ms", "soon"), "soon"),
        (("near", "rtt_ms", "0s"), "0"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_line(
    run: corridor.Run, asked: tuple[str, ...], says: str
) -> None:
    with pytest.raises(InputError, match=says) as caught:
        run.series(*asked)
    assert "\n" not in str(caught.value)


def test_a_folder_that_holds_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        corridor.load(tmp_path / "nothing")
    with pytest.raises(InputError):
        corridor.load(tmp_path)
    (tmp_path / "summary.json").write_text("[]")
    with pytest.raises(InputError, match="not the summary of a run"):
        corridor.load(tmp_path)


def test_events_named_from_python_are_those_of_yaml(monkeypatch: Any, tmp_path: Path) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        labs,
        "run_loaded",
        lambda *given: asked.append(given) or Outcome(tmp_path, {}, {}),  # type: ignore[typeddict-item]
    )
    with corridor.Lab("mini", seed=7) as lab:
        lab.at("2s").cut("guian-kunming", lasting="500ms", id="dig")
        lab.at("dig.end + 1s").degrade("guian-kunming", until="5s", rate="25%")
        lab.add({"at": "1s", "day": "2027-07-01"})
        run = lab.run("6s")
    ((loaded, options, _say),) = asked
    assert run.out_dir == tmp_path
    assert options.seed == 7
    assert [event.id for event in loaded.events] == [
        "dig", "degrade-guian-kunming", "day-2027-07-01",
    ]  # fmt: skip
    assert loaded.events[1].options["rate"] == 0.25
    assert loaded.scenario.follows
    assert loaded.scenario.probe.count == 300


@pytest.mark.parametrize("figures", [False, True])
def test_figures_and_report_are_as_asked(
    figures: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        labs,
        "run_loaded",
        lambda *given: asked.append(given) or Outcome(tmp_path, {}, {}),  # type: ignore[typeddict-item]
    )
    corridor.Lab("mini").run("6s", figures=figures)
    ((_loaded, options, _say),) = asked
    assert (options.figures, options.report) == (figures, figures)


def test_following_is_as_asked() -> None:
    lab = corridor.Lab("mini", follow=False)
    lab.at("1s").cut("guian-kunming", lasting="1s")
    assert not lab._loaded().scenario.follows


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (lambda lab: lab.at("1s").cut("guian-kuming"), "unknown fibre"),
        (lambda lab: lab.at("soon").cut("guian-kunming"), "soon"),
        (
            lambda lab: lab.at("unknown.end").cut("guian-kunming"),
            'no moment is called "unknown.end"',
        ),
        (lambda lab: lab.at("1s").degrade("guian-kunming"), "nothing gets worse"),
        (lambda lab: lab.at("1s").cut("guian-kunming", colour="red"), "colour"),
        (lambda lab: lab.run("for ever"), "for ever"),
    ],
)
def test_what_cannot_be_is_refused_at_once_and_not_added(event: Any, says: str) -> None:
    lab = corridor.Lab("mini")
    with pytest.raises(InputError, match=says) as caught:
        event(lab)
    assert "\n" not in str(caught.value)
    assert lab._loaded().events == ()


def test_what_python_says_is_no_line_of_a_file(tmp_path: Path) -> None:
    lab = corridor.Lab("mini", policies="cn-outbound")
    with pytest.raises(InputError) as caught:
        lab.at("1s").policies("nowhere.yaml")
    assert str(caught.value).startswith("event {'at': '1s', 'policies': 'nowhere.yaml'}: ")
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\npolicies:\n- {id: P, effect: permit, match: {src: {hubs: [x]}}}\n")
    with pytest.raises(InputError) as caught:
        lab.at("1s").policies(str(mine))
    assert str(caught.value).startswith(f'{mine}:3: no hub is called "x"')


def test_a_kind_that_there_is_not_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no kind of event is called 'cutt'"):
        corridor.Lab("mini").at("1s").cutt("guian-kunming")
    assert "partition" in dir(corridor.Lab("mini").at("1s"))


def test_a_workload_is_sent_from_python_and_switched_on_by_an_event() -> None:
    with corridor.Lab("mini") as lab:
        lab.send({"id": "night", "shipped": "backup", "class": "dr", "compress": 3600})
        lab.at("200ms").load("night", lasting="300ms")
        (workload,) = lab._loaded().workloads
        assert (workload.entry.id, workload.demands) == ("night", ("backup-east-west",))
        with pytest.raises(InputError, match=r"workload .*unknown kind"):
            lab.send({"id": "more", "kind": "bluk", "class": "dr"})
        with pytest.raises(InputError, match=r"event .*unknown workload"):
            lab.at("1s").load("more")
