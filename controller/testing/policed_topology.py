"""A topology under policies on a day, and whether names are of something in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from corridor.controller.intent.specification import canonical
from corridor.controller.policy.clauses import Clause
from corridor.controller.policy.clauses.places import operators
from corridor.controller.policy.load import check_policies
from corridor.controller.policy.model import Hard, Policy, PolicySet
from corridor.controller.testing.packets import Failed, Live
from corridor.topologies.base.documents import describe_path
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Topology


@dataclass(frozen=True)
class PolicedTopology:
    """What demands are made of. Errors name what is not there."""

    topology: Topology
    policies: PolicySet
    as_of: date
    live: Live[Any] | None = None
    """Where demands are also put to the test by switches and packets."""
    written_in: str = field(default="", repr=False)
    """The name or file of the policy set; empty if it was not read from one."""

    def check_hub(self, name: str) -> None:
        """Raises InputError for a hub that is not there."""
        check_name("hub", name, (hub.id for hub in self.topology.hubs))

    def canonical(self, failures: Iterable[str]) -> Failed:
        """The same failures, however they were written. Raises InputError for what cannot fail."""
        return canonical(self.topology, failures)

    def check_places(self, names: Iterable[str]) -> None:
        """Raises InputError for what is neither jurisdiction nor group."""
        for name in names:
            check_name("jurisdiction or group", name, self.policies.known_groups.members)

    def check_operators(self, names: Iterable[str]) -> None:
        """Raises InputError for who runs nothing here and is not a jurisdiction or group."""
        given = {hub.operated_by for hub in self.topology.hubs}
        given |= {fibre.operated_by for fibre in self.topology.fibres}
        known = frozenset[str]().union(*map(operators, given))
        for name in names:
            check_name("operator", name, [*sorted(known), *self.policies.known_groups.members])

    def clauses(self, hard: Mapping[str, Any]) -> tuple[Clause, ...]:
        """Hard clauses as a policy has them. Raises InputError for what is none, or names what is
        not there."""
        if "max_one_way" in hard:
            raise InputError("max_one_way is not a clause about elements", "use assert_within")
        try:
            rule = Policy(id="ASSERTED", effect="restrict", hard=Hard.model_validate(hard))
        except ValidationError as problem:
            first = problem.errors()[0]
            where = describe_path(("hard", *first["loc"]))
            raise InputError(f"{where}: {first['msg']}") from problem
        groups = self.policies.groups
        check_policies(PolicySet(name="asserted", groups=groups, policies=(rule,)), self.topology)
        return tuple(rule.hard.clauses())


def check_name(what: str, name: str, known: Iterable[str]) -> None:
    """Raises InputError unless ``name`` is one of those that are known."""
    options = list(known)
    if name not in options:
        few = f"known are {', '.join(options)}" if len(options) < 12 else ""
        raise InputError(f'no {what} is called "{name}"', nearest_named(name, options) or few)
