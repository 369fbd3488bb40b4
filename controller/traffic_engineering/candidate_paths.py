"""The possible paths of a demand alone, and what each of them loads in which case.

First detours are chosen, and further ones where one of these finds more dead; where such a one
does, the switch takes the shortest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from corridor.controller.forwarding.decisions import Decisions, PermitPath, PossibleFailure
from corridor.controller.forwarding.failure_hypotheses import FailureHypotheses, FailureHypothesis
from corridor.controller.forwarding.permit_states import ProductPaths
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.product import Edge, Product, ProductPath
from corridor.controller.traffic_engineering.candidate_values import (
    NO_LOAD,
    NOT_DEAR,
    CandidatePath,
    Detour,
    FailureSets,
    Group,
    Key,
    LinkPrices,
    Links,
    Load,
    Order,
    Price,
    PrimaryPath,
    RepairPoint,
    cheapest_within_delay,
    numbers_of,
    priced,
)

NO_ROOM = 10**18
"""What a fibre costs that has no room for the rate, or from which no detour has: more than all."""
ALL = -1
"""Cases, as bits."""
MOST_KEPT = 4096
"""Detours at prices that a demand remembers; beyond that it forgets all of them."""
NOBODY: frozenset[str] = frozenset()
NOTHING: frozenset[int] = frozenset()


@dataclass
class PathSpace:
    """The paths of one demand under the permit that it uses."""

    name: str
    rate_bps: int
    automaton: Automaton
    permit: int
    """By number among those that decisions are made by."""
    courses: ProductPaths
    """That it accepts."""
    decisions: Decisions
    failure_hypotheses: FailureHypotheses
    cases: FailureSets
    links: Links
    within_ns: int | None = None
    """The maximum delay of its primary path, if bounded."""
    stays: bool = False
    """Whether its primary path is the only one, and only detours are chosen."""
    keeps: bool = False
    """Whether its primary path is one that was picked before."""
    shunned: set[tuple[int, int]] = field(default_factory=set)
    """Places with fibres, by number, from which there is no detour, or none with room for the
    rate."""
    _watched: int = ALL
    """Cases, as bits."""
    _narrow_links: frozenset[int] | None = None
    _mains: dict[Order, PrimaryPath] = field(default_factory=dict)
    _candidates: dict[tuple[object, ...], CandidatePath] = field(default_factory=dict)
    _suspicions: dict[Key, FailureHypothesis | None] = field(default_factory=dict)
    _shortest: dict[Group, Detour | None] = field(default_factory=dict)
    _detours: dict[tuple[Group, Order], Detour] = field(default_factory=dict)
    _at_prices: dict[tuple[Group, frozenset[tuple[int, int]]], Detour] = field(default_factory=dict)
    """Detours that were looked for, by the prices at which: most are asked for again at once."""
    _later: dict[tuple[int, int, int], tuple[FailureHypothesis, Detour | None]] = field(
        default_factory=dict
    )

    @property
    def product(self) -> Product:
        return self.courses.product

    @property
    def narrow_links(self) -> frozenset[int]:
        """Fibres that have no room for the rate even alone, as hubs see them."""
        if self._narrow_links is None:
            room_bps, crossed = self.links.capacity_bps, self.links.crossed
            self._narrow_links = frozenset(
                sight
                for sight in range(self.links.sights)
                if min(room_bps[link] for link in crossed(sight)) < self.rate_bps
            )
        return self._narrow_links

    def shortest(self, price: Price) -> PrimaryPath | None:
        """The cheapest path from the source that has room for the rate all along, and detours that
        have, if there is one."""
        start = self.product.entered(self.automaton.trip.src)
        if start is None or self.stays:
            return None
        while True:
            found = self._in_time(start, 0, NOBODY, price, self.within_ns, self.shunned)
            if found is None:
                return None
            main = self.main(found)
            hops = zip(found.steps, main.order, strict=True)
            narrow = {
                (at, number) for (at, edge), number in hops if self._is_narrow(main, edge.sight)
            }
            if narrow <= self.shunned:
                return main
            self.shunned |= narrow

    def _is_narrow(self, main: PrimaryPath, thing: int) -> bool:
        repair_point = next(one for one in main.repair_points if one.thing == thing)
        if not repair_point.bridged:
            return False
        detour = self.detour(repair_point, NOT_DEAR)
        return detour is None or not self.narrow_links.isdisjoint(detour.sights)

    def main(self, path: ProductPath) -> PrimaryPath:
        order = tuple(edge.number for _, edge in path.steps)
        if order not in self._mains:
            sights = tuple(edge.sight for _, edge in path.steps)
            self._mains[order] = PrimaryPath(order, path.one_way_ns, sights, tuple(self._met(path)))
        return self._mains[order]

    def _met(self, path: ProductPath) -> Iterator[RepairPoint]:
        """Everything that a path may find dead, at the first place where it does."""
        seen, cases, has_budget = set[int](), self.cases, self.decisions.has_budget
        met = cases.of(cases.risks.bit("hub", self.automaton.trip.src.id))
        for permit_state, thing, spent_ns, crossed in self.decisions.ahead(
            PermitPath(self.permit, path)
        ):
            if thing in seen:
                continue
            seen.add(thing)
            newly = cases.of(cases.risks.kills(thing)) & ~met
            met |= newly
            bridged = newly & cases.of(self.failure_hypotheses.causes_of(thing))
            spent_ns = spent_ns if has_budget else 0
            yield RepairPoint(permit_state, (thing,), newly, bridged, crossed, spent_ns)

    def detour(
        self, repair_point: RepairPoint, prices: LinkPrices, *, alone: bool = False
    ) -> Detour | None:
        """The onward path where something is dead: the cheapest of those that the switch would look
        for, by prices of links by case, with room for the rate if it can be; the shortest if
        that would take too long, or if no one else has rates."""
        shortest = self._shortest_from(repair_point)
        if shortest is None or alone:
            return shortest
        total = _summed(prices, repair_point.bridged)
        place = self.decisions.stands(repair_point.permit_state, self.permit)
        if place is None or not (total or not self.narrow_links.isdisjoint(shortest.sights)):
            return shortest
        key = (repair_point.group, frozenset(total.items()))
        if key not in self._at_prices:
            if len(self._at_prices) == MOST_KEPT:
                self._at_prices.clear()
            self._at_prices[key] = self._cheapest_from(repair_point, place, shortest, total)
        return self._at_prices[key]

    def _cheapest_from(
        self, repair_point: RepairPoint, place: int, shortest: Detour, total: Mapping[int, int]
    ) -> Detour:
        """The detour from a spot that is cheapest at these prices of links."""
        failure_hypothesis = self._suspicion(repair_point.key)
        assert failure_hypothesis is not None
        closed = self.failure_hypotheses.closed(failure_hypothesis.found)
        for avoided in self.failure_hypotheses.avoided(
            failure_hypothesis, self.product.place(place).hub
        ):
            least = self.courses.shortest(place, avoided, closed)
            if least is None or self.automaton.exceeds(repair_point.spent_ns + least.one_way_ns):
                continue
            price, left_ns = (
                priced(total, self.links),
                self.automaton.left_ns(repair_point.spent_ns),
            )
            found = self.cheapest(place, avoided, closed, price, above_delay=True)
            is_late = found is not None and left_ns is not None and found.one_way_ns > left_ns
            if is_late and not self._is_lawful(repair_point, failure_hypothesis, _order(found)):
                found = self._in_time(place, avoided, closed, price, left_ns)
            picked = _order(found)
            if picked in ((), shortest.order):
                return shortest
            key = (repair_point.group, picked)
            if key not in self._detours:
                one = self._onward(
                    repair_point.permit_state, failure_hypothesis, repair_point.spent_ns, picked
                )
                assert one is not None, "there is a shortest, at least"
                self._detours[key] = self._with_spots(one, repair_point)
            return self._detours[key]
        return shortest

    def _is_lawful(
        self, repair_point: RepairPoint, failure_hypothesis: FailureHypothesis, order: Order
    ) -> bool:
        """Whether the switch would use this path if it is picked: where one permit is late, another
        may allow it."""
        found = self._onward(
            repair_point.permit_state, failure_hypothesis, repair_point.spent_ns, order
        )
        return found is None or found.order == order

    def _suspicion(self, key: Key) -> FailureHypothesis | None:
        """What is known where that was found dead; None where the switch has no further detour."""
        if not key:
            return self.failure_hypotheses.nothing
        if key not in self._suspicions:
            before, thing = self._suspicion(key[:-1]), key[-1]
            is_known = before is not None and self.failure_hypotheses.explain(before, thing)
            self._suspicions[key] = (
                self.failure_hypotheses.grown(before, thing)
                if before is not None and is_known
                else None
            )
        return self._suspicions[key]

    def _shortest_from(self, repair_point: RepairPoint) -> Detour | None:
        key = repair_point.group
        if key not in self._shortest:
            failure_hypothesis = self._suspicion(repair_point.key)
            found = failure_hypothesis and self._onward(
                repair_point.permit_state, failure_hypothesis, repair_point.spent_ns
            )
            self._shortest[key] = found and self._with_spots(found, repair_point)
        return self._shortest[key]

    def _with_spots(self, detour: Detour, repair_point: RepairPoint) -> Detour:
        if len(repair_point.key) > 1:
            return detour
        has_budget, left, repair_points = self.decisions.has_budget, repair_point.newly, []
        for permit_state, thing, spent_ns, crossed in detour.ahead:
            newly = left & self.cases.of(self.cases.risks.kills(thing))
            if newly:
                left &= ~newly
                bridged = newly & self.cases.of(self.failure_hypotheses.causes_of(thing))
                spent_ns = spent_ns if has_budget else 0
                key = (*repair_point.key, thing)
                repair_points.append(
                    RepairPoint(permit_state, key, newly, bridged, crossed, spent_ns)
                )
        return detour._replace(repair_points=tuple(repair_points))

    def _onward(
        self,
        permit_state: int,
        failure_hypothesis: FailureHypothesis,
        spent_ns: int,
        picked: tuple[int, ...] | None = None,
    ) -> Detour | None:
        """As the switch goes on, if that is picked."""
        course = self.decisions.onward(permit_state, failure_hypothesis, spent_ns, picked)
        if course is None:
            return None
        edges = [edge for _, edge in course.path.steps]
        ahead = tuple(self.decisions.ahead(course, permit_state, spent_ns))
        things = 0
        for met in ahead:
            things |= 1 << met.thing
        return Detour(
            tuple(edge.number for edge in edges),
            course.path.one_way_ns,
            tuple(edge.sight for edge in edges),
            ahead,
            things,
        )

    def candidate(
        self, main: PrimaryPath, prices: LinkPrices, *, alone: bool = False
    ) -> CandidatePath:
        """With the detours that are cheapest at these prices."""
        return self.composed(main, self.detours(main, prices, alone=alone))

    def detours(
        self, main: PrimaryPath, prices: LinkPrices, *, alone: bool = False
    ) -> dict[Key, Detour]:
        """Those, with the further ones."""
        found = dict[Key, Detour]()
        for repair_point in main.repair_points:
            found |= self.detours_from(repair_point, prices, alone=alone)
        return found

    def detours_from(
        self, repair_point: RepairPoint, prices: LinkPrices, *, alone: bool = False
    ) -> dict[Key, Detour]:
        """That from a spot, with the further ones from it; nothing where there is none."""
        detour = self.detour(repair_point, prices, alone=alone)
        if detour is None:
            return {}
        found = {repair_point.key: detour}
        for far in detour.repair_points:
            further = self.detour(far, prices, alone=alone)
            if further is not None:
                found[far.key] = further
        return found

    def composed(self, main: PrimaryPath, detours: Mapping[Key, Detour]) -> CandidatePath:
        key = (main.order, tuple((found, one.order) for found, one in sorted(detours.items())))
        if key not in self._candidates:
            source = self.cases.risks.bit("hub", self.automaton.trip.src.id)
            loads = dict.fromkeys(numbers_of(self.cases.of(source) & self._watched), NO_LOAD)
            for repair_point in main.repair_points:
                before, known = main.sights[: repair_point.crossed], dict[tuple[int, ...], Load]()
                for case in numbers_of(repair_point.newly & self._watched):
                    rest = tuple(self._rest(repair_point, detours, case))
                    if rest not in known:
                        known[rest] = self.links.load((*before, *rest))
                    loads[case] = known[rest]
            self._candidates[key] = CandidatePath(
                main, detours, self.links.load(main.sights), loads
            )
        return self._candidates[key]

    def watch(self, cases: int) -> None:
        """Paths say from now on what they load in these cases only."""
        if cases != self._watched:
            self._watched = cases
            self._candidates.clear()

    def arrives(self, candidate: CandidatePath, case: int | None) -> bool:
        """Whether packets arrive in a failure case, or are lost on their path: whether they reach
        their destination more often than they leave it."""
        ends, dst = self.cases.risks.ends, self.automaton.trip.dst.id
        come = 0
        for link, times in candidate.under(case).items():
            if link < self.links.sights:
                fibre, second = divmod(link, 2)
                come += times * ((ends[fibre][not second] == dst) - (ends[fibre][second] == dst))
        return come > 0

    def taken(self, candidate: CandidatePath) -> Iterator[tuple[RepairPoint, Order, Order]]:
        """The detours of a path, each with the shortest one."""
        repair_points = [*candidate.main.repair_points]
        while repair_points:
            repair_point = repair_points.pop(0)
            detour, shortest = (
                candidate.onward.get(repair_point.key),
                self._shortest_from(repair_point),
            )
            if detour is not None and shortest is not None:
                yield repair_point, detour.order, shortest.order
                repair_points += detour.repair_points

    def _rest(
        self, repair_point: RepairPoint, detours: Mapping[Key, Detour], case: int
    ) -> Sequence[int]:
        """What is crossed from a spot on."""
        detour = detours.get(repair_point.key)
        if detour is None:
            return ()
        first = self.crossed(repair_point, detour, case)
        far = _hit(detour, case)
        return first if far is None else (*first, *self._rest(far, detours, case))

    def crossed(self, repair_point: RepairPoint, detour: Detour, case: int) -> Sequence[int]:
        """What is crossed from a spot on by a detour as far as a further one is chosen; of a
        further one, by what the switch then takes, too."""
        dead = self.cases.dead(case)
        if not detour.things & dead:
            return detour.sights
        far = _hit(detour, case)
        if far is not None:
            return detour.sights[: far.crossed]
        sights = list[int]()
        failure_hypothesis = self._suspicion(repair_point.key)
        assert failure_hypothesis is not None, "otherwise there is no detour"
        on: Detour | None = detour
        while on is not None:
            hit = next((met for met in on.ahead if dead >> met.thing & 1), None)
            sights += on.sights if hit is None else on.sights[: hit.crossed]
            if hit is None or not self.failure_hypotheses.explain(failure_hypothesis, hit.thing):
                break
            failure_hypothesis, on = self._further(failure_hypothesis, hit)
        return sights

    def _further(
        self, before: FailureHypothesis, hit: PossibleFailure
    ) -> tuple[FailureHypothesis, Detour | None]:
        """What is known where one more thing is found dead, and the shortest path on."""
        spent_ns = hit.spent_ns if self.decisions.has_budget else 0
        key = (hit.permit_state, before.found | 1 << hit.thing, spent_ns)
        if key not in self._later:
            grown = self.failure_hypotheses.grown(before, hit.thing)
            self._later[key] = grown, self._onward(hit.permit_state, grown, spent_ns)
        return self._later[key]

    def _in_time(
        self,
        start: int,
        dead: int,
        closed: frozenset[str],
        price: Price,
        within_ns: int | None,
        shunned: Collection[tuple[int, int]] = (),
    ) -> ProductPath | None:
        """The cheapest that takes no longer."""
        found = self.cheapest(start, dead, closed, price, shunned)
        if found is None or within_ns is None or found.one_way_ns <= within_ns:
            return found

        def cost(at: int, edge: Edge) -> int:
            is_bad = edge.sight in self.narrow_links or (at, edge.number) in shunned
            return price(edge) + (NO_ROOM if is_bad else 0)

        product = self.product.without_gateways(closed)
        order = cheapest_within_delay(product, start, dead, cost, within_ns)
        return None if order is None else product.along(start, order)

    def anyhow(
        self, case: int | None, price: Price, *, divided: bool = False
    ) -> ProductPath | None:
        """The cheapest path from the source in a case, if it could be any that is lawful: over
        fibres with room for the rate, or of a demand that may be ``divided`` over any. Budgets are
        not asked."""
        dead = 0 if case is None else self.cases.taken_down(case)
        closed = NOBODY if case is None else self.cases.closed(case)
        start = self.product.without_gateways(closed).entered(self.automaton.trip.src)
        if start is None:
            return None
        found = self.cheapest(start, dead, closed, price, divided=divided)
        if found is None or divided:
            return found
        return None if any(edge.sight in self.narrow_links for _, edge in found.steps) else found

    def cheapest(
        self,
        start: int,
        dead: int,
        closed: frozenset[str],
        price: Price,
        shunned: Collection[tuple[int, int]] = (),
        *,
        divided: bool = False,
        above_delay: bool = False,
    ) -> ProductPath | None:
        """Dijkstra's; of equal ones that over fewer fibres, then that over the fibres named first.
        A demand that may be ``divided`` needs no room for all of its rate. Where no edge costs less
        than its delay (``above_delay``), it is A* by the minimum delay that is left.
        """
        product, narrow_links = (
            self.product.without_gateways(closed),
            NOTHING if divided else self.narrow_links,
        )
        settled: set[int] = set()
        least: dict[int, tuple[int, int]] = {}
        queue: list[tuple[int, int, Order, int, int]] = [(0, 0, (), 0, start)]
        while queue:
            _, count, order, cost, at = heappop(queue)
            if at in settled:
                continue
            settled.add(at)
            if product.is_end(at):
                return product.along(start, order)
            count += 1
            for edge in product.edges(at):
                far = edge.far
                if edge.bit & dead or far in settled:
                    continue
                far_cost = cost + price(edge)
                if edge.sight in narrow_links or (shunned and (at, edge.number) in shunned):
                    far_cost += NO_ROOM
                rank = (far_cost, count)
                known = least.get(far)
                if known is not None and known < rank:
                    continue
                least[far] = rank
                ahead = edge.floor_ns if above_delay else 0
                heappush(queue, (far_cost + ahead, count, (*order, edge.number), far_cost, far))
        return None


def _order(path: ProductPath | None) -> Order:
    return () if path is None else tuple(edge.number for _, edge in path.steps)


def _hit(detour: Detour, case: int) -> RepairPoint | None:
    """Where a further detour begins."""
    return next(
        (repair_point for repair_point in detour.repair_points if repair_point.newly >> case & 1),
        None,
    )


def _summed(prices: LinkPrices, cases: int) -> dict[int, int]:
    """What links cost in any of these."""
    total: dict[int, int] = {}
    for of in prices.among(cases):
        for link, price in of.items():
            total[link] = total.get(link, 0) + price
    return total
