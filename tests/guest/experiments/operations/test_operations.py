"""A live network in a guest used by hand, from other terminals."""

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time

import pytest
from scapy.utils import RawPcapNgReader

from corridor_runs import corridor, environment
from live_runs import LiveRun

pytestmark = [pytest.mark.guest, pytest.mark.timeout(300)]
FIBRE, DEMAND = "kunming-bangkok", "render-bangkok"
DIRECT_MS, DETOUR_MS = 21.7, 85.7
"""Pure RTT by the map: with and without the fibre."""
LONG = 98_765


@pytest.fixture(scope="module")
def kept(tmp_path_factory, virtual_kernel):
    run = LiveRun(tmp_path_factory.mktemp("hands-on") / "one", "mini", "--testbed", "uml")
    try:
        run.wait_until_it_says("] ready: 12 UP", 120)
        yield run
    finally:
        run.close()


@pytest.fixture(scope="module")
def command(kept):
    """Arguments of ``Popen`` for a command in another terminal."""
    state = str(kept.sessions.parents[1])

    def words(*asked):
        return {"args": corridor(*asked), "env": environment(XDG_STATE_HOME=state)}

    return words


@pytest.fixture(scope="module")
def said(command):
    """What a command says, and its exit code."""

    def run(*asked, code=0, **more):
        more = {"capture_output": True, "text": True, "timeout": 180, **more}
        done = subprocess.run(**command(*asked), **more)
        assert done.returncode == code, done.stderr
        return done.stdout

    return run


def rtts_ms(text):
    return [float(one) for one in re.findall(r"seq \d+ +([\d.]+) ms", text)]


def until(what, seconds=20):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def running(said, number):
    """How many processes inside sleep for that long."""
    script = f"ps -eo args | grep -c '^sleep {number}' || true"
    return int(said("exec", "guian", "sh", "-c", script))


def test_programs_run_at_hubs_with_their_output_input_and_exit_code(said, kept):
    script = "echo out; cat; ip -br addr; echo inside > /shared/from-inside; exit 7"
    out = said("exec", "guian", "sh", "-c", script, code=7, input="typed\n")
    assert out.splitlines()[:2] == ["out", "typed"]
    assert "10.0.0.2/8" in out
    shared = kept.folder / "shared"
    assert (shared / "from-inside").read_text() == "inside\n"
    (shared / "from-outside").write_text("outside\n")
    assert said("exec", "guian", "cat", "from-outside") == "outside\n"
    blob = os.urandom(200_000)
    done = said("exec", "guian", "cat", input=blob, text=False)
    assert done == blob


def test_hubs_resolve_by_name_at_hubs_and_other_names_fail_at_once(said):
    script = "getent hosts karachi; time -p getent hosts 10.0.0.77 2>&1; exit 0"
    out = said("exec", "guian", "bash", "-c", f"{{ {script}; }} 2>&1")
    assert re.match(r"10\.0\.0\.5 +karachi\nreal 0\.", out), out


def test_a_ping_that_no_demand_covers_is_explained_at_a_hub_as_well(command, said):
    words = ("exec", "guian", "ping", "-c", "1", "-W", "1", "karachi")
    done = subprocess.run(**command(*words), capture_output=True, text=True, timeout=180)
    assert done.returncode == 1
    assert "100% packet loss" in done.stdout
    assert "ICMP between guian and karachi belongs to no demand, and is dropped" in done.stderr
    assert "corridor probe" in done.stderr


def test_a_ping_says_by_which_demand_and_refuses_where_it_would_be_dropped(command, said):
    done = subprocess.run(
        **command("ping", "kunming", "bangkok", "-c", "2"), capture_output=True, text=True
    )
    assert f"by demand {DEMAND}" in done.stderr
    assert "2 received" in done.stdout
    said("ping", "karachi", "guian", "-c", "1", code=2)
    shared = said("probe", "karachi", "guian", "-c", "2", "--interval", "200ms")
    assert "probes of science-karachi (UDP from port 20004 to port 862)" in shared
    assert len(rtts_ms(shared)) == 2


