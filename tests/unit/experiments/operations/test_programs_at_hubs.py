"""Programs that operations run, and their end when their client leaves. No root needed."""

import contextlib
import json
import os
import signal
import socket
import stat
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from corridor.experiments.operations import programs, terminal
from corridor.experiments.operations.door import SOCKET, Client, opened
from corridor.experiments.operations.image_root import TARS
from corridor.experiments.operations.programs import Program, Room, Window
from corridor.experiments.operations.requests import data_of, octets
from corridor.experiments.operations.server import MOST_PROGRAMS, SHARED_FOLDER, Operations
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from reconciler_lab import specification, wiring

LONG = 4711


class Network:
    """As much of a live network as operations ask for."""

    def __init__(self):
        self.specification, self.wiring = specification(), wiring()
        self.control = Path("/nowhere")
        self.faulted = SimpleNamespace(wiring=self.wiring, make=self._note, end=self._note)
        self.made, self.killed = [], 0

    def _note(self, *words):
        self.made.append(words)
        return []

    def namespace_of(self, hub):
        return f"/of/{hub}"

    def management_of(self, hub):
        return f"unix:/{hub}.mgmt"

    def ask(self, do, **more):
        return {"ok": True, "asked": [do, more]}

    def kill_controller_by_hand(self):
        self.killed += 1


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """A program starts where its room says, and enters no namespace."""
    monkeypatch.setattr(programs, "_enter", lambda room: os.chdir(room.folder))


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def operations(tmp_path, network):
    with Operations(tmp_path, tmp_path) as made:
        made.open(network)
        yield made


@pytest.fixture
def path(operations, tmp_path):
    where = tmp_path / SOCKET
    with opened(where, operations.answer):
        yield where


@pytest.fixture
def client(path):
    with Client(path) as one:
        yield one


def until(what, seconds=10):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def sleeping(number):
    """Processes that sleep for that long."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"sleep\0{number}".encode() in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return found


def run(client, *command, hub="guian", feed=None):
    program = client.ask("run", hub=hub, command=list(command))["program"]
    for piece in (*(feed or ()), b""):
        client.ask("write", program=program, data=octets(piece))
    out = err = b""
    code = None
    for more, wrong, ended in terminal.pieces(client, program):
        out, err, code = out + more, err + wrong, ended
    return out, err, code


def test_output_errors_and_the_exit_code_come_apart(client):
    out, err, code = run(client, "sh", "-c", "echo said; echo complained >&2; exit 7")
    assert (out, err, code) == (b"said\n", b"complained\n", 7)


def test_it_starts_in_the_shared_folder_which_its_environment_names(client, tmp_path):
    out, _, _ = run(client, "sh", "-c", "pwd; echo $CORRIDOR_SHARED")
    assert out.decode().split() == [str(tmp_path / "shared")] * 2


def test_its_input_comes_in_pieces_and_ends(client):
    pieces = [os.urandom(10_000) for _ in range(8)]
    program = client.ask("run", hub="guian", command=["cat"])["program"]

    def feed():
        for piece in pieces:
            rest = piece
            while rest:
                rest = rest[client.ask("write", program=program, data=octets(rest))["taken"] :]
        client.ask("write", program=program)

    threading.Thread(target=feed, daemon=True).start()
    said = [out for out, _, _ in terminal.pieces(client, program)]
    assert b"".join(said) == b"".join(pieces)


def test_who_reads_no_input_is_not_written_to(client):
    program = client.ask("run", hub="guian", command=["sh", "-c", "exec <&-; sleep 5"])["program"]
    until(lambda: client.ask("write", program=program, data=octets(b"x"))["taken"] is None)


def test_what_ends_by_a_signal_has_its_number(client):
    program = client.ask("run", hub="guian", command=["sleep", str(LONG)])["program"]
    client.ask("signal", program=program, number=int(signal.SIGINT))
    assert [code for _, _, code in terminal.pieces(client, program)][-1] == -signal.SIGINT


def test_a_signal_that_is_blocked_or_ignored_here_ends_a_program(tmp_path):
    """A shell starts what is in the background with SIGINT ignored."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        program = Program(["sleep", str(LONG)], Room(tmp_path), "blocked")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    program.signal(signal.SIGINT)
    until(lambda: program.read(0.1).code == -signal.SIGINT)
    program.end()


