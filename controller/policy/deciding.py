"""Which policies alone keep a demand from some path, found by one search for all of them."""

from __future__ import annotations

from dataclasses import replace

from corridor.controller.policy.automaton import Automaton, State
from corridor.controller.policy.clauses import Broken, Element
from corridor.topologies.model.topology import Topology


def deciding(automaton: Automaton, topology: Topology) -> frozenset[str]:
    """Return the ids of policies without which a path may be lawful that is not with them: that of
    the tightest delay budget, and those that are alone in forbidding a step of packets that are
    lawful so far. A few more may be among them.

    Without any other policy the same packets are stopped at the same steps. So no path has to be
    searched for it, and the time grows with the number of policies, not with its square. Gateways
    are passed or not, and nothing has failed: whatever has, there are fewer steps. A clause that
    cannot be evaluated may be any policy's: then all of them are returned.
    """
    try:
        return frozenset(_deciding(automaton, topology))
    except Exception:  # noqa: BLE001 - an evaluation error means deny
        return frozenset(policy for policy, _ in automaton.clause_names())


def _deciding(automaton: Automaton, topology: Topology) -> set[str]:
    trip = automaton.trip
    found = {budget.policy.id for budget in automaton.budgets[:1]}
    shut = replace(automaton, trip=replace(trip, closed=frozenset(h.id for h in topology.hubs)))

    def past(by: Automaton, state: State | None, *elements: Element) -> State | None:
        for element in elements:
            if state is None:
                return None
            state, forbidding = _entered(by, state, element)
            found.update(forbidding if len(forbidding) == 1 else ())
        return state

    waiting = [(trip.src.id, past(shut, shut.start, trip.src))]
    met = {*waiting}
    while waiting:
        hub, state = waiting.pop()
        if state is None:
            continue
        if hub == trip.dst.id:
            owing = _owing(automaton, state)
            found.update(owing if len(owing) == 1 else ())
        onward = [(hub, past(automaton, state, topology.hub(hub)))]
        for fibre in topology.fibres_of(hub):
            far = fibre.other_end(hub)
            onward.append((far, past(shut, state, fibre, topology.hub(far))))
        waiting += [one for one in dict.fromkeys(onward) if one not in met]
        met.update(onward)
    return found


def _owing(automaton: Automaton, state: State) -> set[str]:
    return {
        bound.policy.id
        for progress, bound in zip(state, automaton.clauses, strict=True)
        if bound.clause.finish(progress, automaton.trip) is not None
    }


def _entered(by: Automaton, state: State, element: Element) -> tuple[State | None, set[str]]:
    """The state past an element, if no clause forbids it, and the policies whose clauses do."""
    after, forbidding = [], set[str]()
    for progress, bound in zip(state, by.clauses, strict=True):
        step = bound.clause.enter(progress, element, by.trip)
        if isinstance(step, Broken):
            forbidding.add(bound.policy.id)
        else:
            after.append(step)
    return (None if forbidding else tuple(after)), forbidding
