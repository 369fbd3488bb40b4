"""STAMP with TWAMP Light at the other end, over real sockets of the loopback (RFC 8762, 4.6)."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from corridor.traffic.agents import records
from corridor.traffic.agents.probe import Probe, ProbeSender, ReplySocket
from corridor.traffic.agents.reflector import ReflectingSocket, Reflector
from corridor.traffic.packets import kernel, stamp
from corridor.traffic.packets.template import FrameTemplate

HERE, THERE = "127.0.0.1", "127.0.0.2"
SECOND_NS = 1_795_532_941 * 10**9
LIGHT_REQUEST = bytes.fromhex(
    "00000007"  # sequence number 7
    "eeb0270d00000000"  # T1
    "3fff"  # S = 0, Z = 0, scale 63, multiplier 255: unknown
)
LIGHT_REPLY = bytes.fromhex(
    "00000003"  # the reflector's own sequence number
    "eeb0270d80000000"  # T3 = T1 + 500 ms
    "0001"
    "0000"  # must be zero
    "eeb0270d40000000"  # T2 = T1 + 250 ms
    "00000007"
    "eeb0270d00000000"
    "838a"
    "0000"  # must be zero
    "fe"  # TTL 254
)


class Written:
    """Takes records as agents write them."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, ...]] = []

    def add(self, *row: int) -> None:
        self.rows.append(row)


@pytest.fixture(autouse=True)
def any_user(monkeypatch):
    monkeypatch.setattr(kernel, "SO_RCVBUFFORCE", socket.SO_RCVBUF)


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((THERE, 0))
        made.settimeout(2)
        yield made


@pytest.fixture
def reflector() -> Iterator[tuple[ReflectingSocket, Written]]:
    written: Any = Written()
    made = ReflectingSocket(Reflector(HERE, 0), len, written, stamp.error_estimate(256))
    with made.sock:
        yield made, written


def reflected(made: ReflectingSocket, peer: socket.socket, request: bytes) -> bytes:
    peer.sendto(request, made.sock.getsockname())
    assert select.select([made.sock], [], [], 2)[0]
    made.readable()
    return peer.recv(4096)


def fields_of(reply: bytes) -> stamp.ReflectorPacket:
    return stamp.unpack_reflector(reply)


@pytest.mark.parametrize("padding", [0, 8, 27, 29])
def test_a_request_of_twamp_light_is_answered_by_the_base_packet(reflector, peer, padding):
    made, written = reflector
    reply = reflected(made, peer, LIGHT_REQUEST + b"\xa5" * padding)
    assert len(reply) == stamp.PACKET_BYTES
    found = fields_of(reply)
    assert (found.sender_seq, found.t1_ns) == (7, SECOND_NS)
    assert (found.sender_error_estimate, found.ssid) == (0x3FFF, stamp.NO_SSID)
    assert found.sender_ttl == 64
    assert found.t2_ns <= found.t3_ns
    assert reply[38:40] + reply[41:] == bytes(5)
    assert (made.reflected, made.foreign) == (1, 0)
    assert written.rows[0][0] == records.REFLECTED


def test_requests_of_a_session_without_an_ssid_are_counted_together(reflector, peer):
    """Padding of another sender does not make a new session each time."""
    made, _ = reflector
    replies = [reflected(made, peer, LIGHT_REQUEST + bytes([n, n, 1, 2])) for n in range(3)]
    assert [fields_of(reply).seq for reply in replies] == [0, 1, 2]


def test_a_session_without_an_ssid_begins_again_with_its_first_request(reflector, peer):
    """Only so does another run from the same port not see the replies of the one before as lost."""
    made, _ = reflector
    numbers = (0, 1, 2, 0, 1)
    replies = [reflected(made, peer, number.to_bytes(4) + LIGHT_REQUEST[4:]) for number in numbers]
    assert [fields_of(reply).seq for reply in replies] == [0, 1, 2, 0, 1]


def test_a_long_request_is_answered_in_its_own_size_with_what_followed(reflector, peer):
    made, _ = reflector
    padding = bytes(range(1, 101))
    request = LIGHT_REQUEST + bytes(30) + padding
    reply = reflected(made, peer, request)
    assert len(reply) == len(request)
    assert reply[stamp.PACKET_BYTES :] == padding


