"""What a controller must know after a restart: what is wanted, what stands, what was about to."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypedDict

from pydantic import BaseModel, Field, ValidationError

from corridor.controller.forwarding.labels import Seat
from corridor.controller.forwarding.program import FIRST_PATH, LAST_PATH
from corridor.controller.intent.specification import (
    PathPreferences,
    Specification,
    choosing,
    chosen_in,
)
from corridor.controller.openflow.deployments import Deployment, DesiredState
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.topologies.base.whole_file import write_whole
from corridor.topologies.model.topology import Frozen


class Unreadable(Exception):
    """A file that is there, and says nothing that can be relied on."""


@dataclass(frozen=True)
class Kept:
    """A deployment without what can be computed again."""

    known: DesiredState
    epoch: int
    seats: tuple[Seat, ...]
    withdrawn: frozenset[int]


@dataclass(frozen=True)
class Remembered:
    """What the controller before knew."""

    wanted: DesiredState
    """What stands, or was to; those withdrawn were so by its intents."""
    stands: Kept | None
    """None where that was written by a version whose tables had other numbers."""
    next: Kept | None
    """What an update was about to make of it."""


class _Wanted(Frozen):
    policies: PolicySet
    as_of: date
    drained: frozenset[str]


class _Desired(TypedDict):
    """The fields of ``_Wanted``."""

    policies: PolicySet
    as_of: date
    drained: frozenset[str]


class _Deployed(_Wanted):
    epoch: Literal[0, 1]
    seats: tuple[tuple[Literal[0, 1], Annotated[int, Field(ge=FIRST_PATH, le=LAST_PATH)]], ...]
    """Epoch and first label of each direction, in the order of their numbers."""
    failures: Failures
    withdrawn: frozenset[int]
    chosen: dict[str, PathPreferences] | None = None
    """By demand, if it is not what the specification says."""


class _State(Frozen):
    version: Literal[3] = Field(3, alias="schema")
    wanted: _Wanted
    stands: _Deployed
    next: _Deployed | None


class _Earlier(BaseModel):
    """A file of schema 2, without seats: of it only what is wanted is of use."""

    version: Literal[2] = Field(alias="schema")
    wanted: _Wanted


class StateFile:
    """One file, replaced as a whole; without a path nothing is kept."""

    def __init__(self, path: Path | None, specification: Specification) -> None:
        self._path = path
        self._specification = specification

    def keep(
        self, deployment: Deployment, wanted: DesiredState, about_to: Deployment | None = None
    ) -> None:
        """On the disk when it returns."""
        if self._path is None:
            return
        said = _State(
            wanted=_Wanted(**_plain(wanted)),
            stands=self._saved(deployment),
            next=self._saved(about_to) if about_to is not None else None,
        )
        write_whole(self._path, said.model_dump_json(by_alias=True).encode())

    def recall(self) -> Remembered | None:
        """Nothing where nothing was kept. Raises Unreadable."""
        if self._path is None or not self._path.exists():
            return None
        try:
            octets = self._path.read_bytes()
            with contextlib.suppress(ValidationError):
                wanted = _Earlier.model_validate_json(octets).wanted
                return Remembered(self._known(wanted), None, None)
            said = _State.model_validate_json(octets)
        except ValidationError as problem:
            first = problem.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise Unreadable(f"{self._path}: {where or 'all of it'}: {first['msg']}") from problem
        except OSError as problem:
            raise Unreadable(f"{self._path}: {problem.strerror}") from problem
        following = self._kept(said.next) if said.next is not None else None
        return Remembered(self._known(said.wanted), self._kept(said.stands), following)

    def _kept(self, said: _Deployed) -> Kept:
        known = self._known(said, said.failures)
        if said.chosen is not None:
            chosen = choosing(known.specification, said.chosen)
            known = replace(known, specification=chosen)
        if len(said.seats) != len(known.specification.directions):
            raise Unreadable(f"{self._path}: it has seats for {len(said.seats)} directions")
        return Kept(known, said.epoch, tuple(Seat(*one) for one in said.seats), said.withdrawn)

    def _saved(self, deployment: Deployment) -> _Deployed:
        chosen = chosen_in(deployment.known.specification)
        return _Deployed(
            **_plain(deployment.known),
            epoch=deployment.epoch,
            seats=deployment.compiled.seats,
            failures=deployment.known.failures,
            withdrawn=deployment.withdrawn,
            chosen=None if chosen == chosen_in(self._specification) else chosen,
        )

    def _known(self, said: _Wanted, failures: Failures = NO_FAILURES) -> DesiredState:
        topology = self._specification.topology
        fibres = {fibre.id for fibre in topology.fibres}
        hubs = {hub.id for hub in topology.hubs}
        strange = (said.drained | failures.links) - fibres
        strange |= (failures.hubs | failures.gateways) - hubs
        if strange:
            raise Unreadable(f"{self._path}: the topology has no {', '.join(sorted(strange))}")
        changes = {"policies": said.policies, "as_of": said.as_of}
        return DesiredState(self._specification.model_copy(update=changes), failures, said.drained)


def _plain(known: DesiredState) -> _Desired:
    specification = known.specification
    return {
        "policies": specification.policies,
        "as_of": specification.as_of,
        "drained": known.drained,
    }
