"""Whether a message that claims to be a switch's is one that can be read to its end. Pure.

Frameworks step through a message by the lengths that it states, and some trust them: Ryu 4.34 stays
for ever where one is 0 (CVE-2024-34483 to 34489). Here every length is held against what surrounds
it, by OpenFlow 1.3.5, before a framework sees the message. Experimenters' own parts are not looked
into, but for bundles.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import unpack_from
from typing import NamedTuple

from corridor.topologies.base.memory import remembered_if_short

VERSION = 4
HEADER = 8
HELLO, ERROR, FEATURES_REPLY, MULTIPART_REPLY = 0, 1, 6, 19
MULTIPART_HEADER, MATCH_HEADER, HELLO_ELEMENT = 16, 4, 4
ONF, BUNDLE_CONTROL = 0x4F4E4600, 2300
EXPERIMENTER = 0xFFFF
KEPT = 1 << 16
"""Parts that were looked at before and are well made; a table that is read again has the same."""


class Malformed(Exception):
    """Why not, as a phrase."""


class Header(NamedTuple):
    version: int
    kind: int
    length: int
    xid: int


def header(data: bytes, at: int = 0) -> Header:
    """Of the message that begins there. Raises Malformed where it is shorter than itself."""
    found = Header(*unpack_from("!BBHI", data, at))
    if found.length < HEADER:
        raise Malformed(f"a message of {found.length} octets")
    return found


def check(message: bytes) -> Header:
    """Raises Malformed unless a switch may send this whole message."""
    found = header(message)
    if found.kind == HELLO:
        _tiled(message, HEADER, len(message), _lengths(2, least=HELLO_ELEMENT), "hello element")
        return found
    if found.version != VERSION:
        raise Malformed(f"a message of OpenFlow version {found.version}, after a hello")
    looked_at = _MESSAGES.get(found.kind)
    if looked_at is None:
        raise Malformed(f"a message of type {found.kind}, which no switch sends")
    looked_at(message)
    return found


def datapath_id(message: bytes) -> int:
    """Of a FEATURES_REPLY that has been checked."""
    dpid: int = unpack_from("!Q", message, HEADER)[0]
    return dpid


type _Look = Callable[[bytes, int, int], None]
"""At a part of a message, from an octet to another. Raises Malformed."""


def _nothing(_data: bytes, _at: int, _end: int) -> None:
    """For parts that hold no lengths."""


def _lengths(
    offset: int, *, least: int, step: int = 1, inner: _Look = _nothing
) -> Callable[[bytes, int, int], int]:
    """An element that says its own length in two octets, ``offset`` octets after it begins."""

    def one(data: bytes, at: int, end: int) -> int:
        if at + offset + 2 > end:
            raise Malformed("an element is cut off")
        (length,) = unpack_from("!H", data, at + offset)
        if length < least or (length - least) % step or at + length > end:
            raise Malformed(f"an element of {length} octets, where {end - at} are left")
        inner(data, at, at + length)
        return int(length)

    return one


def _tiled(
    data: bytes,
    at: int,
    end: int,
    one: Callable[[bytes, int, int], int],
    what: str,
    *,
    pad_to: int = 1,
) -> None:
    """One element after another, until nothing is left."""
    while at < end:
        try:
            at += -(-one(data, at, end) // pad_to) * pad_to
        except Malformed as problem:
            raise Malformed(f"{what}: {problem}") from None


def _sized(least: int, most: int | None = None) -> Callable[[bytes], None]:
    def look(message: bytes) -> None:
        if not least <= len(message) <= (1 << 16 if most is None else most):
            raise Malformed(f"{len(message)} octets in a message of type {message[1]}")

    return look


def _with_match(at: int) -> Callable[[bytes], None]:
    def look(message: bytes) -> None:
        _sized(at + 8)(message)
        _match(message, at, len(message))

    return look


def _match(data: bytes, at: int, end: int) -> int:
    """A match of OXM fields, with its padding; where it ends."""
    if at + 8 > end:
        raise Malformed("a match is cut off")
    kind, length = unpack_from("!HH", data, at)
    padded: int = at + (length + 7) // 8 * 8
    if kind != 1 or length < MATCH_HEADER or padded > end:
        raise Malformed(f"a match of type {kind} and {length} octets, where {end - at} are left")
    _tiled(data, at + MATCH_HEADER, at + length, _oxm, "match")
    return padded


def _oxm(data: bytes, at: int, end: int) -> int:
    if at + 4 > end or at + 4 + data[at + 3] > end:
        raise Malformed("a field is cut off")
    return 4 + data[at + 3]


_PLAIN_ACTIONS = {
    0: 16,
    **dict.fromkeys((11, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27), 8),
}
SET_FIELD = 25


def _action(data: bytes, at: int, end: int) -> int:
    if at + 8 > end:
        raise Malformed("an action is cut off")
    kind, length = unpack_from("!HH", data, at)
    if kind in _PLAIN_ACTIONS:
        fits = length == _PLAIN_ACTIONS[kind]
    elif kind == SET_FIELD:
        fits = length == (4 + _oxm(data, at + 4, end) + 7) // 8 * 8
    else:
        fits = kind == EXPERIMENTER and length >= 8 and length % 8 == 0
    if not fits or at + length > end:
        raise Malformed(f"an action of type {kind} and {length} octets, where {end - at} are left")
    return int(length)


_PLAIN_INSTRUCTIONS = {1: 8, 2: 24, 6: 8}
_WITH_ACTIONS = (3, 4, 5)


def _instruction(data: bytes, at: int, end: int) -> int:
    if at + 8 > end:
        raise Malformed("an instruction is cut off")
    kind, length = unpack_from("!HH", data, at)
    fits = length == _PLAIN_INSTRUCTIONS.get(kind) or (kind in _WITH_ACTIONS and length >= 8)
    if not fits or at + length > end:
        raise Malformed(f"an instruction of type {kind} and {length} octets")
    if kind in _WITH_ACTIONS:
        _tiled(data, at + 8, at + length, _action, "actions")
    return int(length)


def _flow(data: bytes, at: int, end: int) -> None:
    _match_and_instructions(data[at + 48 : end])


@remembered_if_short(KEPT)
def _match_and_instructions(rest: bytes) -> None:
    _tiled(rest, _match(rest, 0, len(rest)), len(rest), _instruction, "entry")


def _bucket(data: bytes, at: int, end: int) -> None:
    _tiled(data, at + 16, end, _action, "bucket")


_ONE_BUCKET = _lengths(0, least=16, step=8, inner=_bucket)


def _group(data: bytes, at: int, end: int) -> None:
    _buckets(data[at + 8 : end])


@remembered_if_short(KEPT)
def _buckets(rest: bytes) -> None:
    _tiled(rest, 0, len(rest), _ONE_BUCKET, "group")


def _band(data: bytes, at: int, end: int) -> int:
    if at + 16 > end:
        raise Malformed("a band is cut off")
    kind, length = unpack_from("!HH", data, at)
    if kind not in (1, 2, EXPERIMENTER) or length < 16 or (kind < 3 and length != 16):
        raise Malformed(f"a band of type {kind} and {length} octets")
    if at + length > end:
        raise Malformed("a band is cut off")
    return int(length)


def _bands(data: bytes, at: int, end: int) -> None:
    _tiled(data, at + 8, end, _band, "meter")


_WITH_IDS = (0, 1, 4, 5, 6, 7)
"""Properties of tables that list kinds of instructions or actions, which state lengths."""


def _table_properties(data: bytes, at: int, end: int) -> None:
    def ids(one: bytes, start: int, stop: int) -> None:
        if unpack_from("!H", one, start)[0] in _WITH_IDS:
            _tiled(one, start + 4, stop, _lengths(2, least=4), "identifiers")

    one = _lengths(2, least=4, inner=ids)
    _tiled(data, at + 64, end, one, "properties of a table", pad_to=8)


def _queue_properties(data: bytes, at: int, end: int) -> None:
    _tiled(data, at + 16, end, _lengths(2, least=8), "properties of a queue")


def _each(octets: int) -> Callable[[bytes, int, int], int]:
    """Elements that are all of a size."""

    def one(_data: bytes, at: int, end: int) -> int:
        if at + octets > end:
            raise Malformed("an element is cut off")
        return octets

    return one


_PARTS: dict[int, Callable[[bytes, int, int], int]] = {
    0: _each(1056),
    1: _lengths(0, least=56, step=8, inner=_flow),
    2: _each(24),
    3: _each(24),
    4: _each(112),
    5: _each(40),
    6: _lengths(0, least=40, step=16),
    7: _lengths(0, least=8, step=8, inner=_group),
    8: _each(40),
    9: _lengths(4, least=40, step=16),
    10: _lengths(0, least=8, step=8, inner=_bands),
    11: _each(16),
    12: _lengths(0, least=64, step=8, inner=_table_properties),
    13: _each(64),
}
"""Of multipart replies, by type."""
_SINGLE = (0, 2, 8, 11)


def _multipart(message: bytes) -> None:
    _sized(MULTIPART_HEADER)(message)
    (kind,) = unpack_from("!H", message, HEADER)
    part = _PARTS.get(kind)
    if kind == EXPERIMENTER:
        _sized(MULTIPART_HEADER + 8)(message)
    elif part is None:
        raise Malformed(f"a multipart reply of type {kind}")
    elif kind in _SINGLE and len(message) == MULTIPART_HEADER:
        raise Malformed(f"a multipart reply of type {kind} that says nothing")
    else:
        what = f"multipart reply of type {kind}"
        _tiled(message, MULTIPART_HEADER, len(message), part, what)


def _experimenter(message: bytes) -> None:
    _sized(16)(message)
    if unpack_from("!II", message, HEADER) == (ONF, BUNDLE_CONTROL):
        _sized(24)(message)
        one = _lengths(2, least=4)
        _tiled(message, 24, len(message), one, "properties of a bundle", pad_to=8)


def _queues(message: bytes) -> None:
    _sized(16)(message)
    one = _lengths(8, least=16, step=8, inner=_queue_properties)
    _tiled(message, 16, len(message), one, "queues")


_MESSAGES: dict[int, Callable[[bytes], None]] = {
    ERROR: _sized(12),
    2: _sized(HEADER),
    3: _sized(HEADER),
    4: _experimenter,
    FEATURES_REPLY: _sized(32, 32),
    8: _sized(12, 12),
    10: _with_match(24),
    11: _with_match(48),
    12: _sized(80, 80),
    MULTIPART_REPLY: _multipart,
    21: _sized(HEADER, HEADER),
    23: _queues,
    25: _sized(24, 24),
    27: _sized(32, 32),
}
"""What switches send after their hello, by type."""