def test_a_terminal_has_a_size_and_a_control_key(client):
    words = {"hub": "guian", "command": ["sh"], "terminal": [33, 101], "term": "dumb"}
    program = client.ask("run", **words)["program"]
    said = b""

    def typed(text, awaited):
        nonlocal said
        client.ask("write", program=program, data=octets(text))
        while awaited not in said:
            said += data_of(client.ask("read", program=program, wait_s=5)["out"])

    typed(b"stty size; echo $TERM; tty\n", b"/dev/pts/")
    assert b"33 101\r\ndumb\r\n" in said
    client.ask("resize", program=program, terminal=[44, 111])
    typed(b"stty size\n", b"44 111")
    client.ask("write", program=program, data=octets(b"exit 5\n"))
    assert [code for _, _, code in terminal.pieces(client, program)][-1] == 5


def test_what_a_program_leaves_running_does_not_hold_its_end_back(client, operations):
    began_s = time.monotonic()
    out, _, code = run(client, "sh", "-c", f"setsid sleep {LONG}1 & echo done")
    assert (out, code) == (b"done\n", 0)
    assert time.monotonic() - began_s < 5
    assert sleeping(f"{LONG}1")
    operations.close()
    until(lambda: not sleeping(f"{LONG}1"))


@pytest.mark.parametrize("how", ["close", "vanish"])
def test_a_client_that_goes_takes_all_that_it_runs_with_it(path, how):
    client = Client(path)
    script = f"setsid sleep {LONG}2 & sleep {LONG}2"
    program = client.ask("run", hub="guian", command=["sh", "-c", script])["program"]
    reader = threading.Thread(target=lambda: _read_on(client, program), daemon=True)
    reader.start()
    until(lambda: len(sleeping(f"{LONG}2")) == 2)
    if how == "close":
        client.close()
    else:
        client._socket.shutdown(socket.SHUT_RDWR)
    until(lambda: not sleeping(f"{LONG}2"))
    reader.join(10)
    assert not reader.is_alive()


def _read_on(client, program):
    with contextlib.suppress(EnvironmentUnsupported):
        list(terminal.pieces(client, program))


def test_a_program_is_its_clients_own(client, path):
    program = client.ask("run", hub="guian", command=["sleep", "5"])["program"]
    with Client(path) as other, pytest.raises(InputError, match="not for you"):
        other.ask("read", program=program, wait_s=0)


def test_many_run_at_once_and_not_too_many(client):
    command = ["sleep", "60"]
    for _ in range(MOST_PROGRAMS):
        client.ask("run", hub="guian", command=command)
    with pytest.raises(InputError, match=f"{MOST_PROGRAMS} programs run already"):
        client.ask("run", hub="guian", command=command)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"do": "fly"}, "expected tags: 'run', 'mininet'"),
        ({"do": "run", "hub": "atlantis", "command": ["true"]}, 'no hub "atlantis"'),
        ({"do": "run", "hub": "guian", "command": []}, "command Tuple should have at least 1 item"),
        ({"do": "run", "hub": "guian", "command": [1]}, "command.0 Input should be a valid string"),
        ({"do": "run", "hub": "guian", "command": ["no-such-program"]}, "no-such-program: "),
        ({"do": "run", "hub": "guian"}, "command Field required"),
        ({"do": "read", "program": 99, "wait_s": 0}, "program 99 does not run"),
        ({"do": "probe", "demand": "nothing", "interval_ns": 1}, 'no demand "nothing"'),
        ({"do": "capture"}, "a capture is at a hub or at a fibre"),
        ({"do": "capture", "fibre": "nothing"}, "no fibre 'nothing'"),
        ({"do": "capture", "fibre": "karach"}, 'did you mean "karachi"'),
        ({"do": "run", "hub": "karach", "command": ["true"]}, 'did you mean "karachi"'),
        ({"do": "begin", "kind": "cutt", "what": "guian-kunming"}, 'did you mean "cut"'),
        ({"do": "begin", "kind": "flood", "what": "guian"}, 'no kind of fault "flood"'),
        ({"do": "end", "kind": "cut", "what": "guian-kunmin"}, 'did you mean "guian-kunming"?'),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line(client, asked, said):
    with pytest.raises(InputError) as problem:
        client.ask(**asked)
    assert said in str(problem.value)


