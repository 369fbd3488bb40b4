"""In a guest: the soak itself. Events one after another, each judged before the next.

``python -m tests.soak.run OUT_DIR JOB`` with a job as ``__main__`` writes it. What comes of
each event goes to the console as a line, so that who reads it keeps the wall time.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from corridor.experiments.live_network.network import LiveNetwork
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.seconds import NS_PER_S
from tests.chaos.crash_points import CONTROLLER, FILE
from tests.chaos.traffic import Traffic
from tests.soak import events as e
from tests.soak.driver import Driver
from tests.soak.generator import generate
from tests.soak.judging import (
    Flows,
    ProductPath,
    may_be_left,
    withdrawn,
    wrong_after_answers,
    wrong_in_course,
    wrong_in_journal,
    wrong_when_settled,
)
from tests.soak.settling import REPAIRED, Settled, Settling, Stuck, count
from tests.soak.setup import Setup, load_setup
from tests.soak.state import State
from tests.soak.watching import Watcher, labels, wrong_on_fibres, wrong_since

SCRATCH = Path("/tmp/soak")
DIES = SCRATCH / "dies.json"
PATIENCE = {
    "away_ns": 3 * NS_PER_S,
    "first_ns": 8 * NS_PER_S,
    "audit_ns": 20 * NS_PER_S,
}
DENSE_S, SPARSE_S = 0.005, 0.04
LATER = ((0.35, SPARSE_S), (4.0, 0.2))
"""The spacing of a demand's probes around an event, and for a time after it."""
BEFORE_S, STRETCH_S, ARRIVE_S = 0.06, 0.08, 0.2
"""Traffic before an event, when all is settled, and for packets in flight at the end."""
STRETCHES = 4


