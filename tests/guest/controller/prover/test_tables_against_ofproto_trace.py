"""Our readings of OpenFlow against Open vSwitch's own: ``ofproto/trace`` of random packets.

On compiled tables of two networks under policies, installed by the controller in a guest, protected
against two failures at once, with fibres down and gateways closed so that other buckets are taken.
What is sent to a port that is down is nothing: the kernel drops it after all of this.
"""

import json
from collections import Counter
from dataclasses import replace
from random import Random
from typing import NamedTuple

import pytest

from attack_world import Mesh, attacked_world, lay_out
from corridor.controller.forwarding.program import Program, set_field
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import to_plain
from corridor.topologies.model.wiring import GATEWAY_IN_PORT
from corridor_runs import seen_inside
from trace_answers import Answer, buckets_used, port_numbers, read_trace
from trace_models import models
from trace_samples import Sample, Sampler

pytestmark = [pytest.mark.guest, pytest.mark.timeout(400)]
SEED = 20261124
STATES, PACKETS = 10, 400
MOST_DOWN = 4
DEMANDS = (
    "train-shanghai-guian",
    "results-zhongwei-islamabad",
    "ckpt-guian-karachi",
    "model-beijing-karachi",
    "infer-islamabad-zhongwei",
    "infer-riyadh-guian",
    "state-riyadh-jeddah",
    "infer-bangkok-guian",
    "gba-shenzhen-hongkong",
    "infer-bangkok-karachi",
)
NAMES = ("mini", "pan-asia")
AS_READ = pytest.mark.promise("the proof reads tables as Open vSwitch does")


class State(NamedTuple):
    """Links that are down, and the packets to trace then."""

    down: frozenset[str]
    closed: frozenset[str]
    samples: tuple[Sample, ...]


class Traced(NamedTuple):
    mesh: Mesh
    states: tuple[State, ...]
    ports: dict[int, int]
    said: list[list[str]]


def world_of(name: str) -> Mesh:
    if name == "mini":
        return attacked_world(k=2)
    whole = specify(load_scenario("sovereignty"))
    some = [one for one in whole.directions if one.demand.id.removesuffix(".return") in DEMANDS]
    return lay_out(whole.model_copy(update={"directions": tuple(some)}))


def states_of(mesh: Mesh) -> tuple[State, ...]:
    """The first with all up; packets of the others at the ends of what is down, one in two."""
    chance, sampler = Random(SEED), Sampler(mesh, SEED)
    fibres = {wire.fibre: (wire.a.hub, wire.z.hub) for wire in mesh.wiring.fibres}
    gateways = [hub.hub for hub in mesh.wiring.hubs if hub.gateway is not None]
    busy = [f for f, ends in fibres.items() if any(mesh.groups_at(hub) for hub in ends)]
    states = []
    for number in range(STATES):
        most = min(MOST_DOWN, len(busy) - 1)
        down = chance.sample(busy, chance.randint(1, most)) if number else []
        closed = chance.sample(gateways, chance.randint(0, len(gateways))) if number else []
        hot = [*closed, *(end for fibre in down for end in fibres[fibre])]
        samples = tuple(sampler.draw(PACKETS, hot))
        states.append(State(frozenset(down), frozenset(closed), samples))
    return tuple(states)


@pytest.fixture(scope="session")
def traced(tmp_path_factory, virtual_kernel):
    known: dict[str, Traced] = {}

    def trace(name: str) -> Traced:
        if name not in known:
            mesh = world_of(name)
            states = states_of(mesh)
            given = {
                "wiring": to_plain(mesh.wiring),
                "program": to_plain(mesh.program),
                "states": [
                    {
                        "down": sorted(state.down),
                        "closed": sorted(state.closed),
                        "packets": [[one.hub, one.port, one.frame.hex()] for one in state.samples],
                    }
                    for state in states
                ],
            }
            folder = tmp_path_factory.mktemp(f"traced-{name}")
            (folder / "given.json").write_text(json.dumps(given))
            seen = seen_inside(virtual_kernel, folder, "traced")
            known[name] = Traced(mesh, states, port_numbers(seen["ports"]), seen["said"])
        return known[name]

    return trace


