"""Hosts and a gateway that attack: nothing gets anywhere but where it may, and the drop says why.

In a guest with the virtual clock, on tables that the controller has installed for policies, beside
honest traffic. The judges are the watch on every fibre, the kernel's counters, whoever receives.
"""

import json

import pytest

from attack_breakages import BREAKAGES, broken_rounds
from attack_rounds import Round, every_attack, given, rows
from attack_verdicts import Verdicts
from attack_world import attacked_world
from corridor.controller.openflow.wiring_check import lldp_frame
from corridor.controller.prover import prove, read_dump
from corridor_runs import ROOT, seen_inside

pytestmark = [pytest.mark.guest, pytest.mark.timeout(400)]
DOCS = ROOT / "docs/policies.md"
FORGED_BFD = "BFD in a switch's name"
FLOODED, FLOOD_S = "shanghai-guian", 0.4
GROUPS = (
    "addresses",
    "ARP",
    "tags",
    "labels",
    "gateway bypass",
    "fragments",
    "DSCP",
    "IPv6",
    "to everybody",
    "demands",
    "control",
    "sizes",
    "IPv4",
    "LLC",
    "unreadable",
    "bad gateway",
)


@pytest.fixture(scope="session")
def mesh():
    return attacked_world()


@pytest.fixture(scope="session")
def verdicts(mesh):
    return Verdicts(mesh)


def play(kernel, folder, mesh, rounds, **more):
    """What was seen of the rounds, in order; and of all else."""
    (folder / "given.json").write_text(json.dumps({**given(mesh, rounds), **more}))
    seen = seen_inside(kernel, folder, "attacks")
    return list(zip((one.attack for one in rounds), seen.pop("rounds"), strict=True)), seen


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("attacks")


@pytest.fixture(scope="session")
def attacked(mesh, folder, virtual_kernel):
    attacks = every_attack(mesh)
    forged = next(one for one in attacks if one.kind == FORGED_BFD)
    bfd = [[shot.hub, shot.door, shot.frame.hex()] for shot in forged.shots]
    rounds = [Round(one) for one in attacks]
    return play(virtual_kernel, folder, mesh, rounds, bfd=bfd, flood=flood(mesh))


def flood(mesh):
    """A host's own demand, sent at ten times the rate of the fibre."""
    frame = mesh.datagram("train", payload=bytes(1400))
    rate_bps = next(one.forward.rate_bps for one in mesh.wiring.fibres if one.fibre == FLOODED)
    gap_s = 8 * (len(frame) + 4) / rate_bps / 10
    frames = round(FLOOD_S / gap_s)
    end = next(one.a for one in mesh.wiring.fibres if one.fibre == FLOODED)
    lldp = lldp_frame(mesh.hub(end.hub).dpid, end.port)
    return {
        "demand": "train",
        "hub": end.hub,
        "to": "guian",
        "port": end.port,
        "frame": frame.hex(),
        "frames": frames,
        "gap_s": gap_s,
        "lldp": lldp.hex(),
    }


@pytest.fixture(scope="session")
def attacked_where_broken(mesh, tmp_path_factory, virtual_kernel):
    rounds = broken_rounds(mesh)
    folder = tmp_path_factory.mktemp("broken")
    played, _ = play(virtual_kernel, folder, mesh, list(rounds.values()))
    return dict(zip(rounds, played, strict=True))


@pytest.mark.promise("frames of an attacker reach nothing")
@pytest.mark.parametrize("group", GROUPS)
def test_every_frame_of_an_attack_has_the_fate_it_must_have(attacked, verdicts, group):
    rounds = [(attack, seen) for attack, seen in attacked[0] if attack.group == group]
    assert rounds
    found = {
        attack.kind: faults for attack, seen in rounds if (faults := verdicts.faults(attack, seen))
    }
    assert found == {}


def test_every_group_of_attacks_is_looked_at(attacked):
    assert {attack.group for attack, _ in attacked[0]} == set(GROUPS)


def test_no_frame_crosses_a_fibre_off_its_own_demand_s_paths(attacked, verdicts):
    crossed = {attack.kind: verdicts.crossed(attack, seen) for attack, seen in attacked[0]}
    assert {kind: elsewhere for kind, (_, elsewhere) in crossed.items() if elsewhere} == {}


def test_no_host_comes_through_to_the_controller_or_to_a_switch_s_management(attacked, mesh):
    doors = attacked[1]["doors"]
    assert doors["reached"] == []
    assert doors["listening"] == {
        **{hub.hub: [] for hub in mesh.wiring.hubs},
        "switches": [],
    }


def test_no_bfd_of_a_host_takes_a_session_down(attacked):
    before, after = attacked[1]["bfd"]["flaps"]
    assert before
    assert before == after
    assert attacked[1]["bfd"]["up"]


def test_no_frame_of_a_host_is_on_the_lane_of_control_traffic_whatever_it_pretends(attacked):
    assert {attack.kind for attack, seen in attacked[0] if seen["control"]} == set()


@pytest.mark.parametrize("number", [0, 1])
def test_no_flood_of_a_host_s_own_demand_takes_a_session_down_or_harms_others(attacked, number):
    seen = attacked[1]["floods"][number]
    before, after = seen["flaps"]
    assert len(before) == 14
    assert after == before
    assert seen["dropped"] > 10_000
    sent, counted = seen["lldp"]
    assert (counted, sent > 5) == (sent, True)
    honest = {demand: one for demand, one in seen["honest"].items() if demand != "train"}
    assert all(one["sent"] > 60 for one in honest.values())
    assert {demand for demand, one in honest.items() if one["arrived"] < one["sent"]} == set()


def test_the_tables_that_were_attacked_are_proven(attacked, mesh, folder):
    held = read_dump(json.loads((folder / "held.json").read_text()), mesh.wiring)
    specification = mesh.specification
    proof = prove(held, mesh.wiring, specification.topology, specification.intents(), mesh.program)
    assert proof.holds, [verdict.claim for verdict in proof.violated]


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_breakage_of_the_tables_is_seen(attacked_where_broken, verdicts, breakage):
    assert verdicts.faults(*attacked_where_broken[breakage])


def test_the_documentation_says_what_became_of_attacks(attacked, verdicts):
    table = list(rows(verdicts, attacked[0]))
    assert "\n".join(table) in DOCS.read_text(), "\n".join(table)
    assert f"{len(BREAKAGES)} breakages" in DOCS.read_text()
