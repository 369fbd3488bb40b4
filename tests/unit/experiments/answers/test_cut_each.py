"""Every group, fibre or pair of groups cut alone: rows equal single cuts, worst first."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

import corridor
from corridor.experiments.answers.cut_answer import cut_answer
from corridor.experiments.answers.cut_each import (
    CutEachAnswer,
    CutEffect,
    Each,
    EachCut,
    cut_each_answer,
    on_second_map,
)
from corridor.experiments.cli import main
from corridor.experiments.scenario.intents import with_rates
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.experiments.text.each_text import cuts_told
from corridor.topologies.base.errors import InputError

PLANNED = """name: planned
extends: [mini]
fibres:
- {id: guian-bangkok, a: guian, z: bangkok, via: [[21.19, 101.69]], crosses: [LA], status: planned}
"""


@pytest.fixture(autouse=True)
def without_internet_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single cuts compute it, too, and take seconds for it; rows do not have it."""
    monkeypatch.setattr("corridor.experiments.answers.cut_answer.internet_cut", lambda *_: None)


@cache
def scenario(name: str = "mini", policies: str | None = None) -> LoadedScenario:
    return load_scenario(name, policies=policies)


@cache
def answer(each: Each, name: str = "mini", policies: str | None = None) -> CutEachAnswer:
    return cut_each_answer(scenario(name, policies), each)


def row(found: CutEachAnswer, *cut: str) -> EachCut:
    return next(one for one in found.cuts if one.cut == cut)


def assert_same(loaded: LoadedScenario, cut: tuple[str, ...], effect: CutEffect) -> None:
    """That a row has what the single cut answers."""
    alone = cut_answer(loaded, cut)
    left = [hit for hit in alone.hit if hit.again_ms is not None]
    added = [hit.longer_ms for hit in left if hit.longer_ms > 1e-9]
    assert effect.fibres == alone.fibres
    assert effect.affected == len(alone.hit)
    assert set(effect.disconnected) == set(alone.disconnected)
    assert set(effect.waiting) == {hit.demand for hit in left if hit.at_once_ms is None}
    assert effect.slower == len(added)
    assert effect.added_sum_ms == pytest.approx(sum(added), abs=1e-6)
    assert effect.added_max_ms == pytest.approx(max(added, default=0), abs=1e-6)


@pytest.mark.parametrize("each", ["groups", "fibres", "pairs"])
@pytest.mark.parametrize("policies", ["none", "pan-asia"])
def test_each_row_equals_the_single_cut(each: Each, policies: str) -> None:
    found = answer(each, policies=policies)
    assert found.cuts
    for one in found.cuts:
        assert_same(scenario("mini", policies), one.cut, one.effect)


@pytest.mark.parametrize("name", ["sovereignty", "pan-asia"])
def test_rows_of_a_map_with_cables_equal_single_cuts(name: str) -> None:
    loaded, found, groups = scenario(name), answer("pairs", name), answer("groups", name)
    assert len(found.cuts) == len(groups.cuts) * (len(groups.cuts) - 1) // 2
    together = [one for one in found.cuts if one.only_together]
    assert together
    for one in (*groups.cuts, *together[:3], *found.cuts[:3], *found.cuts[400:1600:400]):
        assert_same(loaded, one.cut, one.effect)


def test_the_most_harmful_cut_is_first() -> None:
    effects = [one.effect for one in answer("pairs", "sovereignty").cuts]
    harms = [(len(one.disconnected), one.added_sum_ms) for one in effects]
    assert harms == sorted(harms, reverse=True)
    assert harms[0][0] > 0


def test_a_pair_that_does_what_one_of_its_groups_does_alone_says_so() -> None:
    groups, pairs = answer("groups", "sovereignty"), answer("pairs", "sovereignty")
    alone = {one.cut[0]: one.effect for one in groups.cuts}
    for one in pairs.cuts:
        if one.same_as:
            assert alone[one.same_as].disconnected == one.effect.disconnected
            assert alone[one.same_as].added_sum_ms == one.effect.added_sum_ms
        down = {name for element in one.cut for name in alone[element].disconnected}
        assert set(one.only_together) == set(one.effect.disconnected) - down


