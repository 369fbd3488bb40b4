"""Capacity answers against brute force: packets walk the paths under every failure, one by one.

The judge shares nothing with the answer but the paths: no tables, no search, no admission. A
question that is asked as growth and as rates has one answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.compiler import build_forwarding_graphs
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.specification import elements, failures_of
from corridor.controller.policy.model import Bandwidth
from corridor.controller.policy.semantics import Failures
from corridor.experiments.answers.capacity_answer import CapacityQuestion, capacity_answer
from corridor.experiments.answers.capacity_document import CapacityAnswer
from corridor.experiments.answers.capacity_each import capacity_each_answer
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario, load_document
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.units import parse_rate_bps

FEW = settings(max_examples=16, deadline=None, suppress_health_check=list(HealthCheck))
SCALE = Fraction("1e-3")
HUBS = "abcde"
RING = ("ab", "bc", "cd", "de", "ea")
CHORDS = ("ac", "bd", "ce")
type Link = tuple[str, str]


@dataclass(frozen=True)
class Case:
    loaded: LoadedScenario
    capacity_bps: Mapping[str, Fraction]
    """Of fibres and groups, real ones at the scale of the map."""
    rates: Mapping[str, int]
    """By payer."""
    payer_of: Mapping[str, str]


@st.composite
def networks(draw: st.DrawFn, folder: Path, least: str = "") -> Case:
    pairs = [*RING, *draw(st.sets(st.sampled_from(CHORDS), max_size=3).map(sorted))]
    gbps = st.integers(1, 60)
    landing = draw(st.booleans())
    groups = [{"id": "landing", "at": "c", "capacity": f"{draw(gbps)}Gbit"}] if landing else []
    fibres = [
        {
            "id": pair,
            "a": pair[0],
            "z": pair[1],
            "length": f"{draw(st.integers(10, 900))}km",
            "capacity": f"{draw(gbps)}Gbit",
            **({"shares": ["landing"]} if landing and "c" in pair else {}),
            **({"srlgs": ["duct"]} if draw(st.integers(0, 3)) == 0 else {}),
        }
        for pair in pairs
    ]
    least = least or draw(st.sampled_from(("1Mbit", "20Mbit")))
    topology = {
        "name": "drawn",
        "title": "Drawn",
        "capacity": {
            "scale": 1e-3, "assumed_terrestrial": "1Tbit", "assumed_submarine": "1Tbit",
            "min_rate": least, "max_rate": "1Gbit",
        },
        "hubs": [
            {"id": one, "name": one, "role": "core", "located_in": "CN", "lat": 30, "lon": 100 + at}
            for at, one in enumerate(HUBS)
        ],
        "fibres": fibres,
        **({"capacity_groups": groups} if groups else {}),
    }  # fmt: skip
    ends = st.tuples(st.sampled_from(HUBS), st.sampled_from(HUBS)).filter(
        lambda two: len({*two}) == 2
    )
    chosen = draw(st.lists(ends, min_size=2, max_size=4, unique_by=lambda two: frozenset(two)))
    names = [f"d{number}" for number in range(len(chosen))]
    rates = {name: draw(st.integers(1, 40)) * 10**6 + draw(st.integers(0, 9)) for name in names}
    together = names[:2] if draw(st.booleans()) and len(names) > 2 else []
    demands = [
        {
            "id": name, "class": "dr" if number % 2 else "ckpt", "src": src, "dst": dst,
            **({} if name in together else {"guarantee": {"cir": f"{rates[name]}bit"}}),
        }
        for number, (name, (src, dst)) in enumerate(zip(names, chosen, strict=True))
    ]  # fmt: skip
    pipe = {"id": "pipe", "demands": together, "guarantee": {"cir": f"{rates[names[0]]}bit"}}
    over = draw(st.sets(st.sampled_from(("link", "srlg", "hub")), min_size=1).map(sorted))
    scenario = {
        "schema": 1, "name": "drawn", "topology": "drawn.yaml", "policies": "none",
        "as_of": "2026-11-24", "protect": {"k": draw(st.integers(0, 2)), "over": over},
        "demands": demands, **({"aggregates": [pipe]} if together else {}),
    }  # fmt: skip
    (folder / "drawn.yaml").write_text(yaml.safe_dump(topology))
    (folder / "scenario.yaml").write_text(yaml.safe_dump(scenario))
    loaded = load_document(read_document(folder / "scenario.yaml"), folder)
    capacity = {one["id"]: one["capacity"] for one in fibres}
    known = {name: parse_rate_bps(text) * SCALE for name, text in capacity.items()}
    for fibre in fibres if landing else ():
        if "shares" in fibre:
            known[fibre["id"]] = min(
                known[fibre["id"]], parse_rate_bps(groups[0]["capacity"]) * SCALE
            )
    for group in groups:
        known[f"capacity group {group['id']}"] = parse_rate_bps(group["capacity"]) * SCALE
    payer_of = {name: "pipe" if name in together else name for name in names}
    paid = {payer_of[name]: rates[name] for name in reversed(names)}
    return Case(loaded, known, paid, payer_of)


@dataclass(frozen=True)
class Judge:
    """Every failure set, and how often each payer's rate then crosses each link."""

    net: Case
    dead: Failures

    def failure_sets(self) -> Iterator[tuple[str, ...]]:
        protect = self.net.loaded.scenario.protect
        names = elements(self.net.loaded.topology, protect.over if protect.k else ())
        for size in range(protect.k + 1):
            yield from combinations(names, size)

    def crossings(self) -> Iterator[dict[Link, Counter[str]]]:
        topology = self.net.loaded.topology
        graphs = build_forwarding_graphs(topology, intents_for(self.net.loaded), self.dead)
        for names in self.failure_sets():
            failed = failures_of(topology, names)
            both = Failures(
                failed.links | self.dead.links, failed.srlgs, failed.hubs, failed.gateways
            )
            found: dict[Link, Counter[str]] = {}
            for graph in graphs:
                payer = self.net.payer_of.get(graph.intent.id)
                if payer is None or graph.permit is None:
                    continue
                walk = trace_packet(graph, topology, both).path
                crossed: Counter[Link] = Counter()
                for fibre, hub in zip(walk.fibres, walk.hubs, strict=False):
                    crossed[fibre, hub] += 1
                    for group in topology.fibre(fibre).shares:
                        which = "out of" if hub == group.at else "into"
                        crossed[f"capacity group {group.id}", f"{which} {group.at}"] += 1
                for link, times in crossed.items():
                    counts = found.setdefault(link, Counter())
                    counts[payer] = max(counts[payer], times)
            yield found

    def worst(self, rates: Mapping[str, Fraction]) -> dict[Link, Fraction]:
        worst: dict[Link, Fraction] = {}
        for crossing in self.crossings():
            for link, times in crossing.items():
                load = sum((rates[name] * count for name, count in times.items()), Fraction(0))
                worst[link] = max(worst.get(link, Fraction(0)), load)
        return worst

    def grow(self, growing: set[str]) -> Fraction:
        """The minimum of (limit - staying) / growing over every link and failure; 0 where what
        stays is too much."""
        least: Fraction | None = None
        for crossing in self.crossings():
            for link, times in crossing.items():
                parts = {True: 0, False: 0}
                for name, count in times.items():
                    parts[name in growing] += self.net.rates[name] * count
                room = self.net.capacity_bps[link[0]] - parts[False]
                if parts[True]:
                    times_over = max(room / parts[True], Fraction(0))
                elif room < 0:
                    times_over = Fraction(0)
                else:
                    continue
                least = times_over if least is None else min(least, times_over)
        assert least is not None
        return least

    def fits(self, rates: Mapping[str, Fraction]) -> bool:
        limits = self.net.capacity_bps
        return all(load <= limits[link[0]] for link, load in self.worst(rates).items())


