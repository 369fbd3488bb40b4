"""What the commands for a network's hubs and fibres say, and what they make of their words."""

import argparse
import io
import subprocess
import sys
from dataclasses import replace

import pytest

from corridor.experiments import cli
from corridor.experiments.lab import capturer
from corridor.experiments.live_commands import fault
from corridor.experiments.live_commands.probe import _blocks
from corridor.experiments.live_network import session
from corridor.experiments.operations import terminal
from corridor.experiments.operations.probe_text import Probes, packets_of, traced
from corridor.experiments.operations.programs import probe_command, probed
from corridor.experiments.operations.requests import for_any_packet, named, ping_problem
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.model.fault_registry import BY_HAND
from corridor.traffic.packets import pcapng
from reconciler_lab import specification, wiring

PORTS = [["udp", 20004, 862], ["tcp", 40004, 5201]]
DEMANDS = [
    {"demand": "one", "src": "a", "dst": "b", "packets": [[None, None, None]]},
    {"demand": "two", "src": "b", "dst": "c", "packets": PORTS},
    {"demand": "three", "src": "b", "dst": "c", "packets": [["udp", 20005, 862]]},
]


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_demand_is_meant_by_its_name_or_by_its_hubs():
    assert [one["demand"] for one in named(DEMANDS, ["two"])] == ["two"]
    assert [one["demand"] for one in named(DEMANDS, ["b", "c"])] == ["two", "three"]
    for words, said in (
        (["oen"], 'did you mean "one"?'),
        (["c", "b"], "no demand goes from c to b"),
    ):
        with pytest.raises(InputError) as problem:
            named(DEMANDS, words)
        assert said in str(problem.value)


def test_icmp_belongs_to_a_demand_that_has_two_hubs_to_itself():
    assert for_any_packet(DEMANDS, "a", "b") == "one"
    with pytest.raises(InputError) as problem:
        for_any_packet(DEMANDS, "b", "c")
    assert "two: UDP from port 20004 to port 862 or TCP from port 40004" in str(problem.value)
    assert str(problem.value).endswith("; corridor probe two")


@pytest.mark.parametrize("name", ["c", "10.0.0.3"])
def test_a_ping_at_a_hub_is_explained_where_demands_share_its_pair(name):
    known = {"demands": DEMANDS, "addresses": {"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"}}
    problem = ping_problem(known, "b", ["/usr/bin/ping", "-c", "1", name])
    assert problem is not None
    assert problem.startswith("ICMP between b and c belongs to no demand, and is dropped (two: ")
    assert problem.endswith("; corridor probe two")
    assert ping_problem(known, "a", ["ping", "-c", "1", "b"]) is None
    assert ping_problem(known, "b", ["ping", "-c", "1", "192.0.2.1"]) is None
    assert ping_problem(known, "b", ["iperf3", "-c", "c"]) is None


def test_probes_are_counted_and_summed_up():
    probes = Probes()
    assert probes.summary() == "no probe was answered or lost yet"
    line = probes.take({"seq": 1, "rtt_ns": 22_500_000, "there_ns": 11e6, "back_ns": 11.5e6})
    assert line == "seq 1      22.500 ms  (there 11.000, back 11.500)"
    assert probes.take({"seq": 2, "lost": True}) == "seq 2     no answer"
    assert probes.summary() == (
        "2 probes, 1 lost (50.0%); RTT min/mean/max 22.500/22.500/22.500 ms"
    )
    assert packets_of([[None, None, None]]) == "any packet"


def test_a_probe_has_the_ports_that_the_tables_take_for_its_demand():
    from corridor.controller.intent.intent import Selector

    direction = specification().directions[0]
    udp = Selector("udp", 20004, 862)
    assert probed(replace_selectors(direction, Selector("tcp", 1, 2), udp)) == udp
    with pytest.raises(InputError, match="not UDP"):
        probed(replace_selectors(direction, Selector("tcp", 1, 2)))
    words = probe_command(
        specification(), wiring(), "/of/{}".format, direction.demand.id, 1_000_000_000
    )
    assert '"src_port": 0, "dst_port": 862' in words[-1]


