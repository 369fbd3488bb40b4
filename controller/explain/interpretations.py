"""The outcome of one demand under the values of interpretations that are not chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.semantics import ApplicablePolicies, rule


@dataclass(frozen=True)
class OtherValue:
    """A value of an interpretation under which a demand takes another path, or none."""

    interpretation: str
    question: str
    chosen: str | None
    """The value that the set is read by; None if its switches fit no value."""
    value: str
    status: str
    one_way_ns: int | None
    """One-way delay of the shortest permitted path under this value; None without a path."""
    chosen_one_way_ns: int | None
    """Of the shortest permitted path as the set is read now."""


def other_values(
    applicable_policies: ApplicablePolicies, policies: PolicySet, day: date
) -> tuple[OtherValue, ...]:
    """Return the values that would change the path of a demand, each one alone."""
    return tuple(_changing(applicable_policies, policies, day))


def _changing(
    applicable_policies: ApplicablePolicies, policies: PolicySet, day: date
) -> Iterator[OtherValue]:
    now = best_permitted_path(applicable_policies)
    for one in policies.interpretations:
        chosen = policies.value_of(one)
        for value in one.values:
            if value == chosen:
                continue
            read = policies.interpreted({one.id: value})
            other = rule(read, applicable_policies.topology, applicable_policies.demand, day)
            if _ids(other) == _ids(applicable_policies):
                continue
            then = best_permitted_path(other)
            if _path(then) != _path(now):
                status = then.status if isinstance(then, NoPermittedPath) else "UP"
                ns = _one_way_ns(then), _one_way_ns(now)
                yield OtherValue(one.id, one.question, chosen, value, status, *ns)


def _ids(applicable_policies: ApplicablePolicies) -> tuple[str, ...]:
    return tuple(
        policy.id for policy in (*applicable_policies.permits, *applicable_policies.restricts)
    )


def _path(of: PermittedPath | NoPermittedPath) -> tuple[object, ...]:
    if isinstance(of, NoPermittedPath):
        return ()
    return of.path.hubs, of.path.fibres


def _one_way_ns(of: PermittedPath | NoPermittedPath) -> int | None:
    return None if isinstance(of, NoPermittedPath) else of.one_way_ns
