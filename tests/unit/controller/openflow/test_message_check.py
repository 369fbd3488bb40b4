"""What claims to be a switch's message is read to its end, or refused."""

import signal
import subprocess
import sys
import tracemalloc

import pytest

from corridor.controller.openflow import decoding
from corridor.controller.openflow.framework import controller, parser
from corridor.controller.openflow.message_check import Malformed, check, header
from switch_messages import (
    ENDLESS_HELLO,
    GOOD,
    GOTO,
    HELLO,
    IN_PORT,
    OUTPUT,
    apply,
    bucket,
    entry,
    group,
    match,
    message,
    multipart,
    spoilt,
)

PARSE_CPU_S = 2.0
"""Of the processor's time; what takes more has no end."""

READER = f"""
import signal, sys
from corridor.controller.openflow.framework import parser
from corridor.controller.openflow.message_check import header
for line in sys.stdin:
    data = bytes.fromhex(line)
    told = header(data)
    print(line.strip(), flush=True)
    signal.setitimer(signal.ITIMER_VIRTUAL, {PARSE_CPU_S})
    try:
        parser.msg_parser(None, told.version, told.kind, told.length, told.xid, data)
    except Exception:  # Ryu raises that class itself
        pass
"""
"""A separate process, which its kernel ends: a parser without end takes all memory, and no
exception that a signal raises in it can be relied on to get out."""


def read_by_framework(messages: list[bytes]) -> tuple[int, list[str]]:
    """The exit code of a process that has the framework read these, and those it began (hex)."""
    lines = "".join(f"{data.hex()}\n" for data in messages)
    command = (sys.executable, "-P", "-c", READER)
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, timeout=100)
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize("name", GOOD)
def test_what_a_switch_sends_passes(name):
    assert check(GOOD[name]).length == len(GOOD[name])


class Datapath:
    """A connection, as far as a framework's parsers need one."""


@pytest.mark.parametrize("name", GOOD)
def test_the_framework_reads_what_passes(name):
    data = GOOD[name]
    told = header(data)
    if told.version == 4:
        read = parser.msg_parser(Datapath(), told.version, told.kind, told.length, told.xid, data)
        assert read.msg_type == told.kind


LONG = b"\0\0"
"""In the place of a length: none."""


@pytest.mark.parametrize(
    ("spoilt_message", "reason"),
    [
        (ENDLESS_HELLO, "hello element: an element of 0 octets"),
        (message(HELLO, bytes.fromhex("0001000c0000001000000000") + bytes(4)), "0 octets"),
        (multipart(7, LONG + group()[2:]), "an element of 0 octets"),
        (multipart(7, group(LONG + bucket(OUTPUT)[2:])), "group: an element of 0 octets"),
        (multipart(1, LONG + entry()[2:]), "an element of 0 octets"),
        (multipart(1, entry(GOTO[:2] + LONG + GOTO[4:])), "an instruction of type 1 and 0 octets"),
        (multipart(1, entry(apply(OUTPUT[:2] + LONG + OUTPUT[4:]))), "an action of type 0 and 0"),
        (multipart(1, entry(apply(OUTPUT[:2] + b"\0\x08" + OUTPUT[4:]))), "of type 0 and 8 octets"),
        (multipart(1, entry(match=bytes(8))), "a match of type 0"),
        (multipart(1, entry(match=match(IN_PORT[:3] + b"\xff" + IN_PORT[4:]))), "a field is cut"),
        (multipart(99), "a multipart reply of type 99"),
        (multipart(0), "that says nothing"),
        (message(14, bytes(48)), "type 14, which no switch sends"),
        (message(19), "8 octets in a message of type 19"),
        (message(2, version=1), "version 1, after a hello"),
        (b"\x04\x02\x00\x04\x00\x00\x00\x01", "a message of 4 octets"),
    ],
)
def test_what_does_not_hold_together_is_refused_with_the_reason(spoilt_message, reason):
    with pytest.raises(Malformed, match=reason):
        check(spoilt_message)


def passes(data: bytes) -> bool:
    try:
        check(data)
    except Malformed:
        return False
    return True


def _of_64_kilobytes(number: int) -> tuple[bytes, bytes]:
    """An entry and a group of many actions, other ones for each number."""
    actions = [*[OUTPUT] * 4000, OUTPUT[:4] + number.to_bytes(4) + OUTPUT[8:]]
    return entry(apply(*actions)), group(bucket(*actions))


@pytest.mark.parametrize("look", ["check", "decode"])
def test_what_a_switch_says_at_great_length_is_not_kept(look):
    """A switch that reports other tables each time would fill the memory."""
    many = 10
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(many):
            one, other = _of_64_kilobytes(number)
            if look == "check":
                check(multipart(1, one))
                check(multipart(7, other))
            else:
                assert len(decoding.entries(one, 0)[0].flow.actions) == 4001
                assert len(decoding.groups(other, 0)[0].buckets[0].actions) == 4001
        del one, other
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < many * 10_000


def test_no_message_that_passes_keeps_the_framework_for_ever():
    """Thousands of corrupt messages, many of which would."""
    passed = [data for data in spoilt(seed=20240604, number=20_000) if passes(data)]
    assert 1_000 < len(passed) < 19_000
    code, begun = read_by_framework(passed)
    assert code == 0, f"endless: {begun[-1]}"
    assert len(begun) == len(passed)


@pytest.mark.skipif(not controller.__name__.startswith("ryu"), reason="a fault of Ryu's parser")
def test_what_is_refused_would_keep_ryu_for_ever():
    assert read_by_framework([ENDLESS_HELLO]) == (-signal.SIGVTALRM, [ENDLESS_HELLO.hex()])