def replace_selectors(direction, *selectors):
    return direction.model_copy(update={"selectors": selectors})


def test_a_trace_says_how_the_demand_is_served_then_every_hop():
    label = {"number": 17, "epoch": 0, "phase": "PRE", "state": "ASSESSED"}
    hop = {"hub": "a", "entries": ["table 0"], "found_dead": ["a-c"], "by": "a-b", "label": label}
    last = {"hub": "b", "entries": [], "found_dead": [], "by": "", "label": None}
    packet = {"ip_proto": 17, "ipv4_src": "10.0.0.1", "ipv4_dst": "10.0.0.2"}
    packet |= {"udp_src": 1, "udp_dst": 862}
    trace = {"packet": packet, "end": "delivered"}
    trace["hops"] = [{**hop, "one_way_ns": 0}, {**last, "one_way_ns": 10_850_000}]
    served = {
        "demand": "one",
        "status": "DEGRADED",
        "permit": "P",
        "clause": "",
        "legal_ref": ["L"],
    }
    said = traced(trace, {**served, "reason": "bridged"}, 1, live=True)
    assert said.splitlines() == [
        "one: DEGRADED by permit P (L)",
        "  bridged",
        "packet: UDP 10.0.0.1:1 > 10.0.0.2:862",
        "tables as read back from the switches, epoch 1:",
        "  1 a after 0.000 ms, leaves by a-b with label 17 (ASSESSED, epoch 0)",
        "      table 0",
        "      found dead: a-c",
        "  2 b after 10.850 ms",
        "it is delivered",
    ]
    said = traced(trace, {**served, "judged": False, "legal_ref": [], "reason": ""}, 1, live=True)
    assert said.splitlines()[0] == "one: DEGRADED, not covered"


def parsed(*words):
    parser = argparse.ArgumentParser()
    fault.add_parser(parser.add_subparsers())
    return parser.parse_args(["fault", *words])


def test_every_kind_of_fault_is_a_word_of_the_command():
    for key in BY_HAND:
        assert parsed(key, "somewhere", "--end").kind == key


def test_options_are_written_as_in_scenarios():
    args = parsed("degrade", "a-b", "--rate", "25%", "--delay", "20ms")
    assert fault.options_of(BY_HAND["degrade"], args) == {"rate": 0.25, "delay": 20_000_000}
    assert fault.options_of(BY_HAND["cut"], parsed("cut", "a-b", "--silent")) == {"silent": True}
    assert fault.options_of(BY_HAND["cut"], parsed("cut", "a-b")) == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing gets worse"),
        (("--rate", "25"), "needs a percent sign"),
        (("--rate", "120%"), "rate must be at most 100%"),
        (("--delay", "soon"), "soon"),
    ],
)
def test_wrong_options_are_bad_input(words, said):
    with pytest.raises(InputError, match=said):
        fault.options_of(BY_HAND["degrade"], parsed("degrade", "a-b", *words))


class Pieces:
    """A client whose program says these pieces."""

    def __init__(self, monkeypatch, *said):
        monkeypatch.setattr(terminal, "pieces", lambda *_: iter(said))


def test_a_capture_is_cut_into_whole_blocks_however_it_comes(monkeypatch):
    section, packet = pcapng.section("x"), pcapng.packet(0, 1, b"frame", out=True, comment="")
    stream = section + packet + packet
    Pieces(monkeypatch, *((stream[at : at + 7], b"", None) for at in range(0, len(stream), 7)))
    assert [one for one in _blocks(None, 1) if one] == [section, packet, packet]


def test_a_capture_that_ends_by_itself_says_why(monkeypatch):
    Pieces(monkeypatch, (b"", b"Traceback\nOSError: no such device\n", 1))
    with pytest.raises(EnvironmentUnsupported, match="has ended: OSError: no such device"):
        list(_blocks(None, 1))


