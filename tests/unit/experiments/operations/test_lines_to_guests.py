"""Requests over a line to a guest: framed, never more than the guest has room for, whole."""

import json
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.controller.api.control_client import NoAnswer, ask
from corridor.experiments.operations.guest_lines import (
    WINDOW_BYTES,
    Garbled,
    Grant,
    Line,
    Message,
    Unframer,
    framed,
    open_console,
    pump,
    relayed,
)
from corridor.topologies.base.errors import EnvironmentUnsupported

BODIES = st.binary(max_size=200).map(lambda body: body.replace(b"\n", b" "))
SAID = st.one_of(
    st.builds(Message, st.integers(0, 10**9), BODIES), st.builds(Grant, st.integers(0, 10**6))
)


@given(st.lists(SAID), st.integers(1, 50))
def test_whatever_is_said_comes_whole_and_in_order_in_pieces_of_any_size(said, size):
    data = b"".join(map(framed, said))
    unframer = Unframer()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert [one for piece in pieces for one in unframer.feed(piece)] == said


@given(BODIES, st.data())
def test_a_message_of_which_anything_was_lost_or_changed_is_not_taken(body, data):
    line = framed(Message(7, body))
    at = data.draw(st.integers(2, len(line) - 2))
    how = data.draw(st.sampled_from(["lost", "changed"]))
    corrupt = line[:at] + (b"" if how == "lost" else bytes([line[at] ^ 1])) + line[at + 1 :]
    try:
        found = Unframer().feed(corrupt)
    except Garbled:
        return
    assert Message(7, body) in found or all(one.body == body for one in found)


@pytest.mark.parametrize("line", [b"hello\n", b"\n", b"+x\n", b"7 zz {}\n", b"7 00000000 {}\n"])
def test_what_nobody_sends_is_garbled(line):
    with pytest.raises(Garbled):
        Unframer().feed(line)


def test_a_message_is_one_line():
    with pytest.raises(ValueError, match="one line"):
        framed(Message(1, b"a\nb"))


class Reconciler:
    """A control socket whose controller answers a request by its ``do``."""

    def __init__(self, path):
        self.path = path
        self.go_on = threading.Event()
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.server.bind(str(path))
        self.server.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.server.accept()
            threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        with client, client.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line, strict=False)
                if request["do"] == "wait":
                    self.go_on.wait(20)
                if request["do"] == "hang up":
                    return
                said = {"ok": True, "length": len(line), "more": "é" * request.get("want", 0)}
                client.sendall(json.dumps(said, ensure_ascii=False).encode() + b"\n")


@pytest.fixture
def reconciler(tmp_path):
    return Reconciler(tmp_path / "controller.sock")


@pytest.fixture
def line(reconciler):
    """The host's end; a pump answers at the other."""
    ours, theirs = socket.socketpair()
    descriptor = theirs.detach()
    others = {"other": lambda request: b"other heard " + request}
    pumping = threading.Thread(target=pump, args=(descriptor, reconciler.path, others))
    pumping.start()
    one = Line(ours)
    opened(one)
    yield one
    one.close()
    pumping.join(10)
    assert not pumping.is_alive(), "a pump ends with its line"
    os.close(descriptor)