def test_rates_are_those_of_demands_that_cross_the_cut_and_an_aggregate_counts_once() -> None:
    loaded = with_rates(scenario(), ["ckpt-karachi=2Tbit", "science-karachi=1Tbit"])
    found = row(cut_each_answer(loaded, "fibres"), "link:guian-kunming").effect
    assert (found.affected_gbps, found.disconnected_gbps) == (pytest.approx(3000), 0)
    pipe = cut_each_answer(load_scenario("examples/customer_pipe.yaml"), "fibres")
    assert pipe.rates == "committed"
    one, other = (row(pipe, f"link:{name}").effect for name in ("guian-kunming", "shanghai-guian"))
    assert (one.affected, one.affected_gbps) == (2, pytest.approx(20_000))  # both in the aggregate
    assert (other.affected, other.affected_gbps) == (2, pytest.approx(30_000))
    assert {one.effect.affected_gbps for one in answer("fibres").cuts} == {None}


def test_a_second_map_shows_what_a_plan_changes(tmp_path: Path) -> None:
    (tmp_path / "planned.yaml").write_text(PLANNED)
    planned = on_second_map(scenario(), str(tmp_path / "planned.yaml"), "mini")
    found = cut_each_answer(scenario(), "fibres", planned)
    one = row(found, "link:kunming-bangkok")
    assert one.planned is not None
    assert_same(planned, one.cut, one.planned)
    now = {hit.demand: hit.again_ms for hit in cut_answer(scenario(), one.cut).hit}
    assert None not in now.values()
    assert one.saves_ms > 0
    text = cuts_told(found)
    assert "On planned, 6 demands are served before" in text
    assert "saves ms" in text


def test_fibres_that_a_scenario_leaves_out_stay_out_of_the_second_map(tmp_path: Path) -> None:
    (tmp_path / "same.yaml").write_text(
        "name: same\nextends: [pan-asia]\nfibres:\n"
        "- {id: new, a: guian, z: karachi, length: 90000km, status: planned}\n"
    )
    loaded = scenario("sovereignty")
    planned = on_second_map(loaded, str(tmp_path / "same.yaml"), "sovereignty")
    fibres = {one.id for one in planned.topology.fibres}
    assert fibres == {one.id for one in loaded.topology.fibres} | {"new"}


def test_the_table_counts_what_it_does_not_show() -> None:
    found = answer("pairs", "sovereignty")
    text = cuts_told(found, worst=2)
    assert f"each of {len(found.cuts):,} pairs of shared-risk groups cut alone" in text
    shown = [one for one in found.cuts if one.effect.affected and not one.same_as]
    assert f"{len(shown) - 2} more rows: use --worst {len(shown)} or --json" in text
    assert all(len(line) <= 80 for line in cuts_told(found, width=80).splitlines())


def test_the_command_prints_a_table_and_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cut", "--each", "fibres", "--scenario", "mini"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith("mini, no policy set, as of ")
    assert "each of 7 fibres cut alone" in " ".join(out.split())
    assert main(["cut", "--each", "fibres", "--scenario", "mini", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert document == json.loads(json.dumps(answer("fibres").to_json()))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--each", "groups", "red-sea"], "WHAT does not go with --each"),
        (["--each", "groups", "--silent"], "--silent does not go with --each"),
        (["--each", "groups", "--footprint", "tohoku-2011"], "--footprint does not go with"),
        (["--worst", "3", "red-sea"], "--worst is given without --each; add --each groups"),
        (["--each", "groups", "--planned", "nowhere.yaml"], "nowhere.yaml"),
        (["--each", "groups", "--planned", "mini"], "the second map has no beijing"),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cut", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_map_without_groups_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='groups, fibres, pairs, not "hubs"'):
        corridor.cut_each("hubs", scenario="mini")  # type: ignore[arg-type]
    loaded = scenario()
    sharing = [one.id for one in loaded.topology.fibres if one.srlgs]
    bare = loaded.model_copy(update={"topology": loaded.topology.without(sharing)})
    with pytest.raises(InputError, match="the map mini has no shared-risk groups"):
        cut_each_answer(bare, "groups")
