"""Tests of policies on networks that run: they hold where they should, and see what is broken.

The product is broken where no table shows it, so that only packets can tell, or where the proof
before any packet does. Tests on the reference map are those of ``docs/testing-policies.md``.
"""

import re
import subprocess
import sys

import pytest

from corridor_runs import ROOT, broken_copy, environment

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("virtual_kernel"),
]
PAGE = (ROOT / "docs/testing-policies.md").read_text(encoding="utf-8")
PLUGINS = (
    "-p",
    "corridor.controller.pytest_plugin",
    "-p",
    "corridor.experiments.run.policy_test_plugin",
)

POLICIES = """\
schema: 1
name: lab
include: [cn-outbound]
policies:
- id: NOT-BY-LAOS
  effect: restrict
  match: {class: cn-general-exempt}
  hard: {avoid: {located_in: LA, crosses: LA}}
"""
NETWORK = """\
import pytest
from corridor.controller.testing import *

pytestmark = pytest.mark.corridor_live


@pytest.fixture
def network(corridor_network):
    return corridor_network("mini", "lab.yaml", "2026-11-24")


@pytest.fixture
def results(network):
    return network.demand("cn-general-exempt", "guian", "karachi", k=1, service="internet")


@pytest.fixture
def kept(network):
    return network.demand("cn-important-none", "guian", "karachi")


"""
HOLD = """\
def test_transit(results):
    assert_never_transits(results, "LA")
    assert_stays_within(results, "CN", "HK", "VN", "TH", "MM", "IN", "OM", "PK")


def test_what_policies_do_not_forbid(results):
    assert_never_transits(results, "IN")


def test_gateways(results):
    assert_passes(results, "gateways", before="border")


def test_failures(results):
    assert_delivers_up_to(results, k=1)
    assert_delivers_under(results, ["link:kunming-karachi"])


def test_several_failures_at_once(results):
    assert_delivers_under(results, ["link:shanghai-kunming", "link:kunming-karachi"])


def test_times(results):
    assert_within(results, "47.071ms")
    assert_within(results, "82.185ms", "link:kunming-karachi")
    assert_within(results, "82.185ms", up_to=1)
    with pytest.raises(AssertionError, match="judged   by the tables"):
        assert_within(results, "47.070ms")


def test_what_is_blocked(kept):
    assert_blocked(kept, by="CN-NO-BASIS")
"""


def run_tests(folder, code=ROOT, *options):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", *PLUGINS, *options, str(folder)],
        cwd=folder,
        env=environment(code, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", COLUMNS="120"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def written(folder, *tests):
    folder.mkdir(exist_ok=True)
    (folder / "lab.yaml").write_text(POLICIES)
    (folder / "test_live.py").write_text(NETWORK + "\n\n".join(tests))
    return folder


def test_what_is_so_holds_and_what_policies_allow_is_found_in_the_tables_of_switches(tmp_path):
    said = run_tests(written(tmp_path, HOLD))
    assert "1 failed, 6 passed" in said, said
    assert '"never transits IN" does not hold' in said
    assert "judged   by the tables that switches hold, in a guest with the virtual clock" in said
    assert "because  bangkok-karachi crosses IN" in said


ON_THE_WAY = """\
        import subprocess
        hub, fibre, entry = WHAT
        ends = [end for one in net.wiring.fibres if one.fibre == fibre for end in (one.a, one.z)]
        port = next(end.port for end in ends if end.hub == hub)
        address = net.switch_of(hub).management_address
        words = ["ovs-ofctl", "-O", "OpenFlow13", "add-flow", address, f"{entry}:{port}"]
        subprocess.run(words, check=True)
"""
BEFORE_TRAFFIC = (
    "        events = _driver(standing, gateways, transfers, captures, watch, counts)\n"
)


def a_switch_that_does_otherwise(*what):
    """Once its tables have been read and proven."""
    return (
        "experiments/lab/execute.py",
        BEFORE_TRAFFIC,
        ON_THE_WAY.replace("WHAT", repr(what)) + BEFORE_TRAFFIC,
    )


SHOWN = "a switch sends packets elsewhere than its tables say"
BROKEN = {
    SHOWN: (
        a_switch_that_does_otherwise(
            "kunming", "kunming-bangkok", "table=4,priority=1000,mpls,actions=output"
        ),
        'def test_it(results):\n    assert_never_transits(results, "LA")\n',
        [
            '"never transits LA" does not hold',
            "judged   by packets, in a guest with the virtual clock",
            "because  kunming-bangkok crosses LA",
            "path     guian CN > kunming CN >(LA)> bangkok TH",
            "packets  10 sent, 0 arrived",
        ],
    ),
    "an edge lets out what is blocked": (
        a_switch_that_does_otherwise(
            "guian", "guian-kunming", "table=0,priority=1000,in_port=1,ip,actions=output"
        ),
        "def test_it(kept):\n    assert_blocked(kept)\n",
        [
            '"is blocked" does not hold',
            "judged   by packets",
            "because  10 of 10 packets left guian",
            "path     guian CN > kunming CN",
        ],
    ),
    "a gateway swallows what it should let pass": (
        (
            "traffic/agents/inspection.py",
            "self.passes = not header.reason",
            "self.passes = False",
        ),
        "def test_it(results):\n    assert_delivers_under(results)\n",
        [
            '"delivers under no failure" does not hold',
            "judged   by packets",
            "because  0 of 10 packets arrived, and by the tables all do",
            "path     guian CN > kunming (gateway) = kunming CN",
        ],
    ),
    "switches do not notice a fibre that is cut": (
        (
            "topologies/model/cut.py",
            "CUT: cut_carrier,",
            "CUT: cut_silently,",
        ),
        "def test_it(results):\n    assert_delivers_up_to(results, k=1, over=['link'])\n",
        [
            '"delivers under any 1 failure" does not hold',
            "judged   by packets",
            "because  0 of 10 packets arrived, and by the tables all do",
            "dead     link:guian-kunming",
            "path     guian CN\n",
        ],
    ),
    "the controller installs an edge that is wider than compiled": (
        (
            "controller/openflow/encoding.py",
            "    fields = sorted(_field(name, value) for name, value in match)\n",
            (
                "    wider = [one for one in match if one[0] != 'ipv4_src']\n"
                "    fields = sorted(_field(name, value) for name, value in wider)\n"
            ),
        ),
        "def test_it(results):\n    assert_delivers_under(results)\n",
        [
            '"delivers under no failure" does not hold',
            "judged   by the tables that switches hold",
            "because  nothing is sent: the tables in the switches violate C0",
        ],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_product_is_found_out(tmp_path, name):
    place, test, complaint = BROKEN[name]
    code = broken_copy(tmp_path, *place)
    said = run_tests(written(tmp_path / "tests", test), code)
    assert "1 failed" in said, said
    assert [line for line in complaint if line not in said] == [], said
    assert name != SHOWN or as_the_page_shows(said), said


def as_the_page_shows(said):
    (shown,) = re.findall(r"^```text\n(E  .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return shown.rstrip() in said
