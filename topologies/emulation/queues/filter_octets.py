"""Programs of the classic Berkeley packet filter that give each frame its class, as octets. Pure.

The kernel runs one for each frame that is put into a discipline (cls_bpf); what it returns is the
class. Frames on fibres are Ethernet with one label, so an IP header begins at octet 18. Layouts
and codes: linux/filter.h, linux/bpf_common.h, linux/pkt_cls.h.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from corridor.topologies.emulation.queues import rtnetlink
from corridor.topologies.emulation.queues.rtnetlink import (
    IFLA_GROUP,
    IFLA_IFNAME,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MTU,
    LINK,
    NLM_F_CREATE,
    NLM_F_EXCL,
    QDISC,
    RTM_DELLINK,
    RTM_DELQDISC,
    RTM_NEWLINK,
    RTM_NEWQDISC,
    TCA_KIND,
    TCA_OPTIONS,
    Request,
    attribute,
    attributes,
    text,
    u32,
)
from corridor.topologies.model.addresses import Family, family_of
from corridor.topologies.model.line import Packets

BPF_KIND = "bpf"
OPS_LEN, OPS = 4, 5
LABEL_BYTES = 4
IP = 14 + LABEL_BYTES
IPV6 = 6


class Header(NamedTuple):
    """Where fields begin, in headers without options or extensions, which is what hosts send."""

    protocol: int
    src: int
    dst: int
    src_port: int

    @property
    def dst_port(self) -> int:
        return self.src_port + 2


HEADERS: dict[Family, Header] = {
    "ipv4": Header(IP + 9, IP + 12, IP + 16, IP + 20),
    "ipv6": Header(IP + 6, IP + 8, IP + 24, IP + 40),
}
PROTOCOLS = {"tcp": 6, "udp": 17}
_LOAD_BYTE, _LOAD_HALF, _LOAD_WORD = 0x30, 0x28, 0x20
_SHIFT_RIGHT, _AND, _EQUALS, _RETURN, _RETURN_A = 0x74, 0x54, 0x15, 0x06, 0x16
_TO_X, _XOR_X, _MULTIPLY, _MODULO, _ADD = 0x07, 0xAC, 0x24, 0x94, 0x04
_SCATTER = 0x9E3779B1
"""2^32 divided by the golden ratio: spreads neighbours (Knuth, TAOCP 6.4)."""
_INSTRUCTION = struct.Struct("=HBBI")
_U16 = struct.Struct("=H")


class Instruction(NamedTuple):
    code: int
    value: int
    if_true: int = 0
    if_false: int = 0
    """How many instructions are passed over."""


Program = tuple[Instruction, ...]


def by_dscp(classes: Mapping[int, int], otherwise: int) -> Program:
    """Class by DSCP: in the second octet of IPv4, in six bits from the fifth on of IPv6."""
    of_ipv4 = [Instruction(_LOAD_BYTE, IP + 1), Instruction(_SHIFT_RIGHT, 2)]
    of_ipv6 = [
        Instruction(_LOAD_HALF, IP),
        Instruction(_SHIFT_RIGHT, 6),
        Instruction(_AND, 0x3F),
        Instruction(_EQUALS, 0, len(of_ipv4), len(of_ipv4)),
    ]
    program = [*_if_ipv6(len(of_ipv6)), *of_ipv6, *of_ipv4]
    for dscp, classid in classes.items():
        program += [Instruction(_EQUALS, dscp, 0, 1), Instruction(_RETURN, classid)]
    return (*program, Instruction(_RETURN, otherwise))


def by_packets(classes: Iterable[tuple[Packets, int]], otherwise: int) -> Program:
    """Class of the first description that fits."""
    program: list[Instruction] = []
    for packets, classid in classes:
        program += _fits(packets, classid)
    return (*program, Instruction(_RETURN, otherwise))


def by_flow(flows: int) -> Program:
    """A number from 1 to ``flows`` by addresses and ports: the same for all packets of a flow."""
    of_ipv6 = _flow(HEADERS["ipv6"], LAST_WORD, flows)
    return (*_if_ipv6(len(of_ipv6)), *of_ipv6, *_flow(HEADERS["ipv4"], 0, flows))


def _if_ipv6(length: int) -> tuple[Instruction, ...]:
    """Passes over the next ``length`` instructions where a packet is not of IPv6."""
    return (
        Instruction(_LOAD_BYTE, IP),
        Instruction(_SHIFT_RIGHT, 4),
        Instruction(_EQUALS, IPV6, 0, length),
    )


LAST_WORD = 12
"""Of an address of IPv6, in octets: each host has its own."""


def _flow(header: Header, word: int, flows: int) -> tuple[Instruction, ...]:
    return (
        Instruction(_LOAD_WORD, header.src + word),
        Instruction(_TO_X, 0),
        Instruction(_LOAD_WORD, header.dst + word),
        Instruction(_MULTIPLY, _SCATTER),
        Instruction(_XOR_X, 0),
        Instruction(_MULTIPLY, _SCATTER),
        Instruction(_TO_X, 0),
        Instruction(_LOAD_WORD, header.src_port),
        Instruction(_XOR_X, 0),
        Instruction(_MULTIPLY, _SCATTER),
        Instruction(_SHIFT_RIGHT, 16),
        Instruction(_MODULO, flows),
        Instruction(_ADD, 1),
        Instruction(_RETURN_A, 0),
    )


def options(program: Program) -> bytes:
    """Of a filter that is this program."""
    packed = b"".join(
        _INSTRUCTION.pack(one.code, one.if_true, one.if_false, one.value) for one in program
    )
    return attribute(OPS_LEN, _U16.pack(len(program))) + attribute(OPS, packed)


def held_programs(said: Mapping[int, bytes]) -> Program:
    """From the attributes of a dumped filter's options."""
    return tuple(
        Instruction(code, value, if_true, if_false)
        for code, if_true, if_false, value in _INSTRUCTION.iter_unpack(said.get(OPS, b""))
    )


