"""A topology under policies, to make demands of. Errors name what is not there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from controller.failures import KINDS, canonical
from controller.intent import UNPROTECTED, Intent, Protection
from controller.policy.load import load_policies
from controller.policy.model import UNCLASSIFIED, Demand, PolicySet
from controller.policy.places import operators
from controller.policy.semantics import rule
from controller.testing.demand import DemandUnderTest
from controller.testing.packets import Failed, Live
from controller.ways import WayBuilder
from topologies.documents import nearest
from topologies.errors import InputError
from topologies.load import load_topology
from topologies.model import Topology


@dataclass(frozen=True)
class CorridorNetwork:
    """A topology under policies on a day, to make demands of."""

    topology: Topology
    policies: PolicySet
    as_of: date
    live: Live | None = None
    """Where demands are also put to the test by switches and packets."""

    def demand(
        self,
        data_class: str,
        src: str,
        dst: str,
        *,
        k: int = 0,
        over: Iterable[str] = ("link", "srlg", "hub", "gateway"),
    ) -> DemandUnderTest:
        """Data of a class from one hub to another, compiled to tables of its own.

        Protected as its permit says, and at least against ``k`` failures of the kinds in ``over``.
        Raises InputError for a class or hub that is not there.
        """
        classes = [entry.id for entry in self.policies.classes]
        _check("data class", data_class, [*classes, UNCLASSIFIED])
        self.check_hub(src)
        self.check_hub(dst)
        asked = protection_of(k, over) if k else UNPROTECTED
        demand = Demand.model_validate(
            {"id": f"{src}-to-{dst}", "class": data_class, "src": src, "dst": dst}
        )
        ruling = rule(self.policies, self.topology, demand, self.as_of)
        intent = Intent(ruling, protection=asked)
        return DemandUnderTest(self, WayBuilder(self.topology).way(intent))

    def check_hub(self, name: str) -> None:
        """Raises InputError for a hub that is not there."""
        _check("hub", name, (hub.id for hub in self.topology.hubs))

    def canonical(self, failures: Iterable[str]) -> Failed:
        """The same failures, however they were written. Raises InputError for what cannot fail."""
        return canonical(self.topology, failures)

    def check_places(self, names: Iterable[str]) -> None:
        """Raises InputError for what is neither jurisdiction nor group."""
        for name in names:
            _check("jurisdiction or group", name, self.policies.known_groups.members)

    def check_operators(self, names: Iterable[str]) -> None:
        """Raises InputError for who runs nothing here and is no jurisdiction or group."""
        given = {hub.operated_by for hub in self.topology.hubs}
        given |= {fibre.operated_by for fibre in self.topology.fibres}
        known = frozenset[str]().union(*map(operators, given))
        for name in names:
            _check("operator", name, [*sorted(known), *self.policies.known_groups.members])


def load_network(topology: str | Path, policies: str | Path, as_of: date | str) -> CorridorNetwork:
    """Shipped names or files; the day as a date or like ``2026-11-24``. Raises InputError."""
    day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    loaded, known = _loaded(str(topology), str(policies))
    return CorridorNetwork(loaded, known, day)


@cache
def _loaded(topology: str, policies: str) -> tuple[Topology, PolicySet]:
    loaded = load_topology(topology)
    return loaded, load_policies(policies, loaded)


def protection_of(k: int, over: Iterable[str]) -> Protection:
    """Raises InputError for a kind that cannot fail."""
    kinds = tuple(over)
    for kind in kinds:
        _check("kind of failure", kind, KINDS)
    return Protection(k, tuple(kind for kind in KINDS if kind in kinds))


def _check(what: str, name: str, known: Iterable[str]) -> None:
    options = list(known)
    if name not in options:
        few = f"known are {', '.join(options)}" if len(options) < 12 else ""
        raise InputError(f'no {what} is called "{name}"', nearest(name, options) or few)
