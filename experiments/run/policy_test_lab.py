"""Puts demands under test to switches that run and to real packets, and remembers what was seen."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from corridor.controller.intent.specification import Specification
from corridor.controller.prover import Tables, read_dump
from corridor.controller.testing.network import EACH_ONCE, DemandUnderTest
from corridor.controller.testing.packets import Failed, Packets, Seen
from corridor.experiments.lab.run_events import Event
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.plan.values import Plan
from corridor.experiments.run.choosing import real_clock_kernel
from corridor.experiments.run.policy_test_plan import (
    amiss_in,
    dropped_at,
    packets_of,
    plan_trials,
    specify_demand,
)
from corridor.experiments.run.runner import GUEST_RUN_ID, carry_out
from corridor.experiments.testbeds.choice import Choice, Facts, choose_testbed
from corridor.experiments.testbeds.native import native_run_id
from corridor.experiments.testbeds.reusable_guest import ReusableGuests
from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import PolicyFailure
from corridor.topologies.model.wiring import Wiring

SLACK_NS = {"virtual": 50_000, "real": 10_000_000}
NOT_BUILT = "no virtual-clock kernel is built: ./corridor kernel build"


@dataclass
class _Known:
    """What is known of one demand."""

    tables: Tables
    wiring: Wiring
    packets: dict[Failed, Packets] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    amiss: tuple[str, ...] = ()
    refused: str = ""


class Laboratory(Closing):
    """Tests each demand on a network, in a testbed. See ``Live`` of ``testing/packets.py``.

    With the virtual clock, demands of one map share a guest, whose network is made as new for each.
    Result folders are made in ``folder``. The first question about a demand has packets sent under
    every failure that its path meets, each by itself, so that most other questions about it are
    answered by then.
    """

    def __init__(self, choice: Choice, kernel: Kernel | None, folder: Path) -> None:
        self._choice = choice
        self._kernel = kernel
        self._folder = folder
        self._standing = ReusableGuests(folder)
        self._known: dict[str, _Known] = {}
        self._runs = 0

    def close(self) -> None:
        """End the guests; safe to call twice."""
        self._standing.close()

    @property
    def where(self) -> str:
        place = "this machine's kernel" if self._choice.testbed == "native" else "a guest"
        return f"in {place} with the {self._choice.clock} clock"

    @property
    def slack_ns(self) -> int:
        return SLACK_NS[self._choice.clock]

    def tables(self, demand: DemandUnderTest) -> tuple[Tables, Wiring]:
        known = self._of(demand)
        return known.tables, known.wiring

    def seen(self, demand: DemandUnderTest, sets: Collection[Failed]) -> Seen:
        known = self._of(demand)
        missing = [failed for failed in sets if failed not in known.packets]
        if missing and not known.refused:
            self._run(demand, missing, known)
        return Seen(dict(known.packets), dict(known.dropped), known.amiss, known.refused)

    def _of(self, demand: DemandUnderTest) -> _Known:
        key = specify_demand(demand).to_json()
        if key not in self._known:
            as_compiled = replace(demand, network=replace(demand.network, live=None))
            self._known[key] = self._run(demand, as_compiled.trials(EACH_ONCE))
        return self._known[key]

    def _run(
        self, demand: DemandUnderTest, sets: Collection[Failed], known: _Known | None = None
    ) -> _Known:
        """Trials of one more network; what was seen there is added to what is known."""
        judged_by = specify_demand(demand)
        run_id = GUEST_RUN_ID if self._choice.testbed == "uml" else native_run_id()
        plan, trials = plan_trials(demand, sets, clock=self._choice.clock, run_id=run_id)
        out_dir = self._result_folder(demand, judged_by)
        (out_dir / "raw" / "plan.json").write_text(json.dumps(to_plain(plan)))
        refused = ""
        try:
            self._carry_out(plan, out_dir)
        except PolicyFailure as failure:
            refused = failure.message
        said = json.loads((out_dir / "tables" / "before.json").read_text())
        known = known or _Known(read_dump(said, plan.wiring), plan.wiring)
        known.refused = refused
        if refused:
            return known
        pair = demand.intent.pair
        known.packets |= packets_of(out_dir, plan, trials, demand.network.topology, pair)
        known.amiss += amiss_in(out_dir, plan, judged_by)
        for reason, count in dropped_at(pair[0], out_dir).items():
            known.dropped[reason] = known.dropped.get(reason, 0) + count
        return known

    def _carry_out(self, plan: Plan, out_dir: Path) -> None:
        if self._kernel is not None and self._choice.clock == "virtual":
            self._standing.run(self._kernel, out_dir, _unheard)
        else:
            carry_out(self._choice, self._kernel, plan, out_dir, _unheard)

    def _result_folder(self, demand: DemandUnderTest, judged_by: Specification) -> Path:
        self._runs += 1
        out_dir = self._folder / f"{self._runs}-{demand.intent.id}"
        for part in ("raw", "tables"):
            (out_dir / part).mkdir(parents=True)
        (out_dir / "raw" / "specification.json").write_text(judged_by.to_json())
        return out_dir


def _unheard(_event: Event) -> None:
    pass


def find_testbed(facts: Facts) -> tuple[Choice, Kernel | None]:
    """Where networks of tests run, without building a kernel for it; raises EnvironmentLacking."""
    if facts.virtual_kernel is None:
        facts = facts.without_build(NOT_BUILT)
    choice = choose_testbed(facts)
    if choice.testbed == "native":
        return choice, None
    return choice, facts.virtual_kernel if choice.clock == "virtual" else real_clock_kernel(facts)