def result(program: Program, frame: bytes) -> int:
    """What it returns for a frame; 0 if it reads past its end."""
    at, accumulator, index = 0, 0, 0
    sizes = {_LOAD_BYTE: 1, _LOAD_HALF: 2, _LOAD_WORD: 4}
    while True:
        one = program[at]
        at += 1
        if one.code in sizes:
            if one.value + sizes[one.code] > len(frame):
                return 0
            accumulator = int.from_bytes(frame[one.value : one.value + sizes[one.code]])
        elif one.code == _EQUALS:
            at += one.if_true if accumulator == one.value else one.if_false
        elif one.code == _TO_X:
            index = accumulator
        elif one.code == _RETURN:
            return one.value
        elif one.code == _RETURN_A:
            return accumulator
        else:
            accumulator = _calculated(one, accumulator, index)


def _calculated(one: Instruction, accumulator: int, index: int) -> int:
    done = {
        _SHIFT_RIGHT: lambda: accumulator >> one.value,
        _AND: lambda: accumulator & one.value,
        _XOR_X: lambda: accumulator ^ index,
        _MULTIPLY: lambda: accumulator * one.value,
        _MODULO: lambda: accumulator % one.value,
        _ADD: lambda: accumulator + one.value,
    }
    return done[one.code]() & 0xFFFFFFFF


def _fits(packets: Packets, classid: int) -> list[Instruction]:
    """Returns the class if all fields are as described; else goes on after it."""
    fields = list(_fields(packets))
    program = []
    for number, (load, at, value) in enumerate(fields):
        passed_over = 2 * (len(fields) - number - 1) + 1
        program += [Instruction(load, at), Instruction(_EQUALS, value, 0, passed_over)]
    return [*program, Instruction(_RETURN, classid)]


def _fields(packets: Packets) -> Iterator[tuple[int, int, int]]:
    """No packet of IPv4 has an address of IPv6 in its place: it would come from 0.0.0.0."""
    header = HEADERS[family_of(packets.src_ip)]
    for address, begin in ((packets.src_ip, header.src), (packets.dst_ip, header.dst)):
        octets = ipaddress.ip_address(address).packed
        for at in range(0, len(octets), 4):
            yield _LOAD_WORD, begin + at, int.from_bytes(octets[at : at + 4])
    if packets.protocol:
        yield _LOAD_BYTE, header.protocol, PROTOCOLS[packets.protocol]
    for port, at in ((packets.src_port, header.src_port), (packets.dst_port, header.dst_port)):
        if port is not None:
            yield _LOAD_HALF, at, port


# The classifier ``u32`` as octets: words of a packet under masks, and the class they lead to.
#
# Layouts: linux/pkt_cls.h, ``TCA_U32_*`` and ``struct tc_u32_sel``.


U32_KIND = "u32"
CLASSID, SEL = 1, 5
TERMINAL = 1
FIRST_NODE = 0x800
"""Of the keys of a filter, in its own table."""
_SELECTOR = struct.Struct("=BBBxHHhhI")
_KEY = struct.Struct(">II")
_AT = struct.Struct("=ii")
_U32 = struct.Struct("=I")


class Word(NamedTuple):
    """Four octets of a packet, from ``at`` after the beginning of its network header."""

    at: int
    mask: int
    value: int


class Filter(NamedTuple):
    """Frames of one Ethernet type in which all words fit go to a class."""

    preference: int
    """The smallest is asked first; each Ethernet type has its own."""
    eth_type: int
    words: tuple[Word, ...]
    to_class: int

    @property
    def info(self) -> int:
        """As the header of a message has it; the type is in the order of the network."""
        return self.preference << 16 | int.from_bytes(self.eth_type.to_bytes(2, "big"), "little")

    def options(self) -> bytes:
        packed = _SELECTOR.pack(TERMINAL, 0, len(self.words), 0, 0, 0, 0, 0)
        for at, mask, value in self.words:
            packed += _KEY.pack(mask, value) + _AT.pack(at, 0)
        return u32(CLASSID, self.to_class) + attribute(SEL, packed)


