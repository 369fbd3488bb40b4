"""What happens inside a guest: rest, pings, shaping, Mininet's own command, native runs."""

import json
import re
import shutil
from itertools import islice

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.testbeds.guest_init import PYTHON_PREFIX
from corridor.experiments.testbeds.uml import OUT_IN_GUEST, PROJECT_IN_GUEST
from corridor.topologies.base.codec import to_plain
from corridor_runs import PYTHON_INSIDE, SCENARIOS, Result, in_guest, run, seen_inside

pytestmark = pytest.mark.guest
REAL_CLOCK = ("--testbed", "uml", "--clock", "real")
REAL_CLOCK_MS, REAL_CLOCK_SHARE = 2.0, 0.02


@pytest.fixture(scope="session")
def seen(tmp_path_factory, virtual_kernel):
    out_dir = tmp_path_factory.mktemp("at-rest")
    plan = make_plan(load_scenario("mini"), clock="virtual", run_id="c0", seed=1)
    (out_dir / "plan.json").write_text(json.dumps(to_plain(plan)))
    return seen_inside(virtual_kernel, out_dir, "at_rest")


def test_a_network_in_which_nobody_sends_is_silent(seen):
    assert seen["while idle"] == []


def test_a_mininet_host_pings_a_declared_peer_in_the_predicted_time_and_no_other(seen):
    assert "3 received, 0% packet loss" in seen["ping"], seen["ping"]
    assert least_ms(seen["ping"]) == pytest.approx(25.132, abs=0.1)
    assert "0 received" in seen["ping of a stranger"], seen["ping of a stranger"]


@pytest.mark.parametrize("kind", ["another delay", "another seed", "unshaped"])
def test_reading_back_refuses_a_fibre_that_is_not_shaped_as_declared(seen, kind):
    assert "does not hold the shaping of c0s1p2" in seen["shaping"][kind]


def test_reading_back_accepts_a_fibre_that_has_been_repaired(seen):
    assert seen["shaping"]["repaired"] == ""


PLACES = (PROJECT_IN_GUEST, PYTHON_PREFIX, "/", "/usr")


@pytest.fixture(scope="module")
def touched(tmp_path_factory, virtual_kernel):
    """A folder to which a guest has written, once it has tried to write everywhere else."""
    folder = tmp_path_factory.mktemp("touched")
    tries = (
        f"touch {place}/not-mine && echo {place} >> {OUT_IN_GUEST}/written" for place in PLACES
    )
    in_guest(virtual_kernel, folder, "sh", "-c", f"{'; '.join(tries)}; touch {OUT_IN_GUEST}/mine")
    return folder


@pytest.mark.promise("a guest writes to its result folder only")
@pytest.mark.parametrize("place", PLACES)
def test_a_guest_writes_to_its_result_folder_only(touched, place):
    assert (touched / "mine").exists()
    assert not (touched / "written").exists()
    refused = (touched / "stderr.txt").read_text()
    assert re.search(f"'{place}/not-mine': Read-only", refused), refused


def test_a_guest_maps_memory_when_it_is_reserved(tmp_path, virtual_kernel):
    lines = (
        "import mmap",
        "from corridor.topologies.base.memory import map_when_reserved",
        "map_when_reserved()",
        "held = mmap.mmap(-1, 1 << 24)",
        "print(open('/proc/self/status').read())",
    )
    in_guest(virtual_kernel, tmp_path, *PYTHON_INSIDE, "-c", "; ".join(lines))
    said = re.search(r"VmLck:\s+(\d+) kB", (tmp_path / "stdout.txt").read_text())
    assert said is not None
    assert int(said[1]) >= 1 << 14


TABLES_ARE_IN = "py __import__('time').sleep(6)"
"""And Open vSwitch has told its database, which takes up to five seconds, who is connected."""
PINGED, LOST = "2 received, 0% packet loss", "0 received, 100% packet loss"
STATE = "py str((net['s3'].connected(), 'mns3' in net.openvswitch.bridges()))"
VERIFY = "py str(net.kernel.verify())"
PARTS = {
    "at once": ("py str([switch.connected() for switch in net.switches])", "nodes"),
    "pings": (
        TABLES_ARE_IN,
        "h1 ping -c 2 h5",
        "py net['shanghai'].cmd('ping -c 2 ' + net['karachi'].IP())",
    ),
    "switch": (
        *(STATE, "switch s3 stop", STATE, "h1 ping -c 2 -W 1 h5", "h1 ping -c 2 h2"),
        *("switch s3 stop", "switch s3 start", "switch s3 start", TABLES_ARE_IN, STATE),
        *("h1 ping -c 2 h5", VERIFY),
    ),
    "link": (
        *("link s1 s2 down", "h1 ping -c 2 -W 1 h2", "h2 ping -c 2 -W 1 h3"),
        *("link s1 s2 up", TABLES_ARE_IN, "h1 ping -c 2 h2", VERIFY),
    ),
}
"""Of one session of Mininet's shell; each leaves the network as it was."""


@pytest.fixture(scope="module")
def shell(tmp_path_factory, virtual_kernel):
    """What Mininet's own command said, part by part and line by line, over ``mini``."""
    folder = tmp_path_factory.mktemp("mininet")
    lines = [line for part in PARTS.values() for line in part]
    marked = ["py '-- next'", *(text for line in lines for text in (line, "py '-- next'"))]
    (folder / "script").write_text("\n".join(marked) + "\n")
    mn = ["--custom", f"{PROJECT_IN_GUEST}/corridor/topologies/mn.py", "--topo", "corridor,mini"]
    mn += [
        "--controller",
        "corridor",
        "--wait",
        "--test",
        "none",
        "--post",
        f"{OUT_IN_GUEST}/script",
    ]
    done = in_guest(virtual_kernel, folder, *PYTHON_INSIDE, shutil.which("mn"), *mn)
    said = iter([text.strip() for text in done.stderr.split("-- next")[1:-1]])
    return {name: list(islice(said, len(part))) for name, part in PARTS.items()}


