"""What is special to ``hops``: fibres are counted on detours too, in either direction.

From west to karachi the shortest path has three fibres, the coast path two, the Burma path four.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path as File

import pytest

from corridor.controller.forwarding.program import (
    Action,
    Flow,
    decrement_label_ttl,
    output,
    set_field,
)
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.permitted_paths import NoPermittedPath, PermittedPath
from corridor.controller.prover.exact_outcomes import Outcome
from corridor.controller.testing import (
    CorridorNetwork,
    assert_delivers_under,
    assert_delivers_up_to,
    assert_never_transits,
)
from corridor.controller.testing.network import DemandUnderTest
from corridor.experiments.cli import main
from corridor.topologies.base.errors import InputError
from policy_lab import CLASSES, TODAY, applicable_policies, corridor, permit, restrict, route
from prover_worlds import Mesh, Spoilt, compiled


def at_most(fibres: int) -> Intent:
    """From west to karachi, protected against one failed fibre."""
    rules = permit(), restrict("SHORT", hard={"hops": fibres})
    return Intent(applicable_policies(*rules), protection=Protection(1, ("link",)))


def under_test(fibres: int) -> DemandUnderTest:
    rules = permit(), restrict("SHORT", hard={"hops": fibres})
    network = CorridorNetwork(
        corridor(), PolicySet(name="lab", policies=rules, classes=CLASSES), TODAY
    )
    return network.demand("general", "west", "karachi", k=1, over=("link",))


@pytest.mark.parametrize(
    ("most", "hubs"),
    [
        (2, ("west", "coast", "karachi")),
        (3, ("west", "kash", "gilgit", "karachi")),
        (32, ("west", "kash", "gilgit", "karachi")),
    ],
)
def test_the_quickest_path_of_few_enough_fibres_is_taken(most: int, hubs: tuple[str, ...]) -> None:
    found = route(permit(hard={"hops": most}))
    assert isinstance(found, PermittedPath)
    assert found.path.hubs == hubs


def test_a_demand_is_blocked_where_every_path_has_too_many_fibres() -> None:
    found = route(permit(), restrict("SHORT", hard={"hops": 1}))
    assert isinstance(found, NoPermittedPath)
    assert found.status == "BLOCKED"
    assert "SHORT hops: kash-gilgit would be fibre 2 of at most 1" in str(found)


@pytest.mark.parametrize("most", range(1, 8))
def test_no_detour_has_more_fibres_and_every_claim_is_proven(most: int) -> None:
    net = compiled(corridor(), [at_most(most)])
    assert net.prove().holds
    demand = under_test(most)
    for fibre in corridor().fibres:
        taken: Outcome = demand.outcome((f"link:{fibre.id}",))
        assert len(taken.fibres) <= most


def test_the_path_back_from_a_failure_counts() -> None:
    """Kash is one fibre away, west is one back, and from there it is two more by the coast."""
    assert_delivers_up_to(under_test(6), k=1, over=["link"])
    assert_delivers_under(under_test(4), "link:kash-gilgit")
    with pytest.raises(AssertionError) as raised:
        assert_delivers_under(under_test(3), "link:kash-gilgit")
    said = str(raised.value)
    assert "forbidden by SHORT hops: kun-mandalay would be fibre 4 of at most 3" in said
    assert "clause   SHORT hops, which cites no law" in said


def test_an_assertion_that_fails_names_the_clause_its_demand_is_under() -> None:
    with pytest.raises(AssertionError, match="clause   SHORT hops, which cites no law"):
        assert_never_transits(under_test(2), "OM")


def onto_burma(net: Mesh) -> tuple[Flow, tuple[Action, ...]]:
    """The entry of west for what comes back from kash, and actions onto the longest detour."""
    back = net.port("west", "west-kash")
    (entry,) = [
        flow for at, flow in net.decisions() if at == "west" and ("in_port", back) in flow.match
    ]
    label = next(use.label for use in net.program.labels if "mumbai" in use.hubs)
    onward = output(net.port("west", "west-kun"))
    return entry, (set_field("mpls_label", label), decrement_label_ttl(), onward)


def test_an_entry_that_adds_fibres_to_a_detour_is_found_by_the_prover() -> None:
    net = compiled(corridor(), [at_most(4)])
    entry, actions = onto_burma(net)
    changed: Spoilt = net.replaced("west", entry, replace(entry, actions=actions))
    shown = {one.claim: one.counterexample for one in net.prove(changed).violated}["C1"]
    assert shown is not None
    assert "SHORT hops: mandalay-mumbai would be fibre 5 of at most 4" in str(shown)
    assert [hop.hub for hop in shown.hops] == ["west", "kash", "west", "kun", "mandalay"]
    assert [dead.leads_to for dead in shown.failures] == ["kash-gilgit to gilgit"]


@pytest.mark.parametrize("most", ["0", "33", "-1", "2.0", "true", '"2"', "two", "[2]", "{}"])
def test_a_limit_that_is_no_small_whole_number_is_refused_with_its_line(
    most: str, tmp_path: File
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "schema: 1\nname: mine\npolicies:\n- id: TRY\n  effect: restrict\n"
        f"  hard: {{hops: {most}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_policies(file, corridor())
    assert caught.value.line == 6


def explained(most: int, about: str, folder: File, capsys: pytest.CaptureFixture[str]) -> str:
    """The command's output for a demand of ``mini`` under a limit."""
    (folder / "rules.yaml").write_text(
        "schema: 1\nname: rules\npolicies:\n- {id: ANY, effect: permit}\n"
        f"- {{id: SHORT, effect: restrict, hard: {{hops: {{most: {most}}}}}}}\n",
        encoding="utf-8",
    )
    scenario = folder / "asked.yaml"
    scenario.write_text(
        "schema: 1\nname: asked\ntopology: mini\npolicies: rules.yaml\ndemands:\n"
        f"- {{id: asked, class: dr, {about}}}\n",
        encoding="utf-8",
    )
    assert main(["explain", "asked", str(scenario)]) == 0
    return capsys.readouterr().out


def test_explain_says_what_the_limit_costs(
    tmp_path: File, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cable to bangkok is one fibre, and longer than three on land."""
    said = explained(1, "src: shanghai, dst: bangkok", tmp_path, capsys)
    assert "they forbid the shortest path (one-way delay 26.79 ms, 5,407 km, via CN LA TH" in said
    assert "  SHORT hops: cross at most 1 fibre\n    adds 0.13 ms" in said


def test_explain_says_what_the_limit_blocks_and_that_it_may_be_lifted(
    tmp_path: File, capsys: pytest.CaptureFixture[str]
) -> None:
    said = explained(1, "src: guian, dst: karachi", tmp_path, capsys)
    assert "\nBLOCKED: a path exists" in said
    assert "  SHORT hops: kunming-karachi would be fibre 2 of at most 1\n" in said
    assert "  remove clause SHORT hops: one-way delay 47.07 ms\n" in said
