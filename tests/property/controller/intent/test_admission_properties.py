"""Admission against brute force: every failure set is tried, and packets walk the network.

The judge knows no bounds, no sets of elements and no generated rows: it enumerates.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.intent.admit import admit
from corridor.controller.intent.values import Admission, Link, Use

FEW = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MOST_FOUND = 4
rates = st.one_of(st.integers(1, 9), st.integers(1, 9).map(lambda n: n * 10**9 + n * 7))


@dataclass(frozen=True)
class Case:
    """What ``admit`` is given."""

    uses: tuple[Use, ...]
    capacity_bps: dict[str, int]
    elements: dict[str, frozenset[str]]
    k: int | dict[str, int]

    def admit(self) -> Admission:
        return admit(self.uses, self.capacity_bps, self.elements, self.k)

    @property
    def cirs(self) -> dict[str, int]:
        """By whose they are: a demand's, or that of several together."""
        return {use.pays_as: use.cir_bps for use in self.uses}

    @property
    def links(self) -> set[Link]:
        return {link for use in self.uses for link in use.links}

    def promise(self, payer: str) -> int:
        if isinstance(self.k, int):
            return self.k
        return max(self.k[use.demand] for use in self.uses if use.pays_as == payer)

    def limit(self, link: Link) -> int:
        return self.capacity_bps[link[0]]

    def failure_sets(self) -> Iterator[tuple[str, ...]]:
        """All of them: the fewest first, then those that take down least, then by name."""
        names = sorted(self.elements, key=lambda name: (len(self.elements[name]), name))
        most = max(map(self.promise, self.cirs), default=0)
        for size in range(most + 1):
            yield from itertools.combinations(names, size)

    def crossings(self, failure: tuple[str, ...]) -> dict[Link, Counter[str]]:
        """How often each rate's demands cross each link under these failures: of several together,
        as often as the one that does most."""
        dead = frozenset().union(*(self.elements[name] for name in failure))
        found: dict[Link, Counter[str]] = {link: Counter() for link in self.links}
        for use in self.uses:
            alive = use.up | {fibre for fibre, _ in use.links}
            if use.down <= dead and alive.isdisjoint(dead):
                for link, times in Counter(use.links).items():
                    found[link][use.pays_as] = max(found[link][use.pays_as], times)
        return found

    def promised(self) -> Iterator[tuple[tuple[str, ...], Link, Counter[str]]]:
        """Each link under each failure set under which a demand on it is promised a rate."""
        for failure in self.failure_sets():
            for link, demands in self.crossings(failure).items():
                if any(self.promise(demand) >= len(failure) for demand in demands):
                    yield failure, link, demands

    def worst(self) -> dict[Link, tuple[int, tuple[str, ...], tuple[str, ...]]]:
        worst = dict.fromkeys(self.links, (0, (), ()))
        for failure, link, demands in self.promised():
            load = sum(self.cirs[demand] * times for demand, times in demands.items())
            if load > worst[link][0]:
                worst[link] = load, failure, tuple(sorted(demands))
        return worst


@st.composite
def decisions(draw: st.DrawFn, demand: str, cir: int, things: tuple[str, ...]) -> list[Use]:
    """The leaves of a random decision tree: each thing tested is alive, or is not."""
    leaves = []

    def grow(links: tuple[Link, ...], up: frozenset[str], down: frozenset[str]) -> None:
        crossed = {fibre for fibre, _ in links}
        known = up | down | crossed
        rest = [thing for thing in things if thing not in known]
        if not rest or len(known) > 3 or draw(st.integers(0, 3)) == 0:
            leaves.append(Use(demand, cir, down, links, up))
            return
        thing = draw(st.sampled_from(rest))
        grow(links, up, down | {thing})
        if thing.startswith("gate"):
            grow(links, up | {thing}, down)
        else:
            hops = draw(st.lists(st.sampled_from("ab"), min_size=1, max_size=2))
            grow((*links, *((thing, hub) for hub in hops)), up, down)

    grow((), frozenset(), frozenset())
    return leaves


