"""Restarts and breakdowns, scene by scene: each breaks something, and waits until it is whole.

Scenes are played on a ``Stage`` under traffic of all demands. ``Targets`` says what they break.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model import cut, hub_faults
from tests.chaos import tampering
from tests.chaos.recovery import Stage

UNDONE = (
    "next half written",
    "next written aside",
    "nothing told",
    "half the groups beside",
    "groups beside",
    "half the entries beside",
    "entries beside",
    "gateways told",
    "half settled",
    "proven",
)
"""Moments of an update in which a controller may die, and nothing has changed."""
FINISHED = (
    "half flipped",
    "flipped",
    "half drained",
    "drained",
    "half the entries removed",
    "entries removed",
    "half the groups removed",
    "removed",
    "standing written aside",
)
"""And in which all has."""
WITHDRAWN = ("half withdrawn", "withdrawn at edges", "half forgotten", "withdrawn")
TWICE = (
    ("half flipped", "half finished"),
    ("half flipped", "finished"),
    ("half the entries removed", "half repaired"),
    ("entries beside", "repaired"),
)
LOST_AT = ("half the groups beside", "entries beside", "proven", "half flipped", "flipped")
AWAY_S = 60.0


@dataclass(frozen=True)
class Targets:
    """What is broken."""

    fibre: str
    switch: str
    gateway: str


type Breakdowns = Iterator[dict[str, Any]]
type Scene = Callable[[Stage, Targets], Breakdowns]


def killed_at_rest(stage: Stage, _cast: Targets) -> Breakdowns:
    at_ns = stage.kill()
    stage.start()
    stage.taken()
    yield stage.breakdown("controller killed at rest", at_ns)


def killed_before_the_flip(stage: Stage, _cast: Targets) -> Breakdowns:
    """The stricter policies stay in force, and the controller dies before it installs the
    others."""
    stage.change("other")
    for moment in UNDONE:
        yield _killed(stage, (moment,), "base")
    stage.change("base")


def killed_after_the_flip(stage: Stage, _cast: Targets) -> Breakdowns:
    for moment, change in zip(FINISHED, _there_and_back(), strict=False):
        yield _killed(stage, (moment,), change)
    stage.change("base")


def killed_as_it_withdraws(stage: Stage, _cast: Targets) -> Breakdowns:
    for moment in WITHDRAWN:
        yield _killed(stage, (moment,), "refusing")
        stage.change("base")
    yield _killed(stage, ("withdrawn at edges",), "later")
    stage.change("now")


def killed_twice(stage: Stage, _cast: Targets) -> Breakdowns:
    """Once in an update, and once as it takes over."""
    for moments in TWICE:
        yield _killed(stage, moments, "other")
        stage.change("base")


def _killed(stage: Stage, moments: Sequence[str], change: str) -> dict[str, Any]:
    at_ns = stage.die(moments, change)
    stage.start()
    stage.taken()
    return stage.breakdown(f"controller killed, {', then '.join(moments)}", at_ns)


def _there_and_back() -> Iterator[str]:
    while True:
        yield "other"
        yield "base"


def killed_and_more_broken(stage: Stage, cast: Targets) -> Breakdowns:
    """While no controller runs, something else breaks."""
    kept = stage.kept
    at_ns = stage.kill()
    stage.empty_switches()
    stage.start()
    stage.taken()
    yield stage.breakdown("controller and ovs-vswitchd killed", at_ns)
    at_ns = stage.kill()
    kept.carry_out(hub_faults.KILL_GATEWAY, cast.gateway)
    stage.start()
    kept.until(kept.is_installed, 60)
    time.sleep(1)
    yield stage.breakdown("controller and gateway killed", at_ns)
    kept.carry_out(hub_faults.START_GATEWAY, cast.gateway)
    stage.settle()
    at_ns = stage.kill()
    kept.carry_out(cut.CUT, cast.fibre)
    stage.start()
    kept.until(kept.is_installed, 60)
    time.sleep(1)
    yield stage.breakdown("controller killed, and a fibre cut", at_ns)
    kept.carry_out(cut.MEND, cast.fibre)
    stage.settle()


def killed_without_a_switch(stage: Stage, cast: Targets) -> Breakdowns:
    """The switch does not come: it is waited for, and then done without."""
    kept = stage.kept
    stage.lose(cast.switch)
    at_ns = stage.kill()
    stage.start()
    kept.until(kept.is_installed, 120)
    time.sleep(1)
    yield stage.breakdown("controller killed while a switch is away", at_ns)
    at_ns = stage.find(cast.switch)
    stage.settle()
    yield stage.breakdown("the switch connected again", at_ns)


def switches_emptied(stage: Stage, _cast: Targets) -> Breakdowns:
    at_ns = stage.empty_switches()
    stage.kept.until(lambda: stage.said("repaired", at_ns), 30)
    stage.settle()
    yield stage.breakdown("ovs-vswitchd killed", at_ns)


def switches_emptied_beside(stage: Stage, _cast: Targets) -> Breakdowns:
    yield _emptied(stage, "entries beside")


def switches_emptied_before_the_flip(stage: Stage, _cast: Targets) -> Breakdowns:
    yield _emptied(stage, "proven")


def _emptied(stage: Stage, moment: str) -> dict[str, Any]:
    at_ns, answer = stage.while_it_waits(moment, "other", stage.empty_switches)
    stage.settle()
    return stage.breakdown(f"ovs-vswitchd killed, {moment}", at_ns, answer=answer)


def switches_that_hang(stage: Stage, _cast: Targets) -> Breakdowns:
    """They stop with requests open, and return as others: no caller waits for the old ones."""
    assert stage.kept.net.openvswitch is not None
    stage.kept.net.openvswitch.vswitchd.send_signal(signal.SIGSTOP)

    def replaced() -> int:
        time.sleep(1)
        return stage.empty_switches()

    at_ns, answer = stage.while_asked("other", replaced)
    stage.settle()
    yield stage.breakdown("ovs-vswitchd killed while requests are open", at_ns, answer=answer)


def a_gateway_killed(stage: Stage, cast: Targets) -> Breakdowns:
    kept = stage.kept
    at_ns = time.time_ns()
    kept.carry_out(hub_faults.KILL_GATEWAY, cast.gateway)
    kept.until(lambda: not kept.ask("topology")["hubs"][cast.gateway]["gateway"], 10)
    time.sleep(1)
    yield stage.breakdown("gateway killed", at_ns)
    at_ns = time.time_ns()
    kept.carry_out(hub_faults.START_GATEWAY, cast.gateway)
    stage.settle()
    yield stage.breakdown("the gateway started again", at_ns)


def a_switch_away_for_long(stage: Stage, cast: Targets) -> Breakdowns:
    """During its absence policies change and change back and a fibre is cut, so labels of the
    switch when it is back may mean something else."""
    kept = stage.kept
    answers = []
    at_ns = stage.lose(cast.switch)
    answers.append(stage.change("other"))
    kept.until(lambda: kept.ask("topology")["hubs"][cast.switch]["failed"], 30)
    time.sleep(1)
    yield stage.breakdown("switch disconnected", at_ns)
    answers.append(stage.change("other"))
    time.sleep(1)  # packets lost in flight are lost by the cut
    cut_ns = time.time_ns()
    kept.carry_out(cut.CUT, cast.fibre)
    time.sleep(1)
    answers.append(stage.change("base"))
    yield stage.breakdown("a fibre cut while the switch is away", cut_ns, answers=answers)
    stale = sorted(stage.labels(cast.switch))
    time.sleep(max(0.0, AWAY_S - (time.time_ns() - at_ns) / NS_PER_S))
    back_ns = stage.find(cast.switch)
    kept.until(lambda: not kept.ask("topology")["hubs"][cast.switch]["failed"], 30)
    time.sleep(1)
    yield stage.breakdown("the switch connected again after 60 s", back_ns, stale=stale)
    kept.carry_out(cut.MEND, cast.fibre)
    stage.settle()


def a_switch_lost_in_an_update(stage: Stage, cast: Targets) -> Breakdowns:
    """What is left over of the old epoch is taken away by the audit that follows."""
    flipped_first = min(stage.kept.wiring.hubs, key=lambda hub: hub.dpid).hub
    for moment, hub in (*((one, cast.switch) for one in LOST_AT), ("half flipped", flipped_first)):
        at_ns, answer = stage.while_it_waits(moment, "other", partial(stage.lose, hub))
        time.sleep(1)
        stage.find(hub)
        time.sleep(2.5)
        stage.settle()
        yield stage.breakdown(f"{hub} disconnected for 1 s, {moment}", at_ns, answer=answer)
        stage.change("base")


def a_switch_back_in_an_update(stage: Stage, cast: Targets) -> Breakdowns:
    """It is spoken to by another object than the update began with."""

    def away_and_back() -> int:
        at_ns = stage.lose(cast.switch)
        stage.find(cast.switch)
        return at_ns

    for moment in ("groups beside", "half flipped"):
        at_ns, answer = stage.while_it_waits(moment, "other", away_and_back)
        stage.settle()
        yield stage.breakdown(f"switch connected again, {moment}", at_ns, answer=answer)
        stage.change("base")


def tampered_with(stage: Stage, _cast: Targets) -> Breakdowns:
    """Tables are changed while the controller is dead."""
    for name, tamper in tampering.KINDS.items():
        stage.kill()
        at_ns = time.time_ns()
        what = tamper(stage)
        stage.start()
        stage.taken()
        yield stage.breakdown(f"controller killed, {name}", at_ns, tampered=what)


def forgetful(stage: Stage, _cast: Targets) -> Breakdowns:
    """Its state file is cut off while it is dead."""
    for change in ("base", "other"):
        stage.change(change)
        at_ns = stage.kill()
        state = stage.kept.scratch / "state.json"
        state.write_bytes(state.read_bytes()[:500])
        stage.start()
        stage.taken()
        yield stage.breakdown(f"controller killed, state file cut off, {change}", at_ns)
    stage.change("base")


def doubting(stage: Stage, _cast: Targets) -> Breakdowns:
    """One whose prover objects to everything; then a sane one."""
    kept = stage.kept
    at_ns = stage.kill()
    stage.start(doubting=True)
    kept.until(lambda: stage.said("refused", at_ns), 60)
    status = kept.ask("status")
    edges = stage.edges()
    stage.kill()
    stage.start()
    stage.taken()
    yield stage.breakdown(
        "controller that proves nothing", at_ns, while_unproven=status, edges=edges
    )


SCENES: Mapping[str, Scene] = {
    one.__name__: one
    for one in (
        killed_at_rest,
        killed_before_the_flip,
        killed_after_the_flip,
        killed_as_it_withdraws,
        killed_twice,
        killed_and_more_broken,
        killed_without_a_switch,
        switches_emptied,
        switches_emptied_beside,
        switches_emptied_before_the_flip,
        switches_that_hang,
        a_gateway_killed,
        a_switch_away_for_long,
        a_switch_lost_in_an_update,
        a_switch_back_in_an_update,
        tampered_with,
        forgetful,
        doubting,
    )
}
JUDGED_BY: Mapping[str, Sequence[str]] = {
    "killed_before_the_flip": ("other",),
}
"""What policies packets must obey, where they are not those of ``base``."""
FLAPPING = (
    "killed_and_more_broken",
    "switches_emptied",
    "switches_emptied_beside",
    "switches_emptied_before_the_flip",
    "switches_that_hang",
    "a_switch_away_for_long",
)
"""Scenes in which fibres fail: one that fails too often is held out for a while."""
SLOWLY = ("killed_without_a_switch", "a_switch_away_for_long", "switches_that_hang")
"""Scenes that take half a minute or more, in which packets are sent less often."""
