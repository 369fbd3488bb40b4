"""Entries survive OpenFlow, and both frameworks put the same bytes on the wire.

Entries leave switches in few orders, and none that is to stay goes with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    ByCookie,
    Flow,
    Program,
    Reason,
    SwitchProgram,
    Table,
    cookie,
)
from corridor.controller.forwarding.two_phase_plan import update
from corridor.controller.openflow.modifications import add, entries_of_the_old, off
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import from_plain, to_plain
from fake_switches import Held

ROOT = Path(__file__).resolve().parents[4]
FRAMEWORKS = ("ryu", "os-ken")
IPV4_FRAME = "02c000000200" + "02c000000100" + "0800" + "45" * 40
NOT_OURS = (
    IPV4_FRAME,
    "",
    "0180c200000e" + "02c002000000" + "88cc",
    "ff" * 12 + "88cc" + "00" * 20,
)


SCENARIO = """\
schema: 1
name: all-kinds
topology: mini
policies: cn-outbound
as_of: 2026-11-24
protect: {k: 1}
demands:
  - {id: home, class: dr, data: cn-core-none, returns: same-class, src: shanghai, dst: guian}
  - {id: out, class: dr, data: cn-important-assessment, returns: same-class, src: guian,
     dst: karachi, guarantee: {cir: 10Mbit, pir: 20Mbit}, throughput: {tcp: true}}
  - {id: also, class: dr, data: cn-general-exempt, returns: same-class, src: guian, dst: karachi}
  - {id: kept, class: dr, data: cn-core-none, returns: same-class, src: guian, dst: bangkok}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Entries of every kind: gateways, meters, groups, blocked demands, transport ports."""
    path = tmp_path_factory.mktemp("scenario") / "all-kinds.yaml"
    path.write_text(SCENARIO)
    plan = make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)
    flows = [flow for switch in plan.program.switches for flow in switch.flows]
    assert any(flow.meter for flow in flows)
    assert {"group", "set_field"} <= {one.kind for flow in flows for one in flow.actions}
    return plan.program


@pytest.fixture(scope="module")
def said(program):
    given = json.dumps({"program": to_plain(program), "frames": NOT_OURS})
    found = {}
    for framework in FRAMEWORKS:
        done = subprocess.run(
            [
                sys.executable,
                "-W",
                "ignore",
                ROOT / "tests/support/reconcile/flows_over_the_wire.py",
            ],
            input=given,
            env={
                **os.environ,
                "CORRIDOR_FRAMEWORK": framework,
                "PYTHONPATH": str(ROOT / ".package"),
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{framework}: {done.stderr}"
        found[framework] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_entry_comes_back_as_it_was_sent(program, said, framework):
    sent = [flow for switch in program.switches for flow in switch.flows]
    held = [from_plain(Flow, plain) for plain in said[framework]["held"]]
    assert len(held) == len(sent) > 100
    for before, after in zip(sent, held, strict=True):
        assert after == before, f"sent {before}\nheld {after}"


def test_ryu_and_os_ken_send_the_same_bytes(program, said):
    sent = [flow for switch in program.switches for flow in switch.flows]
    ryu, os_ken = (said[framework]["wire"] for framework in FRAMEWORKS)
    for flow, left, right in zip(sent, ryu, os_ken, strict=True):
        assert without_xid(left) == without_xid(right), flow


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_deletion_before_installing_spares_nothing(said, framework):
    """OpenFlow 1.3.5, 7.3.4.1: OFPTT_ALL, OFPFC_DELETE, no filter by port, group or match."""
    message = bytes.fromhex(said[framework]["deletion"])
    table, command = message[24], message[25]
    out_port, out_group = message[36:40], message[40:44]
    empty_match = bytes.fromhex("0001000400000000")
    assert (table, command) == (0xFF, 3)
    assert (out_port, out_group) == (b"\xff" * 4, b"\xff" * 4)
    assert message[48:] == empty_match


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_lldp_of_ours_says_where_it_was_sent_and_other_frames_say_nothing(said, framework):
    ours, *others = said[framework]["origins"]
    assert ours == [0x2A, 7]
    assert others == [None] * len(NOT_OURS)
    assert said[framework]["lldp"] == said[FRAMEWORKS[0]]["lldp"]


def without_xid(message: str) -> str:
    return message[:8] + message[16:]


def entry(number: int, policy: int, serial: int, reason: Reason = Reason.SWITCH) -> Flow:
    mark = cookie(reason, policy=policy, serial=serial)
    return Flow(Table.SWITCH, 9, (("in_port", number),), (), None, mark)


COOKIES = st.tuples(
    st.integers(0, 3), st.integers(0, 2), st.sampled_from((Reason.SWITCH, Reason.BFD))
)


@given(st.lists(COOKIES, max_size=12), st.sets(st.integers(0, 11)))
def test_what_is_to_go_goes_and_what_is_to_stay_stays(cookies, going):
    held = Held()
    flows = [entry(number, *one) for number, one in enumerate(cookies)]
    for order in add(flows):
        held.obey(order)
    gone = [flow for number, flow in enumerate(flows) if number in going]
    kept = [flow for number, flow in enumerate(flows) if number not in going]
    for order in off(gone, kept):
        held.obey(order)
    assert [*held.flows.values()] == kept


def test_an_epoch_leaves_a_switch_in_one_order():
    shared = entry(0, 0, 0)
    old, new = ([entry(n, n, serial) for n in range(1, 90)] for serial in (1, 2))
    step = update(*(Program((SwitchProgram("guian", 1, (shared, *f)),), ()) for f in (old, new)))
    (order,) = entries_of_the_old(step)[1]
    assert order.what == ByCookie(COOKIE_MAGIC << 48 | 1, 0xFFFF_0000_0000_FFFF)


def test_demands_leave_one_by_one_where_others_of_their_epoch_stay():
    stay, go = entry(1, 1, 1), [entry(n, 2 + n % 2, 1) for n in range(2, 40)]
    assert len([*off(go, [stay])]) == 2


def test_entries_leave_one_by_one_where_others_of_their_demand_stay():
    stay, go = entry(1, 1, 1), [entry(n, 1, 1) for n in range(2, 40)]
    assert [order.what for order in off(go, [stay])] == go
