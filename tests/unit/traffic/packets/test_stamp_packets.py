"""STAMP packets against golden octets, round trips, and the error estimate's arithmetic."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.traffic.packets import stamp
from corridor.traffic.packets.stamp import ReflectorPacket, SenderPacket

NOW_NS = 1_795_532_941_126_000_000

GOLDEN_SENDER = bytes.fromhex(
    "00000007"  # sequence number 7
    "eeb0270d20418937"  # T1
    "838a"  # S = 1, Z = 0, scale 3, multiplier 138: 257 ns
    "002a" + "00" * 28  # SSID 42
)
GOLDEN_REFLECTOR = bytes.fromhex(
    "00000005"  # the reflector's own sequence number
    "eeb0270d208461f9"  # T3 = T1 + 1.02 ms
    "838a"
    "002a"
    "eeb0270d2083126e"  # T2 = T1 + 1 ms
    "00000007"
    "eeb0270d20418937"
    "838a"
    "0000"
    "ff"
    "000000"
)

instants = st.integers(min_value=0, max_value=(1 << 32) * 10**9 - 2_208_988_800 * 10**9 - 1)
words = st.integers(min_value=0, max_value=0xFFFF_FFFF)
halves = st.integers(min_value=0, max_value=0xFFFF)


def test_stamp_a_sender_packet_has_the_golden_44_octets() -> None:
    packet = SenderPacket(7, NOW_NS, stamp.error_estimate(256), 42)
    assert stamp.pack_sender(packet).hex() == GOLDEN_SENDER.hex()
    assert len(GOLDEN_SENDER) == stamp.PACKET_BYTES
    assert stamp.unpack_sender(GOLDEN_SENDER) == packet


def test_stamp_a_reflector_packet_has_the_golden_44_octets() -> None:
    estimate = stamp.error_estimate(256)
    packet = ReflectorPacket(
        5, NOW_NS + 1_020_000, estimate, 42, NOW_NS + 1_000_000, 7, NOW_NS, estimate, 255
    )
    assert stamp.pack_reflector(packet).hex() == GOLDEN_REFLECTOR.hex()
    assert len(GOLDEN_REFLECTOR) == stamp.PACKET_BYTES
    assert stamp.unpack_reflector(GOLDEN_REFLECTOR) == packet


def test_stamp_126_ms_survives_where_floating_point_would_not() -> None:
    assert stamp.ns_from_ntp(stamp.ntp_from_ns(NOW_NS)) == NOW_NS


def test_stamp_the_unix_epoch_is_2208988800_s_in_ntp() -> None:
    assert stamp.ntp_from_ns(0) == 2_208_988_800 << 32


@given(instants)
def test_stamp_every_nanosecond_survives_the_round_trip(instant: int) -> None:
    assert stamp.ns_from_ntp(stamp.ntp_from_ns(instant)) == instant


@given(instants, st.integers(min_value=0, max_value=3))
def test_stamp_a_foreign_fraction_is_off_by_less_than_a_nanosecond(instant: int, more: int) -> None:
    ntp = stamp.ntp_from_ns(instant) + more
    exact = ((ntp >> 32) - 2_208_988_800) * 10**9 * 2**32 + (ntp & 0xFFFF_FFFF) * 10**9
    assert 0 <= stamp.ns_from_ntp(ntp) * 2**32 - exact < 2**32


@given(words, instants, halves, halves)
def test_stamp_sender_fields_survive_the_wire(
    seq: int, t1_ns: int, estimate: int, ssid: int
) -> None:
    packet = SenderPacket(seq, t1_ns, estimate, ssid)
    assert stamp.unpack_sender(stamp.pack_sender(packet)) == packet


@given(words, instants, instants, words, instants, halves, st.integers(0, 255))
def test_stamp_reflector_fields_survive_the_wire(
    seq: int, t3: int, t2: int, sender_seq: int, t1: int, half: int, ttl: int
) -> None:
    packet = ReflectorPacket(seq, t3, half, half ^ 1, t2, sender_seq, t1, half ^ 2, ttl)
    assert stamp.unpack_reflector(stamp.pack_reflector(packet)) == packet


@given(st.integers(min_value=0, max_value=10**12))
def test_stamp_an_error_estimate_never_understates_and_is_tight(error_ns: int) -> None:
    estimate = stamp.error_estimate(error_ns)
    assert estimate & 0xFF, "RFC 4656: the multiplier must not be zero"
    assert estimate >> 14 == 0b10, "S is set, Z is not"
    units = (estimate & 0xFF) << (estimate >> 8 & 0x3F)
    stated = (units * 10**9 + 0xFFFF_FFFF) >> 32  # in ns, rounded up
    assert error_ns <= stated <= error_ns + error_ns // 127 + 1


def test_stamp_an_error_beyond_the_field_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        stamp.error_estimate(1 << 80)


def test_stamp_a_short_packet_is_refused() -> None:
    with pytest.raises(struct.error):
        stamp.unpack_sender(GOLDEN_SENDER[:43])


def test_stamp_the_reflector_clears_u_only_of_tlvs_it_knows() -> None:
    padding, other, cut = b"\x80\x01\x00\x02ab", b"\x80\x04\x00\x01c", b"\x80\x01\x00\x09x"
    payload = bytearray(GOLDEN_SENDER + padding + other + cut)
    stamp.answer_tlvs(payload, len(payload))
    assert payload[44:] == b"\x00\x01\x00\x02ab" + other + cut
