"""What a page states as verified, and what it rests on. Pure.

The verified properties of the tables, with a counterexample of each violated one; rules of law with
their links, the source of the map, and its provenance: scenario, seed, versions, commit, hashes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from corridor.controller.policy.clauses.clause import caveat
from corridor.controller.prover.counterexample import Counterexample
from corridor.controller.prover.verdicts import STATUS_WORDS
from corridor.controller.prover.verdicts import Verdict as Found
from corridor.experiments.account.proof_document import ProofDocument, ProofOfTables
from corridor.experiments.account.run_files import Manifest
from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.experiments.answers.document import Clause
from corridor.experiments.answers.map_document import FibreEntry
from corridor.experiments.answers.price_causes import Cause
from corridor.experiments.pages.demands import Asked, law_key, references
from corridor.experiments.text.demand_table import fibre_crossings
from corridor.topologies.base.words import counted, joined
from corridor.traffic.agents.jobs import clock_in_words

WHEN = {"before": "before the traffic", "after": "after the traffic", "compiled": "as computed"}


@dataclass(frozen=True)
class Verdict:
    claim: str
    sentence: str
    said: Sequence[tuple[str, str]]
    """Status by proof, and its class."""
    why: str


def status_in_words(status: str) -> str:
    """Return the word of a page for a status of ``proof.json``."""
    return STATUS_WORDS.get(status, status)


@dataclass(frozen=True)
class Broken:
    """A counterexample."""

    when: str
    of: Counterexample
    hops: Sequence[str]
    packet: str


@dataclass(frozen=True)
class Claims:
    title: str
    said: Sequence[str]
    proofs: Sequence[str]
    verdicts: Sequence[Verdict]
    broken: Sequence[Broken]


def claims_of(proof: ProofDocument | None, summary: Summary | None) -> Claims:
    if proof is None or not proof.proofs:
        return Claims("Verified properties", ["This folder contains no proof."], [], [], [])
    by_claim: dict[str, list[Found]] = {}
    for one in proof.proofs.values():
        for verdict in one.verdicts:
            by_claim.setdefault(verdict.claim, []).append(verdict)
    return Claims(
        title="Verified properties",
        said=[*_said(proof, summary), *_second_opinion(proof), *_watched(summary)],
        proofs=[WHEN.get(name, name) for name in proof.proofs],
        verdicts=[_verdict(claim, found) for claim, found in by_claim.items()],
        broken=[
            _broken(verdict.counterexample, WHEN.get(name, name))
            for name, one in proof.proofs.items()
            for verdict in one.verdicts
            if verdict.counterexample
        ],
    )


def broken_or_unproven(proof: ProofDocument, summary: Summary) -> str:
    """A sentence for the top of a page, where not all is proven."""
    violated, unproven = proof.claims("violated"), proof.claims("not proven")
    made = f" on the tables of {summary.controller}" if summary.controller else ""
    if not violated:
        are = "Properties are" if len(unproven) > 1 else "A property is"
        return f"{are} not verified{made} ({joined(unproven)}): see the verified properties."
    do = "Properties are" if len(violated) > 1 else "A property is"
    return f"{do} violated{made} ({joined(violated)}): see the verified properties."


def _said(proof: ProofDocument, summary: Summary | None) -> list[str]:
    proven = sum(one.status == "proven" for one in proof.first.verdicts)
    violated, unproven = len(proof.claims("violated")), len(proof.claims("not proven"))
    counts = proof.first.counts
    made = summary.controller if summary else None
    of = (
        f"{counted(counts.entries, 'rule')} of {counted(counts.switches, 'switch')}"
        + (f" of {made}" if made else "")
        + ", for every possible packet and every protected failure"
    )
    failed = (("violated", violated), ("not verified", unproven))
    told = [
        f"{counted(number, 'property')} {'is' if number == 1 else 'are'} {state}, on {of}."
        for state, number in failed
        if number
    ]
    if told:
        return told
    all_hold = f"All {proven} checked properties are verified, on {of}."
    return [
        f"{all_hold} Verification is about flow tables, not about law.",
        *_not_claimed(proof.proofs),
    ]


def _not_claimed(proofs: Mapping[str, ProofOfTables]) -> list[str]:
    """Which claims are not made, by which proof if not by all, and why."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, one in proofs.items():
        for verdict in one.verdicts:
            if verdict.status == "not claimed":
                key = (verdict.claim, verdict.why)
                found.setdefault(key, []).append(WHEN.get(name, name))
    told = [
        f"{claim}{'' if len(when) == len(proofs) else f' {joined(when)}'} ({why})"
        for (claim, why), when in found.items()
    ]
    return [f"Not checked: {joined(told)}."] if told else []


def _second_opinion(proof: ProofDocument) -> list[str]:
    other = proof.second_opinion
    if other is None:
        return []
    of = (
        f"{counted(other.paths, 'path')} of packets under "
        f"{counted(other.failure_sets, 'failure set')}"
    )
    if other.agrees:
        return [f"An independent check, which shares no code with the prover, agrees on {of}."]
    times = counted(other.differs, "time")
    return [
        f"An independent check, which shares no code with the prover, disagrees {times} on {of}."
    ]


def _watched(summary: Summary | None) -> list[str]:
    if summary is None or summary.crossings is None:
        return []
    seen = summary.crossings
    wrong = sum(one.packets for one in (*seen.forbidden, *seen.strange))
    found = "policy violation" if wrong == 1 else "policy violations"
    said = (
        f"A monitor counted every packet on every fibre: {fibre_crossings(seen, summary.account)}"
    )
    return [f"{said}, {wrong:,} {found}."]


