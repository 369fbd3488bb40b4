"""Jurisdictions as data: codes, names and the groups that policies name."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path

from pydantic import Field

from corridor.topologies.base.documents import read_document, validate
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.topology import Frozen, JurisdictionCode, Slug

DATA = Path(__file__).parents[1] / "data"


class Jurisdiction(Frozen):
    id: JurisdictionCode
    name: str = Field(min_length=1)
    groups: tuple[Slug, ...] = ()


class Group(Frozen):
    id: Slug
    name: str = Field(min_length=1)


class Jurisdictions(Frozen):
    """All jurisdictions known by name, and the groups they belong to."""

    jurisdictions: tuple[Jurisdiction, ...]
    groups: tuple[Group, ...]

    @cached_property
    def by_id(self) -> dict[str, Jurisdiction]:
        return {jurisdiction.id: jurisdiction for jurisdiction in self.jurisdictions}

    def name(self, code: str) -> str:
        """The name of a code, or the code itself when it is not listed."""
        return self.by_id[code].name if code in self.by_id else code

    def members(self, group: str) -> tuple[str, ...]:
        """Codes of a group, in file order. Raises KeyError with a near match."""
        known = [entry.id for entry in self.groups]
        if group not in known:
            raise KeyError(f'no group "{group}" {nearest(group, known)}'.strip())
        return tuple(j.id for j in self.jurisdictions if group in j.groups)


@cache
def load_jurisdictions() -> Jurisdictions:
    """The shipped list. Raises InputError only when the installation is damaged."""
    return validate(read_document(DATA / "jurisdictions.yaml"), Jurisdictions)
