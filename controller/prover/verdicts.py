"""What a proof says: one verdict a claim, and how much was looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from corridor.controller.forwarding.program import Flow, Program, Table
from corridor.controller.prover.claim_registry import CLAIMS
from corridor.controller.prover.counterexample import Counterexample, tell
from corridor.controller.prover.search.claim import Breach, Claim
from corridor.controller.prover.search.declared_demands import Witness
from corridor.controller.prover.search.declared_network import Network
from corridor.topologies.base.codec import OMIT_EMPTY, JsonObject, to_plain
from corridor.topologies.base.words import by_number

if TYPE_CHECKING:
    from corridor.controller.prover.exact_claims import ExactReport

STATUS_WORDS = {"proven": "verified", "not proven": "not verified", "not claimed": "not checked"}
"""Words of texts and pages for statuses of ``proof.json``."""


@dataclass(frozen=True)
class Verdict:
    """The result for one property."""

    claim: str
    sentence: str
    status: Literal["proven", "violated", "not claimed", "not proven"]
    """``not proven`` appears only for tables of another controller."""
    why: str = ""
    """Why it is not claimed or proven, or what of it is not."""
    breaches: int = 0
    counterexample: Counterexample | None = None
    """The one that needs the fewest dead ports, and of these the shortest."""

    @property
    def is_unproven(self) -> bool:
        return self.status == "not proven"

    def __str__(self) -> str:
        more = f" ({self.why})" if self.why else ""
        more = f" ({self.breaches} times)" if self.breaches > 1 else more
        status = STATUS_WORDS.get(self.status, self.status)
        return f"{self.claim:<4}{status:<12} {self.sentence}{more}"


@dataclass(frozen=True)
class Counts:
    """The size of what was looked at."""

    switches: int
    entries: int
    groups: int
    header_classes: int
    """Sets of headers that host ports distinguish."""
    labels: int
    states: int
    """Places and standings in which packets of some demand were followed."""
    ms: float


@dataclass(frozen=True)
class Proof:
    """Every claim's verdict on one set of tables."""

    verdicts: tuple[Verdict, ...]
    counts: Counts
    witnesses: tuple[Witness, ...] = ()
    """What each policy that restricts or denies keeps some demand from."""
    endless: str = field(default="", metadata=OMIT_EMPTY)
    """Hubs among which packets multiply without end; only for tables of another controller."""

    @property
    def holds(self) -> bool:
        return not any(one.status in ("violated", "not proven") for one in self.verdicts)

    @property
    def violated(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.status == "violated")

    def to_json(self) -> JsonObject:
        return {"holds": self.holds, **to_plain(self)}


EXACT = {
    "C9": "No packet is dropped while a permitted path remains from its hub.",
    "C10": "If no permitted path remains, packets are dropped.",
    "C12": "Guaranteed rates fit every fibre, and meters limit each demand to its rate.",
}
"""Claims that hold under up to k failures, so that each failure set counts separately."""
WHERE_ASKED = {"C18": "Disjoint demands share nothing without failures."}
"""Claims about optional requirements: no verdict where no demand has them, or where something is
known to have failed."""
NEVER = {"C13": "Every step of an update preserves all properties."}
UNSAID = "settings are not checked: no switch reported them"
UP_TO_K = "under the protected failures; a path may be longer under more"
BESIDE_USUAL = (
    "next to background traffic without failures; for what owners move under failures, see "
    "corridor capacity"
)
UNSEARCHED = "asks for the exact search"
UNPROMISED = "rates must fit where a change is asked for, not where failures force one"
TWO_SIDED = "applies to updates only: needs a proof before and after"


