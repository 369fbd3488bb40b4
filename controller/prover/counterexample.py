"""A breach told in full: one packet, what each switch does with it, and how to see it happen."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.controller.forwarding.program import Value
from corridor.controller.prover.counterexample_commands import shown


@dataclass(frozen=True)
class Rule:
    """An entry as it is reported."""

    table: int
    priority: int
    cookie: str
    reason: str
    demand: str
    """The demand it serves; empty where it serves all."""
    match: str

    def __str__(self) -> str:
        of = f" of {self.demand}" if self.demand else ""
        return f"table {self.table} priority {self.priority} {self.reason}{of} [{self.match}]"


@dataclass(frozen=True)
class Label:
    """A label by its parts."""

    number: int
    epoch: int
    phase: str
    way: int

    def __str__(self) -> str:
        return f"{self.number} ({self.phase}, way {self.way}, epoch {self.epoch})"


@dataclass(frozen=True)
class Clause:
    """A clause that is broken, and what it rests on."""

    policy: str
    clause: str
    reason: str
    legal_ref: tuple[str, ...]

    def __str__(self) -> str:
        law = f" [{', '.join(self.legal_ref)}]" if self.legal_ref else ""
        return f"{self.policy} {self.clause}: {self.reason}{law}"


@dataclass(frozen=True)
class Dead:
    """A port that must not be live for the packet to take this path."""

    hub: str
    port: int
    leads_to: str

    def __str__(self) -> str:
        return f"{self.leads_to} (port {self.port} of {self.hub})"


@dataclass(frozen=True)
class Hop:
    """What one switch does with the packet."""

    hub: str
    switch: str
    jurisdiction: str
    in_port: int
    rules: tuple[Rule, ...]
    label_before: Label | None
    label_after: Label | None
    state: str
    """How the packet stands to its policies when it comes here."""
    buckets: tuple[str, ...]
    """Which bucket was taken of each group met, and why those before it were not."""
    then: str

    def __str__(self) -> str:
        lines = [f"{self.hub} ({self.switch}, {self.jurisdiction}) from port {self.in_port}"]
        lines[0] += f", {self.state}" if self.state else ""
        lines += [f"  {rule}, cookie {rule.cookie}" for rule in self.rules]
        lines += [f"  {bucket}" for bucket in self.buckets]
        if self.label_before != self.label_after:
            before, after = (one or "none" for one in (self.label_before, self.label_after))
            lines.append(f"  label {before} -> {after}")
        lines.append(f"  then {self.then}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Counterexample:
    """Why a claim does not hold. Empty parts are those that the breach does not have."""

    claim: str
    sentence: str
    demand: str
    verdict: str
    clauses: tuple[Clause, ...]
    hub: str
    rule: Rule | None
    failures: tuple[Dead, ...]
    """What must be dead to see it."""
    note: str
    packet: dict[str, Value]
    hops: tuple[Hop, ...]
    reproduce: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{self.claim} is violated: {self.sentence}"]
        lines += [f"demand: {self.demand}"] if self.demand else []
        lines += [f"clause: {clause}" for clause in self.clauses]
        if self.rule:
            lines.append(f"entry at {self.hub}: {self.rule}, cookie {self.rule.cookie}")
        if self.hops:
            lines.append(f"dead: {', '.join(map(str, self.failures)) or 'nothing'}")
        lines += [f"note: {self.note}"] if self.note else []
        if self.packet:
            fields = ", ".join(f"{name}={shown(name, held)}" for name, held in self.packet.items())
            lines.append(f"packet: {fields}")
        lines += [str(hop) for hop in self.hops]
        is_told = self.hops or self.verdict.startswith(f"{self.hub}: ")
        place = f"{self.hub} " if self.hub and not is_told else ""
        lines.append(f"verdict: {place}{self.verdict}")
        lines += [f"  $ {command}" for command in self.reproduce]
        return "\n".join(lines)
