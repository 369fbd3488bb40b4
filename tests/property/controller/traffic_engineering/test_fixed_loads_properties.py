"""Loads of demands that keep their paths, together with those of others, against admission."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations
from random import Random

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_relaxation_properties import promising

import exact_lab as lab
from corridor.controller.intent.admit import admit
from corridor.controller.intent.intent import KINDS, Aggregate, Disjoint
from corridor.controller.intent.specification import Specification, elements
from corridor.controller.intent.values import Use
from corridor.controller.policy.model import Bandwidth
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_rates import Asked, asked
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.traffic_engineering import least_added_delay
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import (
    NOT_DEAR,
    ByCase,
    CandidatePath,
    Links,
)
from corridor.controller.traffic_engineering.fit_rates import (
    Served,
    with_feasible_paths,
    with_picks,
)
from corridor.controller.traffic_engineering.load_grid import Loads, loads_of
from corridor.controller.traffic_engineering.lower_bounds import minimum_in
from corridor.controller.traffic_engineering.path_program import MBIT, LinearProgram
from corridor.controller.traffic_engineering.path_selection import preferred_paths_of
from corridor.controller.traffic_engineering.selection_setting import (
    SelectionProblem,
    selection_problem_of,
)
from corridor.topologies.model.routing import capacities_bps
from policy_lab import permit

MANY = settings(max_examples=24, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(MANY, max_examples=10)
ASSESSED = {"waypoints": [{"any_of": "gateways", "before": "border"}]}
MOST_SETS = 40
LITTLE = 1e-3


@st.composite
def networks(draw: st.DrawFn) -> Specification:
    """Demands with rates, some of which have one together, or are to be disjoint, or both."""
    net = draw(promising())
    names = [one.demand.id for one in net.directions]
    some = st.lists(st.sampled_from(names), min_size=2, max_size=3, unique=True)
    members = tuple(draw(some)) if draw(st.booleans()) else ()
    pair = tuple(draw(some)) if not members or draw(st.booleans()) else ()
    over = draw(st.lists(st.sampled_from(KINDS), min_size=1, unique=True))
    directions = tuple(
        one.model_copy(update={"bandwidth": None}) if one.demand.id in members else one
        for one in net.directions
    )
    given = Bandwidth.model_validate({"cir": draw(st.sampled_from(("200Mbit", "700Mbit")))})
    policies = net.policies
    if draw(st.booleans()):
        assessed = tuple(
            one.model_copy(update={"hard": permit(hard=ASSESSED).hard}) for one in policies.policies
        )
        policies = policies.model_copy(update={"policies": assessed})
    return net.model_copy(
        update={
            "k": draw(st.sampled_from((0, 1, 1, 2))),
            "over": tuple(draw(st.lists(st.sampled_from(KINDS), min_size=1, unique=True))),
            "policies": policies,
            "directions": directions,
            "aggregates": (Aggregate(id="pipe", demands=members, guarantee=given),)
            if members
            else (),
            "disjoint": (Disjoint(demands=pair, over=tuple(over)),) if pair else (),
        }
    )


def set_up(net: Specification, seed: int) -> SelectionProblem:
    served = Served(net.topology, net.intents())
    pairs = [frozenset(one) for one in combinations(elements(net.topology, KINDS), 2)]
    sets = Random(seed).sample(pairs, min(MOST_SETS, len(pairs)))
    return selection_problem_of(served.graphs, served.builder, Links(net.topology), sets)


def drawn(space: PathSpace, default: CandidatePath, random: Random) -> CandidatePath:
    """Any path, with any detours."""
    links = range(len(space.links.names))

    def prices() -> dict[int, int]:
        return {link: random.randrange(10**8) for link in links if random.random() < 0.3}

    dear = prices()
    main = space.shortest(lambda edge: 1 + dear.get(edge.sight, 0)) or default.main
    assert main == default.main or not space.stays
    return space.candidate(main, ByCase({case: prices() for case in space.cases.numbers}))


def carried(uses: Iterable[Use], dead: frozenset[str]) -> Counter[tuple[str, str]]:
    """What uses say that is loaded while this is dead."""
    most: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for use in uses:
        if use.down <= dead and not use.alive & dead:
            for link, times in Counter(use.links).items():
                most[link][use.pays_as] = max(most[link][use.pays_as], times * use.cir_bps)
    return Counter({link: sum(of.values()) for link, of in most.items()})


def on_tables(net: Specification) -> list[Asked]:
    laid = lab.lay(net.topology, net.intents())
    explorer = Explorer(tables_of(laid.program), laid.wiring, laid.topology)
    return list(asked(explorer, [explorer.search(one) for one in laid.intents]))


def assert_admission_finds(
    loads: Loads, setting: SelectionProblem, of: Asked, net: Specification
) -> None:
    """The same in every case that it knows of, and as the worst of each link."""
    links = Links(net.topology).names
    rows = {setting.cases.named(case): row for row, case in enumerate(setting.cases.numbers, 1)}
    rows[frozenset()] = 0
    for failed, row in rows.items():
        if failed <= of.elements.keys() and len(failed) <= max(of.promises.values()):
            dead = frozenset[str]().union(*(of.elements[name] for name in failed))
            found = {links[at]: int(bps) for at, bps in enumerate(loads.total[row]) if bps}
            assert found == dict(carried(of.uses, dead)), sorted(failed)
    admission = admit(of.uses, capacities_bps(net.topology), of.elements, of.promises)
    for one in admission.links:
        row = rows.get(frozenset(one.failure))
        if row is not None:
            assert loads.total[row, links.index((one.fibre, one.hub))] == one.load_bps


@MANY
@given(networks(), st.integers(0, 2**32))
def test_all_that_is_loaded_is_what_admission_finds_on_tables(
    net: Specification, seed: int
) -> None:
    setting, random = set_up(net, seed), Random(seed)
    assume(setting.fixed.kept or any(space.stays for space in setting.spaces))
    candidates = [drawn(*one, random) for one in zip(setting.spaces, setting.alone, strict=True)]
    picks = {
        space.name: tuple(preferred_paths_of(net.topology, space, candidate, default))
        for space, candidate, default in zip(setting.spaces, candidates, setting.alone, strict=True)
    }
    picked = with_picks(net, picks)
    served = Served(net.topology, picked.intents())
    taken = {one.intent.id: one.route.path.fibres for one in served.graphs}
    names = [fibre.id for fibre in net.topology.fibres]
    for space, candidate in zip(setting.spaces, candidates, strict=True):
        assume(tuple(names[at] for at in candidate.order) == taken[space.name])
    rates = [space.rate_bps for space in setting.spaces]
    numbers, room_bps = setting.cases.numbers, Links(net.topology).capacity_bps
    loads = loads_of(room_bps, numbers, zip(candidates, rates, strict=True), fixed=setting.fixed)
    for of in on_tables(picked):
        assert_admission_finds(loads, setting, of, net)


@MANY
@given(networks(), st.integers(0, 2**32))
def test_the_program_carries_what_paths_load_and_what_is_fixed(
    net: Specification, seed: int
) -> None:
    setting = set_up(net, seed)
    assume(setting.spaces)
    numbers, room_bps = setting.cases.numbers, Links(net.topology).capacity_bps
    program = LinearProgram(
        setting.spaces, room_bps, numbers, least_added_delay.KIND, setting.alone, setting.fixed
    )
    for demand, (space, candidate) in enumerate(zip(setting.spaces, setting.alone, strict=True)):
        program.add(demand, candidate, space.detours(candidate.main, NOT_DEAR, alone=True))
    rates = [space.rate_bps for space in setting.spaces]
    loads = loads_of(room_bps, numbers, zip(setting.alone, rates, strict=True), fixed=setting.fixed)
    shared = program._carried(np.ones(len(program.columns)))
    assert abs(shared - loads.total / MBIT).max() < LITTLE
    assert (program.reckoning.carried_bps(setting.alone) == loads.total).all()
    full = {(row, link) for row, link in loads.full()}
    solution = program.solved()
    assert bool(full) == (solution.over > 1e-6)


@FEW
@given(networks())
def test_no_bound_says_that_nothing_fits_where_something_does(net: Specification) -> None:
    net = net.model_copy(update={"k": min(net.k, 1)})
    chosen = with_feasible_paths(net, "added-delay")
    served = Served(net.topology, chosen.intents())
    assume(not served.too_full())
    for failed in ((), *((name,) for name in elements(net.topology, KINDS))):
        least = minimum_in(net.topology, served.graphs, failed)
        assert least is None or least.beside <= 1 + LITTLE, failed
