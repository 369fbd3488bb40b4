"""Labels: 20 bits that name one decision at each hub, of one demand in one phase.

Labels that a host's frame can be read for, which no demand may have.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from attack_frames import IPV4, ethernet, in_llc
from corridor.controller.forwarding.compiler import compile_forwarding_graphs
from corridor.controller.forwarding.forwarding_graph import Assess, Cross
from corridor.controller.forwarding.labels import SNAP_PATHS, FreePaths, Seat, label_graph, seat_of
from corridor.controller.forwarding.program import FIRST_PATH, LAST_PATH, label_of, phase_of
from corridor.controller.forwarding.two_phase_plan import compile_after
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.phase import Phase
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.progress import told
from corridor.topologies.model.wiring import wire
from paths_lab import Served, graph, served, served_together
from policy_lab import applicable_policies, corridor, demand, permit
from tables_lab import Laid

FEW = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
GATES = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}


@given(st.integers(0, 1), st.sampled_from(Phase), st.integers(FIRST_PATH, LAST_PATH))
def test_a_label_is_20_bits_and_says_epoch_and_phase(epoch, phase, number):
    label = label_of(epoch, phase, number)
    assert 16 <= label < 2**20, "labels below 16 are reserved (RFC 3032)"
    assert phase_of(label) is phase
    assert label >> 19 == epoch
    assert label & 0x1FFFF == number


def test_different_parts_make_different_labels():
    made = {
        label_of(epoch, phase, number)
        for epoch in (0, 1)
        for phase in Phase
        for number in (FIRST_PATH, FIRST_PATH + 1, LAST_PATH)
    }
    assert len(made) == 2 * len(Phase) * 3


def test_labels_run_out_with_an_error_that_says_what_helps():
    free = FreePaths()
    taken = [free.take(1) for _ in range(FIRST_PATH, LAST_PATH + 1 - len(SNAP_PATHS))]
    assert taken == sorted({*range(FIRST_PATH, LAST_PATH + 1)} - {*SNAP_PATHS})
    with pytest.raises(InputError, match="protect fewer demands"):
        free.take(1)


def test_labels_of_a_direction_are_in_a_row_where_none_is_taken():
    free = FreePaths([range(20, 30), range(33, 40), range(16, 18)])
    assert [free.take(count) for count in (3, 2, 3, 1, 0)] == [30, 18, 40, 43, FIRST_PATH]
    with pytest.raises(InputError, match="100000 labels in a row"):
        free.take(100_000)


@given(st.integers(0, 1), st.integers(FIRST_PATH, LAST_PATH), st.sampled_from(Phase))
def test_the_first_label_of_a_direction_says_its_seat(epoch, first, phase):
    seat = Seat(epoch, first)
    assert seat_of(seat.base + label_of(0, phase, 0)) == seat
    assert seat.base + label_of(0, phase, 0) == label_of(epoch, phase, first)


@pytest.mark.parametrize("epoch", [0, 1])
def test_every_label_of_a_program_is_of_its_epoch(epoch):
    made = graph(corridor(), permit(hard=GATES), k=1)
    program = Laid(corridor(), [made.intent], epoch=epoch).program
    assert {use.label >> 19 for use in program.labels} == {epoch}


def test_a_path_without_detours_needs_one_label_and_one_more_behind_its_gateway():
    assert len(Laid(corridor(), [graph(corridor(), permit()).intent]).program.labels) == 1
    uses = Laid(corridor(), [graph(corridor(), permit(hard=GATES)).intent]).program.labels
    assert [(use.phase, use.state, use.permit, use.hubs) for use in uses] == [
        (Phase.PRE, "PRE", "P", ("west", "kun")),
        (Phase.ASSESSED, "ASSESSED", "P", ("kun", "mandalay", "mumbai", "karachi")),
    ]


def test_a_confined_path_carries_labels_that_may_not_cross_a_border():
    graph = corridor()
    home = applicable_policies(permit(hard={"confine": "CN"}), about=demand(dst="coast"))
    uses = Laid(graph, [Intent(home, protection=Protection(1))]).program.labels
    assert {use.phase for use in uses} == {Phase.DOMESTIC}
    assert [phase for phase in Phase if phase.may_cross_borders] == [Phase.ASSESSED, Phase.EXEMPT]


@FEW
@given(served())
def test_a_label_names_one_decision_at_each_hub_and_one_phase(made: Served):
    assume(made.graph.first is not None)
    labelling = label_graph(made.graph)
    for label, named in labelling.at.items():
        begun = labelling.began[label]
        assert {node.phase for node in (begun, *named.values())} == {phase_of(label)}
        for hub, node in named.items():
            assert node.hub == hub
        for node in (begun, *named.values()):
            if isinstance(node, Cross) and node.then not in labelling.again:
                assert named[node.then.hub] is node.then


@FEW
@given(served())
def test_every_detour_and_what_follows_a_gateway_has_a_label(made: Served):
    assume(made.graph.first is not None)
    labelling = label_graph(made.graph)
    waiting, seen = [made.graph.first], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        begins = [node.otherwise, node.then if isinstance(node, Assess) else None]
        for begin in begins:
            assert begin is None or phase_of(labelling.of[begin]) is begin.phase
        waiting += [node.otherwise, getattr(node, "then", None)]


@FEW
@given(served_together())
def test_labels_of_different_demands_and_states_are_different(intents):
    made = Laid(intents[0].applicable_policies.topology, intents)
    used = Counter(use.label for use in made.program.labels)
    assert max(used.values(), default=1) == 1
    served_ones = {graph.intent.id for graph in made.graphs if graph.first is not None}
    assert {use.demand for use in made.program.labels} == served_ones


@FEW
@given(served())
def test_labelling_is_repeatable(made: Served):
    assume(made.graph.first is not None)
    one, other = (label_graph(made.graph) for _ in range(2))
    assert list(one.uses()) == list(other.uses())
    assert one.of == other.of


def test_more_directions_than_cookies_and_meters_have_numbers_for_are_refused():
    made = graph(corridor(), permit(hard=GATES), k=1)
    with pytest.raises(InputError, match="65,536 directions are declared"):
        compile_forwarding_graphs(wire(corridor()), corridor(), [made] * 65_536)


def test_each_way_is_counted_once_while_its_labels_are_made():
    made = graph(corridor(), permit(hard=GATES), k=1)
    said = []
    with told(said.append):
        before = compile_forwarding_graphs(wire(corridor()), corridor(), [made])
        compile_forwarding_graphs(wire(corridor()), corridor(), [made], seats=before.seats)
        compile_after(before, wire(corridor()), corridor(), [made])
    assert said == ["0 of 1 paths compiled, the first in progress", "1 of 1 paths compiled"] * 3


def test_no_label_begins_like_a_snap_header():
    free = FreePaths([range(SNAP_PATHS.start - 2)])
    paths = [free.take(1) for _ in range(5)]
    labels = [label_of(1, Phase.ASSESSED, path) for path in paths]
    made = {read_as_label(control) for control in range(256)}
    assert made & {*range(labels[0], labels[-1])}
    assert not made & {*labels}


def test_labels_of_one_direction_do_not_reach_past_those():
    assert FreePaths([range(SNAP_PATHS.start - 2)]).take(3) == SNAP_PATHS.stop


def test_those_left_out_are_every_label_that_a_snap_header_makes():
    made = {read_as_label(control) & LAST_PATH for control in range(256)}
    assert made == {*SNAP_PATHS}


def read_as_label(control):
    """What stands where a label would, once a label has been pushed behind a SNAP header."""
    me = "02:00:00:00:00:01"
    header = bytes([0xAA, 0xAA, control, 0, 0, 0])
    frame = in_llc(ethernet(me, me, IPV4), header)
    return int.from_bytes(frame[14:18]) >> 12
