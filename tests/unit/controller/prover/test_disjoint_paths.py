"""Paths of disjoint demands share nothing, at the minimum sum of delays."""

from __future__ import annotations

from typing import Any

import pytest

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
    still_shared,
)
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.intent.intent import Disjoint, Intent, Protection
from corridor.controller.policy.model import Policy
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover import Proof, Prover, prove, tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire
from policy_lab import applicable_policies, demand, fibre, hub, network, permit

ALL = ("link", "srlg", "hub", "gateway")


def ladder(**srlgs: tuple[str, ...]) -> Topology:
    """Three paths from west to east: by n in 2 ms, by m in 4, by s in 7; a rung from n to m."""
    names = ("west-n", "n-east", "west-m", "m-east", "west-s", "s-east", "n-m")
    delays = (1, 1, 2, 2, 3, 4, 1)
    return network(
        [hub(name, "CN") for name in ("west", "east")]
        + [hub(name, "CN", intl_gateway=True) for name in ("n", "m", "s")],
        [
            fibre(name, delay, srlgs=srlgs.get(name.replace("-", "_"), ()))
            for name, delay in zip(names, delays, strict=True)
        ],
    )


def intents(
    topology: Topology,
    *names: str,
    over: tuple[str, ...] = ALL,
    policies: tuple[Policy, ...] = (permit(),),
    ends: dict[str, tuple[str, str]] | None = None,
    **more: Any,
) -> list[Intent]:
    asked = Disjoint(demands=[one for one in names if not one.endswith(".return")], over=over)
    found = []
    for name in names:
        src, dst = (ends or {}).get(name.removesuffix(".return"), ("west", "east"))
        src, dst = (dst, src) if name.endswith(".return") else (src, dst)
        about = demand(src=src, dst=dst).model_copy(update={"id": name})
        found.append(
            Intent(
                applicable_policies(*policies, about=about, on=topology), disjoint=(asked,), **more
            )
        )
    return found


def planned(
    topology: Topology, asked: list[Intent], failures: Failures = NO_FAILURES
) -> dict[str, ForwardingGraph]:
    return {tree.intent.id: tree for tree in build_forwarding_graphs(topology, asked, failures)}


def hubs(tree: ForwardingGraph) -> str:
    return " ".join(tree.route.path.hubs)


def test_two_demands_go_by_paths_that_share_nothing_and_the_first_keeps_its_own():
    found = planned(ladder(), intents(ladder(), "a", "b"))
    assert [hubs(tree) for tree in found.values()] == ["west n east", "west m east"]
    assert [tree.apart_ns for tree in found.values()] == [0, 2 * 10**6]


def test_three_demands_go_by_three_paths():
    found = planned(ladder(), intents(ladder(), "a", "b", "c"))
    assert [hubs(tree) for tree in found.values()] == ["west n east", "west m east", "west s east"]


def test_paths_are_chosen_together_where_one_after_another_would_find_none():
    """Alone, a takes west n m east, which leaves b nothing."""
    trap = network(
        [hub(name, "CN") for name in ("west", "n", "m", "east")],
        [
            fibre("west-n", 1),
            fibre("n-east", 9),
            fibre("west-m", 9),
            fibre("m-east", 1),
            fibre("n-m", 1),
        ],
    )
    found = planned(trap, intents(trap, "a", "b"))
    assert sorted(map(hubs, found.values())) == ["west m east", "west n east"]


@pytest.mark.parametrize(
    ("over", "by"),
    [(("link",), "west m east"), (("srlg",), "west s east"), (("hub",), "west m east")],
)
def test_only_what_is_asked_for_is_not_shared(over, by):
    topology = ladder(n_east=("sea",), m_east=("sea",))
    found = planned(topology, intents(topology, "a", "b", over=over))
    assert hubs(found["b"]) == by


def test_a_gateway_is_shared_only_if_both_pass_it():
    passes = permit(hard={"waypoints": [{"any_of": "gateways"}]})
    ends = {"a": ("west", "east"), "b": ("n", "east")}
    asked = intents(ladder(), "a", "b", over=("gateway",), policies=(passes,), ends=ends)
    found = planned(ladder(), asked)
    assert still_shared(ladder(), found.values()) == []
    assert gateways_of(found.values()) in ({"n", "m"}, {"m", "n"})
    free = planned(ladder(), intents(ladder(), "a", "b", over=("gateway",), ends=ends))
    assert [hubs(tree) for tree in free.values()] == ["west n east", "n east"]