def test_a_cut_moves_probes_to_the_detour_and_mending_brings_them_back(said, command):
    direct = rtts_ms(said("probe", DEMAND, "-c", "3", "--interval", "200ms"))
    assert DIRECT_MS < min(direct) < DIRECT_MS + 5
    watching = subprocess.Popen(
        **command("probe", DEMAND, "--interval", "200ms"), stdout=subprocess.PIPE, text=True
    )
    try:
        assert said("cut", FIBRE) == f"cut {FIBRE}: begun\n"
        until(lambda: f"leaves by {FIBRE}" not in said("trace", DEMAND))
        detour = rtts_ms(said("probe", DEMAND, "-c", "3", "--interval", "200ms", code=0))
        assert DETOUR_MS < min(detour) < DETOUR_MS + 15
        live = said("trace", DEMAND, "--live")
        assert live.endswith("it is delivered\n")
        assert "as read back from the switches" in live
        assert said("fault", "list") == f"cut {FIBRE}\n"
        assert said("mend", FIBRE) == f"cut {FIBRE}: ended\n"
        until(lambda: f"leaves by {FIBRE}" in said("trace", DEMAND))
        until(lambda: min(rtts_ms(said("probe", DEMAND, "-c", "2"))) < DIRECT_MS + 5)
    finally:
        watching.send_signal(signal.SIGINT)
        text, _ = watching.communicate(timeout=20)
    assert watching.returncode == 0
    assert f"{DEMAND}: UP, kunming > bangkok" in text
    assert " > shanghai > bangkok" in text
    assert "RTT min/mean/max" in text.splitlines()[-1]


def test_a_fibre_gets_worse_by_the_words_of_scenarios(said):
    said("fault", "degrade", FIBRE, "--delay", "30ms")
    worse = rtts_ms(said("probe", DEMAND, "-c", "2", "--interval", "200ms"))
    assert DIRECT_MS + 60 < min(worse) < DIRECT_MS + 75
    assert said("fault", "degrade", FIBRE, "--end") == f"degrade {FIBRE}: ended\n"


def test_gateways_hubs_and_the_controller_are_killed_and_come_back(said, kept):
    said("kill", "gateway", "kunming")
    kept.wait_until_it_says("failed: gateway kunming")
    said("start", "gateway", "kunming")
    said("kill", "hub", "bangkok")
    kept.wait_until_it_says(f"{DEMAND}: UP -> DOWN")
    assert "dropped" in said("trace", DEMAND).splitlines()[-1]
    said("start", "hub", "bangkok")
    kept.wait_until_it_says(f"{DEMAND}: DOWN -> UP")
    for times in range(1, 6):  # by hand as often as one likes
        said("kill", "controller")
        kept.until(lambda times=times: kept.said().count("a new controller took over") == times)


@pytest.mark.skipif(shutil.which("iperf3") is None, reason="iperf3 is not installed")
def test_iperf3_runs_between_hubs_that_have_names(said, command):
    with subprocess.Popen(**command("exec", "bangkok", "iperf3", "-s", "-1")) as server:
        try:
            until(lambda: "5201" in said("exec", "bangkok", "ss", "-ltn"))
            out = said("exec", "kunming", "iperf3", "-c", "bangkok", "-t", "1", "-J")
            assert json.loads(out)["end"]["sum_received"]["bytes"] > 1_000_000
            assert server.wait(20) == 0
        finally:
            server.kill()


def test_mininets_command_line_acts_on_the_network_and_leaves_it(said, kept):
    cut = "links\nh3 ping -c 1 h4\nlink s3 s4 down\nswitch s3 stop\nkunming hostname\n"
    out = said("mininet", input=cut)
    assert "c0s3p4<->c0s4p2 (OK OK)" in out
    assert "1 packets transmitted, 1 received" in out
    kept.wait_until_it_says(f"failed: fibre {FIBRE}")
    out = said("mininet", input="link s3 s4 up\ndpctl dump-aggregate\npy net['kunming'].IP()\n")
    assert out.count("flow_count=") == 5
    assert out.rstrip().endswith("10.0.0.3")
    kept.wait_until_it_says("no failures remain")


@pytest.mark.skipif(shutil.which("iperf") is None, reason="iperf is not installed")
def test_mininets_iperf_ends(said):
    assert "*** Results: ['" in said("mininet", input="iperf h3 h4\n")