def test_what_is_no_request_gets_an_answer_too(operations):
    for text in (b"1 []", b"1 nonsense", b"1 \xff", b"1 {}"):
        assert json.loads(operations.answer(text))["kind"] == "bad"


def test_before_there_is_a_network_and_after_it_says_so(tmp_path):
    waiting = Operations(tmp_path, tmp_path)
    assert json.loads(waiting.answer(b'1 {"do": "demands"}'))["kind"] == "absent"


def test_when_the_network_ends_its_clients_are_told(operations, path):
    client = Client(path)
    program = client.ask("run", hub="guian", command=["sleep", str(LONG)])["program"]
    operations.close()
    with pytest.raises(EnvironmentUnsupported, match="not there"):
        client.ask("read", program=program, wait_s=1)
    client.close()


def test_a_network_of_this_kernel_takes_no_images_and_tars_go_with_the_network(
    client, operations, tmp_path
):
    image = {"id": "a" * 64}
    with pytest.raises(InputError, match="images need a network in a guest"):
        client.ask("run", hub="guian", command=["true"], image=image)
    with pytest.raises(InputError, match=r"image\.id"):
        client.ask("run", hub="guian", command=["true"], image={"id": "../x"})
    tars = tmp_path / SHARED_FOLDER / TARS
    tars.mkdir(parents=True)
    (tars / "a.tar").touch()
    operations.close()
    assert not tars.exists()


def test_nobody_else_reaches_the_socket(path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_socket_where_nobody_listens_is_told_in_a_line(tmp_path):
    with pytest.raises(EnvironmentUnsupported, match="cannot be reached"):
        Client(tmp_path / SOCKET)


def test_a_door_that_hangs_up_is_the_end_of_the_network(tmp_path):
    with opened(tmp_path / SOCKET, lambda _: b"no json"), Client(tmp_path / SOCKET) as client:
        with pytest.raises(EnvironmentUnsupported, match="has ended"):
            client.ask("demands")
        with pytest.raises(EnvironmentUnsupported, match="has ended"):
            client.ask("demands")


def test_the_controller_is_asked_and_killed(client, network):
    said = client.ask("controller", request={"do": "trace", "demand": "x"})["said"]
    assert said["asked"] == ["trace", {"demand": "x"}]
    client.ask("kill-controller")
    assert network.killed == 1


def test_faults_begin_and_end_once(client, network, tmp_path):
    cut = {"kind": "cut", "what": "guian-kunming"}
    assert client.ask("begin", **cut)["changed"]
    assert not client.ask("begin", **cut)["changed"]
    assert client.ask("lasting")["faults"] == [{**cut, "options": {}}]
    assert client.ask("begin", **cut, options={"silent": True})["changed"]
    assert client.ask("end", **cut)["changed"]
    assert not client.ask("end", **cut)["changed"]
    assert client.ask("lasting")["faults"] == []
    names = [words[0] for words in network.made]
    assert [name[0] for name in names] == ["cut", "cut", "silence", "cut"]
    told = [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]
    assert [one["do"] for one in told] == ["begin", "begin", "end"]
    assert told[1].items() >= {"kind": "cut", "options": {"silent": True}}.items()


@pytest.mark.parametrize(
    ("options", "said"),
    [({}, "nothing gets worse"), ({"colour": "red"}, "degrade has no option colour")],
)
def test_a_fault_with_wrong_options_does_not_begin(client, network, options, said):
    with pytest.raises(InputError, match=said):
        client.ask("begin", kind="degrade", what="guian-kunming", options=options)
    assert network.made == []


def test_ended_by_itself_a_program_leaves_no_descriptor(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for window in (None, Window(24, 80)) * 10:
        program = Program(["true"], Room(tmp_path), "x.", window=window)
        while program.read(1).code is None:
            pass
        with pytest.raises(BrokenPipeError):
            program.write(b"x", 0)
    assert len(os.listdir("/proc/self/fd")) < before + 10