@st.composite
def cases(draw: st.DrawFn) -> Case:
    things = ("f1", "f2", "f3", "f4", "f5", "gate")
    demands = ("d1", "d2", "d3", "d4")[: draw(st.integers(1, 4))]
    uses = [use for name in demands for use in draw(decisions(name, draw(rates), things))]
    sharing = draw(st.sets(st.sampled_from(demands)))
    if len(sharing) > 1:
        cir = draw(rates)
        uses = [
            replace(use, payer="pipe", cir_bps=cir) if use.demand in sharing else use
            for use in uses
        ]
    sets = st.frozensets(st.sampled_from(things), min_size=1, max_size=3)
    elements = draw(st.lists(sets, max_size=6)) + [frozenset({one}) for one in things[::2]]
    each = st.fixed_dictionaries({name: st.integers(0, 3) for name in demands})
    return with_capacity(
        draw,
        tuple(uses),
        {f"e{n}": one for n, one in enumerate(elements)},
        st.integers(0, 3) | each,
    )


def with_capacity(
    draw: st.DrawFn,
    uses: tuple[Use, ...],
    elements: dict[str, frozenset[str]],
    ks: st.SearchStrategy[int | dict[str, int]],
) -> Case:
    """Capacities around what is needed, so that some cases fit and most do not."""
    case = Case(uses, {}, elements, draw(ks))
    for (fibre, _), (load, *_) in case.worst().items():
        percent = draw(st.sampled_from((30, 70, 100, 130)))
        needed = load * percent // 100
        case.capacity_bps[fibre] = max(needed, case.capacity_bps.get(fibre, 0))
    return case


@dataclass(frozen=True)
class Ring:
    """Hubs around a ring with chords. Every hub knows the shortest path around what it knows
    dead."""

    ends: Mapping[str, tuple[int, int]]

    def path(self, src: int, dst: int, dead: frozenset[str]) -> list[Link] | None:
        queue: list[tuple[int, list[Link]]] = [(src, [])]
        met = {src}
        for hub, links in queue:
            if hub == dst:
                return links
            for fibre in sorted(self.ends.keys() - dead):
                if hub in self.ends[fibre]:
                    far = sum(self.ends[fibre]) - hub
                    if far not in met:
                        met.add(far)
                        queue.append((far, [*links, (fibre, str(hub))]))
        return None

    def walk(self, src: int, dst: int, dead: frozenset[str]) -> tuple[list[Link], frozenset[str]]:
        """What a packet crosses until it arrives or is dropped, and what it finds dead."""
        crossed: list[Link] = []
        found: frozenset[str] = frozenset()
        while src != dst and (path := self.path(src, dst, found)) is not None:
            fibre, _ = path[0]
            if fibre in dead:
                found |= {fibre}
            elif len(found) > MOST_FOUND or len(crossed) > 12:
                break
            else:
                crossed.append(path[0])
                src = sum(self.ends[fibre]) - src
        return crossed, found

    def uses(self, demand: str, cir: int, src: int, dst: int) -> list[Use]:
        """One for each set of fibres that a packet may find dead."""
        uses: dict[frozenset[str], Use] = {}
        waiting = [frozenset[str]()]
        while waiting:
            crossed, found = self.walk(src, dst, waiting.pop())
            if found not in uses:
                uses[found] = Use(demand, cir, found, tuple(crossed))
                waiting += [found | {fibre} for fibre, _ in crossed]
        return list(uses.values())


@st.composite
def rings(draw: st.DrawFn) -> tuple[Case, Ring, dict[str, tuple[int, int]]]:
    count = draw(st.integers(3, 5))
    pairs = [(hub, (hub + 1) % count) for hub in range(count)]
    hubs = st.integers(0, count - 1)
    unequal = st.tuples(hubs, hubs).filter(lambda pair: pair[0] != pair[1])
    pairs += draw(st.lists(unequal, max_size=2))
    ring = Ring({f"f{number}": pair for number, pair in enumerate(pairs)})
    trips = {
        f"d{n}": trip for n, trip in enumerate(draw(st.lists(unequal, min_size=1, max_size=4)))
    }
    uses = [use for name, trip in trips.items() for use in ring.uses(name, draw(rates), *trip)]
    elements = {f"link:{fibre}": frozenset({fibre}) for fibre in ring.ends}
    elements["srlg:x"] = draw(st.frozensets(st.sampled_from(sorted(ring.ends)), max_size=3))
    elements["hub:0"] = frozenset(fibre for fibre, ends in ring.ends.items() if 0 in ends)
    return with_capacity(draw, tuple(uses), elements, st.integers(0, 2)), ring, trips


@FEW
@given(cases())
def test_worst_loads_are_those_of_brute_force_with_the_first_of_the_smallest_causes(case):
    worst = case.worst()
    links = case.admit().links
    assert [(link.fibre, link.hub) for link in links] == sorted(worst)
    for link in links:
        assert (link.load_bps, link.failure, link.demands) == worst[link.fibre, link.hub]
        assert link.limit_bps == case.limit((link.fibre, link.hub))


