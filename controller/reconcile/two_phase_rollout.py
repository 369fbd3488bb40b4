"""One two-phase update, from the first message to the last comparison.

    beside   groups, meters and entries of new versions, behind barriers
    tell     gateways assess the labels of both versions
    prove    what switches say they hold, by the old deployment
    settle   datapaths have forgotten what they knew of the new labels; if switches connected again
             since they were read, tables are read and proven again; none may be away
    flip     each edge in one atomic bundle
    drain    what carries old labels arrives
    remove   the old versions, and what was removed is seen to be gone

What the edges will be flipped to is proven before anything is sent. Until every edge is flipped,
whatever goes wrong takes the new versions away again. From then on these stand, and what could not
be removed of the old ones is left to the next audit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from corridor.controller.api import control_answers
from corridor.controller.forwarding.program import Program
from corridor.controller.forwarding.two_phase_plan import Update
from corridor.controller.openflow import modifications
from corridor.controller.openflow.deployments import (
    Deployment,
    asked_beside,
    asked_flipped,
    assessed,
    difference,
    is_cut_off,
    longest_ns,
    step_between,
)
from corridor.controller.openflow.errors import SwitchError, SwitchTimeout
from corridor.controller.prover import Proof, Tables
from corridor.controller.prover.search.tables import AsIntended
from corridor.controller.prover.session import Session
from corridor.controller.prover.verdicts import UpdateProof, beyond_edges, objections
from corridor.controller.reconcile.interfaces import Interfaces, only
from corridor.topologies.base.seconds import NS_PER_S

MARGIN_NS = 20_000_000
"""For what switches, gateways and hosts take, which the model of fibres does not say."""
NOTICED_NS = 5_000_000
"""Within this time, threads that wait to run notice that a switch went away or connected again."""
SETTLE_NS = 20_000_000
"""Open vSwitch answers a barrier once its tables have an entry, not its datapath: flows that are
cached there, as the drop of a label that meant nothing, are looked at again within 5 ms of the last
look (``udpif_revalidator`` in ofproto-dpif-upcall.c), and that takes a while itself."""
MOST_READ_AGAIN = 3
"""How often switches that connect again before the flip are read again; then it is not done."""


class NotDone(Exception):
    """An update that was not carried out; the old deployment stands."""

    def __init__(self, reason: str, proof: Proof | None = None, again: bool = False) -> None:
        super().__init__(reason)
        self.kind = "failed" if proof is None else "refused"
        """The outcome of it, as the control socket says it."""
        self.proof = proof
        """The one that does not hold, if that is why."""
        self.again = again
        """Whether it may succeed if it is tried again."""
        self.silent: frozenset[int] = frozenset()
        """Switches that did not answer."""


class Deferred(NotDone):
    """It waits for a switch."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.kind = "deferred"


