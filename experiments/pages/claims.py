"""What was proven of the tables, in plain words, and what breaks what was not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.pages.demands import Json
from corridor.topologies.base.words import by_number, counted, joined

PLAIN: Mapping[str, str] = {
    "T0": "We understand every rule in every switch; none is ambiguous.",
    "C0": "The switches hold exactly the rules that were computed, and nobody else's.",
    "C1": "Data that nothing permits never leaves the place where it starts.",
    "C2": "Nobody can send in another's name, and nothing is changed on the way.",
    "C3": "Each packet is marked once, where it enters, with what it truly is.",
    "C4": "Data that must stay within a country, or some, stays there, and crosses no more borders "
    "than it may.",
    "C5": "Data never passes a country, place, operator or cable that its rules forbid.",
    "C6": "Data arrives where it was sent and nowhere else.",
    "C7": "Data is inspected, and goes by, where it must: in order, before the border if so asked.",
    "C8": "Nothing goes round in circles.",
    "C9": "As long as a lawful way is left, data takes it: nothing is dropped without need.",
    "C10": "Where no lawful way is left, data stops: it never takes an unlawful one instead.",
    "C11": "Nothing takes longer than its rules allow.",
    "C12": "What was promised to each fits the cables, and nobody takes more than their share.",
    "C13": "While the network changes over, every step keeps all these promises.",
    "C14": "Two demands are never mixed up under one mark.",
    "C15": "A switch never sends into a cable that it can see is dead.",
    "C16": "What is permitted does arrive, what is not does not, while all is well.",
    "C17": "Answers come back, and they are held to the law of where they start.",
    "C18": "Demands that were to go by separate ways share nothing, as long as nothing fails.",
}
"""By claim. Each says for everybody what the sentence of the claim says for engineers."""
WHEN = {"before": "before the traffic", "after": "after the traffic", "compiled": "as computed"}


@dataclass(frozen=True)
class Verdict:
    claim: str
    plain: str
    sentence: str
    said: Sequence[tuple[str, str]]
    """Status by proof, and its class."""
    why: str


@dataclass(frozen=True)
class Broken:
    """A counterexample."""

    claim: str
    when: str
    plain: str
    of: Json
    hops: Sequence[str]
    packet: str


@dataclass(frozen=True)
class Claims:
    title: str
    said: Sequence[str]
    proofs: Sequence[str]
    verdicts: Sequence[Verdict]
    broken: Sequence[Broken]


def claims_of(proof: Json | None, summary: Json | None) -> Claims:
    if proof is None or not proof["proofs"]:
        return Claims("What is proven", ["There is no proof in this folder."], [], [], [])
    proofs: Mapping[str, Json] = proof["proofs"]
    by_claim: dict[str, list[Json]] = {}
    for one in proofs.values():
        for verdict in one["verdicts"]:
            by_claim.setdefault(verdict["claim"], []).append(verdict)
    return Claims(
        title="What is proven",
        said=[*_said(proof, summary), *_second_opinion(proof), *_watched(summary)],
        proofs=[WHEN.get(name, name) for name in proofs],
        verdicts=[_verdict(claim, found) for claim, found in by_claim.items()],
        broken=[
            _broken(verdict, WHEN.get(name, name))
            for name, one in proofs.items()
            for verdict in one["verdicts"]
            if verdict["counterexample"]
        ],
    )


def broken_or_unproven(proof: Json, summary: Json) -> str:
    """A sentence for the top of a page, where not all is proven."""
    violated, unproven = _claims(proof, "violated"), _claims(proof, "not proven")
    made = f" of the tables that {summary['controller']} made" if "controller" in summary else ""
    if not violated:
        are = "Claims are" if len(unproven) > 1 else "A claim is"
        return f"{are} not proven{made} ({joined(unproven)}): see what is proven."
    do = "Claims do" if len(violated) > 1 else "A claim does"
    return f"{do} not hold{made} ({joined(violated)}): see what is proven."


def _claims(proof: Json, status: str) -> list[str]:
    every = (one for each in proof["proofs"].values() for one in each["verdicts"])
    return by_number({one["claim"] for one in every if one["status"] == status})


def _said(proof: Json, summary: Json | None) -> list[str]:
    first = next(iter(proof["proofs"].values()))
    proven = sum(one["status"] == "proven" for one in first["verdicts"])
    violated, unproven = len(_claims(proof, "violated")), len(_claims(proof, "not proven"))
    counts = first["counts"]
    made = (summary or {}).get("controller")
    of = (
        f"{counted(counts['entries'], 'rule')} of {counted(counts['switches'], 'switch')}"
        + (f", which {made} made" if made else "")
        + ", for every packet that could be sent, and for every failure that is bridged"
    )
    told = []
    if violated:
        verb = "does" if violated == 1 else "do"
        told.append(f"{counted(violated, 'claim')} {verb} not hold, of {of}.")
    if unproven:
        verb = "is" if unproven == 1 else "are"
        told.append(f"{counted(unproven, 'claim')} {verb} not proven, of {of}.")
    if told:
        return told
    all_hold = f"All {proven} claims that are made hold, of {of}."
    return [f"{all_hold} A proof says this of tables, not of laws.", *_not_claimed(proof["proofs"])]


def _not_claimed(proofs: Mapping[str, Json]) -> list[str]:
    """Which claims are not made, by which proof if not by all, and why."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, one in proofs.items():
        for verdict in one["verdicts"]:
            if verdict["status"] == "not claimed":
                key = (verdict["claim"], verdict["why"])
                found.setdefault(key, []).append(WHEN.get(name, name))
    told = [
        f"{claim}{'' if len(when) == len(proofs) else f' {joined(when)}'} ({why})"
        for (claim, why), when in found.items()
    ]
    return [f"Not claimed: {joined(told)}."] if told else []


def _second_opinion(proof: Json) -> list[str]:
    other = proof.get("second_opinion")
    if not other:
        return []
    of = (
        f"{counted(other['paths'], 'path')}, of packets under "
        f"{counted(other['failure_sets'], 'set')} of failures and of what the proof tells"
    )
    if other["agrees"]:
        return [f"A second opinion, which shares no code with the proof, agrees on {of}."]
    times = counted(other["differs"], "time")
    return [f"A second opinion, which shares no code with the proof, differs {times}, of {of}."]


def _watched(summary: Json | None) -> list[str]:
    seen = (summary or {}).get("crossings")
    if not seen:
        return []
    wrong = sum(one["packets"] for one in (*seen["forbidden"], *seen["strange"]))
    none = "none was" if not wrong else f"{wrong:,} were"
    said = f"Apart from the proof, every packet on every fibre was watched: of {seen['frames']:,}, "
    return [f"{said}{none} where policies then in force forbid it."]


def _verdict(claim: str, found: Sequence[Json]) -> Verdict:
    return Verdict(
        claim=claim,
        plain=PLAIN.get(claim, found[0]["sentence"]),
        sentence=found[0]["sentence"],
        said=[(one["status"], one["status"].replace(" ", "-")) for one in found],
        why="; ".join(dict.fromkeys(one["why"] for one in found if one["why"])),
    )


def _broken(of: Json, when: str) -> Broken:
    example = of["counterexample"]
    return Broken(
        claim=of["claim"],
        when=when,
        plain=PLAIN.get(of["claim"], of["sentence"]),
        of=example,
        hops=[f"{hop['hub']} ({hop['jurisdiction']}): {hop['then']}" for hop in example["hops"]],
        packet=", ".join(f"{name}={held}" for name, held in example["packet"].items()),
    )
