"""A judge of packets that reads policies as they are written, and shares no code with the product.

From docs/policies.md alone. A policy is the mapping of its YAML. What a packet has met is judged
one element at a time; ``may_go_on`` seeks a lawful way from there over what is alive.

What a packet met is a hub, a fibre, or the box of a hub's gateway; only boxes serve waypoints.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush
from typing import Any

from corridor.controller.policy.semantics import Failures
from corridor.topologies.model.topology import Fibre, Hub, Topology
from plain_paths import Expression, after, matches_here, parsed
from table_walker import Met, is_alive

type Rule = Mapping[str, Any]
type Memory = tuple[Any, ...]
type Sure = bool | None
HUB_KEYS = ("hubs", "role", "gateway", "located_in", "outside")
FIBRE_KEYS = ("fibres", "cables", "srlgs", "medium", "status", "crosses")
BOTH_KEYS = ("operated_by", "confidence")
NOWHERE = "XX"


def named(value: Any) -> tuple[Any, ...]:
    """One name, or a list of them."""
    return () if value is None else tuple(value) if isinstance(value, list | tuple) else (value,)


def all_of(answers: Iterable[Sure]) -> Sure:
    known = list(answers)
    return False if False in known else None if None in known else True


def any_of(answers: Iterable[Sure]) -> Sure:
    known = list(answers)
    return True if True in known else None if None in known else False


def not_(answer: Sure) -> Sure:
    return None if answer is None else not answer


def touched(element: Hub | Fibre) -> list[tuple[str, bool]]:
    """Jurisdictions of an element itself, and whether that is sure."""
    if isinstance(element, Hub):
        return [(element.located_in, element.located_in != NOWHERE)]
    sure = [(code, code != NOWHERE) for code in element.crosses]
    return [*sure, *((doubt.code, False) for doubt in element.may_cross)]


def has(key: str, names: Sequence[Any], element: Hub | Fibre) -> Sure:
    """Whether an element has a property; one of the other kind never has it."""
    if key == "operated_by":
        return run_by(element.operated_by, names)
    if key == "confidence":
        return element.confidence in names
    if isinstance(element, Hub):
        if key == "hubs":
            return element.id in names
        if key == "role":
            return element.role in names
        if key == "gateway":
            return element.intl_gateway in names
        if key in ("located_in", "outside"):
            unknown = element.located_in == NOWHERE
            inside = None if unknown else element.located_in in names
            return inside if key == "located_in" else not_(inside)
        return False
    if key == "fibres":
        return element.id in names
    if key == "cables":
        return element.system in names or any(f"cable:{n}" in element.srlgs for n in names)
    if key == "srlgs":
        return bool(set(names) & set(element.srlgs))
    if key == "medium":
        return element.medium in names
    if key == "status":
        return element.status in names
    if key == "crosses":
        doubtful = (
            None if not sure and code in (*names, NOWHERE) else False
            for code, sure in touched(element)
        )
        return any_of([*(code in names for code in element.crosses if code != NOWHERE), *doubtful])
    return False


def run_by(operator: str | None, names: Sequence[str]) -> Sure:
    if operator is None:
        return None
    return bool(set(re.split(r" / | and ", operator)) & set(names))


def selected(selector: Any, element: Hub | Fibre) -> Sure:
    """Whether all keys of a selector hold."""
    if isinstance(selector, str):
        selector = {"gateways": {"gateway": True}, "any": {}}[selector]
    answers = [
        has(key, named(value), element) for key, value in selector.items() if key != "except"
    ]
    excused = any_of(selected(one, element) for one in named(selector.get("except")))
    return all_of([*answers, not_(excused)])


@dataclass(frozen=True)
class Case:
    """One demand under some policies; ``rules`` hold dictionaries as they are written."""

    topology: Topology
    src: str
    dst: str
    rules: tuple[Rule, ...]

    def lanes(self) -> tuple[tuple[Rule, ...], ...]:
        """A permit with all that restricts; one lane for each permit."""
        speaking = [one for one in self.rules if self._speaks(one)]
        if any(one["effect"] == "deny" for one in speaking):
            return ()
        restricts = tuple(one for one in speaking if one["effect"] == "restrict")
        return tuple((one, *restricts) for one in speaking if one["effect"] == "permit")

    def _speaks(self, rule: Rule) -> bool:
        """A permit has to match for certain; others match unless they certainly do not."""
        match = rule.get("match", {})
        ends = {"src": self.topology.hub(self.src), "dst": self.topology.hub(self.dst)}
        answer = all_of(selected(one, ends[key]) for key, one in match.items())
        return answer is True if rule["effect"] == "permit" else answer is not False


class Lane:
    """A permit and all that restricts, for one demand."""

    def __init__(self, case: Case, rules: Sequence[Rule]) -> None:
        self.case, self.topology = case, case.topology
        hard = [rule.get("hard", {}) for rule in rules]
        self.hard = [one for one in hard if one]
        self.budget_ns = min(
            (milliseconds(one["max_one_way"]) for one in hard if "max_one_way" in one),
            default=None,
        )
        self.home = self.topology.hub(case.src).located_in

    def start(self) -> Memory:
        return tuple((0, 0, 0, 0, self._expression(one), (0, "")) for one in self.hard)

    def _expression(self, hard: Rule) -> Expression | None:
        return parsed(hard["path"], self.topology) if "path" in hard else None

    def past(self, memory: Memory, met: Met, came_by: str = "") -> Memory | None:
        """What is remembered past an element, or None where a clause is broken.

        ``came_by`` is the fibre that a hub was entered by.
        """
        boxed = met.kind == "box"
        element: Hub | Fibre = (
            self.topology.fibre(met.name) if met.kind == "fibre" else self.topology.hub(met.name)
        )
        found = []
        for hard, kept in zip(self.hard, memory, strict=True):
            stops, stations, hops, left, expression, borders = kept
            if boxed:
                stops = self._served(named(hard.get("waypoints")), stops, element)
                found.append((stops, stations, hops, left, expression, borders))
                continue
            if self._forbidden(hard, element) or self._too_far(hard, stops, stations, element):
                return None
            stations = self._served(named(hard.get("via")), stations, element)
            left = self._left(hard, left, element)
            if left is None:
                return None
            if "borders" in hard:
                borders = bordered(*borders, element)
                if borders[0] > hard["borders"]:
                    return None
            if isinstance(element, Fibre):
                hops += "hops" in hard
                if hops > hard.get("hops", hops):
                    return None
            elif expression is not None:
                expression = after(expression, element, came_by, self.topology)
                if expression.is_dead:
                    return None
            found.append((stops, stations, hops, left, expression, borders))
        return tuple(found)

    def ends(self, memory: Memory) -> bool:
        """Whether a packet that has all this behind it may be handed over at its destination."""
        for hard, (stops, stations, _, _, expression, _) in zip(self.hard, memory, strict=True):
            owed = stops < len(named(hard.get("waypoints"))) or stations < len(
                named(hard.get("via"))
            )
            if owed or (expression is not None and not matches_here(expression)):
                return False
            only = named(hard.get("terminate", {}).get("only"))
            if only and self.topology.hub(self.case.dst).located_in not in only:
                return False
        return True

    def _forbidden(self, hard: Rule, element: Hub | Fibre) -> bool:
        return self._outside(hard.get("confine"), element) or self._avoided(
            hard.get("avoid"), element
        )

    def _outside(self, confine: Any, element: Hub | Fibre) -> bool:
        if confine is None:
            return False
        keys = confine if isinstance(confine, dict) else {"within": confine}
        if any(selected(one, element) is True for one in named(keys.get("except"))):
            return False
        within = named(keys.get("within"))
        if within and any(code not in within for code, _ in touched(element)):
            return True
        kinds = HUB_KEYS if isinstance(element, Hub) else FIBRE_KEYS
        asked = [key for key in keys if key in (*kinds, *BOTH_KEYS)]
        return any(has(key, named(keys[key]), element) is not True for key in asked)

    def _avoided(self, avoid: Any, element: Hub | Fibre) -> bool:
        if avoid is None:
            return False
        if isinstance(element, Hub) and element.id in (self.case.src, self.case.dst):
            return False
        if any(selected(one, element) is True for one in named(avoid.get("except"))):
            return False
        if any(selected(one, element) is not False for one in named(avoid.get("any_of"))):
            return True
        for key in avoid.keys() - {"except", "any_of", "unknown_operator"}:
            answer = has(key, named(avoid[key]), element)
            lenient = key == "operated_by" and avoid.get("unknown_operator") == "accept"
            if answer or (answer is None and not lenient):
                return True
        return False

    def _too_far(self, hard: Rule, stops: int, stations: int, element: Hub | Fibre) -> bool:
        """Beyond the home border without a stop that is required before it."""
        owed = (*named(hard.get("waypoints"))[stops:], *named(hard.get("via"))[stations:])
        if not any(one.get("before") == "border" for one in owed):
            return False
        if isinstance(element, Hub) and element.id == self.case.src:
            return False
        return any(
            NOWHERE in (code, self.home) or code != self.home for code, _ in touched(element)
        )

    def _served(self, stops: Sequence[Any], count: int, element: Hub | Fibre) -> int:
        while count < len(stops) and selected(stop_of(stops[count]), element) is True:
            count += 1
        return count

    def _left(self, hard: Rule, left: int, element: Hub | Fibre) -> int | None:
        """0: not inside yet; 1: perhaps inside; 2: perhaps left. None where it may come back."""
        region = named(hard.get("no_return"))
        if not region:
            return left
        places = touched(element)
        surely_in = any(sure and code in region for code, sure in places)
        perhaps_in = any(code in region or code == NOWHERE for code, _ in places)
        perhaps_out = not surely_in and any(code not in region for code, _ in places)
        if left == 2:
            return None if perhaps_in else left
        if left == 1:
            return 2 if perhaps_out else left
        return int(perhaps_in)


def bordered(count: int, last: str, element: Hub | Fibre) -> tuple[int, str]:
    """How many borders were crossed at most, and where a path last was: empty at first, ``?`` where
    the next hub is elsewhere whatever it is in."""
    if isinstance(element, Fibre):
        foreign = {code for code, _ in touched(element)}
        return count + len(foreign), "?" if foreign or last == NOWHERE else last
    return count + (last not in ("", element.located_in)), element.located_in


def stop_of(stop: Any) -> Any:
    return stop.get("any_of", stop) if isinstance(stop, dict) else stop


@cache
def milliseconds(text: str) -> int:
    number = re.fullmatch(r"([0-9.]+)ms", text)
    assert number, text
    return round(float(number[1]) * 10**6)


def took_ns(topology: Topology, met: Iterable[Met]) -> int:
    return sum(topology.fibre(one.name).one_way_delay_ns for one in met if one.kind == "fibre")


def along(lane: Lane, met: Sequence[Met]) -> Memory | None:
    """What a lane remembers of all that a packet met."""
    memory: Memory | None = lane.start()
    came_by = ""
    for one in met:
        memory = lane.past(memory, one, came_by)
        if memory is None:
            return None
        came_by = one.name if one.kind == "fibre" else ""
    return memory


def is_lawful(case: Case, met: Sequence[Met]) -> bool:
    """Whether some permit lets a packet be delivered after what it has met."""
    spent = took_ns(case.topology, met)
    for rules in case.lanes():
        lane = Lane(case, rules)
        memory = along(lane, met)
        in_time = lane.budget_ns is None or spent <= lane.budget_ns
        if memory is not None and in_time and lane.ends(memory):
            return True
    return False


def may_go_on(case: Case, met: Sequence[Met], failures: Failures) -> tuple[Met, ...] | None:
    """The rest of a permitted path over working elements, under any permit, if there is one."""
    for rules in case.lanes():
        lane = Lane(case, rules)
        rest = _rest(lane, met, failures)
        if rest is not None:
            return rest
    return None


def _rest(lane: Lane, met: Sequence[Met], failures: Failures) -> tuple[Met, ...] | None:
    memory = along(lane, met)
    if memory is None:
        return None
    topology = lane.topology
    at = next(one.name for one in reversed(met) if one.kind != "fibre")
    queue: list[Any] = [(took_ns(topology, met), 0, at, memory, ())]
    settled = set()
    count = 0
    while queue:
        spent, _, at, memory, rest = heappop(queue)
        if (at, memory) in settled or (lane.budget_ns is not None and spent > lane.budget_ns):
            continue
        settled.add((at, memory))
        if at == lane.case.dst and lane.ends(memory):
            return rest
        steps = [(spent, at, (Met("box", at),))] if at not in failures.gateways else []
        for fibre in topology.fibres_of(at):
            if is_alive(fibre, failures):
                far = fibre.z if at == fibre.a else fibre.a
                onward = (Met("fibre", fibre.id), Met("hub", far))
                steps.append((spent + fibre.one_way_delay_ns, far, onward))
        for then, far, onward in steps:
            after_: Memory | None = memory
            came_by = ""
            for one in onward:
                after_ = None if after_ is None else lane.past(after_, one, came_by)
                came_by = one.name if one.kind == "fibre" else ""
            if after_ is not None:
                count += 1
                heappush(queue, (then, count, far, after_, (*rest, *onward)))
    return None