def disagreements(made: Traced, program: Program) -> list[str]:
    """Packets on which our evaluation and Open vSwitch differ, with both answers."""
    found = []
    for state, said in zip(made.states, made.said, strict=True):
        readings = models(made.mesh, program, state.down, state.closed)
        for sample, text in zip(state.samples, said, strict=True):
            theirs = on_live_ports(made, state, sample, text)
            for name, ask in readings.items():
                ours = ask(sample)
                if ours is not None and ours != theirs:
                    found.append(
                        f"{sample}\n  down {sorted(state.down)} closed {sorted(state.closed)}"
                        f"\n  {name}: {ours}\n  Open vSwitch: {theirs}\n{text}"
                    )
    return found


def on_live_ports(made: Traced, state: State, sample: Sample, text: str) -> Answer:
    answer = read_trace(text, sample, made.ports)
    dead = made.mesh.dead_ports(state.down, state.closed)
    live = tuple(out for out in answer.outs if (sample.hub, out.port) not in dead)
    return answer._replace(outs=live)


@pytest.mark.parametrize("name", [pytest.param("mini", marks=AS_READ), "pan-asia"])
def test_open_vswitch_does_with_every_packet_what_we_say_it_does(traced, name):
    made = traced(name)
    found = disagreements(made, made.mesh.program)
    assert not found, f"{len(found)} disagreements, of which the first:\n{found[0]}"


@pytest.mark.parametrize("name", NAMES)
def test_packets_try_all_there_is(traced, name):
    """Enough packets to meet each outcome, entry kind and later bucket often."""
    made = traced(name)
    fates: Counter[str] = Counter()
    buckets: Counter[bool] = Counter()
    for state, said in zip(made.states, made.said, strict=True):
        for sample, text in zip(state.samples, said, strict=True):
            answer = on_live_ports(made, state, sample, text)
            fates["expired" if EXPIRES in text else fate_of(sample, answer)] += 1
            buckets.update(number > 0 for number in buckets_used(text))
    print(f"{name}: {sum(fates.values())} packets, {dict(fates)}, buckets {dict(buckets)}")
    assert sum(fates.values()) == STATES * PACKETS
    assert min(buckets[False], buckets[True]) >= 30, buckets
    assert {fate for fate, count in fates.items() if count >= 10} == ALL_FATES, fates


EXPIRES = "MPLS decrement TTL exception"
ALL_FATES = {
    "dropped",
    "expired",
    "labelled",
    "onward",
    "relabelled",
    "to the host",
    "to the gateway",
    "answered",
    "to the controller",
}


def fate_of(sample: Sample, answer: Answer) -> str:
    if not answer.outs:
        return "dropped"
    (out,) = answer.outs
    if out.port in ("controller", GATEWAY_IN_PORT):
        return "to the gateway" if out.port == GATEWAY_IN_PORT else "to the controller"
    if out.label is None:
        return "answered" if sample.label is None else "to the host"
    if sample.label is None:
        return "labelled"
    return "onward" if out.label.value == sample.label.value else "relabelled"


def spoilt(program: Program, hub: str, **parts: object) -> Program:
    switches = (
        replace(switch, **parts) if switch.hub == hub else switch for switch in program.switches
    )
    return replace(program, switches=tuple(switches))


def without_a_drop(program: Program, hub: str) -> Program:
    flows = next(switch.flows for switch in program.switches if switch.hub == hub)
    return spoilt(program, hub, flows=[flow for flow in flows if flow.priority != 60])


def another_phase(program: Program, hub: str) -> Program:
    flows = next(switch.flows for switch in program.switches if switch.hub == hub)
    wrong = [
        replace(flow, actions=(*flow.actions, set_field("mpls_tc", 7)))
        if flow.table == 2 and flow.actions
        else flow
        for flow in flows
    ]
    return spoilt(program, hub, flows=wrong)


def buckets_turned(program: Program, hub: str) -> Program:
    groups = next(switch.groups for switch in program.switches if switch.hub == hub)
    return spoilt(program, hub, groups=[replace(one, buckets=one.buckets[::-1]) for one in groups])


@pytest.mark.parametrize("spoil", [without_a_drop, another_phase, buckets_turned])
def test_a_reading_of_other_tables_than_the_switch_s_is_seen_to_disagree(traced, spoil):
    made = traced("mini")
    found = disagreements(made, spoil(made.mesh.program, "guian"))
    for name in ("reach", "decisions", "software"):
        assert any(f"\n  {name}: " in one for one in found), name
