"""The one who changes what switches hold, and only to what is proven.

It has a deployment or none. A call that succeeds ends with a deployment that is proven from what
switches reported when they were last read. A call that fails gives the reason. Then all is as
before, edges are off, or ``unproven`` names what is not known.

No call reads tables again after it has proven them, and not every call reads all switches. A
take-over reads before it proves. An update reads only the switches to which it sent something. A
withdrawal reads none. The next audit finds what other controllers or users have changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict

from corridor.controller.api.control_answers import LastProof, Report
from corridor.controller.forwarding.program import Flow
from corridor.controller.openflow import deployments, modifications
from corridor.controller.openflow.deployments import Deployment, DesiredState, assessed
from corridor.controller.openflow.errors import Refused, SwitchError
from corridor.controller.prover import Proof, Tables
from corridor.controller.prover.session import Session
from corridor.controller.prover.verdicts import UpdateProof, objections
from corridor.controller.reconcile.event_log import EventLog
from corridor.controller.reconcile.interfaces import Interfaces, only
from corridor.controller.reconcile.repair import (
    Repaired,
    compare,
    recognise,
    reinstall,
    repair,
    seats_held,
    whole_core,
)
from corridor.controller.reconcile.state_file import Kept, Remembered, StateFile
from corridor.controller.reconcile.two_phase_rollout import (
    MARGIN_NS,
    NoTables,
    NotDone,
    Updater,
    UpdateReport,
)
from corridor.controller.traffic_engineering.reoptimisation import chosen_now
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S


class Tampering(TypedDict):
    """What was found otherwise than it should be, by hub, as events tell it."""

    foreign: dict[str, list[str]]
    stray: dict[str, int]
    missing: dict[str, int]
    groups_and_meters: dict[str, int]
    unread: dict[str, int]


@dataclass
class Deployer:
    """Serves one network."""

    interfaces: Interfaces
    store: StateFile
    event_log: EventLog
    updater: Updater
    deployment: Deployment | None = None
    wanted: DesiredState | None = None
    """What is to stand instead, where a controller that dies must not forget it."""
    unproven: str = "nothing is installed yet"
    """Why what switches hold is not known to be the deployment; empty while it is."""
    proof: LastProof = field(default_factory=LastProof)
    """The last one, as JSON."""
    foreign: int = 0
    """Entries that were no one's we know, so far."""
    update: Report | None = None
    """What the last move was like; None where no entry differed."""
    settled: Callable[[], object] = lambda: None
    """Called after each update, once its result is in the state file."""
    session: Session = field(init=False)
    """The proofs of this network, each carried over from those before it."""

    def __post_init__(self) -> None:
        self.session = Session(lambda said: self.event_log.say("error", message=said))

    def boot(
        self, known: DesiredState, told: frozenset[int], remembered: Remembered | None
    ) -> None:
        """Take over what switches hold if it is ours, else install what is known.

        Raises NotDone and SwitchError.
        """
        held = self.interfaces.tables(told)
        kept = self._kept(remembered)
        seen = self._seen(held)
        found = recognise(seen, kept) or recognise(seen, self._guesses(known, held))
        if found is None or not self._predicted(found.deployment).holds:
            self.install(
                deployments.stand(self._chosen(known), self.interfaces.wiring, 0), told, held
            )
            return
        deployment = found.deployment
        others = [one for one in kept if one is not deployment]
        self.interfaces.gateways.assess(assessed([*others, deployment], self.interfaces.wiring))
        if found.finish:
            self.interfaces.switches.bundle(only(found.finish, told))
        if found.what != "whole":
            self.interfaces.sleep(max(self.drain_s(one) for one in (deployment, *others)))
            held = self.interfaces.tables_again(held, found.finish.keys() & told)
        repaired = repair(self.interfaces, deployment, told, held)
        self.interfaces.gateways.assess(assessed([deployment], self.interfaces.wiring))
        self.wanted = known if kept and deployment is kept[-1] else None
        self._accept(deployment, repaired.tables, "taken over", predicted=True)
        self._count(repaired)
        self.event_log.say(
            "taken over", was=found.what, epoch=deployment.epoch, **self._tampering(repaired)
        )

    def install(
        self, deployment: Deployment, told: frozenset[int], held: Tables | None = None
    ) -> None:
        """Whatever switches hold is replaced by a deployment. Raises NotDone and SwitchError."""
        predicted = self._predicted(deployment)
        if not predicted.holds:
            self.unproven = "the tables to be installed are not verified"
            self._take_edges_off(told)
            raise NotDone(f"it would break {'; '.join(objections(predicted))}", predicted)

        def before_edges() -> Tables:
            core = self.interfaces.tables(told)
            if not whole_core(compare(core, deployment)):
                raise Refused("cores differ from the intended tables")
            self.interfaces.gateways.assess(assessed([deployment], self.interfaces.wiring))
            return core

        self.unproven = "it is being installed"
        drain_s = self.drain_s(deployment)
        held = held if held is not None else self.interfaces.tables(told)
        repaired = reinstall(self.interfaces, deployment, told, held, drain_s, before_edges)
        self.wanted = None
        self._accept(deployment, repaired.tables, "installed", predicted=True)
        self._count(repaired)
        entries = sum(len(switch.flows) for switch in deployment.program.switches)
        self.event_log.say(
            "installed", epoch=deployment.epoch, entries=entries, **self._tampering(repaired)
        )

    def following(self, known: DesiredState) -> Deployment:
        """What is to stand next, by what is known. Raises NotDone where no tables can be made."""
        assert self.deployment is not None
        try:
            return deployments.following(self.deployment, known, self.interfaces.wiring)
        except InputError as problem:
            raise NoTables(f"{problem}; what stands goes on serving") from problem

    def proof_of(self, new: Deployment) -> Proof:
        """Of the tables as they should be."""
        return self.session.prove(deployments.asked_of(new, self.interfaces.wiring))

    def move_to(
        self,
        new: Deployment,
        told: frozenset[int],
        why: str,
        serves: Callable[[], object] = lambda: None,
    ) -> bool:
        """By a two-phase update; or, where no entry differs, by a proof. Raises NotDone.

        Returns whether nothing was left over that an audit has to take away. Calls ``serves`` when
        every edge is flipped to ``new``, if anyone waits for events: the removal of the old
        versions takes about as long again, and nothing depends on it.
        """
        assert self.deployment is not None
        old = self.deployment
        if new.epoch == old.epoch:
            if self._stands_proven(new):
                self.update, self.wanted, self.deployment = None, None, new
                self._keep(new)
                return True
            proof = self.proof_of(new)
            if not proof.holds:
                raise NotDone(f"it would break {'; '.join(objections(proof))}", proof)
            self.update = None
            self._stands(new, proof, why)
            return True
        self._keep(old, about_to=new)

        def flipped(report: UpdateReport) -> None:
            if not self.event_log.bells:
                return  # no one waits for events: the end of the update is reported soon enough
            self._note(report.proof, why, new.epoch)
            self.deployment = new
            asked = new.known.specification
            self.event_log.say(
                "flipped",
                why=why,
                epoch=new.epoch,
                policies=asked.policies.name,
                as_of=asked.as_of.isoformat(),
                done_ms=report.plain()["done_ms"],
            )
            serves()

        try:
            report = self.updater.carry_out(old, new, told, self.session, flipped)
        except NotDone as problem:
            self._keep(old)
            for dpid in problem.silent:
                self.interfaces.switches.hang_up(dpid)
            raise
        self._stands(new, report.proof, why)
        self.settled()
        self.update = report.plain()
        self.event_log.say("update", why=why, epoch=new.epoch, **self.update)
        return not report.left_over

    def want(self, known: DesiredState) -> None:
        """Remember what is to stand, whatever becomes of this controller."""
        self.wanted = known
        if self.deployment is not None:
            self._keep(self.deployment)

    def withdraw(
        self, numbers: frozenset[int], known: DesiredState, told: frozenset[int]
    ) -> list[str]:
        """Drop demands at their edges at once, by bundle, then wherever they are in flight.

        A switch that is away goes on admitting them; its neighbours no longer know their labels.
        ``known`` is what refuses them; it is remembered first. Their ids. Raises SwitchError.
        """
        if not numbers or self.deployment is None:
            return []
        before = self.deployment
        after = deployments.withdraw(before, numbers, known.specification.intents())
        held = Tables({one.hub: one for one in before.program.switches})
        differ = compare(held, after)
        self.wanted = known
        self._keep(after)
        self.deployment = after
        self.interfaces.switches.bundle(only(modifications.edges_exchanged(differ), told))
        core = {dpid: modifications.extra_entries_off(one) for dpid, one in differ.items()}
        self.interfaces.switches.tell(only(core, told))
        ids = sorted(before.intents[number - 1].id for number in numbers)
        self.event_log.say("withdrawn", demands=ids)
        return ids

    def restore(self, before: Deployment, known: DesiredState, told: frozenset[int]) -> None:
        """Undo a withdrawal. Raises SwitchError."""
        self.deployment = before
        self.want(known)
        repair(self.interfaces, before, told)

    def audit(
        self, told: frozenset[int], why: str = "audit", came: frozenset[int] | None = None
    ) -> Repaired:
        """Compare what switches say with what stands, put it right, and prove it again if it was
        not. Raises SwitchError and NotDone.

        Of the switches that are ``told`` it reads only those that ``came`` back, if these are named
        and all others are known to hold what stands.
        """
        assert self.deployment is not None
        read = told if came is None or self.unproven else came
        try:
            repaired = repair(self.interfaces, self.deployment, read)
        except SwitchError as problem:
            self.unproven = str(problem)
            raise
        if repaired.was_whole and not self.unproven:
            return repaired
        self._count(repaired)
        self._accept(self.deployment, repaired.tables, why)
        if not repaired.was_whole:
            self.event_log.say("repaired", why=why, **self._tampering(repaired))
        return repaired

    def tell_gateways(self) -> None:
        """Say again what they assess. Raises SwitchError."""
        if self.deployment is not None:
            self.interfaces.gateways.assess(assessed([self.deployment], self.interfaces.wiring))

    def drain_s(self, deployment: Deployment) -> float:
        return (deployments.longest_ns(deployment, self.interfaces.wiring) + MARGIN_NS) / NS_PER_S

    def _predicted(self, deployment: Deployment) -> Proof:
        """The whole proof of the tables that are intended."""
        return deployments.proof_of(deployment, self.interfaces.wiring, None, self.session)

    def _stands_proven(self, new: Deployment) -> bool:
        """Whether a deployment is the one that stands, and nothing more is asked of it."""
        old = self.deployment
        assert old is not None
        is_same = new.compiled is old.compiled and new.intents is old.intents
        return is_same and not self.unproven and new.promises_rates <= old.promises_rates

    def _accept(
        self, deployment: Deployment, held: Tables, what: str, *, predicted: bool = False
    ) -> None:
        """A deployment that switches say they hold, if that is proven: from nothing, unless a proof
        of the tables that were ``predicted`` was just made so."""
        filled = self.interfaces.filled(held, deployment.program)
        asked = deployments.asked_of(deployment, self.interfaces.wiring, filled)
        proof = self.session.prove(asked) if predicted else self.session.prove_whole(asked)
        self._note(proof, what, deployment.epoch)
        if not proof.holds:
            self.unproven = "; ".join(objections(proof))
            raise NotDone(f"the installed tables violate {self.unproven}", proof)
        self.deployment, self.unproven = deployment, ""
        self._keep(deployment)

    def _stands(self, new: Deployment, proof: Proof | UpdateProof, why: str) -> None:
        self._note(proof, why, new.epoch)
        self.deployment, self.unproven, self.wanted = new, "", None
        self._keep(new)

    def _keep(self, deployment: Deployment, about_to: Deployment | None = None) -> None:
        self.store.keep(deployment, self.wanted or deployment.known, about_to)

    def _count(self, repaired: Repaired) -> None:
        self.foreign += sum(len(flows) for flows in repaired.foreign.values())
        self.foreign += sum(one.unread for one in repaired.unread)

    def _note(self, proof: Proof | UpdateProof, what: str, epoch: int) -> None:
        self.proof = {"of": what, "epoch": epoch, "holds": proof.holds}
        if isinstance(proof, UpdateProof):
            self.proof["beside"] = proof.beside.to_json()
            self.proof["flipped"] = proof.flipped.to_json()
        else:
            self.proof["tables"] = proof.to_json()

    def _take_edges_off(self, told: frozenset[int]) -> None:
        """Nothing is admitted any more."""
        self.interfaces.switches.bundle(modifications.all_edges_off(self.interfaces.tables(told)))

    def _guesses(self, known: DesiredState, held: Tables) -> Iterator[Deployment]:
        """What may stand although no one remembers."""
        yield self._guess(known, held)
        if known.failures.links or known.failures.gateways:
            yield self._guess(DesiredState(known.specification, drained=known.drained), held)

    def _guess(self, known: DesiredState, held: Tables) -> Deployment:
        """In the seats that switches hold."""
        chosen, wiring = self._chosen(known), self.interfaces.wiring
        first = deployments.stand(chosen, wiring, 0)
        seats = seats_held(held, first.compiled.directions)
        is_first = seats == first.compiled.seats
        return first if is_first else deployments.stand(chosen, wiring, 0, seats)

    def _chosen(self, known: DesiredState) -> DesiredState:
        """With paths that are chosen where nothing is known to stand."""
        asked, wiring = known.specification, self.interfaces.wiring
        chosen = chosen_now(asked, asked, known.without(wiring), None, deployments.unbuilt(wiring))
        return replace(known, specification=chosen)

    def _kept(self, remembered: Remembered | None) -> list[Deployment]:
        """What was about to be installed, before what was installed."""
        if remembered is None:
            return []

        def stood(one: Kept) -> Deployment:
            deployment = deployments.stand(one.known, self.interfaces.wiring, one.epoch, one.seats)
            if one.withdrawn:
                by = remembered.wanted.specification.intents()
                deployment = deployments.withdraw(deployment, one.withdrawn, by)
            return deployment

        return [stood(one) for one in (remembered.next, remembered.stands) if one is not None]

    @staticmethod
    def _seen(held: Tables) -> Tables:
        """Without what could not be read; repair takes it away."""
        return replace(held, oddities=())

    @staticmethod
    def _tampering(repaired: Repaired) -> Tampering:
        def told(flows: Mapping[str, tuple[Flow, ...]]) -> dict[str, list[str]]:
            return {
                hub: [f"table {one.table} {dict(one.match)} {one.cookie:#018x}" for one in some]
                for hub, some in flows.items()
            }

        return {
            "foreign": told(repaired.foreign),
            "stray": {hub: len(flows) for hub, flows in repaired.stray.items()},
            "missing": dict(repaired.missing),
            "groups_and_meters": dict(repaired.aids),
            "unread": {one.hub: one.unread for one in repaired.unread},
        }
