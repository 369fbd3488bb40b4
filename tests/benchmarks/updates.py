"""The CPU time of the controller for one update, without a guest: switches are values of a test.

    .venv/bin/python -m tests.benchmarks.updates [--scenario NAME] [--cuts N] [--seed N]

Cuts and repairs of fibres drawn at random, a drain, its end, and two changes of policies: a permit
less, and that permit back. Prints, for each, the CPU seconds from the request or failure to the end
of the update, how many directions changed, and how many messages and reads of switches it took.
The time of the switches of the test is not counted; that of encoding messages is.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from corridor.controller.forwarding.program import Flow
from corridor.controller.openflow import encoding
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.modifications import Modifications
from corridor.controller.policy.model import PolicySet
from corridor.experiments.live_network.setting import live_wiring
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.memory import Settled
from corridor.topologies.model.wiring import Wiring
from tests.support.reconcile.fake_switches import FakeSwitches, Lab


class Counted(FakeSwitches):
    """Switches that count what they are sent and asked, and their own time. They report entries as
    other objects than they were sent, the same in each report."""

    counts: ClassVar[Counter[str]] = Counter()
    own_s = 0.0

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring)
        self._copies: dict[int, tuple[Flow, Flow]] = {}

    def dump(self, dpids: Collection[int]) -> dict[int, dict[str, list[Any]]]:
        started_s = time.process_time()
        self.counts["reads"] += len(dpids)
        said = super().dump(dpids)
        for parts in said.values():
            parts["switches"] = [
                one._replace(flow=self._copy(one.flow)) for one in parts["switches"]
            ]
        Counted.own_s += time.process_time() - started_s
        return said

    def _copy(self, flow: Flow) -> Flow:
        if id(flow) not in self._copies:
            self._copies[id(flow)] = flow, replace(flow)
        return self._copies[id(flow)][1]

    def _carry_out(self, call: str, orders: Modifications) -> None:
        for told in orders.values():
            self.counts["messages"] += len([encoding.order(one, 1) for one in told])
        started_s = time.process_time()
        super()._carry_out(call, orders)
        Counted.own_s += time.process_time() - started_s


class CountedLab(Lab):
    """A controller of such switches."""

    def start(self, known: DesiredState) -> None:
        self.switches = Counted(self.wiring)
        super().start(known)
        self.deployer.settled = Settled()


def measured(lab: Lab, name: str, change: Callable[[], object]) -> tuple[str, ...]:
    """A row of the table: what a change takes."""
    before = lab.deployer.deployment
    assert before is not None
    Counted.counts.clear()
    Counted.own_s, started_s = 0.0, time.process_time()
    change()
    lab.run(0.2)
    took_s = time.process_time() - started_s - Counted.own_s
    after = lab.deployer.deployment
    assert after is not None
    pairs = zip(before.compiled.seats, after.compiled.seats, strict=True)
    moved = sum(one != other for one, other in pairs)
    messages, reads = Counted.counts["messages"], Counted.counts["reads"]
    return name, f"{took_s:.2f}", str(moved), f"{messages:,}", str(reads)


def without_a_permit(policies: PolicySet) -> PolicySet:
    """The same set without the last permit that is enabled."""
    last = [one for one in policies.policies if one.effect == "permit" and one.enabled][-1]
    left = tuple(one for one in policies.policies if one is not last)
    return policies.model_copy(update={"name": "one-permit-less", "policies": left})


def main() -> None:
    options = argparse.ArgumentParser(prog="tests.benchmarks.updates")
    options.add_argument("--scenario", default="sovereignty")
    options.add_argument("--cuts", type=int, default=3)
    options.add_argument("--seed", type=int, default=7)
    asked = options.parse_args()
    loaded = load_scenario(asked.scenario)
    specification, wiring = specify(loaded), live_wiring(loaded, "u", asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        lab = CountedLab(DesiredState(specification), wiring, Path(folder) / "state.json")
        lab.connect()
        lab.run(3)
        chance, fibres = random.Random(asked.seed), [one.fibre for one in wiring.fibres]
        changes: list[tuple[str, Callable[[], object]]] = []
        for fibre in chance.sample(fibres, asked.cuts):
            changes.append((f"cut {fibre}", partial(lab.port, fibre, live=False)))
            changes.append((f"repair {fibre}", partial(lab.port, fibre, live=True)))
        drain = partial(lab.do, "set_drained", fibre=chance.choice(fibres))
        changes += [
            ("drain", partial(drain, drained=True)),
            ("restore", partial(drain, drained=False)),
        ]
        for policies in (without_a_permit(specification.policies), specification.policies):
            ruled = partial(lab.do, "set_policies", policies=policies)
            changes.append((f"policies {policies.name}", ruled))
        rows = [measured(lab, name, change) for name, change in changes]
    print(render(("change", "CPU s", "directions", "messages", "reads"), rows))


if __name__ == "__main__":
    main()