def test_a_capture_names_interfaces_and_whose_packets_they_are(said, command, tmp_path):
    probing = subprocess.Popen(
        **command("probe", DEMAND, "--interval", "100ms"), stdout=subprocess.DEVNULL
    )
    try:
        for where, file in ((FIBRE, "fibre"), ("kunming", "host")):
            said("capture", where, "-w", tmp_path / file, "--count", "12", "--for", "20s")
    finally:
        probing.terminate()
        probing.wait(20)
    fibre, host = (_packets(tmp_path / file) for file in ("fibre", "host"))
    assert len(fibre) >= 12
    assert {name for name, *_ in fibre} == {"c0s3p4", "c0s4p2"}
    labelled = [comment for _, frame, comment, _ in fibre if frame[12:14] == b"\x88\x47"]
    assert any(f"demand {DEMAND}, permit" in comment for comment in labelled)
    assert any(f"demand {DEMAND}.return, permit" in comment for comment in labelled)
    assert {name for name, *_ in host} == {"c0h3-eth0"}
    times_ns = [at_ns for *_, at_ns in fibre]
    assert any(at_ns % 1000 for at_ns in times_ns)
    if shutil.which("tshark"):
        words = ["tshark", "-r", tmp_path / "fibre", "-T", "fields", "-e", "frame.comment"]
        assert f"demand {DEMAND}" in subprocess.check_output(words, text=True)


def _packets(path):
    with RawPcapNgReader(str(path)) as reader:
        return [
            (
                said.ifname.decode(),
                frame,
                b"".join(said.comments or []).decode(),
                said.tshigh << 32 | said.tslow,
            )
            for frame, said in reader
        ]


def test_a_client_that_is_killed_leaves_no_process_inside(said, command):
    script = f"setsid sleep {LONG} & sleep {LONG}"
    client = subprocess.Popen(**command("exec", "karachi", "sh", "-c", script))
    try:
        until(lambda: running(said, LONG) == 2)
    finally:
        client.kill()
        client.wait()
    until(lambda: running(said, LONG) == 0, 10)


def test_ctrl_c_goes_to_the_program_whose_end_is_told(command, said):
    client = subprocess.Popen(**command("exec", "karachi", "sleep", f"{LONG}1"))
    until(lambda: running(said, f"{LONG}1") == 1)
    client.send_signal(signal.SIGINT)
    assert client.wait(20) == 128 + signal.SIGINT
    assert running(said, f"{LONG}1") == 0


def test_demands_to_one_hub_are_probed_at_once(command):
    """Their probes come to one port, where one of them answers for all."""
    words = ("--interval", "100ms", "-c")
    probing = [
        subprocess.Popen(
            **command("probe", demand, *words, count), stdout=subprocess.PIPE, text=True
        )
        for demand, count in (("science-karachi", "10"), ("train-east-west", "40"))
    ]
    for one in probing:
        text, _ = one.communicate(timeout=60)
        assert one.returncode == 0
        assert len(rtts_ms(text)) > 8


def test_a_terminal_has_keys_and_a_size(command):
    pid, ours = pty.fork()
    if pid == 0:
        words = command("shell", "guian")
        os.execvpe(words["args"][0], words["args"], words["env"])
    said = b""

    def typed(text, awaited):
        nonlocal said
        os.write(ours, text)
        while awaited not in said:
            said += os.read(ours, 4096)

    typed(b"", b"guian# ")
    typed(b"stty rows 33 cols 101; stty size; sleep 99\r", b"\r33 101\r")
    typed(b"\x03", b"^C")
    typed(b"exit 5\r", b"exit\r")
    with contextlib.suppress(OSError):
        while os.read(ours, 4096):
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5


def test_down_leaves_nothing_but_results(kept, said, command):
    left = subprocess.Popen(**command("exec", "karachi", "sleep", str(LONG)))
    try:
        kept.processes()
        assert said("down").startswith("network mini is down; its results are in ")
        assert kept.process.wait(10) == 128 + signal.SIGTERM
        assert left.wait(10) == 3
    finally:
        left.kill()
    kept.assert_nothing_is_left()
    assert said("down") == "no network is up\n"
    assert json.loads((kept.folder / "proof.json").read_text())["holds"]