def test_mininets_wait_ends_when_every_switch_has_its_controller(shell):
    connected, _ = shell["at once"]
    assert connected == str([True] * 5)


def test_mininets_own_command_runs_a_corridor_and_pings_through_it(shell):
    _, nodes = shell["at once"]
    _, ping, by_name = shell["pings"]
    assert all(host in nodes for host in ("h1 h2 h3 h4 h5", "s1 s2 s3 s4 s5")), nodes
    assert PINGED in ping, ping
    assert PINGED in by_name, by_name


def test_a_switch_that_is_stopped_forwards_nothing_until_it_is_started(shell):
    """Kunming, s3, lies between Shanghai, h1, and Karachi, h5; not between h1 and Guian, h2."""
    before, _, after, through, around = shell["switch"][:5]
    assert (before, after) == ("(True, True)", "(False, False)")
    assert LOST in through, through
    assert PINGED in around, around
    again, back, shaping = shell["switch"][-3:]
    assert again == "(True, True)"
    assert PINGED in back, back
    assert least_ms(back) == pytest.approx(119.25, abs=0.2)
    assert shaping == "None"


def test_a_link_that_is_taken_down_carries_nothing_until_it_is_up(shell):
    down, through, beside, up, _, back, shaping = shell["link"]
    assert (down, up) == ("", "")
    assert LOST in through, through
    assert PINGED in beside, beside
    assert PINGED in back, back
    assert least_ms(back) == pytest.approx(25.1, abs=0.2)
    assert shaping == "None"


def least_ms(ping):
    return float(re.search(r"= ([\d.]+)/", ping)[1])


def test_a_native_run_in_a_guest_gives_the_same_results_as_a_run_from_outside(
    virtual_kernel, tmp_path, once
):
    options = ["--testbed", "native", "--out", f"{OUT_IN_GUEST}/result", "--no-figures"]
    shutil.copy(SCENARIOS / "timing.yaml", tmp_path)
    words = ("-m", "corridor.experiments.cli", "run", f"{OUT_IN_GUEST}/timing.yaml", *options)
    in_guest(virtual_kernel, tmp_path, *PYTHON_INSIDE, *words)
    native, interfaces = Result(tmp_path / "result", 0, "", ""), once("timing")
    assert shape_of(native.summary) == shape_of({**interfaces.summary, "virtual_s": None})
    assert {p.name for p in native.folder.iterdir()} == {
        p.name for p in interfaces.folder.iterdir()
    }
    assert native.tables() == interfaces.tables()
    assert native.summary["testbed"] == "native"
    for demand in native.summary["demands"]:
        same = interfaces.demands[demand["id"]]
        assert (demand["path"], demand["sent"], demand["received"]) == (
            same["path"],
            same["sent"],
            same["received"],
        )
        assert demand["rtt_ms"]["min"] == pytest.approx(same["rtt_ms"]["min"], abs=0.02)


def shape_of(value):
    """Keys and types, without values. Ticks decide for which percentiles there is an interval."""
    if isinstance(value, dict):
        return {key: key == "sample" or shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape_of(item) for item in value[:1]]
    return type(value).__name__


def test_with_the_real_clock_round_trips_are_within_2_ms_or_2_percent(
    virtual_kernel, client, tmp_path
):
    ran = run(tmp_path / "r", SCENARIOS / "timing.yaml", *REAL_CLOCK, client=client)
    assert_real_times(ran)
    manifest = json.loads((ran.folder / "manifest.json").read_text())
    assert manifest["guest_kernel"]["seccomp"] == virtual_kernel.seccomp


def test_where_no_kernel_is_built_debians_does_as_well(stock_kernel, tmp_path):
    nothing_built = {"XDG_CACHE_HOME": str(tmp_path)}
    ran = run(tmp_path / "r", SCENARIOS / "timing.yaml", *REAL_CLOCK, **nothing_built)
    assert_real_times(ran)
    assert stock_kernel.version in ran.said


def assert_real_times(ran):
    assert ran.code in (0, 4), ran.said + ran.complained  # a machine may be too busy for it
    assert (ran.summary["testbed"], ran.summary["clock"]) == ("uml", "real")
    for demand in ran.summary["demands"]:
        predicted, least = demand["predicted_rtt_ms"], demand["rtt_ms"]["min"]
        allowed = max(REAL_CLOCK_MS, REAL_CLOCK_SHARE * predicted)
        assert predicted - 0.02 <= least <= predicted + allowed, demand["id"]
        assert demand["lost"] == 0, demand["id"]
    told = any("the slowest answers" in line for line in ran.summary["warnings"])
    assert told == any(_later_ms(one, "max") > 10 for one in ran.summary["demands"])
    if ran.code == 0:
        assert all(_later_ms(one, "p95") <= 5 for one in ran.summary["demands"])


def _later_ms(demand, quantile):
    """Than predicted; 0 where the sample carries no such quantile."""
    measured = demand["rtt_ms"][quantile]
    return 0 if measured is None else measured - demand["predicted_rtt_ms"]
