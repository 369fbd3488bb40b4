"""How mutants are kept and proven, and small changes of entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from corridor.controller.forwarding.program import Action, Bucket, FastFailover, Flow, Value, match
from corridor.controller.prover import Proof
from prover_worlds import Mesh, Spoilt

ETH_IPV4, ETH_MPLS, ETH_LLDP = 0x0800, 0x8847, 0x88CC
FLOOD, NORMAL = 0xFFFFFFFB, 0xFFFFFFFA
STRANGER = "02:00:00:00:00:66"

type Mutation = Callable[[Mesh], Spoilt]
MUTANTS: dict[str, tuple[str, Mutation]] = {}
"""Name to the claim that must be violated, and the mutation."""


def mutant(claim: str) -> Callable[[Mutation], Mutation]:
    def keep(mutation: Mutation) -> Mutation:
        MUTANTS[mutation.__name__] = (claim, mutation)
        return mutation

    return keep


def proof_of(mesh: Mesh, mutation: Mutation) -> Proof:
    return mesh.prove(mutation(mesh))


def without(flow: Flow, *names: str) -> Flow:
    return replace(flow, match=tuple(one for one in flow.match if one[0] not in names))


def matching(flow: Flow, **fields: Value) -> Flow:
    """With these fields matched, others as before."""
    return replace(flow, match=match(**(dict(flow.match) | fields)))


def acting(flow: Flow, *actions: Action) -> Flow:
    return replace(flow, actions=actions)


def of(flow: Flow, name: str) -> Any:
    return dict(flow.match).get(name)


def changed(actions: tuple[Action, ...], kind: str, *now: Action) -> tuple[Action, ...]:
    """With the actions of a kind replaced."""
    return tuple(one for action in actions for one in (now if action.kind == kind else (action,)))


def written(actions: tuple[Action, ...], name: str, value: Value) -> tuple[Action, ...]:
    """With another value set for a field that is set."""
    return tuple(
        replace(action, arguments=(name, value)) if action.arguments[:1] == (name,) else action
        for action in actions
    )


def unset(actions: tuple[Action, ...], name: str) -> tuple[Action, ...]:
    return tuple(action for action in actions if action.arguments[:1] != (name,))


def outlet(actions: tuple[Action, ...]) -> int | None:
    """The port that actions send out of."""
    found = (action.arguments[0] for action in actions if action.kind == "output")
    return next(found, None)


def rebuilt(group: FastFailover, position: int, change: Callable[[Bucket], Bucket]) -> FastFailover:
    """A group with one bucket changed."""
    buckets = list(group.buckets)
    buckets[position] = change(buckets[position])
    return replace(group, buckets=tuple(buckets))


def sending(bucket: Bucket, port: int) -> Bucket:
    """The same bucket, by another port."""
    from corridor.controller.forwarding.program import output

    actions = tuple(one for one in bucket.actions if one.kind not in ("output", "in_port"))
    return replace(bucket, watch_port=port, actions=(*actions, output(port)))


def every_action(mesh: Mesh) -> Iterator[tuple[str, Flow, tuple[Action, ...]]]:
    """Entries of the last table with each list of actions they may take."""
    for hub, flow in mesh.decisions():
        groups = mesh.groups(hub)
        yield hub, flow, flow.actions
        for action in flow.actions:
            if action.kind == "group":
                for bucket in groups[action.arguments[0]].buckets:
                    yield hub, flow, bucket.actions
