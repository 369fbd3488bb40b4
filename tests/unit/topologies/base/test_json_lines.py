"""JSON lines between processes, as they come: in pieces, several at once, late, cut off."""

import contextlib
import fcntl
import os
import resource
import socket

import pytest

from corridor.topologies.base.json_lines import LineReader, Lines, encode, tell


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(descriptor)


def test_lines_come_whole_however_they_were_written(pipe):
    reading, writing = pipe
    lines = Lines(reading)
    os.write(writing, b"on")
    assert lines.read() == []
    os.write(writing, b"e\ntwo\nth")
    assert lines.read() == [b"one", b"two"]
    os.write(writing, b"ree\n")
    os.close(writing)
    assert lines.read() == [b"three"]
    assert lines.read() is None


def test_a_line_that_is_late_is_read_by_the_next_call(pipe):
    reading, writing = pipe
    reader = LineReader(reading)
    os.write(writing, b"half")
    assert reader.next(0.01) is None
    os.write(writing, b" and half\nnext\n")
    assert [reader.next(1), reader.next(0), reader.next(0)] == [b"half and half", b"next", None]


def test_a_line_that_its_writer_did_not_finish_is_no_line(pipe):
    reading, writing = pipe
    os.write(writing, b"whole\nhal")
    os.close(writing)
    reader = LineReader(reading)
    assert [reader.next(None), reader.next(None), reader.next(None)] == [b"whole", b"", b""]


def test_a_connection_that_was_reset_has_ended():
    ours, theirs = socket.socketpair()
    with ours:
        tell(ours, {"never": "read"})
        theirs.close()
        assert LineReader(ours.fileno()).next(1) == b""


def test_a_message_is_one_line_without_room_between():
    assert encode({"do": "dump", "to": "a\nb"}) == b'{"do":"dump","to":"a\\nb"}\n'


def test_a_line_is_read_from_a_descriptor_that_select_refuses() -> None:
    """A network of 2,000 hubs has that many open at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    reading, writing = os.pipe()
    large = fcntl.fcntl(reading, fcntl.F_DUPFD_CLOEXEC, 1100)
    try:
        reader = LineReader(large)
        assert reader.next(0.01) is None
        os.write(writing, b"{}\n")
        assert reader.next(1) == b"{}"
    finally:
        for descriptor in (reading, writing, large):
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