def judged(
    network: Network, found: Iterable[tuple[Claim, Breach]], exact: ExactReport | None
) -> tuple[Verdict, ...]:
    """A verdict on every claim there is."""
    breaches: dict[str, list[Breach]] = {}
    for claim, breach in found:
        breaches.setdefault(claim.id, []).append(breach)
    verdicts = []
    for claim in CLAIMS:
        if claim.needs_program and network.intended is None:
            why = "no program to compare with"
            verdicts.append(Verdict(claim.id, claim.sentence, "not claimed", why))
            continue
        found_here = breaches.get(claim.id, ())
        verdict = of_breaches(network, claim.id, claim.sentence, found_here)
        if found_here and exact is not None and claim.id in exact.breaches:
            verdict = of_breaches(
                network, claim.id, claim.sentence, exact.breaches[claim.id], UP_TO_K
            )
        if claim.id == "C0" and not network.tables.settings:
            verdict = replace(verdict, why=UNSAID)
        verdicts.append(verdict)
    for number, sentence in EXACT.items():
        if exact is None or number not in exact.breaches:
            why = UNSEARCHED if exact is None else UNPROMISED
            verdicts.append(Verdict(number, sentence, "not claimed", why))
        else:
            is_beside = number == "C12" and exact.admissions and network.topology.background_gbps
            why = BESIDE_USUAL if is_beside else ""
            verdicts.append(of_breaches(network, number, sentence, exact.breaches[number], why))
    for number, sentence in WHERE_ASKED.items():
        if exact is not None and number in exact.breaches:
            verdicts.append(of_breaches(network, number, sentence, exact.breaches[number]))
    for number, sentence in NEVER.items():
        verdicts.append(Verdict(number, sentence, "not claimed", TWO_SIDED))
    return in_order(verdicts)


def in_order(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    of = {one.claim: one for one in verdicts}
    return tuple(of[claim] for claim in by_number(of))


def of_breaches(
    network: Network, claim: str, sentence: str, breaches: Sequence[Breach], proven: str = ""
) -> Verdict:
    if not breaches:
        return Verdict(claim, sentence, "proven", proven)
    shown = tell(network, claim, sentence, min(breaches, key=lambda breach: breach.order))
    return Verdict(claim, sentence, "violated", "", len(breaches), shown)


# The claim about updates: whatever an update has come to, every claim holds.
#
# In a two-phase update one version of a direction serves a packet from its edge to its end, and the
# labels of all versions are disjoint. So two proofs cover every moment: of what switches hold once
# the new versions are installed, and of what they will hold once their edges are flipped. Edges
# that
# are flipped one after another are covered too, since the demands of each are proven by themselves.


@dataclass(frozen=True)
class UpdateProof:
    """What an update is allowed by."""

    beside: Proof
    """Of what switches say they hold, by the old deployment."""
    flipped: Proof
    """Of what they will hold, by the new deployment."""
    beyond: tuple[str, ...] = ()
    """What else than edges would change with them, as ``beyond_edges`` says it."""

    @property
    def holds(self) -> bool:
        return self.beside.holds and self.flipped.holds and not self.beyond

    @property
    def verdict(self) -> Verdict:
        """C13, with the counterexample of the first claim that does not hold."""
        broken = (*self.beside.violated, *self.flipped.violated)
        if not broken and self.beyond:
            return Verdict("C13", NEVER["C13"], "violated", self.beyond[0], len(self.beyond))
        if not broken:
            return Verdict("C13", NEVER["C13"], "proven")
        shown = broken[0].counterexample
        return Verdict("C13", NEVER["C13"], "violated", broken[0].claim, len(broken), shown)


def beyond_edges(beside: Program, flipped: Program) -> Iterator[str]:
    """Where more than edges would change when edges are flipped.

    They are flipped one switch after another, so whatever is beyond them must stand before: else a
    packet comes from a switch that has changed to one that has not.
    """
    later = {switch.hub: switch for switch in flipped.switches}
    for switch in beside.switches:
        then = later[switch.hub]
        held, will_hold = [*_core(switch.flows)], [*_core(then.flows)]
        # To count thousands of entries takes longer than to see that they are the same.
        differ = held != will_hold and Counter(held) != Counter(will_hold)
        if differ or (switch.groups, switch.meters) != (then.groups, then.meters):
            yield f"more than edges would change at {switch.hub} when edges are flipped"


def _core(flows: tuple[Flow, ...]) -> Iterator[Flow]:
    return (flow for flow in flows if flow.table not in (Table.CLASSIFY, Table.LABEL))


def objections(proof: Proof) -> tuple[str, ...]:
    """The claims that do not hold, each with the verdict of its counterexample."""
    return tuple(f"{one.claim} {_shown(one)}" for one in proof.violated)


def _shown(verdict: Verdict) -> str:
    shown = verdict.counterexample
    if shown is None:
        return verdict.sentence
    return f"{shown.demand}: {shown.verdict}" if shown.demand else shown.verdict
