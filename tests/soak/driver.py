"""Causes events on a live network, and states their permitted effects on demands.

The edge of the soak: all that touches switches, gateways, controllers and hosts is here.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from corridor.controller.forwarding.program import Reason
from corridor.experiments.live_network.network import LiveNetwork
from corridor.experiments.scenario import controller_event, day_event, drain_event, policies_event
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model import cut, hub_faults
from tests.soak import attacks
from tests.soak import events as e
from tests.soak.judging import Asked, Loss, ProductPath
from tests.soak.setup import Setup
from tests.soak.state import State

DIES_S = 20.0
MOMENTS: Mapping[e.Step, str] = {
    "beside": "entries beside",
    "proven": "proven",
    "half flipped": "half flipped",
    "flipped": "flipped",
    "drained": "drained",
    "removed": "removed",
}
"""Crash points by step."""
AWAY_S = 0.4
"""A switch that blinks, before a change is asked for and after; less than is given up."""
FLAP_S = 0.5
"""Down, and up again: BFD must have come up, or the fibre has not."""
BFD_UP_S = 2.5
STRANGE_LABEL, STRANGE_GROUP = 0x5FFFF, 0xFFFFF0
ATTACK_SPACING_S, COUNTED_S = 0.0002, 1.2
"""Switches bring their counts up to date about twice a second."""
NOT_OF_ATTACKS = {
    reason.name
    for reason in (
        Reason.DROP_BLOCKED,
        Reason.DROP_NO_LABEL,
        Reason.DROP_BORDER,
        Reason.DROP_NOT_SWITCHED,
    )
}
"""Why packets of demands, and what comes over fibres, are dropped."""
LATER_NS = 100_000_000
"""After a controller is killed, a switch may have acted on what it had sent."""


class Driver:
    """Where events take place."""

    def __init__(self, kept: LiveNetwork, setup: Setup, dies: Path) -> None:
        self.kept, self.setup = kept, setup
        self._dies = dies
        self._hosts: dict[str, socket.socket] = {}

    def play(self, event: e.Event, state: State, labels: Collection[int]) -> ProductPath:
        """Bring an event about in ``state``; how it went. Returns before the network has settled.

        ``labels`` are some that are in use, for attackers.
        """
        course = ProductPath(before=state, after=event.after(state))
        course.begun_ns = time.time_ns()
        match event:
            case e.Change():
                self._change(event, course, state)
            case e.Happening():
                self._happen(event, course)
            case e.Attack():
                self._attack(event, course, labels)
            case e.Flap():
                self._flap(event, course)
            case e.Hang():
                self._hang(event, course, state)
            case e.Blink():
                self._blink(event, course, state)
            case e.KillController():
                self._kill_controller(event, course)
            case e.KillControllerDuring():
                self._kill_during(event, course, state)
            case e.Together():
                self._together(event, course, state)
            case e.RepairAll():
                self.bring_about(state, state.repaired, course)
            case _:
                raise TypeError(f"no player for {event}")
        return course

    def bring_about(self, state: State, wanted: State, course: ProductPath | None = None) -> None:
        """Break and repair, drain and restore, until the state is as wanted; policies stay."""
        course = course or ProductPath(before=state, after=wanted)
        for happening in _happenings(state, wanted):
            self._happen(happening, course)
        for fibre in sorted(state.drained ^ wanted.drained):
            change = e.Drain(fibre) if fibre in wanted.drained else e.Restore(fibre)
            self._ask_until_done(change, course, state)

    def set_up(self, wanted: State) -> None:
        """From the state as it begins to another, without an eye on what it costs."""
        state = State()
        for change in (e.SetPolicies(wanted.policies), e.SetDay(wanted.day)):
            course = ProductPath(before=state, after=wanted)
            self._ask_until_done(change, course, state)
            for one in course.refused():
                raise MeasurementInvalid(one)
        self.bring_about(state, wanted)

    # What people ask.

    def _change(self, change: e.Change, course: ProductPath, state: State) -> None:
        self._note(course, change, state, self._ask(change))

    @staticmethod
    def _note(
        course: ProductPath,
        change: e.Change,
        state: State,
        answer: dict[str, Any],
        *,
        died: bool = False,
        at_ns: int | None = None,
    ) -> None:
        reason, after = str(answer.get("reason", "")), change.after(state)
        at_ns = at_ns or time.time_ns()
        course.asked.append(Asked(change, answer["ok"], died, reason, after, at_ns))

    def _ask(self, change: e.Change) -> dict[str, Any]:
        ask = self.kept.carry_out
        match change:
            case e.SetPolicies():
                chosen = self.setup.sets[change.name]
                plain = chosen.model_dump(mode="json", by_alias=True)
                return ask(policies_event.SET, change.name, set=plain)
            case e.SetDay():
                return ask(day_event.SET, change.day.isoformat())
            case e.Drain():
                return ask(drain_event.DRAIN, change.fibre)
            case e.Restore():
                return ask(drain_event.RESTORE, change.fibre)
        raise TypeError(f"no request for {change}")

    def _ask_until_done(self, change: e.Change, course: ProductPath, state: State) -> None:
        """While things break, an update may be refused, and asked for again."""
        for _ in range(20):
            answer = self._ask(change)
            if answer["ok"]:
                break
            time.sleep(0.5)
        self._note(course, change, state, answer)

    @contextlib.contextmanager
    def _asking(self, change: e.Change | None, course: ProductPath, state: State) -> Iterator[None]:
        """While what follows happens; the answer is waited for at its end."""
        if change is None:
            yield
            return
        answers: list[dict[str, Any]] = []
        asker = threading.Thread(target=lambda: answers.append(self._ask(change)))
        asker.start()
        try:
            yield
        finally:
            asker.join()
        self._note(course, change, state, answers[0])

    # What happens.

    def _happen(self, happening: e.Happening, course: ProductPath) -> None:
        at_ns = time.time_ns()
        carry_out = self.kept.carry_out
        match happening:
            case e.Cut():
                for fibre in happening.fibres:
                    carry_out(cut.CUT, fibre)
                course.breaks(Loss.of_fibres(happening.fibres, at_ns), happening.fibres)
            case e.CutSilently():
                carry_out(cut.SILENCE, happening.fibre)
                course.breaks(
                    Loss.of_fibres((happening.fibre,), at_ns, silently=True), (happening.fibre,)
                )
            case e.Repair():
                carry_out(cut.MEND, happening.fibre)
            case e.GoDark():
                carry_out(hub_faults.HUB_DOWN, happening.hub)
                fibres = tuple(one.id for one in self.setup.topology.fibres_of(happening.hub))
                course.breaks(Loss.of_hub(happening.hub, at_ns), fibres)
            case e.Light():
                carry_out(hub_faults.HUB_UP, happening.hub)
            case e.KillGateway():
                carry_out(hub_faults.KILL_GATEWAY, happening.hub)
                course.breaks(Loss.of_hub(happening.hub, at_ns), (f"gateway {happening.hub}",))
            case e.StartGateway():
                carry_out(hub_faults.START_GATEWAY, happening.hub)
            case e.Disconnect():
                carry_out(hub_faults.SWITCH_AWAY, happening.hub)
            case e.Connect():
                carry_out(hub_faults.SWITCH_BACK, happening.hub)
            case e.RestartSwitches():
                carry_out(hub_faults.RESTART)
                course.breaks(Loss.of_everybody(at_ns), self._everything())
            case e.Tamper():
                self._tamper(happening, course)
            case _:
                raise TypeError(f"no cause for {happening}")

    def _together(self, event: e.Together, course: ProductPath, state: State) -> None:
        change = event.first if isinstance(event.first, e.Change) else None
        course.between += [event.first.after(state), event.second.after(state)]
        with self._asking(change, course, state):
            if isinstance(event.first, e.Happening):
                self._happen(event.first, course)
            time.sleep(event.gap_ms / 1e3)
            self._happen(event.second, course)
        course.may_refuse = True

    def _flap(self, event: e.Flap, course: ProductPath) -> None:
        course.between.append(course.before.with_names("cut", event.fibre))
        for _ in range(event.times):
            at_ns = time.time_ns()
            self.kept.carry_out(cut.CUT, event.fibre)
            course.breaks(Loss.of_fibres((event.fibre,), at_ns), (event.fibre,))
            time.sleep(FLAP_S)
            self.kept.carry_out(cut.MEND, event.fibre)
            time.sleep(BFD_UP_S)

    def _hang(self, event: e.Hang, course: ProductPath, state: State) -> None:
        at_ns = time.time_ns()
        daemon = self._openvswitch.vswitchd
        daemon.send_signal(signal.SIGSTOP)
        try:
            with self._asking(event.change, course, state):
                time.sleep(event.seconds)
                daemon.send_signal(signal.SIGCONT)
                over_ns = time.time_ns()
        finally:
            daemon.send_signal(signal.SIGCONT)
        course.breaks(Loss.of_everybody(at_ns, over_ns=over_ns), self._everything())
        # Sessions whose ends do not go on together fail again.
        course.failures += [(name, over_ns) for name in self._everything()]
        course.may_refuse = True

    def _blink(self, event: e.Blink, course: ProductPath, state: State) -> None:
        self.kept.carry_out(hub_faults.SWITCH_AWAY, event.hub)
        time.sleep(AWAY_S)
        course.may_refuse = True
        self._change(event.change, course, state)
        time.sleep(AWAY_S)
        self.kept.carry_out(hub_faults.SWITCH_BACK, event.hub)

    # Controllers.

    def _kill_controller(self, event: e.KillController, course: ProductPath) -> None:
        self.kept.carry_out(controller_event.KILL)
        time.sleep(event.seconds / 2)
        if event.meanwhile is not None:
            self._happen(event.meanwhile, course)
            course.unattended()
        time.sleep(event.seconds / 2)
        self.kept.carry_out(controller_event.START)
        if course.tampered:
            # Tables that are not ours in full are replaced, all of them, once the controller has
            # waited for switches that are away and for ports that are dead.
            course.losses.append(Loss.of_everybody(course.begun_ns, until_settled=True))

    def _kill_during(
        self, event: e.KillControllerDuring, course: ProductPath, state: State
    ) -> None:
        step = event.step
        where = {"messages": step} if isinstance(step, int) else {"at": MOMENTS[step]}
        self._dies.write_text(json.dumps({"do": "die", **where}))
        answer = self._ask(event.change)
        at_ns = time.time_ns()
        process = self.kept.controller.process
        assert process is not None
        if answer["ok"]:
            process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(DIES_S)
        died = not answer["ok"] and process.returncode == -signal.SIGKILL
        self._note(course, event.change, state, answer, died=died, at_ns=at_ns)
        self.kept.carry_out(controller_event.KILL)
        self._dies.unlink(missing_ok=True)
        time.sleep(LATER_NS / NS_PER_S)
        self.kept.carry_out(controller_event.START)

    # NotOurs.

    def _tamper(self, event: e.Tamper, course: ProductPath) -> None:
        held = self._held(event.hub)
        at_ns = time.time_ns()
        for words in TAMPERED[event.how]:
            self._ofctl(event.hub, *words)
        if self._held(event.hub) != held:
            course.tampered = True
            course.losses.append(Loss.of_hub(event.hub, at_ns, until_settled=True))
        if event.asked:
            course.audits.append(self.kept.ask("audit"))

    def _held(self, hub: str) -> str:
        """What a switch holds, in the words of Open vSwitch."""
        whole = [("dump-flows", "--no-stats"), ("dump-groups",), ("dump-meters",)]
        return "".join(self._ofctl(hub, *words) for words in whole)

    def _ofctl(self, hub: str, verb: str, *words: str) -> str:
        address = self.kept.net.switch_of(hub).management_address
        options = [one for one in words if one.startswith("--")]
        rest = [one for one in words if not one.startswith("--")]
        command = ["ovs-ofctl", "-O", "OpenFlow13", *options, verb, address, *rest]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return "\n".join(sorted(line for line in done.stdout.splitlines() if "xid=" not in line))

    def _attack(self, event: e.Attack, course: ProductPath, labels: Collection[int]) -> None:
        served = [(one.demand.src, one.demand.dst) for one in self.setup.directions]
        wiring = self.setup.wiring
        wire = self._host(event.hub)
        dropped = self._dropped_at(event.hub)
        frames = attacks.frames(wiring, event.hub, event.seed, labels, served)
        for frame in frames:
            with contextlib.suppress(OSError):
                wire.send(frame)
            time.sleep(ATTACK_SPACING_S)
        time.sleep(COUNTED_S)
        if event.hub not in course.before.dark | course.before.away:
            course.attacked = (len(frames), self._dropped_at(event.hub) - dropped)

    def _dropped_at(self, hub: str) -> int:
        """Packets that a host may not send and that its switch has dropped, by its own count."""
        dropped = self.kept.ask("counters").get("by_hub", {}).get(hub, {})
        return sum(count for name, count in dropped.items() if name not in NOT_OF_ATTACKS)

    def _host(self, hub: str) -> socket.socket:
        if hub not in self._hosts:
            with self.kept.net[hub].namespace.entered():
                wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            wire.bind((self.setup.wiring.hub(hub).host_interface, 0))
            self._hosts[hub] = wire
        return self._hosts[hub]

    @property
    def _openvswitch(self) -> Any:
        assert self.kept.net.openvswitch is not None
        return self.kept.net.openvswitch

    def _everything(self) -> tuple[str, ...]:
        """All that may be seen to fail when switches begin again."""
        fibres = (one.id for one in self.setup.topology.fibres)
        return (*fibres, *(f"gateway {hub}" for hub in sorted(self.setup.gateways)))


TAMPERED: dict[str, tuple[tuple[str, ...], ...]] = {
    "foreign drop": (("add-flow", "table=1,priority=9,ip,nw_dst=10.0.0.0/8,actions=drop"),),
    "foreign output": (
        ("add-flow", f"table=4,priority=500,mpls,mpls_label={STRANGE_LABEL},actions=output:2"),
    ),
    "foreign group": (("add-group", f"group_id={STRANGE_GROUP},type=all,bucket=actions=output:2"),),
    "edges deleted": (("del-flows", "table=1"),),
    "core deleted": (("del-flows", "table=4"),),
    "all deleted": (("del-flows",),),
    "groups deleted": (("del-groups",),),
    "meters deleted": (("del-meters",),),
    "core changed": (("mod-flows", "table=4,mpls,actions=drop"),),
    "edges changed": (("mod-flows", "table=1,ip,actions=drop"),),
}


def _happenings(state: State, wanted: State) -> Iterator[e.Happening]:
    """What leads from one state to another, but for what people ask."""
    yield from map(e.Light, sorted(state.dark - wanted.dark))
    for fibre in sorted((state.cut | state.silent) - (wanted.cut | wanted.silent)):
        yield e.Repair(fibre)
    parts: tuple[tuple[str, Callable[..., e.Happening], Callable[..., e.Happening]], ...] = (
        ("closed", e.KillGateway, e.StartGateway),
        ("away", e.Disconnect, e.Connect),
    )
    for key, breaks, repairs in parts:
        was, will = getattr(state, key), getattr(wanted, key)
        yield from (repairs(name) for name in sorted(was - will))
        yield from (breaks(name) for name in sorted(will - was))
    yield from (e.Cut((fibre,)) for fibre in sorted(wanted.cut - state.cut))
    yield from (e.CutSilently(fibre) for fibre in sorted(wanted.silent - state.silent))
    yield from (e.GoDark(hub) for hub in sorted(wanted.dark - state.dark))