def opened(line):
    """Wait until the other end has granted something."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            return line.ask(b'{"do": "x"}')
        except NoAnswer:
            time.sleep(0.01)
    raise AssertionError("never opened")


@pytest.fixture
def control(line, tmp_path):
    path = tmp_path / "control.sock"
    with relayed(path, line.ask):
        yield path


def test_a_request_to_the_hosts_socket_is_answered_by_the_keeper(control):
    assert ask(control, "status") == {"ok": True, "length": len('{"do":"status"}\n'), "more": ""}


def test_a_request_may_be_for_another_than_the_controller(line):
    assert line.ask(b"12 {}", to="other") == b"other heard 12 {}"
    assert "no process of that name" in json.loads(line.ask(b"12 {}", to="nobody"))["reason"]


@pytest.mark.parametrize("size", [2_000, 5_000, 500_000])
def test_large_requests_and_large_answers_come_whole(control, size):
    said = ask(control, "policy", set="x" * size, want=size)
    assert said["length"] > size
    assert said["more"] == "é" * size


def test_a_request_does_not_wait_for_one_that_takes_long(control, reconciler):
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(ask, control, "wait", want=3)
        quick = [pool.submit(ask, control, "policy", set="x" * 10_000, want=n) for n in range(20)]
        assert [len(one.result(10)["more"]) for one in quick] == list(range(20))
        assert not slow.done()
        reconciler.go_on.set()
        assert len(slow.result(10)["more"]) == 3


def test_as_many_as_like_may_ask_in_the_same_moment(control):
    """Who does not wait for a connection, as asyncio does not, is turned away by a full queue."""
    links = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(60)]
    for link in links:
        link.setblocking(False)
    for link in links:
        link.connect(str(control))
    for link in links:
        link.close()


def test_several_requests_on_one_connection_are_answered_in_turn(control):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.connect(str(control))
        link.sendall(b'{"do": "a"}\n{"do": "bc"}\n')
        with link.makefile("rb") as lines:
            assert [json.loads(lines.readline())["length"] for _ in range(2)] == [12, 13]


def test_a_keeper_that_hangs_up_is_said_to(control):
    said = ask(control, "hang up")
    assert said == {"ok": False, "kind": "absent", "reason": "the controller hung up"}


def test_while_the_keeper_does_not_listen_that_is_the_answer(tmp_path):
    ours, theirs = socket.socketpair()
    threading.Thread(target=pump, args=(theirs.detach(), tmp_path / "none"), daemon=True).start()
    line = Line(ours)
    said = json.loads(opened(line))
    assert not said["ok"]
    assert said["reason"] == "the controller does not listen: No such file or directory"
    line.close()


def test_never_more_is_under_way_than_was_granted():
    """What User Mode Linux cannot take in is lost, and all that follows."""
    ours, theirs = socket.socketpair()
    line = Line(ours)
    theirs.sendall(framed(Grant(WINDOW_BYTES)))
    time.sleep(0.1)
    threading.Thread(target=answerless, args=(line, b"x" * 10_000), daemon=True).start()
    theirs.settimeout(0.3)
    granted, seen = WINDOW_BYTES, read_all(theirs)
    for more in (100, 3_000):
        assert seen == granted
        theirs.sendall(framed(Grant(more)))
        granted, seen = granted + more, seen + read_all(theirs)
    theirs.sendall(framed(Grant(100_000)))
    assert seen + read_all(theirs) == len(framed(Message(1, b"x" * 10_000)))
    theirs.close()


def read_all(end):
    """How many bytes come until nothing more does."""
    total = 0
    try:
        while data := end.recv(1 << 16):
            total += len(data)
    except TimeoutError:
        pass
    return total


def answerless(line, request):
    with pytest.raises(NoAnswer):
        line.ask(request)


def test_before_the_guest_has_opened_its_end_there_is_no_answer_and_nothing_is_sent():
    ours, theirs = socket.socketpair()
    with pytest.raises(NoAnswer, match="not opened its end yet"):
        Line(ours).ask(b"{}")
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(1)


@pytest.mark.parametrize(
    ("said", "why"),
    [(b"", "the guest has closed its end"), (b"1 00000000 x\n", "garbled: b'1 00000000 x'")],
)
def test_who_waits_is_told_when_the_line_ends(said, why):
    ours, theirs = socket.socketpair()
    line = Line(ours)
    theirs.sendall(framed(Grant(WINDOW_BYTES)))
    time.sleep(0.1)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(line.ask, b"{}")
        theirs.recv(100)
        theirs.sendall(said)
        theirs.close()
        with pytest.raises(NoAnswer, match=why):
            waiting.result(10)
    with pytest.raises(NoAnswer, match=why):
        line.ask(b"{}")


def test_a_guest_that_does_not_answer_is_waited_for_so_long_and_the_next_is_answered():
    ours, theirs = socket.socketpair()
    line = Line(ours)
    theirs.sendall(framed(Grant(WINDOW_BYTES)))
    time.sleep(0.1)
    with pytest.raises(NoAnswer, match=r"did not answer in 0\.1 s"):
        line.ask(b"late", 0.1)
    theirs.sendall(framed(Message(1, b"too late")))
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(line.ask, b"next")
        time.sleep(0.1)
        theirs.sendall(framed(Message(2, b"in time")))
        assert waiting.result(10) == b"in time"
    theirs.close()


def test_a_guest_that_reads_no_more_has_its_line_closed_since_half_a_message_is_under_way():
    ours, theirs = socket.socketpair()
    line = Line(ours)
    theirs.sendall(framed(Grant(10)))
    time.sleep(0.1)
    with pytest.raises(NoAnswer, match=r"read nothing for 0\.1 s"):
        line.ask(b"x" * 100, 0.1)
    assert len(theirs.recv(1000)) == 10
    assert theirs.recv(1000) == b""


def test_a_console_passes_every_byte_as_it_is(reconciler):
    """A terminal would echo, translate line ends, and cut lines at 4096 bytes."""
    host, guest = os.openpty()
    console = open_console(os.ttyname(guest))
    threading.Thread(target=pump, args=(console, reconciler.path), daemon=True).start()
    unframer, heard = Unframer(), []
    request = b'{"do": "\\u0003", "text": "\xc3\xa9\x7f\x04", "want": 9000}'
    rest = framed(Message(5, request))
    granted = 0
    while not any(isinstance(one, Message) for one in heard):
        part, rest = rest[:granted], rest[granted:]
        os.write(host, part)
        fresh = unframer.feed(os.read(host, 1 << 16))
        granted = sum(one.more_bytes for one in fresh if isinstance(one, Grant))
        heard += fresh
    (answer,) = (one for one in heard if isinstance(one, Message))
    assert answer.number == 5
    assert json.loads(answer.body)["length"] == len(request) + 1
    os.close(host)


def test_a_socket_that_cannot_be_made_is_one_clear_line(tmp_path):
    path = tmp_path / ("long" * 40) / "control.sock"
    with pytest.raises(EnvironmentUnsupported, match="AF_UNIX path too long"), relayed(path, bytes):
        pass