def test_labels_are_told_by_what_the_controller_knows(monkeypatch):
    use = {"label": 393238, "demand": "d", "permit": "P", "state": "EXEMPT", "epoch": 0}
    asked = []
    monkeypatch.setattr(
        capturer, "ask", lambda *_, **__: asked.append(1) or {"ok": True, "labels": [use]}
    )
    labels = capturer.Labels("control")
    frame = bytes(12) + b"\x88\x47" + (393238 << 12 | 0x1FF).to_bytes(4, "big") + bytes(40)
    assert labels.comment(frame) == "label 393238: demand d, permit P, phase EXEMPT, epoch 0"
    other = bytes(12) + b"\x88\x47" + (1 << 19 << 12).to_bytes(4, "big")
    assert labels.comment(other) == "label 524288: epoch 1, not known"
    assert labels.comment(bytes(60)) == labels.comment(b"") == ""
    assert len(asked) == 1
    use["demand"] = "e"
    labels.ask()
    assert "demand e, permit P" in labels.comment(frame)


def test_labels_that_are_no_longer_given_are_told_for_a_moment(monkeypatch):
    said = [
        {"label": label, "demand": "d", "permit": "P", "state": "PRE"} for label in (16, 1 << 19)
    ]
    answers = [{"labels": [{**one, "epoch": epoch}]} for epoch, one in enumerate(said)]
    monkeypatch.setattr(capturer, "ask", lambda *_, **__: answers.pop(0) if answers else {})
    labels = capturer.Labels("control")
    frame = bytes(12) + b"\x88\x47" + (16 << 12).to_bytes(4, "big")
    labels.ask()
    labels.ask()
    assert "demand d" in labels.comment(frame)
    labels._changed_s -= capturer.LINGER_S
    assert labels.comment(frame) == "label 16: epoch 0, not known"


def test_without_a_network_each_command_says_so(capsys):
    for words in (
        ("exec", "guian", "true"),
        ("mininet",),
        ("ping", "guian", "karachi"),
        ("probe", "x"),
        ("trace", "x"),
        ("capture", "x", "-w", "-"),
        ("fault", "list"),
        ("cut", "x"),
        ("mend", "x"),
        ("kill", "controller"),
        ("start", "hub", "x"),
    ):
        assert cli.main(list(words)) == 2
        assert "no network is up" in capsys.readouterr().err


def test_a_shell_needs_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert cli.main(["shell", "guian"]) == 2
    assert "a shell needs a terminal" in capsys.readouterr().err


def noted(**changes):
    made = session.session_of_this_process(
        "mini",
        url="http://127.0.0.1:4711",
        token_file=session.folder_for("mini") / session.TOKEN_FILE,
        scenario="mini",
        testbed="uml",
        clock="real",
    )
    session.write(made)
    one = replace(made, **changes)
    session.write(one)
    return one


def test_down_ends_the_network_once_and_is_content_with_none(capsys):
    assert cli.main(["down"]) == 0
    assert capsys.readouterr().out == "no network is up\n"
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    noted(pid=process.pid, pid_started=session._started(process.pid), out="/results/live")
    assert cli.main(["down", "other"]) == 0
    assert process.poll() is None
    assert cli.main(["down", "mini"]) == 0
    out = capsys.readouterr().out
    assert "no network other is up" in out
    assert "network mini is down; its results are in /results/live" in out
    assert process.wait(10) == -15
    assert session.sessions() == ()
    assert not session.folder_for("mini").exists()


BOTH = [
    {"demand": "old", "src": "a", "dst": "b", "family": "ipv4", "packets": [["udp", 1, 2]]},
    {"demand": "new", "src": "a", "dst": "b", "family": "ipv6", "packets": [[None, None, None]]},
]


@pytest.mark.parametrize(
    ("words", "is_dropped"),
    [
        (["ping", "-6", "b"], False),
        (["ping", "fd00:c0da::a00:2"], False),
        (["ping", "b"], False),
        (["ping", "-4", "b"], True),
        (["ping", "-6", "a"], False),
    ],
)
def test_a_ping_is_of_the_version_that_it_asks_for(words, is_dropped):
    known = {
        "demands": BOTH,
        "addresses": {"a": "10.0.0.1", "b": "10.0.0.2"},
        "ipv6_addresses": {"a": "fd00:c0da::a00:1", "b": "fd00:c0da::a00:2"},
    }
    assert (ping_problem(known, "a", words) is not None) == is_dropped