class NoTables(NotDone):
    """No tables are possible, for instance because no labels are free."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.kind = "refused"


class NotNow(NotDone):
    """Nothing stands that is proven, so there is nothing to start from."""

    def __init__(self, unproven: str) -> None:
        super().__init__(f"not now: {unproven or 'nothing is installed yet'}")
        self.kind = "busy"


@dataclass
class UpdateReport:
    """What an update was like."""

    proof: UpdateProof
    entries: tuple[int, int, int]
    """Before, while both versions were installed, and after."""
    done_ns: dict[str, int] = field(default_factory=dict)
    """When each step was over, from the start."""
    left_over: str = ""
    """Why something of the old versions may still be there."""

    def plain(self) -> control_answers.Report:
        before, most, after = self.entries
        said: control_answers.Report = {
            "entries": {"before": before, "most": most, "after": after},
            "done_ms": {step: round(ns / 1e6, 3) for step, ns in self.done_ns.items()},
        }
        if self.left_over:
            said["left_over"] = self.left_over
        return said


@dataclass
class Updater:
    """Carries updates out, one at a time."""

    interfaces: Interfaces
    during: Callable[[str], None] = lambda _step: None
    """Called after each step."""
    _as_intended: AsIntended = field(default_factory=AsIntended)

    def carry_out(
        self,
        old: Deployment,
        new: Deployment,
        told: frozenset[int],
        session: Session,
        flipped_to: Callable[[UpdateReport], object] = lambda _report: None,
    ) -> UpdateReport:
        """From ``old`` to ``new`` on the switches that are ``told``, by proofs of a ``session``.

        ``flipped_to`` is called once ``new`` serves, with the report so far: from then on the
        update only waits for packets in transit, and removes what they used.

        Raises NotDone if it cannot be.
        """
        started_ns = self.interfaces.now_ns()
        step = step_between(old, new)
        flipped = self._will_be(old, step, new, told, session)
        done_ns = {"compiled and proven": self.interfaces.now_ns() - started_ns}

        def done(name: str) -> None:
            done_ns[name] = self.interfaces.now_ns() - started_ns
            self.during(name)

        flipping = False
        try:
            self._stand_beside(step, told)
            done("beside")
            settled_ns = self.interfaces.now_ns() + SETTLE_NS
            self._tell_gateways(old, new)
            read = self._connections(told & step.touched)
            beside = self._is_beside(old, step, new, told, session)
            done("proven")
            self._wait(settled_ns - self.interfaces.now_ns())
            for _ in range(MOST_READ_AGAIN):
                now = self._connections(told & step.touched)
                if now == read:
                    break
                read, beside = now, self._is_beside(old, step, new, told, session)
                self._wait(0)
            if self._connections(told & step.touched) != read:
                raise NotDone("switches keep connecting again before the flip", again=True)
            flipping = True
            self.interfaces.switches.bundle(only(modifications.flips(step), told))
            done("flipped")
        except NotDone as problem:
            self._undone(problem, old, step, new, told, flipping=flipping)
            raise
        except SwitchError as problem:
            raise self._undone(problem, old, step, new, told, flipping=flipping) from problem
        except BaseException:
            self._undone(NotDone("stopped"), old, step, new, told, flipping=flipping)
            raise
        report = UpdateReport(UpdateProof(beside, flipped), _sizes(step), done_ns)
        flipped_to(report)
        self.interfaces.sleep((longest_ns(old, self.interfaces.wiring) + MARGIN_NS) / NS_PER_S)
        done("drained")
        report.left_over = self._clear(step, new, told)
        done("removed")
        return report

    def _will_be(
        self,
        old: Deployment,
        step: Update,
        new: Deployment,
        told: frozenset[int],
        session: Session,
    ) -> Proof:
        """The proof of the tables as they will be, before anything is sent."""
        for hub in (hub.hub for hub in self.interfaces.wiring.hubs if hub.dpid not in told):
            if not is_cut_off(hub, new.program, self.interfaces.wiring):
                raise NotDone(f"{hub} is away, and would still be listened to")
        flipped = session.prove(asked_flipped(old, step, new, self.interfaces.wiring))
        if not flipped.holds:
            raise NotDone(f"it would break {'; '.join(objections(flipped))}", flipped)
        for said in beyond_edges(step.beside, step.flipped):
            raise NotDone(f"it would break C13: {said}", flipped)
        return flipped

    def _stand_beside(self, step: Update, told: frozenset[int]) -> None:
        for part in (
            modifications.groups_and_meters_beside(step),
            modifications.entries_beside(step),
        ):
            self.interfaces.switches.tell(only(part, told))

    def _tell_gateways(self, old: Deployment, new: Deployment) -> None:
        """The labels of both versions; gateways that only the old one needs may be dead."""
        wiring = self.interfaces.wiring
        needed = [hub for hub, labels in assessed([new], wiring).items() if labels]
        self.interfaces.gateways.assess(assessed([old, new], wiring), needed)

    def _is_beside(
        self,
        old: Deployment,
        step: Update,
        new: Deployment,
        told: frozenset[int],
        session: Session,
    ) -> Proof:
        """The proof of the tables that switches report; for those that were sent nothing, of the
        last audit."""
        held = self.interfaces.filled(self._read(step, step.beside, told), step.beside)
        proof = session.prove(asked_beside(old, step, new, self.interfaces.wiring, held))
        if not proof.holds:
            why = "; ".join(objections(proof))
            raise NotDone(
                f"the installed tables with both versions violate {why}", proof, again=True
            )
        return proof

    def _read(self, step: Update, intended: Program, told: frozenset[int]) -> Tables:
        """What switches report that the update touches."""
        return self._as_intended.of(self.interfaces.tables(told & step.touched), intended)

    def _wait(self, ns: int) -> None:
        """At least as long as losses of switches need to be noticed: no other thread of the
        controller runs during a proof."""
        self.interfaces.sleep(max(NOTICED_NS, ns) / NS_PER_S)

    def _connections(self, dpids: frozenset[int]) -> dict[int, int]:
        """How many times each switch has connected: one that connects again may have lost its
        tables. Raises NotDone where one is away."""
        switches = self.interfaces.switches
        away = sorted(self.interfaces.hub(dpid) for dpid in dpids - switches.connected)
        if away:
            raise NotDone(f"{', '.join(away)} went away before the flip", again=True)
        return {dpid: switches.connections[dpid] for dpid in dpids}

    def _undone(
        self,
        problem: SwitchError | NotDone,
        old: Deployment,
        step: Update,
        new: Deployment,
        told: frozenset[int],
        *,
        flipping: bool,
    ) -> NotDone:
        """Take the new versions away again wherever a switch answers; why it was not done."""
        silent = problem.dpids if isinstance(problem, SwitchTimeout) else frozenset[int]()
        interfaces = self.interfaces
        there = sorted((told & interfaces.switches.connected) - silent)
        if flipping:
            back = modifications.flips_back(step)
            for dpid in there:
                _try(partial(interfaces.switches.bundle, only(back, {dpid})))
            interfaces.sleep((longest_ns(new, interfaces.wiring) + MARGIN_NS) / NS_PER_S)
        for part in (
            modifications.entries_of_the_new(step),
            modifications.groups_and_meters_of_the_new(step),
        ):
            interfaces.tell_each(part, there)
        _try(lambda: interfaces.gateways.assess(assessed([old], interfaces.wiring)))
        if isinstance(problem, NotDone):
            return problem
        undone = NotDone(str(problem), again=True)
        undone.silent = silent
        return undone

    def _clear(self, step: Update, new: Deployment, told: frozenset[int]) -> str:
        """Remove the old versions; why something of it may be left."""
        try:
            for part in (
                modifications.entries_of_the_old(step),
                modifications.groups_and_meters_of_the_old(step),
            ):
                self.interfaces.switches.tell(only(part, told))
            self.interfaces.gateways.assess(assessed([new], self.interfaces.wiring))
            held = self._read(step, new.program, told)
        except SwitchError as error:
            return str(error)
        wanted = {one.hub: one for one in new.program.switches}
        other = {hub for hub, has in held.switches.items() if difference(has, wanted[hub])}
        other |= {one.hub for one in held.oddities}
        return f"{', '.join(sorted(other))} hold other than was intended" if other else ""


def _try(what: Callable[[], object]) -> None:
    try:
        what()
    except SwitchError:
        return


def _sizes(step: Update) -> tuple[int, int, int]:
    programs = (step.old, step.beside, step.new)
    before, most, after = (
        sum(len(switch.flows) for switch in program.switches) for program in programs
    )
    return before, most, after