def _verdict(claim: str, found: Sequence[Found]) -> Verdict:
    return Verdict(
        claim=claim,
        sentence=found[0].sentence,
        said=[(status_in_words(one.status), one.status.replace(" ", "-")) for one in found],
        why="; ".join(dict.fromkeys(one.why for one in found if one.why)),
    )


def _broken(of: Counterexample, when: str) -> Broken:
    return Broken(
        when=when,
        of=of,
        hops=[f"{hop.hub} ({hop.jurisdiction}): {hop.then}" for hop in of.hops],
        packet=", ".join(f"{name}={held}" for name, held in of.packet.items()),
    )


# What pages say of a clause next to its name. Pure.


def caveat_of(clause: Clause | Cause) -> str:
    """Return why a clause of ``answers.json`` or ``price.json`` is not a confident text of law;
    empty where it is one, or where it is a rule of the policy set's own."""
    return caveat(clause.kind, clause.confidence)


# Whether the emulator does what its model says: predicted next to measured. Pure.

US_PER_MS = 1000.0


@dataclass(frozen=True)
class Measured:
    id: str
    predicted_ms: float
    least_ms: float | None
    off_us: float | None
    answered: str


@dataclass(frozen=True)
class Verification:
    title: str
    said: str
    rows: Sequence[Measured]


def verification_of(summary: Summary) -> Verification:
    changed = {hit.demand for event in (summary.events or ()) for hit in event.hits}
    rows = [
        _row(one, one.predicted_rtt_ms)
        for one in summary.demands
        if one.predicted_rtt_ms is not None and one.id not in changed
    ]
    off = [one.off_us for one in rows if one.off_us is not None]
    said = f"No demand can be compared with its prediction{_left_out(len(changed))}."
    if off:
        said = (
            f"The minimum RTTs of {counted(len(off), 'demand')} are {min(off):+.1f} to "
            f"{max(off):+.1f} µs from their prediction, including switches and hosts"
            f"{_left_out(len(changed))}. "
            "This verifies the emulator against the model. It does not validate the model."
        )
    return Verification("Is the emulator right?", said, rows)


def _left_out(changed: int) -> str:
    return f"; {counted(changed, 'demand')} changed by events left out" if changed else ""


def _row(of: DemandSummary, predicted_ms: float) -> Measured:
    least_ms = of.rtt_ms.min if of.rtt_ms else None
    off_us = None if least_ms is None else (least_ms - predicted_ms) * US_PER_MS
    return Measured(of.id, predicted_ms, least_ms, off_us, f"{of.received} of {of.sent}")


SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Law:
    """One rule that the answers cite."""

    id: str
    citation: str
    address: str
    """As policies have it: no link yet."""
    status: str
    confidence: str
    demands: int
    """How many cite it."""


def safe_address(address: str) -> str:
    """An address that a page may link to, else nothing: it is data, and may say anything."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in SCHEMES and parts.netloc else ""


def law_of(demands: Sequence[Asked]) -> list[Law]:
    counts = Counter(key for one in demands for key in _cited(one))
    return [
        Law(
            one.id,
            one.citation,
            one.address,
            one.status,
            one.confidence,
            counts[law_key(one)],
        )
        for one in references(demands)
    ]


def _cited(of: Asked) -> set[str]:
    return {law_key(one) for one in references([of])}


def map_sources(fibres: Iterable[FibreEntry]) -> list[str]:
    """Each text once, in the order of the fibres."""
    return list(dict.fromkeys(source for fibre in fibres for source in fibre.sources))


# Where a page comes from: scenario, seed, versions, commit, hashes.


@dataclass(frozen=True)
class Provenance:
    title: str
    said: str
    facts: Sequence[tuple[str, str]]


SAID = (
    "Everything above is computed from a map, policies and demands that are data, and measured in "
    "an emulation of that map, not on real cables. It is not legal advice."
)
COMPUTED = (
    "Everything above is computed from a map, policies and demands that are data. Nothing "
    "was measured on real cables. It is not legal advice."
)


def provenance_of(
    summary: Summary | None,
    manifest: Manifest | None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> Provenance:
    facts: list[tuple[str, str]] = [(name, str(value)) for name, value in more.items()]
    if summary is not None:
        facts += _of_run(summary)
    if manifest is not None:
        facts += _of_manifest(manifest)
    return Provenance("Provenance", COMPUTED if summary is None else SAID, facts)


def _of_run(of: Summary) -> list[tuple[str, str]]:
    return [
        ("Scenario", of.scenario),
        ("Policies", f"{of.policies}, as of {of.as_of}"),
        ("Seed", str(of.seed)),
        ("Testbed", f"{of.testbed}, {clock_in_words(of.clock)}: {of.testbed_reason}"),
        ("Network", f"{of.network.hubs} hubs, {of.network.fibres} fibres"),
    ]


def _of_manifest(of: Manifest) -> list[tuple[str, str]]:
    changed = ", with changes that are in no commit" if of.code.changed else ""
    versions = ", ".join(f"{name} {version}" for name, version in of.versions.items())
    hashes = [(f"SHA-256 of {name}", value) for name, value in of.hashes.items()]
    found = [
        ("Command", " ".join(["corridor", *of.arguments])),
        ("Commit", f"{of.code.commit or 'unknown'}{changed}"),
        ("Versions", versions),
        ("Machine", ", ".join(str(one) for one in of.machine.values())),
        *hashes,
    ]
    return [(name, value) for name, value in found if value]