def test_a_demand_and_its_answers_may_share_everything_and_those_of_others_nothing():
    names = ("a", "a.return", "b", "b.return")
    found = planned(ladder(), intents(ladder(), *names))
    assert hubs(found["a.return"]) == "east n west"
    assert hubs(found["b.return"]) == "east m west"


def test_a_hub_that_is_an_end_of_both_may_be_shared_and_one_that_is_of_one_may_not():
    ends = {"a": ("west", "n"), "b": ("west", "east")}
    found = planned(ladder(), intents(ladder(), "a", "b", over=("hub",), ends=ends))
    assert hubs(found["b"]) == "west m east"


def test_detours_are_bound_by_nothing():
    asked = intents(ladder(), "a", "b", protection=Protection(1, ("link",)))
    first = planned(ladder(), asked)["b"].first
    assert first.otherwise.fibre in {"west-n", "west-s"}
    assert first.otherwise.fibre == "west-n"


def test_a_permit_of_second_choice_is_used_rather_than_what_another_uses():
    by_n = permit("BY-N", preference=1, hard={"via": [{"hubs": "n"}]})
    found = planned(ladder(), intents(ladder(), "a", "b", policies=(by_n, permit("ANY"))))
    assert {tree.status for tree in found.values()} == {"UP", "ALT"}
    assert still_shared(ladder(), found.values()) == []


def test_a_better_permit_goes_before_a_shorter_path():
    south = permit("SOUTH", hard={"via": [{"hubs": ["m", "s"]}]})
    middle = permit("MIDDLE", preference=1, hard={"via": [{"hubs": "m"}]})
    a, _ = intents(ladder(), "a", "b", policies=(south,))
    _, b = intents(ladder(), "a", "b", policies=(middle, permit("ANY")))
    found = planned(ladder(), [a, b])
    assert [hubs(tree) for tree in found.values()] == ["west s east", "west m east"]


def test_where_there_are_no_such_paths_the_least_is_shared():
    neck = network(
        [hub(name, "CN") for name in ("west", "neck", "n", "m", "far", "east")],
        [
            fibre("west-neck", 1, srlgs=("sea",)),
            fibre("neck-n", 1),
            fibre("n-far", 1),
            fibre("neck-m", 2),
            fibre("m-far", 2),
            fibre("far-east", 1, srlgs=("strait",)),
        ],
    )
    found = planned(neck, intents(neck, "a", "b"))
    (told,) = still_shared(neck, found.values())
    assert told.shared == (
        *("hub:far", "hub:neck", "srlg:sea", "srlg:strait"),
        *("link:far-east", "link:west-neck"),
    )
    assert sorted(map(hubs, found.values())) == ["west neck m far east", "west neck n far east"]


def test_demands_with_no_path_at_all_bind_nobody():
    shut = permit(hard={"hops": 1})
    found = planned(ladder(), intents(ladder(), "a", "b", policies=(shut,)))
    assert {tree.status for tree in found.values()} == {"BLOCKED"}
    assert still_shared(ladder(), found.values()) == []


def test_what_is_known_to_have_failed_is_planned_around_and_paths_stay_disjoint():
    without = Failures(links=frozenset({"west-m"}))
    found = planned(ladder(), intents(ladder(), "a", "b"), without)
    assert [hubs(tree) for tree in found.values()] == ["west n east", "west s east"]