class Soak:
    """One network from settled to settled."""

    def __init__(self, kept: LiveNetwork, setup: Setup) -> None:
        self.kept, self.setup = kept, setup
        self.driver = Driver(kept, setup, DIES)
        self.settling = Settling(kept, setup)
        self._delay_ns = {one.id: one.one_way_delay_ns for one in setup.topology.fibres}
        self._ends = {one.demand.id: (one.demand.src, one.demand.dst) for one in setup.directions}
        self._watcher = cache(
            lambda policies, day: Watcher(setup.specification(policies, day), setup.wiring)
        )
        self._left: dict[str, tuple[str, date]] = {}
        """Hubs whose switch is away, and the policies and the day when it left."""

    def begin(self, state: State) -> None:
        """To the state in which the first event takes place."""
        if state != State():
            self.driver.set_up(state)
        self._left = dict.fromkeys(state.away, (state.policies, state.day))
        self.now = self.settling.settle([state])
        wrong = self._stretch(0)
        if wrong:
            raise Stuck("; ".join(wrong))

    def carry_out(self, event: e.Event) -> dict[str, Any]:
        """Run one event; return the result. ``wrong`` is empty if all is as it must be."""
        state, before = self.now.state, self.now
        worlds = [state, event.after(state)]
        if (change := getattr(event, "change", None)) is not None:
            worlds.append(change.after(state))
        marks = list(dict.fromkeys((one.policies, one.day) for one in worlds))
        watchers = [self._watcher(*one) for one in marks]
        specifications = [self.setup.specification(*one) for one in marks]
        crossed_before = self._crossed
        seen_events = len(self.kept.events())
        wrong: list[str] = []
        took_ns = None
        with Traffic(
            self.kept, specifications, spacing_s=DENSE_S, later=LATER, settle_s=ARRIVE_S
        ) as traffic:
            time.sleep(BEFORE_S)
            course = self.driver.play(event, state, self._labels)
            self.settling.failures += course.failures
            wrong += [*course.refused(), *course.unnoticed(), *self._wrong_audit(event, course)]
            try:
                self._settle(event, course, seen_events)
                took_ns = time.time_ns() - course.begun_ns
            except Stuck as problem:
                wrong.append(f"stuck: {problem}")
                self.now = self.settling.supposed(course.after)
        flows = self._flows(traffic)
        outlooks = [
            before.expected,
            self.now.expected,
            *(self.settling.outlook(one, before.held) for one in course.between),
            # A controller that starts again knows of nothing that flapped.
            self.settling.outlook(self.now.state, before.held),
            self.settling.outlook(state, self.now.held),
        ]
        left = dict.fromkeys(event.after(state).away, (state.policies, state.day)) | self._left
        away = {hub: self._watcher(*mark) for hub, mark in left.items()}
        wrong += wrong_on_fibres(watchers, traffic.seen, away)
        for one in (one for one in course.asked if one.done):
            watcher = self._watcher(one.state.policies, one.state.day)
            wrong += wrong_since(watcher, traffic.seen, one.at_ns, self._delay_ns, away)
        self._left = {hub: left[hub] for hub in self.now.state.away}
        gone = withdrawn(course, self.settling.outlook, self._changed(marks))
        wrong += wrong_in_course(course, outlooks, self._ends, flows, crossed_before, gone)
        wrong += wrong_after_answers(course, self.settling.outlook, flows)
        wrong += [*self._wrongly_free(event), *self._stretch(seen_events)]
        wrong += wrong_in_journal(self.kept.events()[seen_events:])
        return {
            "what": event.to_json(),
            "state": self.now.state.to_json(),
            "held": sorted(self.now.held),
            "at_s": round(course.begun_ns / NS_PER_S, 3),
            "settled_s": None if took_ns is None else round(took_ns / NS_PER_S, 3),
            "answers": [[str(one.change), one.done, one.reason[:200]] for one in course.asked],
            "lost": {
                name: len(lost)
                for name, lost in flows.lost_ns.items()
                if lost and all(outlook[name].status == "SERVED" for outlook in outlooks)
            },
            "sent": sum(map(len, flows.sent_ns.values())),
            "frames": traffic.seen.frames,
            "wrong": wrong,
        }

    def _settle(self, event: e.Event, course: ProductPath, seen_events: int) -> None:
        course.withdrew = count(self.kept.events()[seen_events:], "withdrawn") > 0
        if course.tampered and not isinstance(event, e.Tamper):
            self.kept.ask("audit")

        def is_found() -> bool:
            return count(self.kept.events()[seen_events:], *REPAIRED) > 0

        waits = course.tampered and isinstance(event, e.Tamper)
        self.now = self.settling.settle(
            course.outcomes(event.step if isinstance(event, e.KillControllerDuring) else None),
            nothing_held=isinstance(event, e.RepairAll),
            also=is_found if waits else lambda: True,
        )

    def _stretch(self, seen_events: int) -> list[str]:
        """Traffic while nothing happens, judged strictly by what is in force."""
        for _ in range(STRETCHES):
            watcher = self._watcher(self.now.state.policies, self.now.state.day)
            specification = self.now.state.specification(self.setup)
            with Traffic(
                self.kept, [specification], spacing_s=SPARSE_S, settle_s=ARRIVE_S
            ) as traffic:
                time.sleep(STRETCH_S)
            found = self.settling.look([self.now.state])
            away = {hub: self._watcher(*mark) for hub, mark in self._left.items()}
            wrong = [
                *self._wrongly_left(seen_events),
                *wrong_on_fibres([watcher], traffic.seen, away),
            ]
            if wrong:
                return wrong
            if isinstance(found, Settled) and found != self.now:
                self.now = self.settling.settle([self.now.state])
                continue
            if not isinstance(found, Settled):
                wrong += [f"unsettled again: {one}" for one in found]
            flows = self._flows(traffic)
            self._labels, self._crossed = labels(traffic.seen), flows.crossed
            broken = self.settling.broken(self.now.state, self.now.held).fibres
            wrong += wrong_when_settled(
                self.now.expected, flows, self._delay_ns, broken, self.now.state.away
            )
            return wrong
        return ["never the same for two looks"]

    def _wrongly_left(self, seen_events: int) -> list[str]:
        """What an audit finds that the controller has not said may be left."""
        may_be = may_be_left(self.kept.events()[seen_events:])
        audit = self.kept.ask("audit")
        if audit.get("was_whole") or (audit["ok"] and may_be):
            return []
        return [f"an audit found what was not whole: {audit} {self.kept.events()[-3:]}"]

    def _wrong_audit(self, event: e.Event, course: ProductPath) -> list[str]:
        """An audit right after tampering must have found it, and counted what is foreign."""
        if not isinstance(event, e.Tamper) or not course.audits:
            return []
        (audit,) = course.audits
        if not audit["ok"] or audit["was_whole"] == course.tampered:
            return [f"tampered with: {course.tampered}, and the audit says {audit}"]
        return []

    def _wrongly_free(self, event: e.Event) -> list[str]:
        if isinstance(event, e.Flap) and event.times >= 4 and event.fibre not in self.now.held:
            return [f"{event.fibre} flapped {event.times} times and is not held out"]
        return []

    def _changed(self, marks: list[tuple[Any, Any]]) -> set[str]:
        """Demands of which policies say other things."""
        ruled = [
            {
                intent.id: intent.applicable_policies.automata
                for intent in self.setup.specification(*mark).intents()
            }
            for mark in marks
        ]
        return {
            demand
            for demand in self.setup.demands
            if any(r[demand] != ruled[0][demand] for r in ruled)
        }

    def _flows(self, traffic: Traffic) -> Flows:
        mark = (self.now.state.policies, self.now.state.day)
        crossed = self._watcher(*mark).crossings(traffic.seen)
        return Flows(traffic.sent_ns, traffic.lost_ns, traffic.account.repeated, crossed)


def say(**message: Any) -> None:
    with Path("/dev/console").open("a") as console:
        console.write(json.dumps({"event": "soak", **message}) + "\n")


def main(out: str, job: str) -> int:
    asked = json.loads(job)
    setup, out_dir = load_setup(asked["topology"]), Path(out)
    SCRATCH.mkdir()
    os.environ[FILE] = str(DIES)
    made = islice(generate(setup, asked["seed"]), asked["last"])
    state, number = State(), 0
    events: list[tuple[int, e.Event]] = []
    for number, (event, after) in enumerate(made, start=1):
        if number < asked["first"]:
            state = after
        else:
            events.append((number, event))
    with LiveNetwork(
        world_specification(setup),
        setup.wiring,
        scratch=SCRATCH,
        out_dir=out_dir,
        framework=asked["framework"],
        timing=PATIENCE,
        command=CONTROLLER,
    ) as kept:
        soak = Soak(kept, setup)
        try:
            soak.begin(state)
        except (Stuck, MeasurementInvalid) as problem:
            say(number=0, what={"kind": "Begin"}, wrong=[str(problem)])
            return 1
        say(number=0, what={"kind": "Begin"}, wrong=[])
        for number, event in events:
            try:
                came = soak.carry_out(event)
            except Exception:  # noqa: BLE001 - told, with what was going on
                came = {"what": event.to_json(), "wrong": [traceback.format_exc()]}
            say(number=number, **came)
            if came["wrong"]:
                return 1
    return 0


def world_specification(setup: Setup) -> Any:
    return State().specification(setup)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
