"""Utilization under each cut and year, by hand on three hubs, and as single questions answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import corridor
from corridor.experiments.answers.capacity_answer import CapacityQuestion, capacity_answer
from corridor.experiments.answers.capacity_each import (
    CapacityEachAnswer,
    CutLoad,
    FullLink,
    capacity_each_answer,
)
from corridor.experiments.cli import main
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.each_text import told
from corridor.topologies.base.errors import InputError

TOPOLOGY = """name: three
title: Three hubs, and a landing that two fibres share
capacity: {scale: 1e-3, assumed_terrestrial: 20Tbit, assumed_submarine: 20Tbit,
  min_rate: 1Mbit, max_rate: 1Gbit}
hubs:
- {id: a, name: A, role: core, located_in: CN, lat: 30, lon: 100}
- {id: b, name: B, role: core, located_in: CN, lat: 30, lon: 101}
- {id: c, name: C, role: core, located_in: CN, lat: 31, lon: 100}
capacity_groups: [{id: quay, at: c, capacity: 12Gbit}]
fibres:
- {id: ab, a: a, z: b, length: 100km, capacity: 10Gbit, srlgs: [one]}
- {id: ac, a: a, z: c, length: 100km, capacity: 8Gbit, shares: [quay], srlgs: [two]}
- {id: bc, a: b, z: c, length: 100km, capacity: 20Gbit, shares: [quay]}
"""
SCENARIO = """schema: 1
name: asked
topology: three.yaml
policies: none
as_of: 2026-11-24
demands:
- {id: x, class: ckpt, src: a, dst: b, guarantee: {cir: 4Mbit}}
- {id: y, class: dr, src: a, dst: c, guarantee: {cir: 3Mbit}}
- {id: free, class: infer, src: b, dst: c}
"""
STATED = "background: {fibres: {ac: {c: 2Gbit}}}\n"


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    return written(tmp_path, SCENARIO)


def written(folder: Path, scenario: str) -> Path:
    (folder / "three.yaml").write_text(TOPOLOGY)
    (folder / "asked.yaml").write_text(scenario)
    return folder / "asked.yaml"


def link(of: FullLink) -> tuple[str, str, float, float, float]:
    return of.fibre, of.hub, of.load_gbps, pytest.approx(of.share), pytest.approx(of.headroom_gbps)


def row(found: CapacityEachAnswer, *cut: str) -> CutLoad:
    return next(one for one in found.cuts if one.cut == cut)


def test_each_cut_has_the_loads_of_recomputed_paths(asked: Path) -> None:
    found = corridor.capacity_each("fibres", scenario=asked)
    assert [one.cut for one in found.cuts] == [("link:ab",), ("link:ac",), ("link:bc",)]
    assert link(found.usual.fullest) == ("ab", "a", 4, 0.4, 6)
    by_c, by_b, none = found.cuts
    assert link(by_c.fullest) == ("ac", "a", 7, 7 / 8, 1)
    assert by_c.times == pytest.approx(8 / 7)
    assert link(by_b.fullest) == ("ab", "a", 7, 0.7, 3)
    assert by_b.times == pytest.approx(10 / 7)
    assert link(none.fullest) == ("ab", "a", 4, 0.4, 6)
    assert {(one.overloaded, one.no_path) for one in found.cuts} == {(0, ())}
    assert (found.demands_gbps, found.load) == (7, "committed")


def test_each_link_has_its_worst_cut(asked: Path) -> None:
    found = corridor.capacity_each("fibres", scenario=asked).links
    links = {(one.fibre, one.hub): (one.load_gbps, one.cut) for one in found}
    assert links == {
        ("ac", "a"): (7, ("link:ab",)),
        ("ab", "a"): (7, ("link:ac",)),
        ("capacity group quay", "into c"): (7, ("link:ab",)),
        ("capacity group quay", "out of c"): (4, ("link:ab",)),
        ("bc", "c"): (4, ("link:ab",)),
        ("bc", "b"): (3, ("link:ac",)),
    }
    assert [one.usual_share for one in found[:3]] == [3 / 8, 4 / 10, 3 / 12]


def test_the_supported_demand_and_what_each_capacity_changes(asked: Path) -> None:
    found = corridor.capacity_each("fibres", scenario=asked)
    assert found.supported_gbps == pytest.approx(8)
    assert found.supported_times == pytest.approx(8 / 7)
    assert (found.bottleneck.fibre, found.bottleneck.cut) == ("ac", ("link:ab",))
    changes = {
        one.fibre: tuple(round(gbps, 9) for gbps in (one.less_gbps, one.more_gbps, one.spare_gbps))
        for one in found.sensitivity
    }
    assert changes == {
        "ac": (-0.8, 0.8, 0),
        "ab": (0, 0, 2),  # 7 Gbit/s cross it when ac fails, and 8 when demands have grown
        "capacity group quay": (0, 0, 4),
        "bc": (0, 0, round(12 - 32 / 7, 9)),  # no fibre has more than its landing
    }


def test_two_failures_leave_demands_without_a_path(asked: Path) -> None:
    found = corridor.capacity_each("pairs", scenario=asked)
    (both,) = found.cuts
    assert (both.no_path, both.no_path_gbps, both.times) == (("x", "y"), 7, None)
    assert found.supported_gbps == pytest.approx(17.5)  # without failures: ab takes 2.5 times x
    assert "Cuts that overload a fibre: 0; that leave demands without a path: 1." in told(
        found, worst=5
    )


def test_the_first_overload_has_a_year_a_fibre_and_a_failure(asked: Path) -> None:
    found = corridor.capacity_each("fibres", scenario=asked, growth="10%")
    years = {one.year: one for one in found.years}
    assert [*years] == list(range(2026, 2037))
    assert years[2027].worst.share == pytest.approx(7.7 / 8)
    assert link(years[2028].worst) == ("ac", "a", 8.47, 8.47 / 8, -0.47)
    assert years[2028].worst.cut == ("link:ab",)
    assert [years[year].overloads for year in (2027, 2028, 2030, 2036)] == [0, 1, 2, 3]
    text = told(found, worst=5)
    assert "First overload under a cut: 2028, ac from a, 106 % under the cut of ab." in text
    assert "First overload without failures: 2036, ab from a, 104 %." in text
    assert "Growth of demands: 10 % a year, stated." in text


def test_a_class_or_a_demand_grows_alone(asked: Path) -> None:
    growth = {"ckpt": "100%", "x": "25%", "y": "0%"}  # the demand's own replaces the class's
    found = corridor.capacity_each("fibres", scenario=asked, growth=growth, years=2)
    assert [one.worst.load_gbps for one in found.years] == [7, 8, 9.25]
    assert [one.overloads for one in found.years] == [0, 0, 1]
    assert [one.demands_gbps for one in found.years] == [7, 8, 9.25]


def test_background_takes_capacity_and_grows_by_its_own_rate(tmp_path: Path) -> None:
    scenario = written(tmp_path, SCENARIO + STATED)
    growth = {"": "0%", "background": "50%"}
    found = corridor.capacity_each("fibres", scenario=scenario, growth=growth, years=3)
    worst = row(found, "link:ab")
    assert (worst.fullest.load_gbps, worst.fullest.background_gbps) == (9, 2)
    assert (worst.overloaded, worst.shortfall_gbps) == (1, pytest.approx(1))
    assert worst.times == pytest.approx(6 / 7)
    assert row(found, "link:ac").fullest.fibre == "ab"  # what was on ac is dropped with it
    assert [one.usual.load_gbps for one in found.years] == [5, 6, 7.5, 9.75]
    assert [one.worst.load_gbps for one in found.years] == [9, 10, 11.5, 13.75]


def test_growth_of_background_is_that_of_its_figures_with_source_and_bounds() -> None:
    found = corridor.capacity_each("fibres", scenario="examples/background.yaml", growth="0%")
    rates = {one.of: one for one in found.growth}
    pakistan = rates["background PK"]
    assert (pakistan.per_year, pakistan.low, pakistan.high) == (0.24, 0.11, 0.4)
    assert (pakistan.basis, pakistan.confidence) == ("published", "unsure")
    assert pakistan.source.startswith("TechJuice on PTA")
    now, then = found.years
    assert (now.year, then.year) == (2026, 2027)
    assert "can be carried to 2028-03-18" in found.until
    cable = next(one for one in found.links if one.fibre == "tw1-karachi-fujairah")
    assert cable.cut
    assert then.usual_bounds[0] < then.usual.share < then.usual_bounds[1]
    assert then.usual.background_gbps == pytest.approx(1.24 * now.usual.background_gbps)
    longer = corridor.capacity_each(
        "fibres", scenario="examples/background.yaml", growth={"": "0%", "background": "24%"}
    )
    assert (len(longer.years), longer.until) == (11, "")
    assert longer.years[1].usual.share == pytest.approx(then.usual.share)


@pytest.mark.parametrize("fibre", ["smw5-karachi-fujairah", "gbi-fujairah-dammam"])
def test_a_row_has_the_loads_of_the_single_cut(fibre: str) -> None:
    loaded = load_scenario("examples/background.yaml")
    scenario = loaded.scenario.model_copy(update={"objective": "none"})
    loaded = loaded.model_copy(update={"scenario": scenario})  # rates choose no path
    asked = CapacityQuestion(dead=(f"link:{fibre}",), intervals=False)
    alone = capacity_answer(loaded, asked)
    one = row(capacity_each_answer(loaded, "fibres"), f"link:{fibre}")
    first = max(alone.links, key=lambda each: each.usual_share)
    assert one.fullest.share == pytest.approx(first.usual_share, rel=1e-4)  # rounded to bit/s
    assert one.fullest.load_gbps == pytest.approx(first.usual_gbps, rel=1e-4)
    full = [each for each in alone.links if each.usual_share > 1.0001]
    assert one.overloaded == len(full)
    short = sum(each.usual_gbps - each.capacity.gbps for each in full)
    assert one.shortfall_gbps == pytest.approx(short, rel=1e-3, abs=1e-3)


def test_offered_loads_count_in_both_directions() -> None:
    found = capacity_each_answer(load_scenario("reference"), "groups")
    assert (found.load, found.background) == ("offered", "internet")
    assert found.demands_gbps > 0
    assert len(found.cuts) == 30


def test_the_command_prints_tables_and_the_document(
    asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["capacity", str(asked), "--each", "fibres", "--growth", "ckpt=10%", "--growth", "0%"]
    assert main([*words, "--years", "1", "--worst", "2"]) == 0
    out = capsys.readouterr().out
    assert "committed rates of 7 Gbit/s in total" in out
    assert "1 more row: use --worst 3 or --json" in out
    assert "Growth of ckpt: 10 % a year, stated." in out
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    growth = {"ckpt": "10%", "": "0%"}
    same = corridor.capacity_each("fibres", scenario=asked, growth=growth).to_json()
    assert document == json.loads(json.dumps(same))
    assert document["schema"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--growth", "25%"], "--growth does not go without --each; add --each groups"),
        (["--each", "fibres", "--cut", "ab"], "--cut does not go with --each"),
        (["--each", "fibres", "--years", "5"], "the growth of demands is not known; state it"),
        (["--each", "fibres", "--growth", "25"], '"25" is not a growth of a year; write 25%'),
        (["--each", "fibres", "--growth", "x=25%"], "the growth of y is not known"),
        (["--each", "fibres", "--growth", "z=25%"], 'nothing with a rate is called "z"'),
        (["--each", "fibres", "--growth", "1%", "--growth", "background=1%"], "no background"),
        (["--each", "fibres", "--load", "peak"], "has no peak rates"),
    ],
)
def test_what_is_not_known_or_does_not_go_together_is_refused(
    asked: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["capacity", str(asked), *words]) == 2
    assert said in capsys.readouterr().err


def test_the_growth_of_stated_background_is_refused_if_unknown(tmp_path: Path) -> None:
    scenario = written(tmp_path, SCENARIO + STATED)
    with pytest.raises(InputError, match="growth of the background, whose rates are stated"):
        corridor.capacity_each("fibres", scenario=scenario, growth="5%")
    assert corridor.capacity_each("fibres", scenario=scenario).years == ()
    with pytest.raises(InputError, match="60 years"):
        corridor.capacity_each("fibres", scenario=scenario, growth="5%", years=60)
