"""Assertions about a demand. A failure names packet, path, clause and legal reference.

Pytest shows the line of the test that asserts, not what is here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, NoReturn

from corridor.controller.forwarding.program import Reason
from corridor.controller.intent.specification import KINDS
from corridor.controller.policy.clauses import Broken, Clause, Element, Trip
from corridor.controller.policy.clauses.avoid import Avoid
from corridor.controller.policy.clauses.confine import Confine
from corridor.controller.policy.clauses.elements import Where
from corridor.controller.policy.clauses.waypoints import Waypoint, Waypoints
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.testing import failure_text
from corridor.controller.testing.network import EACH_ONCE, DemandUnderTest, protection_of
from corridor.controller.testing.packets import Failed, Seen, breach
from corridor.topologies.base.units import parse_duration_ns

Names = str | Iterable[str]


def assert_never_transits(
    demand: DemandUnderTest,
    *places: str,
    operated_by: Names = (),
    unknown_operator: Literal["refuse", "accept"] = "refuse",
) -> None:
    """No packet passes a hub in, or a fibre that touches, these jurisdictions or groups, nor what
    these operators run: whatever fails, in whatever order. The ends do not count."""
    __tracebackhide__ = True
    operators = _listed(operated_by)
    demand.network.check_places(places)
    demand.network.check_operators(operators)
    clause = Avoid(
        located_in=places,
        crosses=places,
        operated_by=operators,
        unknown_operator=unknown_operator,
    )
    _must_hold(demand, clause, f"never transits {', '.join((*places, *operators))}")


def assert_stays_within(demand: DemandUnderTest, *places: str) -> None:
    """No packet touches anything outside these jurisdictions or groups: whatever fails."""
    __tracebackhide__ = True
    demand.network.check_places(places)
    _must_hold(demand, Confine(within=places), f"stays within {', '.join(places)}")


def assert_keeps(demand: DemandUnderTest, hard: Mapping[str, Any]) -> None:
    """No packet breaks these hard clauses, written as in a policy, such as
    ``{"avoid": {"srlgs": "corridor:red-sea"}, "no_return": "CN"}``: whatever fails."""
    __tracebackhide__ = True
    for clause in demand.network.clauses(hard):
        _must_hold(demand, clause, f"{clause.kind}: {clause.describe()}")


def assert_passes(
    demand: DemandUnderTest,
    what: Names | Mapping[str, Any],
    *,
    before: Literal["border", "end"] = "end",
) -> None:
    """No packet crosses the border of its first hub's jurisdiction, or arrives, before it has
    passed ``what``: whatever fails.

    ``gateways``: the traffic itself goes through an international gateway. Hub ids, or the keys
    of a selector as in a policy (``located_in``, ...): it passes one of these hubs.
    """
    __tracebackhide__ = True
    clause = _waypoint(demand, what, before)
    border = " before the border" if before == "border" else ""
    _must_hold(demand, clause, f"passes {clause.stops[0].any_of}{border}")


def assert_delivers_under(demand: DemandUnderTest, failures: Iterable[str] = ()) -> None:
    """Packets arrive, by the tables as they are, while just these have failed: ``link:ID``,
    ``srlg:ID``, ``hub:ID``, ``gateway:ID``."""
    __tracebackhide__ = True
    failed = _listed(failures)
    sentence = f"delivers under {_named(failed)}"
    if not demand.outcome(failed).delivered:
        _fail(failure_text.lost(demand, failed, sentence))
    if demand.network.live is not None:
        _must_arrive(demand, [demand.network.canonical(failed)], sentence)


def assert_delivers_up_to(demand: DemandUnderTest, k: int = 1, over: Iterable[str] = KINDS) -> None:
    """Packets arrive, by the tables as they are, under every set of up to ``k`` failures of these
    kinds that leaves the two ends."""
    __tracebackhide__ = True
    sentence = f"delivers under {'any 1 failure' if k == 1 else f'any {k} failures'}"
    within = protection_of(k, over)
    for failed in demand.losses(within):
        _fail(failure_text.lost(demand, failed, sentence))
    if demand.network.live is not None:
        _must_arrive(demand, demand.trials(within), sentence)


def assert_within(
    demand: DemandUnderTest,
    one_way: str,
    failures: Iterable[str] = (),
    *,
    up_to: int = 0,
    over: Iterable[str] = KINDS,
) -> None:
    """Packets arrive, and take no more than this one-way delay while just these have failed; or,
    with ``up_to``, whatever arrives under that many failures takes no more."""
    __tracebackhide__ = True
    most_ns = parse_duration_ns(one_way)
    failed = _listed(failures)
    sentence = f"is within {one_way} one way"
    if not demand.outcome(failed).delivered:
        _fail(failure_text.lost(demand, failed, f"{sentence} under {_named(failed)}"))
    within = protection_of(up_to, over)
    slowest = demand.slowest(failed, within)
    if slowest.one_way_ns > most_ns:
        _fail(failure_text.late(demand, slowest, sentence))
    live = demand.network.live
    if live is not None:
        sets = [demand.network.canonical(failed)]
        _must_arrive(demand, sets, sentence)
        sets += demand.trials(within) if up_to else ()
        _must_be_quick(demand, sets, most_ns + live.slack_ns, sentence)


def assert_blocked(demand: DemandUnderTest, by: str = "") -> None:
    """Fibres lead there and policies do not: no packet leaves its source. ``by`` is the id of a
    policy that forbids it, or ``default deny``."""
    __tracebackhide__ = True
    route = demand.graph.route
    if not isinstance(route, NoPermittedPath) or demand.leaks:
        _fail(failure_text.served(demand, "is blocked"))
    if route.status == "DOWN":
        _fail(failure_text.said(demand, "is blocked", "DOWN: no fibres lead there"))
    if by and by not in {died.policy for died in demand.forbidden}:
        died = [f"not by {by}, but by", *(f"  {one}" for one in demand.forbidden)]
        _fail(failure_text.said(demand, f"is blocked by {by}", *died))
    if demand.network.live is not None:
        _must_stay(demand, "is blocked")


def _must_hold(demand: DemandUnderTest, clause: Clause, sentence: str) -> None:
    __tracebackhide__ = True
    if isinstance(demand.graph.route, NoPermittedPath):
        _fail(failure_text.nothing_to_judge(demand, sentence))
    found = demand.breach(clause)
    if found is not None:
        _fail(failure_text.breached(demand, *found, sentence))
    if demand.network.live is not None:
        _must_keep_to(demand, clause, sentence)


def _must_keep_to(demand: DemandUnderTest, clause: Clause, sentence: str) -> None:
    """Packets, some of which must arrive: nothing is shown by what is sent nowhere."""
    __tracebackhide__ = True
    seen = _seen(demand, demand.trials(EACH_ONCE), sentence)
    taken = breach(seen.packets.values(), clause, demand.trip, demand.network.topology)
    if taken is not None:
        _fail(failure_text.strayed(demand, taken, sentence))
    _must_arrive(demand, [()], sentence)


def _must_arrive(demand: DemandUnderTest, sets: Collection[Failed], sentence: str) -> None:
    __tracebackhide__ = True
    seen = _seen(demand, sets, sentence)
    for packets in (seen.packets[failed] for failed in sets):
        if packets.arrived < packets.sent:
            _fail(failure_text.missing(demand, packets, seen, sentence))
    _nothing_amiss(demand, seen, sentence)


def _must_be_quick(
    demand: DemandUnderTest, sets: Collection[Failed], most_ns: int, sentence: str
) -> None:
    """Those that arrive."""
    __tracebackhide__ = True
    seen = _seen(demand, sets, sentence)
    for packets in (seen.packets[failed] for failed in sets):
        if packets.fastest_ns is not None and packets.fastest_ns > most_ns:
            _fail(failure_text.slow(demand, packets, sentence))
    _nothing_amiss(demand, seen, sentence)


def _must_stay(demand: DemandUnderTest, sentence: str) -> None:
    __tracebackhide__ = True
    seen = _seen(demand, [()], sentence)
    packets = seen.packets[()]
    if packets.arrived or packets.crossings:
        _fail(failure_text.left(demand, packets, sentence))
    counted = seen.dropped.get(Reason.DROP_BLOCKED.name, 0)
    if counted < packets.sent:
        _fail(failure_text.uncounted(demand, packets, counted, sentence))
    _nothing_amiss(demand, seen, sentence)


def _seen(demand: DemandUnderTest, sets: Collection[Failed], sentence: str) -> Seen:
    """The outcome of packets under these failures, and others, on a network that runs."""
    __tracebackhide__ = True
    assert demand.network.live is not None
    seen = demand.network.live.seen(demand, sets)
    if seen.refused:
        _fail(failure_text.unsent(demand, seen, sentence))
    return seen


def _nothing_amiss(demand: DemandUnderTest, seen: Seen, sentence: str) -> None:
    __tracebackhide__ = True
    if seen.amiss:
        _fail(failure_text.amiss(demand, seen, sentence))


def _fail(text: str) -> NoReturn:
    __tracebackhide__ = True
    raise AssertionError(text)


class _Visits(Waypoints):
    """Waypoints that are passed by coming to the hub, whether through its gateway or not."""

    def enter(self, state: int, element: Element, trip: Trip) -> int | Broken:
        return super().enter(state, element, replace(trip, closed=frozenset()))


def _waypoint(
    demand: DemandUnderTest, what: Names | Mapping[str, Any], before: Literal["border", "end"]
) -> Waypoints:
    if what == "gateways":
        gateways = Waypoint(any_of=Where(gateway=True), before=before)
        return Waypoints(stops=(gateways,))
    where = what if isinstance(what, Mapping) else {"hubs": _listed(what)}
    selected = Where.model_validate(where)
    for hub in selected.hubs:
        demand.network.check_hub(hub)
    return _Visits(stops=(Waypoint(any_of=selected, before=before),))


def _listed(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _named(failures: tuple[str, ...]) -> str:
    return " and ".join(failures) or "no failure"
