"""A topology under policies, to make demands of. Errors name what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.anycast import settle, unknown_names
from corridor.controller.intent.intent import UNPROTECTED, Intent, Protection
from corridor.controller.intent.specification import KINDS
from corridor.controller.policy.clauses.elements import Where
from corridor.controller.policy.clauses.places import Service
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import UNCLASSIFIED, Demand, DemandEntry, PolicySet
from corridor.controller.policy.semantics import rule
from corridor.controller.testing.demand import DemandUnderTest
from corridor.controller.testing.policed_topology import PolicedTopology, check_name
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Topology


@dataclass(frozen=True)
class CorridorNetwork(PolicedTopology):
    """A topology under policies on a day, to make demands of."""

    def demand(
        self,
        data_class: str,
        src: str,
        dst: str | Sequence[str] | Mapping[str, object],
        *,
        k: int = 0,
        over: Iterable[str] = ("link", "srlg", "hub", "gateway"),
        service: Service | None = None,
    ) -> DemandUnderTest:
        """Data of a class from one hub to another, compiled to its own tables.

        ``dst`` is a hub, or a list or a selector of hubs (``{"role": "western"}``): then the
        nearest lawful one. Carried by a ``service``, or by any where none is given. Protected as
        its permit says, and at least against ``k`` failures of the kinds in ``over``.
        Raises InputError for a class or hub that is not there, or a selector that selects none.
        """
        classes = [entry.id for entry in self.policies.classes]
        check_name("data class", data_class, [*classes, UNCLASSIFIED])
        self.check_hub(src)
        if isinstance(dst, str):
            self.check_hub(dst)
        asked = protection_of(k, over) if k else UNPROTECTED
        ends = {"src": src, "dst": dst, "service": service}
        demand = self._settled({"id": f"{src}-to-any", "class": data_class, **ends})
        applicable_policies = rule(self.policies, self.topology, demand, self.as_of)
        intent = Intent(applicable_policies, protection=asked)
        return DemandUnderTest(self, GraphBuilder(self.topology).graph(intent))

    def _settled(self, plain: Mapping[str, object]) -> Demand:
        """To the hub that serves it."""
        try:
            entry = DemandEntry.model_validate(plain)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(f"{where}: {first['msg']}", "give dst a hub, or a selector") from error
        if isinstance(entry.dst, Where):
            for path, name, known in unknown_names(
                entry.dst, self.topology, self.policies.known_groups
            ):
                check_name(str(path[-1]), name, known)
        found = settle(self.policies, self.topology, entry, self.as_of).demand
        return found.model_copy(update={"id": f"{found.src}-to-{found.dst}"})


def load_network(topology: str | Path, policies: str | Path, as_of: date | str) -> CorridorNetwork:
    """Shipped names or files; the day as a date or like ``2026-11-24``. Raises InputError.

    What no permit speaks of is blocked, whatever the set states about data outside it: a test holds
    what policies permit.
    """
    day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    loaded, known = _loaded(str(topology), str(policies))
    return CorridorNetwork(loaded, known, day, written_in=str(policies))


@cache
def _loaded(topology: str, policies: str) -> tuple[Topology, PolicySet]:
    loaded = load_topology(topology)
    strict = load_policies(policies, loaded).model_copy(update={"outside": "deny"})
    return loaded, strict


def protection_of(k: int, over: Iterable[str]) -> Protection:
    """Raises InputError for a kind that cannot fail."""
    kinds = tuple(over)
    for kind in kinds:
        check_name("kind of failure", kind, KINDS)
    return Protection(k, tuple(kind for kind in KINDS if kind in kinds))
