"""``corridor lab`` in guests: programs, Mininet's shell, apps of Ryu's, stock Mininet, ends."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import mininet
import pytest

from corridor_runs import WatchedRun, corridor, environment

pytestmark = pytest.mark.guest
INSIDE = Path(__file__).parents[2] / "inside"
LIMITED_HOSTS = INSIDE / "limited_hosts.py"
LAB_S = 110
LOOKUP_MS = 100
KARACHI_MS = 119.25
"""The RTT from Shanghai, over Kunming."""


@pytest.fixture(autouse=True)
def kernel(virtual_kernel):
    return virtual_kernel


def lab(*words, stdin="", folder=None):
    done = subprocess.run(
        corridor("lab", *words),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=LAB_S,
        cwd=folder,
        env=environment(),
    )
    return done.returncode, done.stdout, done.stderr


def least_ms(ping):
    return float(re.search(r"= ([\d.]+)/", ping)[1])


@pytest.fixture(scope="module")
def at_hubs(virtual_kernel):
    """What programs printed: a ping at a hub; lookups of names in the machine, and at a hub."""
    programs = (
        "hub shanghai ping -c 3 karachi",
        "sh name_lookups.sh",
        "hub shanghai sh name_lookups.sh",
    )
    script = " && echo -- next && ".join(programs)
    code, said, complained = lab("mini", "--quiet", "--", "sh", "-c", script, folder=INSIDE)
    assert code == 0, complained
    return said.split("-- next\n")


@pytest.mark.promise("programs of users run at hubs and in Mininet")
def test_a_ping_through_mini_takes_the_predicted_time_to_the_microsecond(at_hubs):
    ping, *_ = at_hubs
    assert "3 received, 0% packet loss" in ping
    assert least_ms(ping) == pytest.approx(KARACHI_MS, abs=0.1)
    assert ping.startswith("PING karachi (10.0.0.5)")


def test_the_code_the_streams_and_the_folder_of_a_program_are_its_own(tmp_path):
    script = "cat; echo complained >&2; pwd; cat here; echo kept >$CORRIDOR_OUT/mine; exit 7"
    (tmp_path / "here").write_text("seen\n")
    words = ("mini", "--quiet", "--out", "out", "--controller", "none", "--", "sh", "-c", script)
    code, said, complained = lab(*words, stdin="first\nsecond\n", folder=tmp_path)
    assert (code, complained) == (7, "complained\n")
    assert said == f"first\nsecond\n{tmp_path}\nseen\n"
    assert (tmp_path / "out/mine").read_text() == "kept\n"
    ended = json.loads((tmp_path / "out/ended.json").read_text())
    assert ended == {"by": "command", "code": 7}


def test_a_program_that_is_not_there_is_127_as_in_a_shell():
    code, said, complained = lab("--quiet", "--", "no-such-program")
    assert (code, said, complained) == (
        127,
        "",
        "no-such-program: No such file or directory\n",
    )


@pytest.mark.promise("programs of users run at hubs and in Mininet")
def test_mininets_shell_takes_commands_from_a_pipe():
    script = "nodes\nshanghai ping -c 2 karachi\nh1 ping -c 2 h5\npy net['bangkok'].IP()\n"
    code, said, complained = lab("mini", stdin=script)
    assert code == 0, complained
    assert "h1 h2 h3 h4 h5" in said
    assert said.count("2 received, 0% packet loss") == 2
    assert said.rstrip().endswith("10.0.0.4")


def test_an_app_that_is_not_there_is_told_in_a_line():
    code, said, complained = lab("mini", "--quiet", "--controller", "no.such.app", "--", "true")
    assert (code, said) == (3, "")
    assert complained.startswith("corridor: the controller no.such.app ended with code 2: ")
    assert complained.count("\n") == 1


def test_hosts_of_a_lab_have_both_versions_of_ip_where_that_is_asked_for():
    programs = ("shanghai ping -6 -c 3 karachi", "shanghai ping -4 -c 1 karachi")
    script = "; ".join(f"hub {one}" for one in (*programs, "guian ip -6 -br addr"))
    code, said, complained = lab("mini", "--ipv6", "--quiet", "--", "sh", "-c", script)
    assert code == 0, said + complained
    assert "PING karachi (fd00:c0da::a00:5)" in said
    assert least_ms(said) == pytest.approx(KARACHI_MS, abs=0.1)
    assert "1 packets transmitted, 1 received" in said
    addresses = re.findall(r"fd00:\S+|fe80\S+", said.splitlines()[-1])
    assert addresses == ["fd00:c0da::a00:2/32"]


def test_a_bare_lab_runs_stock_mininet_with_hosts_of_limited_processor_time():
    code, said, complained = lab(
        *("--quiet", "--clock", "real", "--", "python3", LIMITED_HOSTS.name),
        folder=LIMITED_HOSTS.parent,
    )
    assert code == 0, said + complained
    seen = json.loads(said)
    assert seen["dropped"] == 0
    assert seen["share"] == pytest.approx(0.2, abs=0.06)


def test_scripts_of_stock_mininet_may_empty_tables_write_settings_and_ask_the_kernel():
    code, said, complained = lab("--quiet", "--", "python3", "stock_habits.py", folder=INSIDE)
    assert code == 0, said + complained
    assert json.loads(said.splitlines()[-1]) == {
        "dropped": [0.0, 0.0],
        "usual_port": True,
        "settings": True,
        "no_real_time": True,
    }


@pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="sshd is not installed")
def test_hosts_run_an_ssh_daemon_without_keys_of_this_machine():
    script = (
        "/usr/sbin/sshd; cat /etc/ssh/ssh_host_rsa_key; sleep 1; ssh-keyscan -t ed25519 127.0.0.1"
    )
    code, said, complained = lab("--quiet", "--clock", "real", "--", "sh", "-c", script)
    assert code == 0, complained
    assert "127.0.0.1 ssh-ed25519 " in said
    assert "PRIVATE" not in said + complained


@pytest.mark.parametrize("where", [1, 2], ids=["in the machine", "at a hub"])
def test_names_of_hubs_resolve_and_other_names_fail_at_once(at_hubs, where):
    lines = at_hubs[where].splitlines()
    assert [line.partition(" in ")[0] for line in lines] == [
        "karachi: 10.0.0.5 karachi",
        "10.0.0.5: 10.0.0.5 karachi",
        "10.0.0.77: none",
        "nowhere.example: none",
    ]
    assert all(int(line.split()[-2]) < LOOKUP_MS for line in lines), at_hubs[where]


def test_mn_builds_a_corridor_in_a_bare_lab():
    mn = ("mn", "--custom", "topologies/mn.py", "--topo", "corridor,mini", "--test", "none")
    root = Path(__file__).resolve().parents[4]
    code, _, complained = lab("--quiet", "--", *mn, "--controller", "corridor", folder=root)
    assert code == 0, complained
    assert "*** Starting controller" not in complained
    assert "completed in" in complained


def test_input_reaches_a_program_in_the_real_clock_while_it_comes():
    words = corridor("lab", "--quiet", "--clock", "real", "--", "cat")
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as one:
        for said in (b"first\n", b"second\n"):
            one.stdin.write(said)
            one.stdin.flush()
            assert one.stdout.readline() == said
        one.stdin.close()
        assert one.wait(30) == 0


def test_at_a_terminal_mininets_shell_talks_and_ctrl_c_ends_only_what_it_runs():
    ours, theirs = os.openpty()
    one = subprocess.Popen(
        corridor("lab", "mini", "--quiet"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="dumb"),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        assert "mininet> " in heard(ours, "mininet> ")
        os.write(ours, b"shanghai ping karachi\r")
        heard(ours, "icmp_seq=3 ")
        os.write(ours, b"\x03")
        assert "0% packet loss" in heard(ours, "mininet> ", after="statistics")
        os.write(ours, b"py len(net.hosts)\r")
        heard(ours, "5\r\n")
        os.write(ours, b"exit\r")
        assert one.wait(30) == 0
    finally:
        one.kill()
        one.wait()
        os.close(ours)


def test_ctrl_bracket_at_a_terminal_ends_a_guest():
    ours, theirs = os.openpty()
    words = ("lab", "--quiet", "--clock", "real", "--", "sh", "-c", "echo up; sleep 1000")
    one = subprocess.Popen(
        corridor(*words),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        heard(ours, "up")
        os.write(ours, b"\x1d")
        assert one.wait(10) == 130
    finally:
        one.kill()
        one.wait()
        os.close(ours)


def heard(terminal, text, after="", within_s=60):
    """What comes over a terminal until a text does, behind another one."""
    said, deadline = "", time.monotonic() + within_s
    while text not in said[max(said.find(after), 0) :] or after not in said:
        left_s = deadline - time.monotonic()
        assert left_s > 0, f"never said {text!r}: {said!r}"
        if select.select([terminal], [], [], left_s)[0]:
            said += os.read(terminal, 4096).decode(errors="replace")
    return said


class WatchedLab(WatchedRun):
    """A lab in the place of a run."""

    def start(self, folder, *arguments, code=None):
        self.folder = folder
        places = {"TMPDIR": self.temporary, "XDG_STATE_HOME": self._place / "state"}
        self.process = subprocess.Popen(
            corridor("lab", *arguments),
            cwd=self.working,
            env=environment(**{name: str(path) for name, path in places.items()}),
            stdin=subprocess.DEVNULL,
            stdout=(self._place / "said").open("w"),
            stderr=(self._place / "complained").open("w"),
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


@pytest.mark.skipif(not shutil.which("iptables"), reason="needs iptables")
def test_mininets_example_natnet_translates_addresses():
    """Only a translated ping is answered: the host has no route to those of private networks."""
    example = Path(mininet.__file__).parent / "examples/natnet.py"
    words = ("--clock", "real", "--", "python3", example)
    code, _said, told = lab(*words, stdin="h0 ip -color=never route\nh1 ping -c 2 h0\n")
    assert code == 0, told
    routes, pinged = told.split("PING")
    assert "2 packets transmitted, 2 received" in pinged
    assert "10.0.0.0/8 dev h0-eth0" in routes
    assert "192.168" not in routes.rpartition("10.0.0.0/8")[2]


@pytest.fixture
def watched(tmp_path):
    made = []

    def start(name, *words):
        (tmp_path / name).mkdir()
        made.append(WatchedLab(tmp_path / name, *words))
        return made[-1]

    yield start
    for one in made:
        one.close()


HELD = ("mini", "--clock", "real", "--", "sh", "-c", "echo up; hub shanghai sleep 1000")


def test_of_a_lab_that_is_killed_nothing_is_left_and_one_beside_it_goes_on(watched):
    first, second = watched("first", *HELD), watched("second", *HELD)
    for one in (first, second):
        one.wait_until_it_says("up")
    first.kill()
    first.assert_nothing_is_left()
    assert second.process.poll() is None
    second.processes()
    second.process.send_signal(signal.SIGINT)
    assert second.process.wait(10) == 130
    second.assert_nothing_is_left()
    assert second.complained().endswith("corridor: interrupted\n")


def test_a_lab_that_is_terminated_leaves_nothing(watched):
    one = watched("one", *HELD)
    one.wait_until_it_says("up")
    one.processes()
    one.process.terminate()
    assert one.process.wait(10) == 128 + signal.SIGTERM
    one.assert_nothing_is_left()


def test_a_native_lab_ends_with_its_programs_code_and_takes_its_network_down():
    """A guest is the machine, in which a lab runs natively."""
    inner = f"{sys.executable} -m corridor.experiments.cli lab mini --testbed native --quiet --"
    script = (
        f"{inner.replace(sys.executable, 'python3')} hub shanghai ping -c 2 karachi; "
        "echo code $?; ovs-vsctl list-br; ip -o link | wc -l"
    )
    code, said, complained = lab("--quiet", "--", "sh", "-c", script)
    assert code == 0, complained
    assert "2 received, 0% packet loss" in said, complained
    assert said.split("code ")[1].splitlines()[0] == "0"
    assert len(said.split("code ")[1].splitlines()) == 2, said
