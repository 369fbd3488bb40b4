"""From tables to a proof: every claim, at every switch and at every door.

A proof is the sum of what each place says, and a changed entry touches few of them,
so a prover keeps what it found by place and asks again only where it must.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from controller.program import Program, SwitchProgram, Value
from controller.prover.claims import NOT_CLAIMED, Breach, Claim
from controller.prover.counterexample import Counterexample, tell
from controller.prover.edge_claims import Binding, ClosedWorld, Labels
from controller.prover.headers import is_exact
from controller.prover.network import Network
from controller.prover.path_claims import Delivery, NoLoop, NotVacuous, Return, Separation
from controller.prover.reach import Exploration, explore
from controller.prover.table_claims import Installed, Liveness, Understood
from controller.prover.tables import Tables
from topologies.values import to_plain
from topologies.wiring import HOST_PORT, Wiring

CLAIMS: tuple[Claim, ...] = (
    Understood(),
    Installed(),
    ClosedWorld(),
    Binding(),
    Labels(),
    NoLoop(),
    Delivery(),
    Separation(),
    Liveness(),
    NotVacuous(),
    Return(),
)


@dataclass(frozen=True)
class Verdict:
    """What became of a claim."""

    claim: str
    sentence: str
    status: Literal["proven", "violated", "not claimed"]
    why: str = ""
    """Why it is not claimed."""
    breaches: int = 0
    counterexample: Counterexample | None = None
    """The shortest of all breaches."""

    def __str__(self) -> str:
        more = f" ({self.why})" if self.why else ""
        more = f" ({self.breaches} times)" if self.breaches > 1 else more
        return f"{self.claim:<4}{self.status:<12} {self.sentence}{more}"


@dataclass(frozen=True)
class Counts:
    """The size of what was looked at."""

    switches: int
    entries: int
    groups: int
    header_classes: int
    """Sets of headers that host ports tell apart."""
    labels: int
    states: int
    """Places, that is hub, port and header set, at which packets were followed."""
    ms: float


@dataclass(frozen=True)
class Proof:
    """Every claim's verdict on one set of tables."""

    verdicts: tuple[Verdict, ...]
    counts: Counts

    @property
    def holds(self) -> bool:
        return not self.violated

    @property
    def violated(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.status == "violated")

    def to_json(self) -> dict[str, Any]:
        return {"holds": self.holds, **to_plain(self)}


def prove(tables: Tables, wiring: Wiring, intended: Program | None) -> Proof:
    """Hold tables against all claims; without a program, those that need none."""
    return Prover.of(tables, wiring, intended).proof


Found = tuple[tuple[Claim, Breach], ...]
Door = tuple[str, int]
"""Hub and port."""


@dataclass(frozen=True)
class Prover:
    """All that was found about one set of tables, by place; ``Prover.of`` makes one."""

    network: Network
    overall: Found
    switches: Mapping[str, Found]
    doors: Mapping[Door, tuple[Exploration, Found]]
    ms: float

    @classmethod
    def of(cls, tables: Tables, wiring: Wiring, intended: Program | None) -> Prover:
        started = time.perf_counter()
        network = Network(tables, wiring, intended)
        overall = _ask(network, "overall")
        switches = {hub: _ask(network, "in_switch", hub) for hub in network.hosts}
        doors = {door: _open(network, door) for door in _doors(network)}
        return cls(network, overall, switches, doors, _since(started))

    @property
    def proof(self) -> Proof:
        found: dict[Claim, list[Breach]] = {claim: [] for claim in _claims(self.network)}
        of_doors = (found for _, found in self.doors.values())
        for claim, breach in chain(self.overall, *self.switches.values(), *of_doors):
            found[claim].append(breach)
        verdicts = [self._verdict(claim, found.get(claim)) for claim in CLAIMS]
        reason = "no policy in the scenario"
        verdicts += [
            Verdict(number, sentence, "not claimed", reason)
            for number, sentence in NOT_CLAIMED.items()
        ]
        verdicts.sort(key=lambda verdict: (verdict.claim[0] != "T", int(verdict.claim[1:])))
        return Proof(tuple(verdicts), self._counts())

    def recheck(self, switch: SwitchProgram) -> Prover:
        """The prover of the same tables with one switch changed; only what it touches is redone."""
        started = time.perf_counter()
        change = Change.between(self.network.tables.switches.get(switch.hub), switch)
        network = self.network.with_switch(switch)
        switches = {**self.switches, switch.hub: _ask(network, "in_switch", switch.hub)}
        met = (door for door, (seen, _) in self.doors.items() if change.is_met_in(seen))
        doors = {**self.doors, **{door: _open(network, door) for door in met}}
        return Prover(network, self.overall, switches, doors, _since(started))

    def _verdict(self, claim: Claim, breaches: list[Breach] | None) -> Verdict:
        if breaches is None:
            return Verdict(claim.id, claim.sentence, "not claimed", "no program to compare with")
        if not breaches:
            return Verdict(claim.id, claim.sentence, "proven")
        shortest = min(breaches, key=lambda breach: len(breach.trail))
        return Verdict(
            claim.id,
            claim.sentence,
            "violated",
            breaches=len(breaches),
            counterexample=tell(self.network, claim, shortest),
        )

    def _counts(self) -> Counts:
        held = self.network.tables.switches.values()
        inside = [seen for seen, _ in self.doors.values() if seen.from_host]
        labels = {place.packet.label for seen in inside for place in seen.steps} - {None}
        return Counts(
            switches=len(held),
            entries=sum(len(switch.flows) for switch in held),
            groups=sum(len(switch.groups) for switch in held),
            header_classes=sum(len(seen.first) for seen in inside),
            labels=len(labels),
            states=sum(len(seen.steps) for seen in inside),
            ms=self.ms,
        )


@dataclass(frozen=True)
class Change:
    """What differs between two tables of one switch: ports and labels of its entries, None for any.

    A group that differs may be met from anywhere.
    """

    hub: str
    met_by: frozenset[tuple[Value | None, Value | None]]

    @classmethod
    def between(cls, before: SwitchProgram | None, after: SwitchProgram) -> Change:
        old = before or SwitchProgram(after.hub, after.dpid, ())
        changed = {*old.flows} ^ {*after.flows}
        matches = [dict(one for one in flow.match if is_exact(*one)) for flow in changed]
        met_by = {(match.get("in_port"), match.get("mpls_label")) for match in matches}
        if old.groups != after.groups:
            met_by.add((None, None))
        return cls(after.hub, frozenset(met_by))

    def is_met_in(self, seen: Exploration) -> bool:
        return any(
            place.hub == self.hub and self._is_met_by(place.port, place.packet.label)
            for place in seen.steps
        )

    def _is_met_by(self, port: int, label: Value | None) -> bool:
        """``label`` None stands for packets that get theirs in this switch, or come with any."""
        return any(
            (in_port is None or in_port == port) and (None in (one, label) or one == label)
            for in_port, one in self.met_by
        )


def _claims(network: Network) -> Iterator[Claim]:
    return (claim for claim in CLAIMS if network.intended or not claim.needs_program)


def _ask(network: Network, where: str, *subject: Any) -> Found:
    return tuple(
        (claim, breach)
        for claim in _claims(network)
        for breach in getattr(claim, where)(network, *subject)
    )


def _doors(network: Network) -> Iterator[Door]:
    for hub, ports in network.ports.items():
        for port in (HOST_PORT, *ports):
            yield hub, port


def _open(network: Network, door: Door) -> tuple[Exploration, Found]:
    seen = explore(network, *door)
    return seen, _ask(network, "at_door", seen)


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1e3, 3)