def exact(rates: Mapping[str, int], times: Fraction = Fraction(1)) -> dict[str, Fraction]:
    return {name: bps * times for name, bps in rates.items()}


def check(net: Case, answer: CapacityAnswer, dead: Failures) -> None:
    judge = Judge(net, dead)
    worst = judge.worst(exact(net.rates))
    assert {(one.fibre, one.hub): one.load_bps for one in answer.links} == worst
    for one in answer.links:
        limit = net.capacity_bps[one.fibre]
        assert one.share == float(worst[one.fibre, one.hub] / limit)
    for growth in answer.growth:
        assert Fraction(growth.first.exact) == judge.grow(growing(net, growth.kind, growth.what))
    times = Fraction(answer.target.exact)
    grown = judge.worst(exact(net.rates, times))
    needed: dict[str, Fraction] = {}
    for (fibre, _), load in grown.items():
        lacks = load - net.capacity_bps[fibre]
        if lacks > 0:
            needed[fibre] = max(lacks, needed.get(fibre, Fraction(0)))
    assert {one.fibre: one.add_gbps for one in answer.target.add} == {
        fibre: float(lacks / SCALE / 10**9) for fibre, lacks in needed.items()
    }
    for name in net.rates:
        check_lowering(judge, answer, name, times)


def check_lowering(judge: Judge, answer: CapacityAnswer, name: str, times: Fraction) -> None:
    """Enough, and a millionth more is not; or nothing of it is enough."""
    grown = exact(judge.net.rates, times)
    found = next((one for one in answer.target.lower if one.demand == name), None)
    if answer.target.fits:
        assert found is None
    elif found is None:
        assert not judge.fits(grown | {name: Fraction(0)})
    else:
        assert judge.fits(grown | {name: found.to_bps * times})
        assert not judge.fits(grown | {name: (found.to_bps + 1) * times})


def growing(net: Case, kind: str, what: str) -> set[str]:
    if kind == "all":
        return set(net.rates)
    if kind in ("demand", "aggregate"):
        return {what}
    classes = {one.id: one.data_class for one in net.loaded.scenario.demands}
    return {name for name in net.rates if classes.get(name) == what}


@FEW
@given(st.data())
def test_loads_growth_and_changes_are_those_of_packets_that_walk(tmp_path_factory, data):
    net = data.draw(networks(tmp_path_factory.mktemp("net")))
    check(net, capacity_answer(net.loaded, CapacityQuestion(chooses=False)), Failures())


