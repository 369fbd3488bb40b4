"""``corridor compare`` of runs without workloads, studies, policy sets and maps."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import handmade_run
from corridor.experiments import cli
from corridor.experiments.account.summary import Summary
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.study.answers import RunValues
from corridor.experiments.study.compared import ReadStudy, left_out, rows, studies_compared
from corridor.experiments.study.study_file import StudyFile
from corridor.experiments.text.comparison_text import demand_pairs, demands_compared, maps_compared
from corridor.topologies.analysis.compared import OF_NO_ANSWER, compare_maps
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import shortest_path_between
from corridor.topologies.model.topology import Hub
from described import wrong
from typed_summary import typed

SPREAD = (0.0, 7.0, -4.0, 9.0, 2.0, -6.0)


def study(name: str, seeds: list[int], more: float = 0.0, **changes: Any) -> ReadStudy:
    """Runs whose values differ much from seed to seed."""
    of = StudyFile.model_validate(
        {
            "name": name,
            "scenario": "mini",
            "seeds": seeds,
            "matrix": {"law": ["none", "th"]},
            "measures": [{"id": "rtt", "of": "demands[a].rtt_ms.p50"}],
            **changes,
        }
    )
    runs = [
        RunValues(
            *("x", {"law": law}, number, "valid", ""),
            {"rtt": 50 + SPREAD[seed % 6] + more + seed % 3 * 0.1 * (more != 0)},
        )
        for law in ("none", "th")
        for number, seed in enumerate(seeds)
    ]
    return ReadStudy(of, runs)


def test_studies_with_the_same_seeds_are_compared_seed_by_seed() -> None:
    seeds = [1, 2, 3, 4, 5, 6]
    found = studies_compared(study("a", seeds), study("b", list(reversed(seeds)), more=3.0))
    assert [one.difference.blocks for one in found] == [6, 6]
    paired, apart = found[0].difference.within, found[0].difference.unpaired_within
    assert paired is not None
    assert apart is not None
    assert paired.low > 0 > apart.low
    assert rows(found)[0][0] == "law none"


def test_studies_with_other_seeds_are_told_as_such() -> None:
    found = studies_compared(study("a", [1, 2, 3, 4, 5]), study("b", [11, 12, 13, 14, 15, 16]))
    assert [one.difference.blocks for one in found] == [0, 0]
    assert found[0].difference.within == found[0].difference.unpaired_within is not None
    assert rows(found)[0][-1] == "own"


def test_what_only_one_study_has_is_named_and_not_compared() -> None:
    other = study("b", [1, 2], matrix={"law": ["none", "th"]})
    other = other._replace(runs=[one for one in other.runs if one.levels["law"] == "th"])
    assert [one.levels["law"] for one in studies_compared(study("a", [1, 2]), other)] == ["th"]
    assert left_out(study("a", [1, 2]), other) == ["only a has law none"]
    measures = [{"id": "rtt", "of": "demands[b].rtt_ms.p50"}]
    elsewhere = study("c", [1, 2], measures=measures)
    assert left_out(study("a", [1, 2]), elsewhere) == [
        "measure rtt is defined differently in the two"
    ]
    with pytest.raises(InputError, match="no measure of a condition in common"):
        studies_compared(study("a", [1, 2]), elsewhere)


@pytest.fixture
def summary(tmp_path: Path) -> Any:
    handmade_run.write_run(tmp_path / "run")
    return summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)


def test_demands_that_differ_are_shown_and_those_that_do_not_are_counted(summary: Any) -> None:
    first = summary.demands[0]
    changed = replace(first, status="ALT", lost=first.sent)
    other = replace(summary, demands=(changed, *summary.demands[1:]))
    said = demands_compared(summary, other, None)
    (line,) = [line for line in said.splitlines() if line.startswith(first.id)]
    assert "UP -> ALT" in line
    assert "-> 100.0%" in line
    assert f"{len(summary.demands) - 1} demands the same in both" in said
    alike = demands_compared(summary, summary, None)
    assert alike == f"{len(summary.demands)} demands the same in both"


def test_medians_may_be_chance_where_their_intervals_meet() -> None:
    def within(*bounds: float) -> Summary:
        return typed({"demands": [{"id": "near", "sample": {"rtt_ms": {"p50": bounds}}}]})

    one = within(1.0, 2.0)
    assert demand_pairs(one, within(1.9, 3.0))[0].may_be_chance is True
    assert demand_pairs(one, within(2.1, 3.0))[0].may_be_chance is False


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        ({"p50": 10.06}, False),  # printed as 10.0 and 10.1
        ({"p50": 10.1}, True),
        ({"p99": 10.1}, True),
        ({"lost": 3, "sent": 300}, False),
        ({"lost": 2}, True),
        ({"status": "ALT"}, True),
    ],
)
def test_demands_differ_by_values_rather_than_by_printed_digits(other: Any, differs: bool) -> None:
    def of(p50: float = 10.04, p99: float = 10.0, **more: Any) -> Summary:
        counts = {"lost": 1, "sent": 100, "status": "UP", **more}
        return typed({"demands": [{"id": "near", "rtt_ms": {"p50": p50, "p99": p99}, **counts}]})

    assert demand_pairs(of(), of(**other))[0].differs is differs


def test_a_map_without_a_fibre_has_longer_paths() -> None:
    whole = load_topology("mini")
    left = whole.model_copy(
        update={"fibres": tuple(one for one in whole.fibres if one.id != "kunming-karachi")}
    )
    found = compare_maps(whole, left)
    assert found.fibres == (("kunming-karachi",), ())
    assert found.hubs == ((), ())
    worst = found.round_trips[0]
    assert "karachi" in {worst.a, worst.z}
    assert worst.more_ms > 5
    assert compare_maps(whole, whole).round_trips == ()


def test_a_longer_fibre_is_told_with_what_differs() -> None:
    whole = load_topology("mini")
    first = whole.fibres[0].model_copy(update={"one_way_delay_ns": 99_000_000, "srlgs": ("x",)})
    changed = whole.model_copy(update={"fibres": (first, *whole.fibres[1:])})
    what = {one.what: one.other for one in compare_maps(whole, changed).changes}
    assert what == {"one_way_delay_ns": "99000000", "srlgs": "x"}


def test_a_hub_that_became_a_gateway_is_a_difference(capsys: pytest.CaptureFixture[str]) -> None:
    whole = load_topology("mini")
    hubs = tuple(
        one.model_copy(update={"intl_gateway": True, "notes": "new"}) if one.id == "guian" else one
        for one in whole.hubs
    )
    found = compare_maps(whole, whole.model_copy(update={"hubs": hubs}))
    assert [(one.of, one.what, one.one, one.other) for one in found.changes] == [
        ("guian", "intl_gateway", "no", "yes")
    ]
    assert "compare two scenarios on these maps" in maps_compared(found, ("a", "b"), None)


@pytest.mark.parametrize("field", sorted(set(Hub.model_fields) - OF_NO_ANSWER - {"name"}))
def test_every_attribute_of_a_hub_that_answers_depend_on_is_compared(field: str) -> None:
    whole = load_topology("mini")
    first = whole.hubs[0].model_copy(update={field: "changed"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pydantic: not a value of that field
        found = compare_maps(
            whole.model_copy(update={"fibres": ()}),
            whole.model_copy(update={"hubs": (first, *whole.hubs[1:]), "fibres": ()}),
        )
    assert [one.what for one in found.changes] == [field]


CORE = "class: ckpt, data: cn-core-none, returns: same-class"
GATEWAY_MAP = """name: gateway
extends: [pan-asia]
override: {hubs: {urumqi: {intl_gateway: true}}}
"""


def test_scenarios_are_compared_before_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Round trips are those of the demands' own permitted paths, by another search."""
    (tmp_path / "gateway.yaml").write_text(GATEWAY_MAP)
    mine = tmp_path / "mine.yaml"
    mine.write_text("extends: reference\nname: mine\ntopology: gateway.yaml\n")
    assert cli.main(["compare", "reference", str(mine)]) == 0
    shown = capsys.readouterr().out
    (line,) = [line for line in shown.splitlines() if line.startswith("ckpt-zhongwei-jeddah")]
    assert "137.6 -> 121.2    -16.4  zhongwei beijing" in line
    assert cli.main(["compare", "reference", str(mine), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["of"] == "scenarios"
    assert wrong("compare-answer", document) == []
    (found,) = [one for one in document["demands"] if one["demand"] == "ckpt-zhongwei-jeddah"]
    pan_asia = load_topology("pan-asia")
    route = shortest_path_between(pan_asia, "zhongwei", "jeddah")
    assert route is not None
    assert found["other"]["path"] == list(route.hubs)
    assert found["other"]["rtt_ms"] == pytest.approx(2 * route.one_way_delay_ns / 1e6)


def test_demands_that_only_one_scenario_has_or_blocks_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {}
    for name, policies, demand in (("free", "none", "x"), ("strict", "cn-outbound", "y")):
        files[name] = tmp_path / f"{name}.yaml"
        files[name].write_text(
            f"extends: mini\nname: {name}\npolicies: {policies}\ndemands:\n"
            f"- {{id: out, src: shanghai, dst: karachi, {CORE}}}\n"
            f"- {{id: {demand}, src: shanghai, dst: guian, {CORE}}}\n"
        )
    assert cli.main(["compare", str(files["free"]), str(files["strict"])]) == 0
    shown = capsys.readouterr().out
    assert "free.yaml has 1 demand: x" in shown
    assert "strict.yaml has 1 demand: y" in shown
    assert "1 demand in both: 1 blocked only by the second" in shown


@pytest.mark.parametrize(
    ("words", "of", "said"),
    [
        (["none", "cn-outbound", "--scenario", "mini"], "policies", "on mini as of"),
        (["mini", "edwc"], "maps", "differs for 0 of 1 pair"),
        (["mini", "reference", "--of", "scenarios"], "scenarios", "0 demands in both"),
    ],
)
def test_the_command_compares_sets_and_maps(
    words: list[str], of: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", *words]) == 0
    assert said in capsys.readouterr().out
    assert cli.main(["compare", *words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["of"] == of
    assert wrong("compare-answer", document) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["pan-asia", "pan-asia"],
            "may be policies or maps; choose with --of policies or --of maps",
        ),
        (
            ["th", "reference"],
            "cannot compare th (policies) with reference (scenarios); compare two of a kind",
        ),
        (
            ["th", "mini"],
            "cannot compare th (policies) with mini (maps or scenarios); compare two of a kind",
        ),
        (["nonsense", "th"], '"nonsense" is not a result folder, a shipped name or a file'),
    ],
)
def test_what_cannot_be_compared_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", *words]) == 2
    assert said in capsys.readouterr().err