def held_filters(dumped: bytes) -> Filter | None:
    """What a dumped filter does; None if it is not of this kind, or a table with no keys."""
    _family, _index, _handle, _parent, info = QDISC.unpack_from(dumped)
    said = attributes(dumped[QDISC.size :])
    options = attributes(said.get(TCA_OPTIONS, b""))
    if said.get(TCA_KIND) != U32_KIND.encode() + b"\0" or not {CLASSID, SEL} <= options.keys():
        return None
    selector = options[SEL]
    count = _SELECTOR.unpack_from(selector)[2]
    words = []
    for at in range(_SELECTOR.size, _SELECTOR.size + count * (_KEY.size + _AT.size), 16):
        mask, value = _KEY.unpack_from(selector, at)
        words.append(Word(_AT.unpack_from(selector, at + _KEY.size)[0], mask, value))
    eth_type = int.from_bytes((info & 0xFFFF).to_bytes(2, "little"), "big")
    return Filter(info >> 16, eth_type, tuple(words), _U32.unpack(options[CLASSID])[0])


# What leads labelled frames that an interface is to send through another one first, as octets.
#
# That other one is an intermediate functional block (ifb): what is sent into it queues there, and
# is then sent by the interface that it was for. Frames without a label pass by. Layouts and
# numbers: linux/pkt_cls.h, linux/tc_act/tc_mirred.h, linux/pkt_sched.h. Pure.


IFB, CLSACT, MATCHALL, MIRRED = "ifb", "clsact", "matchall", "mirred"
CLSACT_HANDLE, CLSACT_PARENT, EGRESS = 0xFFFF0000, 0xFFFFFFF1, 0xFFFFFFF3
MPLS_NETWORK_ORDER = 0x4788
"""0x8847 as the kernel has it in a filter."""
PREFERENCE, FILTER_HANDLE = 1, 1
MATCHALL_ACTIONS = 2
ACTION_KIND, ACTION_OPTIONS = 1, 2
MIRRED_PARAMETERS = 2
STOLEN, EGRESS_REDIRECT = 4, 1
_MIRRED = struct.Struct("=IIiiiiI")
"""Index, capabilities, verdict, references, bindings, direction, interface."""


def ifb(name: str, mtu: int, group: int) -> Request:
    """Make one, down."""
    body = LINK.pack(0, 0, 0, 0, 0) + text(IFLA_IFNAME, name) + u32(IFLA_MTU, mtu)
    body += u32(IFLA_GROUP, group) + attribute(IFLA_LINKINFO, text(IFLA_INFO_KIND, IFB))
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body, name)


def link_deleted(name: str) -> Request:
    body = LINK.pack(0, 0, 0, 0, 0) + text(IFLA_IFNAME, name)
    return Request(RTM_DELLINK, 0, body, name)


def hook(index: int, name: str) -> Request:
    """Let an interface have filters for what it is to send; refused where it has them."""
    body = QDISC.pack(0, index, CLSACT_HANDLE, CLSACT_PARENT, 0) + text(TCA_KIND, CLSACT)
    return Request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, body, name)


def hook_deleted(index: int, name: str) -> Request:
    """With its filters."""
    body = QDISC.pack(0, index, CLSACT_HANDLE, CLSACT_PARENT, 0) + text(TCA_KIND, CLSACT)
    return Request(RTM_DELQDISC, 0, body, name)


def redirection(index: int, into: int, name: str) -> Request:
    """All labelled frames go into another interface."""
    parameters = _MIRRED.pack(0, 0, STOLEN, 0, 0, EGRESS_REDIRECT, into)
    action = text(ACTION_KIND, MIRRED)
    action += attribute(ACTION_OPTIONS, attribute(MIRRED_PARAMETERS, parameters))
    options = attribute(MATCHALL_ACTIONS, attribute(1, action))
    info = PREFERENCE << 16 | MPLS_NETWORK_ORDER
    return rtnetlink.tfilter(index, EGRESS, FILTER_HANDLE, info, MATCHALL, options, name)


def redirected_into(dumped: bytes) -> int | None:
    """The interface that a dumped filter leads labelled frames into; None if it does nothing like
    that."""
    info = QDISC.unpack_from(dumped)[4]
    said = attributes(dumped[QDISC.size :])
    options = attributes(said.get(TCA_OPTIONS, b""))
    action = attributes(attributes(options.get(MATCHALL_ACTIONS, b"")).get(1, b""))
    parameters = attributes(action.get(ACTION_OPTIONS, b"")).get(MIRRED_PARAMETERS)
    if parameters is None or info & 0xFFFF != MPLS_NETWORK_ORDER:
        return None
    _, _, verdict, _, _, direction, into = _MIRRED.unpack_from(parameters)
    return into if (verdict, direction) == (STOLEN, EGRESS_REDIRECT) else None
