"""The file of candidates: fibres that could be built, gateways that could be opened. Pure.

``topologies/data/candidates.yaml`` has the shipped ones; a user's file has the same form. A fibre
is written as in a topology file, so that a map with it is a few lines of that format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from corridor.topologies.base.documents import Document, KeyPath, read_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.corridor_yaml import from_text
from corridor.topologies.model import delay
from corridor.topologies.model.catalogue import DATA, nearest_named
from corridor.topologies.model.fields import Frozen, NonEmpty, Slug, Text
from corridor.topologies.model.topology import Confidence, Fibre, Topology

FILE = DATA / "candidates.yaml"
MOST_CANDIDATES = 1_000
type Origin = Literal["announced", "discussed", "assumption"]
"""``assumption``: no plan is known; it is in the file to be compared."""


class Range(Frozen):
    """A value between two bounds, all values equally likely."""

    low: float = Field(gt=0, le=1e9)
    high: float = Field(gt=0, le=1e9)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"its low end {self.low:g} is above its high end {self.high:g}")
        return self


class Source(Frozen):
    """A page or document."""

    title: NonEmpty
    url: Text = ""
    date: NonEmpty


class _Candidate(Frozen):
    id: Slug
    what: NonEmpty
    """In a few words, with the alternative that it competes with."""
    origin: Origin
    cost_musd: Range | None = None
    """Million US dollars; None where nothing is known."""
    cost_because: Text = ""
    years: Range | None = None
    """From the decision to service."""
    needs: Text = ""
    """Permits, decisions and partners."""
    source: tuple[Slug, ...] = ()
    confidence: Confidence = "unsure"

    @model_validator(mode="after")
    def _has_a_basis(self) -> Self:
        if self.origin != "assumption" and not self.source:
            raise ValueError(f'"{self.id}" is {self.origin}, but names no source')
        return self


class FibreCandidate(_Candidate):
    """A fibre between two hubs of the map."""

    fibre: Mapping[str, JsonValue]
    """As in a topology file, without ``id``: ``{a: kunming, z: chiangmai, via: [...]}``."""
    length_factor: Range = Range(low=1, high=1)
    """The length as built over the length as written; 1 is within it."""

    @model_validator(mode="after")
    def _as_written(self) -> Self:
        if not self.length_factor.low <= 1 <= self.length_factor.high:
            raise ValueError(f'length_factor of "{self.id}" does not contain 1')
        return self


class GatewayCandidate(_Candidate):
    """An international gateway at a hub that has none."""

    hub: Slug
    decided_by: NonEmpty


class CandidateFile(Frozen):
    """The whole file."""

    schema_version: Literal[1] = Field(alias="schema")
    name: Slug
    topology: Text
    """Maps that extend it, or that have its hubs, can take the candidates."""
    sources: Mapping[Slug, Source] = {}
    fibres: Annotated[tuple[FibreCandidate, ...], Field(max_length=MOST_CANDIDATES)] = ()
    gateways: Annotated[tuple[GatewayCandidate, ...], Field(max_length=MOST_CANDIDATES)] = ()

    @property
    def all(self) -> tuple[FibreCandidate | GatewayCandidate, ...]:
        """Fibres, then gateways."""
        return (*self.fibres, *self.gateways)

    @cached_property
    def by_id(self) -> dict[str, FibreCandidate | GatewayCandidate]:
        """All candidates."""
        return {one.id: one for one in self.all}


@dataclass(frozen=True)
class Candidates:
    """The candidates of a question, and the map they belong to."""

    file: CandidateFile
    base: Topology
    path: str = ""

    def without(self, names: Iterable[str], only: Iterable[str] = ()) -> Candidates:
        """Return the candidates that are left; with ``only``, of these.

        Raises:
            InputError: A name is no candidate's.
        """
        left_out, kept_in = frozenset(names), frozenset(only)
        for name in sorted((left_out | kept_in) - set(self.file.by_id)):
            hint = nearest_named(name, self.file.by_id)
            raise InputError(f'no candidate is called "{name}"', hint)
        if kept_in:
            left_out |= set(self.file.by_id) - kept_in
        kept = {
            kind: tuple(one for one in getattr(self.file, kind) if one.id not in left_out)
            for kind in ("fibres", "gateways")
        }
        return replace(self, file=self.file.model_copy(update=kept))

    def built(self, names: Iterable[str], *, shortest: bool = False) -> Topology:
        """Return the map with some candidates.

        Args:
            names: Ids of candidates.
            shortest: Whether fibres have the low end of their length instead of the one written.

        Raises:
            InputError: The map has no such hub, or already has a fibre of that name.
        """
        chosen = set(names)
        if not chosen:
            return self.base
        text = json.dumps(self.as_map(chosen, "map", "base"))
        try:
            made = from_text(text, self.path, lambda _name: self.base)
        except InputError as problem:
            raise replace(problem, line=None) from None  # of the map, which is not written
        if not shortest:
            return made
        low = {one.id: one.length_factor.low for one in self.file.fibres if one.id in chosen}
        fibres = tuple(_scaled(one, low[one.id]) if one.id in low else one for one in made.fibres)
        return made.model_copy(update={"fibres": fibres})

    def as_map(self, names: Iterable[str], name: str, extends: str) -> dict[str, JsonValue]:
        """Return a topology file, as plain values, that adds candidates to a map."""
        chosen = set(names)
        fibres: list[JsonValue] = [
            {"id": one.id, "status": "planned", **one.fibre}
            for one in self.file.fibres
            if one.id in chosen
        ]
        hubs: dict[str, JsonValue] = {
            one.hub: {"intl_gateway": True} for one in self.file.gateways if one.id in chosen
        }
        written: dict[str, JsonValue] = {"name": name, "extends": [extends]}
        if hubs:
            written["override"] = {"hubs": hubs}
        return {**written, "fibres": fibres} if fibres else written


def read_candidates(topology: Topology, path: Path | None = None) -> Candidates:
    """Read a file of candidates for a map.

    Args:
        topology: The map.
        path: The file; the shipped one without it.

    Raises:
        InputError: The file has a mistake, or a candidate does not belong to the map.
    """
    document = read_document(path or FILE)
    file = validate(document, CandidateFile)
    _check(file, document, topology)
    found = Candidates(file, topology, str(path or FILE.name))
    try:
        found.built(file.by_id)
    except InputError as problem:
        raise _at_its_line(found, document, problem) from None
    return found


def _at_its_line(of: Candidates, document: Document, problem: InputError) -> InputError:
    """A mistake of the map with all candidates, at the candidate that has it alone."""
    for number, one in enumerate(of.file.fibres):
        try:
            of.built([one.id])
        except InputError as alone:
            return document.error(alone.message, "fibres", number, "fibre", hint=alone.hint)
    return problem


def _check(file: CandidateFile, document: Document, topology: Topology) -> None:
    seen = set[str]()
    for kind in ("fibres", "gateways"):
        for number, one in enumerate(getattr(file, kind)):
            for name in one.source:
                if name not in file.sources:
                    message = f'"{one.id}" names the source "{name}", which is not listed'
                    raise document.error(message, kind, number, "source")
            if one.id in seen:
                raise document.error(f'two candidates are called "{one.id}"', kind, number, "id")
            seen.add(one.id)
    gateways = {hub.id for hub in topology.hubs if hub.intl_gateway}
    for number, fibre in enumerate(file.fibres):
        at: KeyPath = ("fibres", number, "fibre")
        if "id" in fibre.fibre:
            raise document.error(f'the id of "{fibre.id}" is written twice', *at, "id")
        for end in ("a", "z"):
            if end not in fibre.fibre:
                raise document.error(f'"{fibre.id}" has no end {end}', *at)
            _check_hub(
                str(fibre.fibre.get(end)),
                topology,
                file.topology,
                document,
                at,
            )
    for number, one in enumerate(file.gateways):
        _check_hub(one.hub, topology, file.topology, document, ("gateways", number, "hub"))
        if one.hub in gateways:
            raise document.error(f'"{one.hub}" has a gateway already', "gateways", number)


def _check_hub(
    name: str, topology: Topology, made_for: str, document: Document, at: KeyPath
) -> None:
    hubs = {hub.id for hub in topology.hubs}
    if name not in hubs:
        hint = (
            nearest_named(name, hubs) or f"these are for {made_for}; name others with --candidates"
        )
        raise document.error(f'the map {topology.name} has no hub "{name}"', *at, hint=hint)


def _scaled(fibre: Fibre, factor: float) -> Fibre:
    """The fibre with another length; a delay that is given scales likewise."""
    length_km = fibre.length_km * factor
    is_given = fibre.delay_basis == "given"
    delay_ns = (
        round(fibre.one_way_delay_ns * factor) if is_given else delay.one_way_delay_ns(length_km)
    )
    return fibre.model_copy(update={"length_km": length_km, "one_way_delay_ns": delay_ns})