def test_less_than_14_octets_are_no_request(reflector, peer):
    made, _ = reflector
    peer.sendto(LIGHT_REQUEST[:13], made.sock.getsockname())
    assert select.select([made.sock], [], [], 2)[0]
    made.readable()
    assert (made.reflected, made.foreign) == (0, 1)


def test_a_short_request_leaves_nothing_of_a_longer_one_before_it_in_its_reply(reflector, peer):
    made, _ = reflector
    reflected(made, peer, b"\xff" * 200)
    reply = reflected(made, peer, LIGHT_REQUEST)
    assert fields_of(reply).ssid == stamp.NO_SSID
    assert reply[38:40] + reply[41:] == bytes(5)


def probe(demand: int, target: str = THERE) -> Probe:
    """Of 10 packets, in a frame whose addresses are these."""
    frame = bytearray(14 + 20 + 8 + stamp.PACKET_BYTES)
    frame[30:34] = bytes(map(int, target.split(".")))
    frame[40:42] = b"\x12\x34"
    frame[42 + stamp.SSID_OFFSET : 44 + stamp.SSID_OFFSET] = (demand + 1).to_bytes(2)
    template = FrameTemplate(
        bytes(frame).hex(), {"payload": 42, "sequence": 42, "timestamp": 46, "udp_checksum": 40}
    )
    return Probe(demand, template, 0, 0, 10**6, 10)


@pytest.fixture
def replies() -> Iterator[ReplySocket]:
    made = ReplySocket(0)
    with made.sock:
        yield made


def expected(replies: ReplySocket, *probes: Probe) -> Written:
    written: Any = Written()
    for one in probes:
        sender = ProbeSender(one, len, written, spin=False)
        replies.expect(sender, one.ssid, one.target)
    return written


def answer(replies: ReplySocket, peer: socket.socket, reply: bytes) -> None:
    peer.sendto(reply, (HERE, replies.sock.getsockname()[1]))
    assert select.select([replies.sock], [], [], 2)[0]
    replies.readable()


@pytest.mark.parametrize("padding", [0, 3, 100])
def test_a_reply_without_an_ssid_is_of_the_session_that_asked_there(replies, peer, padding):
    written = expected(replies, probe(4))
    answer(replies, peer, LIGHT_REPLY + bytes(padding))
    assert replies.foreign == 0
    ((kind, _, ttl_forward, _, _, demand, seq, reflector_seq, _, t1, t2, t3, t4),) = written.rows
    assert (kind, ttl_forward, demand, seq, reflector_seq) == (records.REPLY, 254, 4, 7, 3)
    assert (t1, t2, t3) == (SECOND_NS, SECOND_NS + 250_000_000, SECOND_NS + 500_000_000)
    assert t4


def test_of_two_sessions_of_a_port_that_with_the_reflector_of_the_reply_is_meant(replies, peer):
    written = expected(replies, probe(4, HERE), probe(5))
    answer(replies, peer, LIGHT_REPLY)
    assert [row[5] for row in written.rows] == [5]


@pytest.mark.parametrize(
    ("probes", "reply"),
    [
        ([probe(4), probe(5)], LIGHT_REPLY),
        ([probe(4, HERE)], LIGHT_REPLY),
        ([probe(4)], LIGHT_REPLY[:24] + b"\0\0\0\x0a" + LIGHT_REPLY[28:]),
        ([probe(4)], LIGHT_REPLY[:14] + b"\0\x09" + LIGHT_REPLY[16:]),
        ([probe(4)], LIGHT_REPLY[:12] + b"\x40\x01" + LIGHT_REPLY[14:]),
        ([probe(4)], LIGHT_REPLY[:40]),
    ],
    ids=["two sessions", "another host", "never sent", "another SSID", "PTP stamps", "too short"],
)
def test_a_reply_that_cannot_be_told_is_foreign(replies, peer, probes, reply):
    written = expected(replies, *probes)
    answer(replies, peer, reply)
    assert replies.foreign == 1
    assert written.rows == []
