"""How full fibres are, computed of a scenario: loads, growth, what helps, on what it rests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import corridor
from corridor.controller.prover import exact_rates
from corridor.experiments.answers import capacity_loads
from corridor.experiments.answers.capacity_document import CapacityAnswer, capacities
from corridor.experiments.cli import main
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.capacity_text import UNITS, percent, times_of, told
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.background import Link

TOPOLOGY = """name: three
title: Three hubs, a landing that two fibres share, and a fibre emulated at the least rate
capacity: {scale: 1e-3, assumed_terrestrial: 20Tbit, assumed_submarine: 20Tbit,
  min_rate: 10Mbit, max_rate: 15Mbit}
hubs:
- {id: a, name: A, role: core, located_in: CN, lat: 30, lon: 100}
- {id: b, name: B, role: core, located_in: CN, lat: 30, lon: 101}
- {id: c, name: C, role: core, located_in: CN, lat: 31, lon: 100}
capacity_groups: [{id: quay, at: c, capacity: 12Gbit, sources: [a port's paper]}]
fibres:
- {id: ab, a: a, z: b, length: 100km, capacity: 10Gbit}
- {id: ac, a: a, z: c, length: 100km, capacity: 8Gbit, shares: [quay], sources: [a report]}
- {id: bc, a: b, z: c, length: 100km, shares: [quay]}
"""
SCENARIO = """schema: 1
name: asked
topology: three.yaml
policies: none
as_of: 2026-11-24
protect: {k: 1, over: [link]}
demands:
- {id: x, class: ckpt, src: a, dst: b, guarantee: {cir: 4Mbit, pir: 6Mbit}}
- {id: y, class: dr, src: a, dst: c, guarantee: {cir: 3Mbit}}
- {id: free, class: infer, src: b, dst: c}
"""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    return written(tmp_path, SCENARIO)


def written(folder: Path, scenario: str, topology: str = TOPOLOGY) -> Path:
    (folder / "three.yaml").write_text(topology)
    (folder / "asked.yaml").write_text(scenario)
    return folder / "asked.yaml"


def fullest(of: CapacityAnswer) -> tuple[str, str, float, tuple[str, ...]]:
    one = of.links[0]
    return one.fibre, one.hub, one.share, one.failure


def test_the_fullest_fibre_is_named_with_its_worst_failure(asked: Path) -> None:
    found = corridor.capacity(asked)
    assert fullest(found) == ("ac", "a", 0.875, ("link:ab",))
    first = found.links[0]
    assert (first.usual_share, first.usual_gbps, first.load_gbps) == (0.375, 3.0, 7.0)
    assert (first.room_gbps, first.load_bps, first.demands) == (1.0, 7_000_000, ("x", "y"))
    assert found.fits
    assert found.rates_gbps == {"x": 4.0, "y": 3.0}
    assert (found.k, found.over) == (1, ("link",))


def test_a_landing_counts_what_its_fibres_have_together(asked: Path) -> None:
    links = {(one.fibre, one.hub): one for one in corridor.capacity(asked).links}
    into, out = (links["capacity group quay", f"{direction} c"] for direction in ("into", "out of"))
    assert (into.load_gbps, into.failure, into.share) == (7.0, ("link:ab",), 7 / 12)
    assert (out.load_gbps, out.usual_gbps) == (4.0, 0.0)
    assert into.capacity.sources == ("a port's paper",)


def test_growth_is_an_exact_ratio_of_all_a_class_and_a_demand(asked: Path) -> None:
    growth = {one.what: one.first.exact for one in corridor.capacity(asked).growth}
    assert growth == {"": "8/7", "ckpt": "5/4", "dr": "4/3", "x": "5/4", "y": "4/3"}


def test_what_helps_is_told_of_a_tenth_more_than_fits(asked: Path) -> None:
    target = corridor.capacity(asked).target
    assert (target.exact, target.fits) == ("44/35", False)
    assert [(one.fibre, one.add_gbps, one.add_bps) for one in target.add] == [("ac", 0.8, 800_000)]
    assert [(one.demand, one.to_bps) for one in target.lower] == [
        ("x", 3_363_636),
        ("y", 2_363_636),
    ]


def test_what_helps_is_told_of_the_growth_that_is_asked_about(asked: Path) -> None:
    assert corridor.capacity(asked, times="8/7").target.fits
    found = corridor.capacity(asked, grow="ckpt", times=2)
    assert [(one.fibre, one.add_gbps) for one in found.target.add] == [("ab", 1.0), ("ac", 3.0)]
    assert found.next[0].exact == "5/4"


def test_what_does_not_fit_as_it_is_is_told_what_makes_it_fit(asked: Path) -> None:
    found = corridor.capacity(asked, rates={"x": "10Gbit"})
    assert not found.fits
    assert found.target.times == 1
    assert found.next[0].exact == "8/13"
    assert found.stated == ("x=10Gbit",)


def test_what_a_plan_refuses_is_what_does_not_fit_as_emulated(asked: Path) -> None:
    """With rates at a bound of the map, one can be, and not the other."""
    floor = SCENARIO.replace("cir: 3Mbit", "cir: 5Mbit")
    path = written(asked.parent, floor)
    real, emulated = (corridor.capacity(path, held_against=one) for one in ("real", "emulated"))
    assert fullest(real) == ("ac", "a", 9 / 8, ("link:ab",))
    assert fullest(emulated)[2] == 0.9
    assert real.links[0].emulated_share == 0.9
    assert real.at_bounds == ("ac",)
    make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)
    full = corridor.capacity(
        written(asked.parent, floor.replace("5Mbit", "7Mbit")), held_against="emulated"
    )
    assert not full.fits
    with pytest.raises(InputError, match="11Mbit do not fit"):
        make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)


def test_a_capacity_says_on_what_it_rests(asked: Path) -> None:
    of = capacities(load_scenario(str(asked)).topology).of
    assert {name: one.basis for name, one in of.items()} == {
        "ab": "stated",
        "ac": "published",
        "bc": "published",  # by its landing
        "capacity group quay": "published",
    }
    assert (of["ac"].sources, of["ac"].at_bound, of["ac"].gbps) == (("a report",), "floor", 8.0)
    assert of["bc"].gbps == 12.0
    assumed = capacities(corridor.load_topology("mini")).of["guian-kunming"]
    assert (assumed.basis, assumed.gbps) == ("assumed", 32000.0)


def test_peaks_and_what_workloads_offer_are_told_apart(asked: Path) -> None:
    sends = SCENARIO + (
        "workloads:\n"
        "- {id: feed, kind: stream, demands: [free], rate: 2Gbit}\n"
        "- {id: ask, kind: requests, demands: [x], interval: 10ms, up: 1kB, down: 9kB}\n"
        "- {id: round, kind: collective, demands: [y], apart: true, size: 1GB, rounds: 1}\n"
    )
    path = written(asked.parent, sends)
    found = corridor.capacity(path)
    assert next((one.load, one.first.exact) for one in found.others) == ("peak", "8/9")
    offered = corridor.capacity(path, load="offered")
    assert offered.rates_gbps == {"free": 2.0, "x": 0.8, "x.return": 7.2}
    assert offered.uncounted == ("round",)
    assert {one.what for one in offered.growth if one.kind == "class"} == {"ckpt", "infer"}


def test_a_cut_that_lasts_is_planned_around_first(asked: Path) -> None:
    found = corridor.capacity(asked, cut=["ab"])
    links = {(one.fibre, one.hub): one for one in found.links}
    assert ("ab", "a") not in links
    assert links["ac", "a"].usual_gbps == 7.0
    assert found.cut == ("link:ab",)


def test_a_demand_that_no_fibre_of_its_path_carries_is_said_to_be(asked: Path) -> None:
    (large,) = corridor.capacity(asked, rates={"y": "9Gbit"}).too_large
    assert (large.demand, large.fibre, large.gbps) == ("y", "ac", 9.0)
    assert large.widest_gbps == 10.0  # by b, which is farther
    (none,) = corridor.capacity(asked, rates={"y": "13Gbit"}).too_large
    assert none.widest_gbps == 10.0
    text = told(corridor.capacity(asked, rates={"y": "13Gbit"}))
    assert "no permitted path has more than 10 Gbit/s. Demands are not split" in text


def test_an_aggregate_pays_once_and_grows_as_one(tmp_path: Path) -> None:
    found = corridor.capacity("examples/customer_pipe.yaml")
    kinds = {one.what: one.kind for one in found.growth}
    assert kinds == {"": "all", "customer": "aggregate", "dr": "class", "neighbour": "demand"}
    assert found.rates_gbps == {"customer": 20000.0, "neighbour": 10000.0}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mini"], "mini states no rate of any demand; give demands a guarantee, state rates"),
        (
            ["{}", "--grow", "nothing"],
            'nothing with a rate is called "nothing"; name one of ckpt, ',
        ),
        (["{}", "--grow", "ckp"], 'did you mean "ckpt"?'),
        (["{}", "--load", "offered"], "asked has no offered rates; it has committed and peak ones"),
        (["{}", "--rate", "z=1Tbit"], 'no class or demand of asked is called "z"'),
        (["{}", "--rate", "1"], "rate 1 has no unit"),
        (["{}", "--rate", "1Gbit", "--rate", "2Gbit"], "two rates are stated of all; state one"),
        (["{}", "--rate", "1bit"], "1bit of x is 0 bit/s as emulated"),
        (["{}", "--cut", "ad"], 'no fibre or shared-risk group is called "ad"'),
        (["{}", "--cut", "ab", "--cut", "ac"], "no demand of asked with a rate has a path: x, y"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(
    asked: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["capacity", *(word.format(asked) for word in words)]) == 2
    assert said in (err := capsys.readouterr().err)
    assert err.count("\n") == 1


@pytest.mark.parametrize("growth", ["x=", "0", "x=-1", "x=1/0", "2000000"])
def test_a_growth_that_is_none_is_refused(
    asked: Path, growth: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["capacity", str(asked), "--grow", growth])
    assert ended.value.code == 2
    assert "--grow" in capsys.readouterr().err


def test_the_command_says_first_what_it_comes_to(
    asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["capacity", str(asked)]) == 0
    text = capsys.readouterr().out
    assert (
        "No overload. Highest utilization: ac from a, 88 % (7 of 8 Gbit/s, published) when ab "
        "fails; 38 % without failures.\n"
        "All traffic can grow by a factor of at least 1.142 with paths chosen for the grown rates; "
        "the bottleneck is then ac from a when ab fails. Next: ab from a at 1.428.\n"
    ) in text
    assert "^ emulated rate clipped to a bound of the map (1 location)." in text


TWO_BULK = """schema: 1
name: two
topology: mini
demands:
- {id: training, class: ai_bulk, src: shanghai, dst: guian}
- {id: copies, class: dr, src: shanghai, dst: guian}
"""
"""Two paths lead there, of 32 Tbit/s each: the direct fibre, and that by Kunming."""


@pytest.fixture
def two(tmp_path: Path) -> Path:
    (tmp_path / "two.yaml").write_text(TWO_BULK)
    return tmp_path / "two.yaml"


def test_growth_is_of_the_paths_that_grown_rates_bring(two: Path) -> None:
    """On one path 32 / (2 x 10), on two 32 / 10."""
    found = corridor.capacity(two, rates={"": "10Tbit"})
    assert (found.paths, found.next[0].exact, found.growth[0].first.exact) == (
        "chosen",
        "16/5",
        "16/5",
    )
    assert found.links[0].share == 20 / 32
    text = told(found)
    assert (
        "All traffic can grow by a factor of at least 3.2 with paths chosen for the grown rates; "
        "the bottleneck is then guian-kunming from kunming without failures."
    ) in text
    assert "Growth factors other than that of all traffic are with today's paths." in text
    (dr,) = (one for one in found.growth if one.what == "dr")
    assert (dr.first.exact, dr.paths) == ("11/5", "today")


@pytest.mark.parametrize("times", [1, 1.5, 3, 3.2, 3.3, 6])
def test_one_question_in_two_ways_has_one_answer(two: Path, times: float) -> None:
    """As growth of 10 Tbit/s, and as a rate; both paths carry up to 32."""
    grown = corridor.capacity(two, rates={"": "10Tbit"}, times=times)
    stated = corridor.capacity(two, rates={"": f"{10 * times:g}Tbit"})
    fits = 10 * times <= 32
    assert (grown.target.fits, stated.fits) == (fits, fits)
    assert (grown.next[0].times >= times) is fits
    text = told(grown)
    said = f"No overload at {'current rates' if times == 1 else f'all traffic x {times:g}'}"
    assert (said in text) is fits


def test_the_least_upgrade_is_on_the_paths_that_need_least(two: Path) -> None:
    """At 4 times, 40 Tbit/s each: 8 more on each of three fibres, or 48 more on the direct one."""
    target = corridor.capacity(two, rates={"": "10Tbit"}, times=4).target
    places = ("guian-kunming", "shanghai-guian", "shanghai-kunming")
    assert {one.fibre: one.add_gbps for one in target.add} == dict.fromkeys(places, 8000)
    assert target.paths == "chosen"


def test_paths_that_no_rate_changes_are_not_said_to_be_chosen(two: Path) -> None:
    two.write_text(TWO_BULK + "objective: none\n")
    found = corridor.capacity(two, rates={"": "10Tbit"})
    assert (found.paths, found.next[0].exact) == ("fixed", "8/5")
    text = told(found)
    assert "All traffic can grow by a factor of 1.6; the bottleneck is then shanghai-guian" in text
    assert "today's paths" not in text


def test_a_search_that_would_take_minutes_is_left_out_and_said(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corridor.experiments.answers.capacity_answer.MOST_ROWS", 0)
    found = corridor.capacity(two, rates={"": "10Tbit"})
    assert (found.paths, found.next[0].exact) == ("today", "8/5")
    text = told(found)
    assert "can grow by a factor of 1.6 with today's paths; the bottleneck" in text
    assert "Growth factors are with today's paths: choosing paths" in text
    asked = corridor.capacity(two, rates={"": "10Tbit"}, times=3)
    assert (asked.target.fits, asked.target.paths) == (True, "chosen")
    assert asked.next[0].times >= 3


def test_tables_fit_where_a_terminal_is_narrow(asked: Path) -> None:
    text = told(corridor.capacity(asked), width=60)
    tables = [line for line in text.splitlines() if "  " in line]
    assert max(map(len, tables)) <= 60


def test_so_many_rows_are_told_as_are_asked_for(asked: Path) -> None:
    text = told(corridor.capacity(asked), worst=1)
    assert "5 more rows: use --worst 6 or --json" in text


def test_as_json_it_is_what_python_gets(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", str(asked), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads(json.dumps(corridor.capacity(asked).to_json()))
    assert document["schema"] == 1


def test_figures_are_never_rounded_to_what_they_are_not() -> None:
    assert [percent(one) for one in (0.9999, 1.0, 1.0001, 0.5)] == [
        "99.9 %",
        "100 %",
        "100.1 %",
        "50 %",
    ]
    assert [times_of(one) for one in (1.9999, 0.99999, 12.7)] == ["1.999", "0.999", "12"]
    tbit, gbit, _ = UNITS
    assert [tbit.number(one) for one in (833.333, 32000, 120_000)] == ["0.833", "32", "120"]
    assert (gbit.enough(1.0001), gbit.no_more(9.9999), gbit.enough(0)) == ("1.01", "9.99", "0")


# Background traffic on the fibres.

BACKGROUND = "background: {fibres: {ac: {c: 2Gbit}, ab: {a: 5Gbit}, bc: {b: 1Gbit}}}\n"


def test_utilization_is_that_of_demands_and_background(tmp_path: Path) -> None:
    found = corridor.capacity(written(tmp_path, SCENARIO + BACKGROUND))
    links = {(one.fibre, one.hub): one for one in found.links}
    full, opposite = links["ac", "a"], links["ab", "b"]
    assert (full.usual_share, full.usual_background_gbps) == ((3 + 2) / 8, 2.0)
    assert (full.share, full.load_gbps, full.background_gbps) == ((7 + 2) / 8, 9.0, 2.0)
    assert (full.demands, full.failure) == (("x", "y"), ("link:ab",))
    assert (full.background_low_gbps, full.background_high_gbps) == (None, None)
    assert (opposite.usual_share, opposite.demands) == (0.5, ())
    assert not found.fits
    assert found.background is not None
    assert (found.background.source, found.background.flows) == ("stated", ("ac/c", "ab/a", "bc/b"))


def test_background_does_not_grow_and_is_not_lowered(tmp_path: Path) -> None:
    found = corridor.capacity(written(tmp_path, SCENARIO + BACKGROUND))
    first = found.growth[0].first
    assert (first.exact, first.fibre, first.demands) == ("6/7", "ac", ("x", "y"))
    assert {one.demand: one.to_gbps for one in found.target.lower} == {"x": 3.0, "y": 2.0}


def test_what_a_failure_cuts_carries_no_background(tmp_path: Path) -> None:
    found = corridor.capacity(written(tmp_path, SCENARIO + BACKGROUND), cut=["ab"])
    assert found.background is not None
    assert found.background.shortfalls_gbps == {"ab": 5.0}
    assert "Background that is not carried: ab 5 Gbit/s." in told(found)
    assert "ab" not in {one.fibre for one in found.links}
    landing = next(
        one
        for one in corridor.capacity(written(tmp_path, SCENARIO + BACKGROUND)).links
        if (one.fibre, one.hub) == ("capacity group quay", "into c")
    )
    assert (landing.load_gbps, landing.background_gbps) == (9.0, 2.0)


def test_background_is_a_column_of_its_own(tmp_path: Path) -> None:
    text = told(corridor.capacity(written(tmp_path, SCENARIO + BACKGROUND)))
    _, first, background, *_ = text.splitlines()
    assert first.startswith("Overload on")  # which heads the page
    assert background == "Background: stated rates of 3 link directions."
    assert "9 of 8 Gbit/s, published; background 2" in text
    (heads,) = [line for line in text.splitlines() if line.startswith("fibre ")]
    assert heads.split()[:5] == ["fibre", "from", "hub", "capacity", "background"]
    assert "background" not in told(corridor.capacity(written(tmp_path, SCENARIO))).lower()


def test_internet_traffic_has_intervals_and_owners_move_it_after_a_cut(tmp_path: Path) -> None:
    scenario = tmp_path / "beside.yaml"
    scenario.write_text(
        "schema: 1\nname: beside\ntopology: pan-asia\nas_of: 2026-11-24\nbackground: internet\n"
        "demands:\n- {id: one, class: dr, src: fujairah, dst: karachi, guarantee: {cir: 1Mbit}}\n"
    )
    usual, cut = (corridor.capacity(scenario, cut=of) for of in ([], ["tw1-karachi-fujairah"]))
    before, after = (
        {(one.fibre, one.hub): one for one in found.links}["smw5-karachi-fujairah", "fujairah"]
        for found in (usual, cut)
    )
    assert before.background_low_gbps is not None
    assert before.background_high_gbps is not None
    assert before.background_low_gbps < before.background_gbps < before.background_high_gbps
    assert after.usual_background_gbps > before.usual_background_gbps
    assert usual.background is not None
    assert cut.background is not None
    before, now = usual.background.shortfalls_gbps, cut.background.shortfalls_gbps
    assert all(now[country] >= gbps for country, gbps in before.items())
    assert "pk-twa-tw1/gulf" in {*usual.background.flows} - {*cut.background.flows}
    red_sea = corridor.capacity(scenario, cut=["corridor:red-sea"])
    group = red_sea.background
    felt = corridor.cut("red-sea", scenario=str(scenario)).internet
    assert group is not None
    assert felt is not None
    own = {one.country: one.shortfall("own").value for one in felt.countries}
    lost = {one: own[one] for one in ("PK", "KW", "BD") if own[one]}
    assert group.shortfalls_gbps == pytest.approx(lost)
    assert "Background that is not carried: Kuwait " in told(red_sea)


def test_owners_have_moved_background_in_each_failure_set(tmp_path: Path) -> None:
    """As much as after a permanent cut of the same element."""
    scenario = tmp_path / "moved.yaml"
    scenario.write_text(
        "schema: 1\nname: moved\ntopology: pan-asia\nas_of: 2026-11-24\nbackground: internet\n"
        "protect: {k: 1, over: [link]}\n"
        "demands:\n- {id: one, class: dr, src: fujairah, dst: karachi, guarantee: {cir: 1Mbit}}\n"
    )
    found = corridor.capacity(scenario)
    assert found.background is not None
    assert found.background.moved
    worst = next(one for one in found.links if len(one.failure) == 1 and one.background_gbps > 0)
    assert worst.background_gbps > worst.usual_background_gbps
    (failed,) = worst.failure
    cut = corridor.capacity(scenario, cut=[failed.removeprefix("link:")])
    same = {(one.fibre, one.hub): one for one in cut.links}[worst.fibre, worst.hub]
    assert worst.background_gbps == pytest.approx(same.usual_background_gbps, rel=1e-6)
    assert "In failure sets, owners have moved it to their other fibres" in told(found)
    assert "In failure sets" not in told(replace(found, k=0))
    twice = scenario.with_name("twice.yaml")
    twice.write_text(scenario.read_text().replace("k: 1", "k: 2"))
    dropped = corridor.capacity(twice)
    assert dropped.background is not None
    assert not dropped.background.moved
    assert "traffic of failed fibres is dropped; only --cut" in told(dropped)


def test_circuits_that_only_pass_a_failed_hub_stay_in_its_failure_set(tmp_path: Path) -> None:
    """As after a cut of the hub: Falcon passes Dammam off shore on its way to Dubai and Muscat."""
    scenario = tmp_path / "hubs.yaml"
    scenario.write_text(
        "schema: 1\nname: hubs\ntopology: pan-asia\nas_of: 2026-11-24\nbackground: internet\n"
        "protect: {k: 1, over: [hub]}\n"
        "demands:\n- {id: one, class: dr, src: fujairah, dst: karachi, guarantee: {cir: 1Mbit}}\n"
    )
    served = capacity_loads.serve(load_scenario(str(scenario)))
    (one,) = exact_rates.asked(served.explorer, served.searched.values())
    found, hub = capacity_loads.with_background(one, served), "hub:dammam"
    dead = found.elements[hub]
    loads: dict[Link, int] = {}
    for use in found.uses:
        if use.demand.startswith(capacity_loads.BACKGROUND) and use.down <= dead:
            if use.alive & dead:
                continue
            for link in use.links:
                loads[link] = loads.get(link, 0) + use.cir_bps
    cut = served.without(hub).link_gbps
    assert loads.keys() >= cut.keys()
    for link, gbps in cut.items():
        assert loads[link] == pytest.approx(served.emulated_bps(gbps), rel=1e-3, abs=5), link
    assert sum(of for (fibre, _), of in loads.items() if fibre == "falcon-muscat-dubai") > 25e6
