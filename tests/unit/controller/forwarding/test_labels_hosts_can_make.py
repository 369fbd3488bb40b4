"""Labels that a host's frame can be read for, which no demand may have."""

from attack_frames import IPV4, ethernet, in_llc
from corridor.controller.forwarding.labels import SNAP_PATHS, FreePaths
from corridor.controller.forwarding.program import LAST_PATH, label_of
from corridor.controller.policy.automaton import Phase


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