@FEW
@given(rings())
def test_worst_loads_are_those_of_packets_that_walk_the_network(found):
    case, ring, trips = found
    worst: Counter[Link] = Counter()
    for failure in case.failure_sets():
        dead = frozenset().union(*(case.elements[name] for name in failure))
        load: Counter[Link] = Counter()
        for demand, trip in trips.items():
            for link in ring.walk(*trip, dead)[0]:
                load[link] += case.cirs[demand]
        worst |= load
    assert {
        (one.fibre, one.hub): one.load_bps for one in case.admit().links if one.load_bps
    } == worst


def lowered(case: Case, admission: Admission) -> dict[str, int]:
    return case.cirs | {one.demand: one.to_bps for one in admission.lowered}


@FEW
@given(st.one_of(cases(), rings().map(lambda found: found[0])))
def test_the_lowered_rates_fit_under_every_failure_set(case):
    cirs = lowered(case, case.admit())
    for failure, link, demands in case.promised():
        load = sum(cirs[demand] * times for demand, times in demands.items())
        assert load <= case.limit(link), f"{link} when {failure}"


@FEW
@given(st.one_of(cases(), rings().map(lambda found: found[0])))
def test_no_less_can_be_given_up(case):
    admission = case.admit()
    given_up = sum(one.cir_bps - one.to_bps for one in admission.lowered)
    least = least_given_up(case)
    rounding = len(admission.lowered)
    assert least - 0.01 <= given_up <= least + rounding + 0.01
    assert admission.fits == (given_up == 0)


def least_given_up(case: Case) -> float:
    """By a linear program with a row for each link under every failure set."""
    from scipy.optimize import linprog

    names = sorted(case.cirs)
    rows = {
        (case.limit(link), *(demands[name] for name in names))
        for _, link, demands in case.promised()
    }
    if not rows:
        return 0.0
    unit = max(case.cirs.values()) / 1e5
    kept = linprog(
        [-1.0] * len(names),
        [row[1:] for row in rows],
        [row[0] / unit for row in rows],
        bounds=[(0, case.cirs[name] / unit) for name in names],
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert kept.status == 0
    return sum(case.cirs.values()) + kept.fun * unit


@FEW
@given(st.one_of(cases(), rings().map(lambda found: found[0])))
def test_the_added_capacity_makes_it_fit_and_no_less_does(case):
    added = case.admit().added
    more = case.capacity_bps | {one.fibre: one.capacity_bps + one.add_bps for one in added}
    assert admit(case.uses, more, case.elements, case.k).fits
    for one in added:
        less = more | {one.fibre: more[one.fibre] - 1}
        assert not admit(case.uses, less, case.elements, case.k).fits


@FEW
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_nothing_matters(case, chance):
    def shuffled(some: Mapping[str, object]) -> dict[str, object]:
        return dict(chance.sample(list(some.items()), len(some)))

    uses = chance.sample(case.uses, len(case.uses))
    k = case.k if isinstance(case.k, int) else shuffled(case.k)
    again = admit(uses, shuffled(case.capacity_bps), shuffled(case.elements), k)
    assert again == case.admit()
    assert again.refusal() == case.admit().refusal()


def test_a_dozen_demands_on_one_network_as_by_brute_force():
    chance = random.Random(5)
    hubs = range(9)
    ring = Ring(
        {f"f{hub}": (hub, (hub + 1) % 9) for hub in hubs}
        | {f"g{number}": tuple(chance.sample(hubs, 2)) for number in range(6)}
    )
    uses = []
    for number in range(12):
        cir = chance.randrange(1, 10**9)
        uses += ring.uses(f"d{number}", cir, *chance.sample(hubs, 2))
    elements = {f"link:{fibre}": frozenset({fibre}) for fibre in ring.ends}
    elements |= {
        f"srlg:{number}": frozenset(chance.sample(sorted(ring.ends), 3)) for number in range(3)
    }
    case = Case(tuple(uses), dict.fromkeys(ring.ends, 10**9), elements, 2)
    worst = case.worst()
    admission = case.admit()
    for link in admission.links:
        assert (link.load_bps, link.failure, link.demands) == worst[link.fibre, link.hub]
    given_up = sum(one.cir_bps - one.to_bps for one in admission.lowered)
    assert -0.01 <= given_up - least_given_up(case) <= 12.01
