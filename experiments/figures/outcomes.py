"""What becomes of demands under policies, and by which clauses: values, no drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corridor.experiments.figures import answers_data as answers_of
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.answers.document import Answers, DemandAnswer

FREE, LONGER, LESS, NOT_JUDGED, KEPT_BACK, NO_FIBRES = OUTCOMES = (
    *("free way", "longer", "less protection", "not judged", "kept back", "no fibres there"),
)
MOST_ROWS = 70
NO_PERMIT = "default deny"

type Clause = tuple[str, str]
"""Policy and clause."""


@dataclass(frozen=True)
class Mark:
    """What a clause does to a demand: what it costs, or nothing."""

    costs: str
    is_uncertain: bool


@dataclass(frozen=True)
class Row:
    demand: str
    data: str
    group: str
    """The jurisdiction it comes from, by name."""
    outcomes: frozenset[str]
    extra_ms: float
    marks: Mapping[Clause, tuple[Mark, ...]]


@dataclass(frozen=True)
class ClassRow:
    """All demands of one class from one jurisdiction."""

    data: str
    group: str
    demands: int
    outcomes: Mapping[str, int]


@dataclass(frozen=True)
class Matrix:
    rows: Sequence[Row]
    left_out: int
    """Demands that law changes nothing for, where there are too many rows."""
    clauses: Sequence[Clause]
    """Those that cost something first."""
    totals: Mapping[str, int]
    every: int

    @property
    def outcomes(self) -> list[str]:
        """Those that the figure has columns for: what never happens here is left out."""
        return [name for name in OUTCOMES if name != NO_FIBRES or self.totals[name]]

    def name_of(self, clause: Clause) -> str:
        """Without the clause's name where its policy has no other here."""
        policy, name = clause
        if policy == NO_PERMIT:
            return "no permit matches"
        several = sum(other == policy for other, _ in self.clauses) > 1
        return f"{policy} {name}" if several else policy

    def by_class(self) -> list[ClassRow]:
        members: dict[tuple[str, str], list[Row]] = {}
        for row in self.rows:
            members.setdefault((row.group, row.data), []).append(row)
        return [
            ClassRow(data, group, len(rows), Counter(one for row in rows for one in row.outcomes))
            for (group, data), rows in members.items()
        ]


def matrix_of(answers: Answers) -> Matrix:
    rows = list(_rows(answers))
    sizes = Counter(row.group for row in rows)
    rows.sort(key=lambda row: (-sizes[row.group], row.group, row.data))
    totals = Counter(one for row in rows for one in row.outcomes)
    kept = rows
    if len(rows) > MOST_ROWS:
        kept = [row for row in rows if row.outcomes != {FREE}]
    return Matrix(kept, len(rows) - len(kept), _clauses(kept), totals, len(rows))


def _rows(answers: Answers) -> Iterator[Row]:
    where = {hub["id"]: hub["jurisdiction"] for hub in answers["map"]["hubs"]}
    names = answers["map"]["jurisdictions"]
    for demand in answers["demands"]:
        code = where.get(demand["src"], "")
        group = names.get(code, code).partition(" (")[0]
        extra = answers_of.extra_ms(demand)
        yield Row(demand["id"], demand["data"], group, _outcomes(demand), extra, _marks(demand))


def _outcomes(demand: DemandAnswer) -> frozenset[str]:
    found = {
        NO_FIBRES: demand["free"] is None,
        KEPT_BACK: demand["kept_back"],
        LONGER: answers_of.extra_ms(demand) > 0,
        LESS: bool(demand["lost_protection"]),
        NOT_JUDGED: not demand["judged"] and not demand["kept_back"],
    }
    return frozenset(name for name, holds in found.items() if holds) or frozenset((FREE,))


def _marks(demand: DemandAnswer) -> dict[Clause, tuple[Mark, ...]]:
    """Of clauses that cost something what; of those that bind besides, that they do."""
    found: dict[Clause, list[Mark]] = {}
    for cause in demand["causes"]:
        mark = Mark(cause["costs"], answers_of.is_uncertain(cause))
        found.setdefault((cause["policy"], cause["clause"]), []).append(mark)
    for clause in demand["clauses"]:
        key = (clause["policy"], clause["clause"])
        found.setdefault(key, [Mark("", clause["confidence"] != "confident")])
    return {clause: tuple(marks) for clause, marks in found.items()}


def _clauses(rows: Sequence[Row]) -> list[Clause]:
    binding = Counter(clause for row in rows for clause in row.marks)
    costing = Counter(
        clause
        for row in rows
        for clause, marks in row.marks.items()
        if any(mark.costs for mark in marks)
    )
    return sorted(binding, key=lambda one: (-costing[one], -binding[one], one))


def told_in_all(matrix: Matrix) -> str:
    """``51 of 62 demands go as without law; 2 take longer, 7 are kept back``."""
    words = {
        LONGER: ("takes longer", "take longer"),
        LESS: ("has less protection", "have less protection"),
        NOT_JUDGED: ("is not judged", "are not judged"),
        KEPT_BACK: ("is kept back", "are kept back"),
        NO_FIBRES: ("has no fibres", "have no fibres"),
    }
    free, every = matrix.totals[FREE], counted(matrix.every, "demand")
    if free == matrix.every:
        who = "The only demand goes" if free == 1 else f"All {every} go"
        return f"{who} as without law"
    said = [
        f"{number} {one if number == 1 else several}"
        for name, (one, several) in words.items()
        if (number := matrix.totals[name])
    ]
    goes = "goes" if free < 2 else "go"
    return f"{free or 'None'} of {every} {goes} as without law; {', '.join(said)}"
