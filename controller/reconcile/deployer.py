"""The one who changes what switches hold, and only to what is proven.

It has a standing or none. Every call either ends with switches holding exactly a standing that is
proven from what they say, or says why not; then all is as before, or edges are off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from corridor.controller.deployment import deployments, flow_mods
from corridor.controller.deployment.deployments import Known, Standing, assessed
from corridor.controller.openflow.errors import Refused, SwitchError
from corridor.controller.prover import Proof, Tables
from corridor.controller.prover.updates import UpdateProof, objections
from corridor.controller.reconcile.event_log import Journal
from corridor.controller.reconcile.ports import Outside, only
from corridor.controller.reconcile.repair import Mended, compare, mend, mend_anew, whole_core
from corridor.controller.reconcile.state_file import Kept, Remembered, Store
from corridor.controller.reconcile.takeover import epochs_at_edges, recognise
from corridor.controller.reconcile.two_phase_rollout import MARGIN_NS, NS, NotDone, Updater


@dataclass
class Governor:
    """Serves one network."""

    outside: Outside
    store: Store
    journal: Journal
    updater: Updater
    standing: Standing | None = None
    wanted: Known | None = None
    """What is to stand instead, where a controller that dies must not forget it."""
    doubt: str = "nothing is installed yet"
    """Why what switches hold is not known to be the standing; empty while it is."""
    proof: dict[str, Any] = field(default_factory=dict)
    """The last one, as JSON."""
    foreign: int = 0
    """Entries that were nobody's we know, so far."""
    update: dict[str, Any] | None = None
    """What the last move was like; None where no entry differed."""

    def boot(self, known: Known, told: frozenset[int], remembered: Remembered | None) -> None:
        """Take over what switches hold if it is ours, else install what is known.

        Raises NotDone and SwitchError.
        """
        held = self.outside.tables(told)
        kept = self._kept(remembered)
        seen = self._seen(held)
        found = recognise(seen, kept) or recognise(seen, self._guesses(known, held))
        if found is None or not deployments.proof_of(found.standing, self.outside.wiring).holds:
            self.install(deployments.stand(known, self.outside.wiring, 0), told, held)
            return
        standing = found.standing
        others = [one for one in kept if one.epoch != standing.epoch]
        self.outside.gateways.assess(assessed([standing, *others], self.outside.wiring))
        if found.finish:
            self.outside.switches.bundle(only(found.finish, told))
            self.outside.sleep(self.drain_s(standing))
            held = self.outside.tables(told)
        mended = mend(self.outside, standing, told, held)
        self.outside.gateways.assess(assessed([standing], self.outside.wiring))
        self.wanted = known if kept and standing is kept[-1] else None
        self._accept(standing, mended.tables, "taken over")
        self._count(mended)
        self.journal.say(
            "taken over", was=found.what, epoch=standing.epoch, **self._tampering(mended)
        )

    def install(self, standing: Standing, told: frozenset[int], held: Tables | None = None) -> None:
        """Whatever switches hold is replaced by a standing. Raises NotDone and SwitchError."""
        predicted = deployments.proof_of(standing, self.outside.wiring)
        if not predicted.holds:
            self.doubt = "what should be installed is not proven"
            self._take_edges_off(told)
            raise NotDone(f"it would break {'; '.join(objections(predicted))}", predicted)

        def before_edges() -> None:
            core = compare(self.outside.tables(told), standing)
            if not whole_core(core):
                raise Refused("cores hold other than they were told")
            self.outside.gateways.assess(assessed([standing], self.outside.wiring))

        self.doubt = "it is being installed"
        drain_s = self.drain_s(standing)
        held = held if held is not None else self.outside.tables(told)
        mended = mend_anew(self.outside, standing, told, held, drain_s, before_edges)
        self.wanted = None
        self._accept(standing, mended.tables, "installed")
        self._count(mended)
        entries = sum(len(switch.flows) for switch in standing.program.switches)
        self.journal.say(
            "installed", epoch=standing.epoch, entries=entries, **self._tampering(mended)
        )

    def move_to(self, new: Standing, told: frozenset[int], why: str) -> bool:
        """By a two-phase update; or, where no entry differs, by a proof. Raises NotDone.

        Whether nothing was left over that an audit has to take away.
        """
        assert self.standing is not None
        old = self.standing
        if new.epoch == old.epoch:
            proof = deployments.proof_of(new, self.outside.wiring)
            if not proof.holds:
                raise NotDone(f"it would break {'; '.join(objections(proof))}", proof)
            self.update = None
            self._stands(new, proof, why)
            return True
        self._keep(old, about_to=new)
        try:
            report = self.updater.carry_out(old, new, told)
        except NotDone as problem:
            self._keep(old)
            for dpid in problem.silent:
                self.outside.switches.hang_up(dpid)
            raise
        self._stands(new, report.proof, why)
        self.update = report.plain()
        self.journal.say("update", why=why, epoch=new.epoch, **self.update)
        return not report.left_over

    def want(self, known: Known) -> None:
        """Remember what is to stand, whatever becomes of this controller."""
        self.wanted = known
        if self.standing is not None:
            self._keep(self.standing)

    def withdraw(self, numbers: frozenset[int], known: Known, told: frozenset[int]) -> list[str]:
        """Drop demands at their edges at once, by bundle, then wherever they are on their way.

        A switch that is away goes on admitting them; its neighbours no longer know their labels.
        ``known`` is what refuses them; it is remembered first. Their ids. Raises SwitchError.
        """
        if not numbers or self.standing is None:
            return []
        before = self.standing
        after = deployments.withdraw(before, numbers, known.specification.intents())
        held = Tables({one.hub: one for one in before.program.switches})
        differ = compare(held, after)
        self.wanted = known
        self._keep(after)
        self.standing = after
        self.outside.switches.bundle(only(flow_mods.edges_exchanged(differ), told))
        core = {dpid: flow_mods.extra_off(one) for dpid, one in differ.items()}
        self.outside.switches.tell(only(core, told))
        ids = sorted(before.intents[number - 1].id for number in numbers)
        self.journal.say("withdrawn", demands=ids)
        return ids

    def restore(self, before: Standing, known: Known, told: frozenset[int]) -> None:
        """Undo a withdrawal. Raises SwitchError."""
        self.standing = before
        self.want(known)
        mend(self.outside, before, told)

    def audit(self, told: frozenset[int], why: str = "audit") -> Mended:
        """Compare what switches say with what stands, put it right, and prove it again if it was
        not. Raises SwitchError and NotDone."""
        assert self.standing is not None
        try:
            mended = mend(self.outside, self.standing, told)
        except SwitchError as problem:
            self.doubt = str(problem)
            raise
        if mended.was_whole and not self.doubt:
            return mended
        self._count(mended)
        self._accept(self.standing, mended.tables, why)
        if not mended.was_whole:
            self.journal.say("mended", why=why, **self._tampering(mended))
        return mended

    def tell_gateways(self) -> None:
        """Say again what they assess. Raises SwitchError."""
        if self.standing is not None:
            self.outside.gateways.assess(assessed([self.standing], self.outside.wiring))

    def drain_s(self, standing: Standing) -> float:
        return (deployments.longest_ns(standing, self.outside.wiring) + MARGIN_NS) / NS

    def _accept(self, standing: Standing, held: Tables, what: str) -> None:
        """A standing that switches say they hold, if that is proven."""
        filled = self.outside.filled(held, standing.program)
        proof = deployments.proof_of(standing, self.outside.wiring, filled)
        self._note(proof, what, standing.epoch)
        if not proof.holds:
            self.doubt = "; ".join(objections(proof))
            raise NotDone(f"what switches hold breaks {self.doubt}", proof)
        self.standing, self.doubt = standing, ""
        self._keep(standing)

    def _stands(self, new: Standing, proof: Proof | UpdateProof, why: str) -> None:
        self._note(proof, why, new.epoch)
        self.standing, self.doubt, self.wanted = new, "", None
        self._keep(new)

    def _keep(self, standing: Standing, about_to: Standing | None = None) -> None:
        self.store.keep(standing, self.wanted or standing.known, about_to)

    def _count(self, mended: Mended) -> None:
        self.foreign += sum(len(flows) for flows in mended.foreign.values())

    def _note(self, proof: Proof | UpdateProof, what: str, epoch: int) -> None:
        sides = (
            {"beside": proof.beside, "flipped": proof.flipped}
            if isinstance(proof, UpdateProof)
            else {"tables": proof}
        )
        self.proof = {
            "of": what,
            "epoch": epoch,
            "holds": proof.holds,
            **{side: one.to_json() for side, one in sides.items()},
        }

    def _take_edges_off(self, told: frozenset[int]) -> None:
        """Nothing is admitted any more."""
        self.outside.switches.bundle(flow_mods.all_edges_off(self.outside.tables(told)))

    def _guesses(self, known: Known, held: Tables) -> Iterator[Standing]:
        """What may stand although nobody remembers."""
        for epoch in epochs_at_edges(held):
            yield deployments.stand(known, self.outside.wiring, epoch)
            if known.failures.links or known.failures.gateways:
                bare = Known(known.specification, drained=known.drained)
                yield deployments.stand(bare, self.outside.wiring, epoch)

    def _kept(self, remembered: Remembered | None) -> list[Standing]:
        """What was about to stand before what stood."""
        if remembered is None:
            return []

        def stood(one: Kept) -> Standing:
            standing = deployments.stand(one.known, self.outside.wiring, one.epoch)
            if one.withdrawn:
                by = remembered.wanted.specification.intents()
                standing = deployments.withdraw(standing, one.withdrawn, by)
            return standing

        following = [stood(remembered.next)] if remembered.next is not None else []
        return [*following, stood(remembered.stands)]

    @staticmethod
    def _seen(held: Tables) -> Tables:
        """Without what could not be read; mending takes it away."""
        return replace(held, oddities=())

    @staticmethod
    def _tampering(mended: Mended) -> dict[str, Any]:
        def told(flows: dict[str, Any]) -> dict[str, list[str]]:
            return {
                hub: [f"table {one.table} {dict(one.match)} {one.cookie:#018x}" for one in some]
                for hub, some in flows.items()
            }

        return {
            "foreign": told(dict(mended.foreign)),
            "stray": {hub: len(flows) for hub, flows in mended.stray.items()},
            "missing": dict(mended.missing),
            "groups_and_meters": dict(mended.aids),
        }
