"""A short soak that must find nothing wrong, and products broken on purpose that it must see.

Each broken product is met with one event, the first of seed 1 that it should not survive.
"""

import json
import subprocess
import sys
from itertools import islice

import pytest
from tests.soak import events as e
from tests.soak.generator import generate
from tests.soak.oracle import Broken, expect
from tests.soak.setup import load_setup
from tests.soak.state import State

from corridor_runs import ROOT, broken_copy, environment

pytestmark = [pytest.mark.guest, pytest.mark.timeout(400)]
SEED, EVENTS = 526, 14
"""Its first events are of as many kinds."""
SMALL = load_setup("mini")
"""Enough to see what a broken product does, and a third cheaper."""


def soak(folder, *options, code=ROOT):
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.soak", "--out", str(folder / "soak"), *options]
    return subprocess.run(
        command, cwd=code, env=environment(code), capture_output=True, text=True, check=False
    )


def first(is_wanted):
    """The number of the first event for which, with the state before it, the condition is true."""
    state = State()
    for number, (event, after) in enumerate(islice(generate(SMALL, 1), 3000), start=1):
        if is_wanted(event, state):
            return number
        state = after
    raise AssertionError("no such event")


def lawful_in(state):
    expected = expect(state.specification(SMALL), Broken())
    return {demand for demand, one in expected.items() if one.ever}


def ends_a_basis_while_a_switch_is_away(event, state):
    return (
        isinstance(event, e.Blink)
        and isinstance(event.change, e.SetDay)
        and not (state.broken or state.drained)
        and bool(lawful_in(state) - lawful_in(event.change.after(state)))
    )


def cuts_a_fibre_in_use(event, state):
    return (
        isinstance(event, e.Cut)
        and not (state.broken or state.drained)
        and takes(state, frozenset(event.fibres)) != takes(state, frozenset())
    )


def takes(state, broken):
    expected = expect(state.specification(SMALL), Broken(fibres=broken))
    return [one.one_way_ns for one in expected.values()]


def test_nothing_is_wrong_in_a_short_soak(tmp_path, virtual_kernel):
    done = soak(tmp_path, "--topology", "mini", "--seed", str(SEED), "--events", str(EVENTS))
    assert done.returncode == 0, done.stdout + done.stderr
    sums = json.loads((tmp_path / "soak/soak.json").read_text())
    assert (sums["events"], sums["wrong"]) == (EVENTS, None)
    assert sums["frames"] > 1000
    lines = (tmp_path / "soak/soak.jsonl").read_text().splitlines()
    told = [json.loads(line)["what"] for line in lines[1:]]
    assert told == [event.to_json() for event, _ in islice(generate(SMALL, SEED), EVENTS)]
    assert len({one["kind"] for one in told}) == EVENTS


BROKEN = {
    "nothing is withdrawn": (
        "controller/reconcile/deployer.py",
        "if not numbers or self.deployment is None:",
        "if True:",
        ends_a_basis_while_a_switch_is_away,
        "came through after",
    ),
    "a restriction is not heeded": (
        "controller/intent/specification.py",
        "return PolicyLookup(policies, topology",
        (
            "return PolicyLookup(policies.model_copy(update={'policies': tuple(one for one in"
            " policies.policies if one.id != 'NO-SEA')}), topology"
        ),
        lambda event, state: event == e.SetPolicies("no-sea") and not state.broken,
        "forbidden",
    ),
    "edges flip before the new stands beside": (
        "controller/reconcile/two_phase_rollout.py",
        "self._stand_beside(step, told)\n",
        (
            "self.interfaces.switches.bundle(only(modifications.flips(step), told))\n"
            "            self._stand_beside(step, told)\n"
        ),
        lambda event, state: event == e.SetPolicies("no-sea") and not state.broken,
        "refused",
    ),
    "the old is removed while packets carry its labels": (
        "controller/reconcile/two_phase_rollout.py",
        "self.interfaces.sleep((longest_ns(old, self.interfaces.wiring) + MARGIN_NS) / NS_PER_S)",
        "pass",
        lambda event, state: event == e.SetPolicies("no-sea") and not state.broken,
        "that nothing explains",
    ),
    "ways are never made again": (
        "controller/reconcile/network_state.py",
        "self.timers.bring_forward(Follow(), self.now_ns + self.timing.hold_ns)",
        "pass",
        cuts_a_fibre_in_use,
        "stuck",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_product_is_found_out(tmp_path, virtual_kernel, name):
    file, old, new, is_wanted, complaint = BROKEN[name]
    code = broken_copy(tmp_path, file, old, new)
    number = first(is_wanted)
    done = soak(
        tmp_path,
        *("--topology", "mini", "--seed", "1", "--only", f"{number}..{number}"),
        code=code,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert complaint in done.stdout
    assert "again: python -m tests.soak" in done.stdout
