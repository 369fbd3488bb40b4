"""Programs that let an AQM see IP below a label: what they make of descriptors, and of frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.emulation.bpf import DROP, PASS_ON
from corridor.topologies.emulation.queue_marking import taken_for_ip, taken_for_labelled
from descriptor_machine import DescriptorMachine

MPLS, ARP = b"\x88\x47", b"\x08\x06"
IP, IPV6 = b"\x08\x00", b"\x86\xdd"
ADDRESSES = bytes(range(1, 13))
VERSIONS = pytest.mark.parametrize(("version", "eth_type"), [(4, IP), (6, IPV6)])
KERNELS = pytest.mark.parametrize("moves_back", [True, False], ids=["newer", "older"])


def labelled(label=0x12345, *, last=True, version=4, rest=bytes(40)) -> bytes:
    entry = (label << 12 | (1 << 8 if last else 0) | 63).to_bytes(4)
    return ADDRESSES + MPLS + entry + bytes([version << 4 | 5, 0x02]) + rest


@KERNELS
@VERSIONS
@given(label=st.integers(0, 2**20 - 1), rest=st.binary(min_size=2, max_size=60))
def test_an_aqm_sees_ip_and_the_frame_stays_octet_for_octet(
    moves_back, version, eth_type, label, rest
):
    frame = labelled(label, version=version, rest=rest)
    machine = DescriptorMachine(frame, MPLS, moves_back=moves_back)
    assert machine.sees(taken_for_ip()) == PASS_ON
    assert (machine.frame, machine.protocol, machine.tag) == (frame, eth_type, None)
    assert machine.frame[machine.network_at] == version << 4 | 5


@KERNELS
@VERSIONS
def test_behind_the_queue_it_is_a_labelled_frame_again(moves_back, version, eth_type):
    frame = labelled(version=version)
    machine = DescriptorMachine(frame, MPLS, moves_back=moves_back)
    machine.sees(taken_for_ip())
    assert machine.protocol == eth_type
    marked = bytearray(machine.frame)
    marked[machine.network_at + 1] |= 0x03
    machine.frame = bytes(marked)
    assert machine.sees(taken_for_labelled()) == PASS_ON
    assert (machine.frame, machine.protocol, machine.tag) == (bytes(marked), MPLS, None)
    assert machine.network_at == (14 if moves_back else 18)


@pytest.mark.parametrize(
    ("frame", "protocol"),
    [
        (labelled(last=False), MPLS),
        (labelled(version=5), MPLS),
        (ADDRESSES + IP + bytes([0x45]) + bytes(40), IP),
        (ADDRESSES + ARP + bytes(40), ARP),
        (labelled()[:19], MPLS),
    ],
    ids=["two labels", "no IP", "no label", "ARP", "short"],
)
def test_all_else_is_left_alone(frame, protocol):
    machine = DescriptorMachine(frame, protocol)
    for program in (taken_for_ip(), taken_for_labelled()):
        assert machine.sees(program) == PASS_ON
    assert (machine.frame, machine.protocol, machine.helped) == (frame, protocol, 0)


def test_a_labelled_frame_that_was_not_queued_is_left_alone_behind_the_queue():
    machine = DescriptorMachine(labelled(), MPLS)
    assert machine.sees(taken_for_labelled()) == PASS_ON
    assert machine.helped == 0


@pytest.mark.parametrize("at", range(1, 10))
def test_a_frame_that_could_be_changed_in_part_only_is_lost(at):
    machine = DescriptorMachine(labelled(), MPLS)
    machine.fails_at = at
    returned = machine.sees(taken_for_ip())
    assert returned == (DROP if machine.helped == at else PASS_ON)
    assert machine.helped <= 8