@FEW
@given(st.data())
def test_the_same_of_a_network_with_a_dead_fibre_planned_again(tmp_path_factory, data):
    net = data.draw(networks(tmp_path_factory.mktemp("net")))
    fibre = data.draw(st.sampled_from([one.id for one in net.loaded.topology.fibres]))
    answer = capacity_answer(net.loaded, CapacityQuestion(dead=(f"link:{fibre}",), chooses=False))
    check(net, answer, Failures(links=frozenset({fibre})))


def shares_under(
    net: Case, fibres: frozenset[str], rates: Mapping[str, Fraction]
) -> list[Fraction]:
    """Utilization of each link that demands cross, while fibres are cut and paths recomputed."""
    crossing = next(Judge(net, Failures(links=fibres)).crossings())
    return [
        sum((rates[name] * count for name, count in times.items()), Fraction(0))
        / net.capacity_bps[link[0]]
        for link, times in crossing.items()
    ]


@FEW
@given(st.data())
def test_each_cut_and_year_is_that_of_packets_that_walk(tmp_path_factory, data):
    """Paths that rates do not choose: a cut has the shortest one that is left."""
    net = data.draw(networks(tmp_path_factory.mktemp("net")))
    scenario = net.loaded.scenario.model_copy(update={"objective": "none"})
    net = replace(net, loaded=net.loaded.model_copy(update={"scenario": scenario}))
    percent = data.draw(st.integers(-20, 90))
    answer = capacity_each_answer(net.loaded, "fibres", growth={"": f"{percent}%"}, years=2)
    least: list[Fraction] = []
    every: list[Fraction] = []
    for one in (answer.usual, *answer.cuts):
        dead = frozenset(name.partition(":")[2] for name in one.cut)
        shares = shares_under(net, dead, exact(net.rates))
        assert one.fullest.share == pytest.approx(float(max(shares, default=0)))
        assert one.overloaded == sum(share > 1 for share in shares)
        if shares:
            assert one.times == pytest.approx(float(1 / max(shares)))
        least.append(1 / max(shares, default=Fraction(1, 10**9)))
        every += shares
    assert answer.supported_times == pytest.approx(float(min(least)))
    assert answer.supported_gbps == pytest.approx(answer.demands_gbps * float(min(least)))
    for number, year in enumerate(answer.years):
        times = Fraction(100 + percent, 100) ** number
        assert year.worst.share == pytest.approx(float(max(every) * times))
    for one in answer.sensitivity:
        check_sensitivity(net, answer.supported_times, one.fibre, one.less_gbps, one.more_gbps)


def check_sensitivity(net: Case, today: float, fibre: str, less: float, more: float) -> None:
    """Against the same search with another capacity of one fibre."""
    total = float(sum(net.rates.values()) / SCALE / 10**9)
    for times, change in ((Fraction(9, 10), less), (Fraction(11, 10), more)):
        known = {**net.capacity_bps, fibre: net.capacity_bps[fibre] * times}
        other = replace(net, capacity_bps=known)
        fibres = [frozenset[str](), *(frozenset([f.id]) for f in net.loaded.topology.fibres)]
        found = max(max(shares_under(other, one, exact(net.rates)), default=0) for one in fibres)
        assert (float(1 / found) - today) * total == pytest.approx(change, abs=1e-6)


def at_rates(loaded: LoadedScenario, times: Fraction) -> bool:
    """Whether all fits if so much is promised in the scenario itself; rates are rounded up."""

    def grown(rates: Bandwidth | None) -> dict[str, Bandwidth]:
        if rates is None:
            return {}
        return {"guarantee": rates.model_copy(update={"cir": math.ceil(rates.cir * times)})}

    scenario = loaded.scenario
    changed = {
        "demands": tuple(o.model_copy(update=grown(o.guarantee)) for o in scenario.demands),
        "aggregates": tuple(o.model_copy(update=grown(o.guarantee)) for o in scenario.aggregates),
    }
    asked = loaded.model_copy(update={"scenario": scenario.model_copy(update=changed)})
    return capacity_answer(asked, CapacityQuestion(chooses=False)).fits


@settings(FEW, max_examples=12)
@given(st.data())
def test_growth_that_is_told_fits_if_its_rates_are_asked_about(tmp_path_factory, data):
    """Just below the growth that is stated they fit, and the target says the same. Above it they
    may fit, too: paths are found by local search, so the growth is a lower bound."""
    net = data.draw(networks(tmp_path_factory.mktemp("net"), least="1Mbit"))
    answer = capacity_answer(net.loaded)
    assert answer.paths == "chosen"
    times = Fraction(answer.next[0].exact)
    assert Fraction(answer.growth[0].first.exact) == times
    if not times:
        return
    below = times * Fraction(9999, 10000)
    assert at_rates(net.loaded, below)
    assert at_rates(net.loaded, Fraction(1)) is (times >= 1)
    assert capacity_answer(net.loaded, CapacityQuestion(times=below)).target.fits