def tables(topology: Topology, asked: list[Intent], serve: list[Intent]) -> dict[str, int]:
    """Breaches of tables that serve one thing, by the claim, where another was asked for."""
    graphs = build_forwarding_graphs(topology, serve)
    wiring = wire(topology, gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    report = examine(tables_of(program), wiring, topology, asked)
    return {claim: len(found) for claim, found in report.breaches.items()}


def test_tables_that_keep_them_apart_prove_the_claim_and_others_break_it():
    ends = {"a": ("west", "east"), "b": ("n", "east")}
    asked = intents(ladder(), "a", "b", ends=ends)
    careless = [Intent(one.applicable_policies) for one in asked]
    assert tables(ladder(), asked, asked)["C18"] == 0
    assert tables(ladder(), asked, careless)["C18"] == 1
    assert "C18" not in tables(ladder(), careless, careless)


def test_a_breach_names_what_both_meet():
    ends = {"a": ("west", "east"), "b": ("n", "east")}
    asked = intents(ladder(n_east=("sea",)), "a", "b", ends=ends)
    graphs = build_forwarding_graphs(ladder(), [Intent(one.applicable_policies) for one in asked])
    wiring = wire(ladder(n_east=("sea",)))
    program = compile_forwarding_graphs(wiring, ladder(n_east=("sea",)), graphs).program
    report = examine(tables_of(program), wiring, ladder(n_east=("sea",)), asked)
    said = report.breaches["C18"][0].said
    assert said == ("packets of a and b both meet hub:n, link:n-east, srlg:sea while nothing fails")


def test_where_something_is_known_to_have_failed_nothing_is_claimed():
    asked = intents(ladder(), "a", "b", ends={"a": ("west", "east"), "b": ("n", "east")})
    dead = Failures(links=frozenset({"west-m"}))
    graphs = build_forwarding_graphs(ladder(), asked, dead)
    wiring = wire(ladder())
    program = compile_forwarding_graphs(wiring, ladder(), graphs).program
    assert "C18" not in examine(tables_of(program), wiring, ladder(), asked, known=dead).breaches


THERE_AND_BACK = {"a": ("west", "east"), "b": ("east", "west")}


def by(hub_: str, **more: Any) -> Policy:
    return permit(f"BY-{hub_.upper()}", hard={"via": [{"hubs": hub_}]}, **more)


def two(of_a: tuple[Policy, ...], of_b: tuple[Policy, ...]) -> list[Intent]:
    """One demand there and one back, each under its policies, that are to be disjoint."""
    protection = Protection(1, ("link",))
    a, _ = intents(ladder(), "a", "b", policies=of_a, ends=THERE_AND_BACK, protection=protection)
    _, b = intents(ladder(), "a", "b", policies=of_b, ends=THERE_AND_BACK, protection=protection)
    return [a, b]


def proof(asked: list[Intent], serve: list[Intent]) -> Proof:
    """Of tables that serve one thing, held against another."""
    graphs = build_forwarding_graphs(ladder(), serve)
    wiring = wire(ladder(), gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, ladder(), graphs).program
    report = examine(tables_of(program), wiring, ladder(), asked)
    return prove(tables_of(program), wiring, ladder(), asked, program, report)


def test_a_demand_that_is_disjoint_by_its_second_permit_is_proven():
    """Its first has a path, which the other demand uses. Its second asks for less protection."""
    first = by("n", preference=1, soft={"protect": {"k": 2, "over": ["link"]}})
    asked = two((by("n"),), (first, permit("ANY")))
    assert hubs(planned(ladder(), asked)["b"]) == "east m west"
    found = proof(asked, asked)
    assert found.holds, [str(one.counterexample) for one in found.violated]


def test_a_second_permit_breaks_c16_where_the_first_has_a_path_that_is_as_disjoint():
    asked = two((by("s"),), (by("n", preference=1), permit("ANY")))
    served = two((by("s"),), (by("m"),))
    (violated,) = proof(asked, served).violated
    assert violated.claim == "C16"
    assert violated.counterexample is not None
    assert violated.counterexample.verdict.endswith(
        "by another permit than BY-N, which has a path that is as disjoint"
    )


def test_a_changed_switch_is_asked_about_the_permits_of_those_it_does_not_serve():
    """The path of b is as lawful as before; that of a no longer meets what b kept off."""
    asked = two((by("n"), by("s")), (by("n", preference=1), permit("ANY")))
    before = two((by("n"),), (by("m"),))
    after = two((by("s"),), (by("m"),))
    wiring = wire(ladder())
    programs = [
        compile_forwarding_graphs(
            wiring, ladder(), build_forwarding_graphs(ladder(), served)
        ).program
        for served in (before, after)
    ]
    prover = Prover.of(tables_of(programs[0]), wiring, ladder(), asked)
    assert not prover.proof.violated
    for switch in programs[1].switches:
        prover = prover.recheck(switch)
    whole = Prover.of(tables_of(programs[1]), wiring, ladder(), asked).proof
    assert [one.claim for one in prover.proof.violated] == ["C16"]
    assert [str(one) for one in prover.proof.verdicts] == [str(one) for one in whole.verdicts]


def test_the_hub_of_a_blocked_demand_may_be_met_by_others():
    """Its packets are dropped there, so no failure can hit it."""
    ends = {"a": ("west", "east"), "b": ("n", "east")}
    nowhere = permit(hard={"terminate": {"only": ["PK"]}})
    a, _ = intents(ladder(), "a", "b", ends=ends, policies=(by("n"),))
    _, b = intents(ladder(), "a", "b", ends=ends, policies=(nowhere,))
    assert hubs(planned(ladder(), [a, b])["a"]) == "west n east"
    assert tables(ladder(), [a, b], [a, b])["C18"] == 0
    let_out = Intent(intents(ladder(), "a", "b", ends=ends)[1].applicable_policies)
    assert tables(ladder(), [a, b], [a, let_out])["C18"] == 1
