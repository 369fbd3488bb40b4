"""A controller process on its socket: who may be a switch, and what none can do to it.

In which order a framework hears several switches that speak at once.
"""

import os
import socket
import stat
import subprocess
import sys
import time
from struct import unpack_from

import pytest

from corridor.controller.openflow.framework import order_listeners
from corridor.topologies.base import child_process
from corridor.topologies.emulation.controller_start import start_controller
from switch_messages import ENDLESS_HELLO, GOOD, PORT, features, message, multipart, spoilt

FRAMEWORKS = ("ryu", "os-ken")
ANSWER_S = 20
HELLO, ECHO_REQUEST, ECHO_REPLY, FEATURES_REQUEST, FLOW_MOD = 0, 2, 3, 5, 14
SPOILT, AT_ONCE = 3000, 40
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", params=FRAMEWORKS)
def process(request, tmp_path_factory):
    """The process, its socket and its log."""
    folder = tmp_path_factory.mktemp(request.param)
    path, log = folder / "switches.sock", folder / "controller.log"
    options = {"framework": request.param, "topology": "mini"}
    with log.open("wb") as file:
        started = start_controller(path, options, log=file)
    deadline = time.monotonic() + ANSWER_S
    while not path.exists():
        assert started.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield started, path, log
    child_process.end(started, 2)


@pytest.fixture
def path(process):
    return process[1]


def connection(path):
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(ANSWER_S)
    while True:
        try:
            link.connect(str(path))
        except ConnectionRefusedError:  # between its bind and its listen
            time.sleep(0.05)
        else:
            return link


def kinds_in(data):
    """Types of the messages that are whole, and what is left."""
    kinds = []
    while len(data) >= 8 and len(data) >= (length := unpack_from("!H", data, 2)[0]):
        kinds.append(data[1])
        data = data[length:]
    return kinds, data


def kinds_until(link, wanted):
    """Types of messages that come, until a wanted one has, or to the end."""
    kinds, data = [], b""
    while wanted not in kinds:
        piece = link.recv(1 << 16)
        if not piece:
            break
        more, data = kinds_in(data + piece)
        kinds += more
    return kinds


def a_switch(path, dpid):
    """One that has said what it is, and has been given its tables."""
    link = connection(path)
    link.sendall(GOOD["hello"] + features(dpid) + multipart(13, PORT))
    link.sendall(message(21, xid=0))
    return link


def is_served(link):
    link.sendall(message(ECHO_REQUEST, b"are you there"))
    return ECHO_REPLY in kinds_until(link, ECHO_REPLY)


def is_hung_up_on(link):
    try:
        return kinds_until(link, None) is not None
    except ConnectionError:
        return True


def test_only_its_user_comes_through_to_the_socket(path):
    found = path.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, os.geteuid())


def test_a_switch_is_given_its_tables(path):
    with a_switch(path, 1) as link:
        assert FLOW_MOD in kinds_until(link, FLOW_MOD)


def test_the_hello_that_stops_ryu_ends_its_own_connection_only(process):
    _, path, log = process
    with a_switch(path, 2) as good, connection(path) as bad:
        bad.sendall(ENDLESS_HELLO)
        assert is_hung_up_on(bad)
        assert is_served(good)
    assert "hello element: an element of 0 octets" in log.read_text()


def test_no_spoilt_message_stops_it_and_each_is_a_line_at_most(process):
    started, path, log = process
    before = len(log.read_text().splitlines())
    messages = spoilt(seed=1, number=SPOILT)
    with a_switch(path, 3) as good:
        for first in range(0, SPOILT, AT_ONCE):
            with connection(path) as bad:
                bad.sendall(GOOD["hello"] + features(100 + first))
                for one in messages[first : first + AT_ONCE]:
                    try:
                        bad.sendall(one)
                    except BrokenPipeError:
                        bad.close()
                        bad = connection(path)
                        bad.sendall(GOOD["hello"])
                bad.close()
        assert is_served(good)
    assert started.poll() is None
    deadline = time.monotonic() + ANSWER_S
    said = []
    while len(said) < SPOILT / AT_ONCE and time.monotonic() < deadline:
        time.sleep(0.2)
        said = log.read_text().splitlines()[before:]
    assert len(said) >= SPOILT / AT_ONCE
    assert [line for line in said if "Traceback" in line or line.startswith(" ")] == []


CLAIM = """
import socket, sys
link = socket.socket(socket.AF_UNIX)
link.settimeout(20)
link.connect(sys.argv[1])
link.sendall(bytes.fromhex(sys.argv[2]))
got = b""
while piece := link.recv(65536):
    got += piece
sys.stdout.write(got.hex())
"""


def test_another_process_that_claims_to_be_a_switch_is_given_nothing(process):
    _, path, log = process
    words = (GOOD["hello"] + features(4)).hex()
    with a_switch(path, 4) as good:
        assert is_served(good)
        claimed = subprocess.run(
            [sys.executable, "-c", CLAIM, path, words], capture_output=True, text=True, check=True
        )
        got = bytes.fromhex(claimed.stdout)
        assert is_served(good)
    assert set(kinds_in(got)[0]) <= {HELLO, FEATURES_REQUEST}
    assert "it says it is switch 0000000000000004, which process" in log.read_text()


def test_a_switch_that_comes_back_takes_its_place_again(path):
    with a_switch(path, 5) as first:
        assert FLOW_MOD in kinds_until(first, FLOW_MOD)
        with a_switch(path, 5) as second:
            assert FLOW_MOD in kinds_until(second, FLOW_MOD)


def test_a_connection_cannot_be_two_switches(path):
    with a_switch(path, 1) as link:
        assert is_served(link)
        link.sendall(features(2))
        assert is_hung_up_on(link)


SWITCHES = 57


def heard(held):
    """The order in which eventlet calls listeners that are ready: that of a set of them."""
    from eventlet.hubs.hub import FdListener

    def nothing(*_):
        pass

    listeners = []
    for number in range(SWITCHES):
        held.append(FdListener("write", number, nothing, nothing, nothing))
        listeners.append(FdListener("read", number, nothing, nothing, nothing))
    return [one.fileno for one, _number in {(one, one.fileno) for one in listeners}]


def test_switches_are_heard_in_one_order_wherever_their_listeners_lie_in_memory():
    order_listeners()
    held = []
    first = heard(held)
    assert len(first) == SWITCHES
    del held[::3]
    assert heard(held) == first
