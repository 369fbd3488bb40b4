"""``proof.json`` as a type: what was verified of tables, and what was not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corridor.controller.prover.search.declared_demands import Witness
from corridor.controller.prover.verdicts import STATUS_WORDS, Counts, Proof, Verdict
from corridor.topologies.base.bounded_file import RESULT, NoSuchFile, read_json
from corridor.topologies.base.codec import OMIT_EMPTY, OMIT_NONE, Document, read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.opinion import OpinionEntry, SecondOpinion
from corridor.topologies.base.words import by_number

PROOF_FILE = "proof.json"
PROOF_SCHEMA = 1
HINT = "run again to verify again"


@dataclass(frozen=True, kw_only=True)
class ProofOfTables:
    """Every claim's verdict on one set of tables."""

    of: str = field(default="", metadata=OMIT_EMPTY)
    same_as: str = field(default="", metadata=OMIT_EMPTY)
    holds: bool
    verdicts: tuple[Verdict, ...]
    counts: Counts
    witnesses: tuple[Witness, ...]
    """What each policy that restricts or denies keeps some demand from."""
    endless: str = field(default="", metadata=OMIT_EMPTY)
    """Hubs among which packets become ever more; only in tables of another controller."""


@dataclass(frozen=True, kw_only=True)
class ProofDocument(Document):
    """``proof.json`` of a run, or what ``corridor check`` prints."""

    schema: int
    holds: bool
    proofs: dict[str, ProofOfTables]
    """As ``Proof`` of ``prover`` has them, by what they are of."""
    second_opinion: OpinionEntry | None = field(default=None, metadata=OMIT_NONE)
    """Of the first of them; see ``SecondOpinion``."""

    @property
    def first(self) -> ProofOfTables:
        return next(iter(self.proofs.values()))

    def claims(self, status: str) -> list[str]:
        """Claims that have this status in any of the proofs, by number."""
        every = (one for each in self.proofs.values() for one in each.verdicts)
        return by_number({one.claim for one in every if one.status == status})


def proof_document(
    proofs: Mapping[str, Proof],
    second_opinion: SecondOpinion | None = None,
    *,
    of: Mapping[str, str] | None = None,
    same_as: Mapping[str, str] | None = None,
) -> ProofDocument:
    """Proofs by what they are of: ``compiled``, ``before``, ``after``, or a file's name.

    ``of`` and ``same_as`` state more of some of them, by the same names.
    """
    return ProofDocument(
        schema=PROOF_SCHEMA,
        holds=all(proof.holds for proof in proofs.values()),
        proofs={
            name: ProofOfTables(
                of=(of or {}).get(name, ""),
                same_as=(same_as or {}).get(name, ""),
                holds=proof.holds,
                verdicts=proof.verdicts,
                counts=proof.counts,
                witnesses=proof.witnesses,
                endless=proof.endless,
            )
            for name, proof in proofs.items()
        },
        second_opinion=None if second_opinion is None else second_opinion.entry,
    )


def read_proof(out_dir: Path) -> ProofDocument | None:
    """Return the proof in a result folder; None where the folder has none.

    Raises:
        InputError: the file is damaged, or another version wrote it.
    """
    path = out_dir / PROOF_FILE
    try:
        found = read_json(path, RESULT)
    except NoSuchFile:
        return None
    proof = read_document(ProofDocument, found, str(path), HINT)
    statuses = {one.status for each in proof.proofs.values() for one in each.verdicts}
    if proof.schema != PROOF_SCHEMA or not statuses <= STATUS_WORDS.keys() | {"violated"}:
        raise InputError("another version wrote it", HINT, file=str(path))
    return proof
