"""The energy audit of a run for a page: sentences, and rows by hub, demand and data class. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.account.energy_audit import EnergyAudit
from corridor.experiments.text import energy_audit_text as text


@dataclass(frozen=True)
class AuditSection:
    title: str
    said: Sequence[str]
    heads: Sequence[tuple[str, bool]]
    """Names of columns, and whether they are of numbers."""
    rows: Sequence[tuple[str, str, Sequence[str]]]
    """What a row is of, its name, and its cells by ``heads``."""


def audit_section(of: EnergyAudit | None) -> AuditSection | None:
    """None of runs that compute nothing."""
    if of is None:
        return None
    return AuditSection(
        title="Energy audit",
        said=list(text.sentences(of)),
        heads=[("Of", False), ("Name", False), *((name, True) for name in text.HEADS)],
        rows=[
            (kind, one.name or text.AT_HUB, text.cells(one))
            for kind, parts in text.parts_of(of)
            for one in parts
        ],
    )
