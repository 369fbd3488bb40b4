"""Numbers of the verdict, computed again from the files of the policy sets by other code."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from datetime import date
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml

from corridor.controller.policy.load import SHIPPED
from corridor.experiments.answers.asking import answers
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.verdict import foreseen
from corridor.topologies.analysis.monte_carlo import draw
from corridor.topologies.base.installation import CHECKOUT
from corridor.topologies.model.topology import Topology

type Policy = dict[str, Any]


class Set(NamedTuple):
    policies: list[Policy]
    classes: dict[str, list[str]]
    """Their origins."""
    groups: dict[str, list[str]]
    questions: dict[str, dict[str, Any]]
    """Interpretations: the default value, and the policies that hold under each value."""


def read_set(name: str) -> Set:
    """A shipped set with all that it includes, from its YAML."""
    written = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text())
    policies: dict[str, Policy] = {}
    classes: dict[str, list[str]] = {}
    groups: dict[str, list[str]] = {}
    questions: dict[str, dict[str, Any]] = {}
    for part in map(read_set, written.get("include", [])):
        policies |= {one["id"]: one for one in part.policies}
        classes |= part.classes
        groups |= part.groups
        questions |= part.questions
    policies |= {one["id"]: one for one in written.get("policies", [])}
    questions |= {one["id"]: one for one in written.get("interpretations", [])}
    for name, question in questions.items():
        value = written.get("interpret", {}).get(name, question["default"])
        questions[name] = question | {"default": value}
        for switched in {one for of_value in question["values"].values() for one in of_value}:
            policies[switched] |= {"enabled": switched in question["values"][value]}
    for key, enabled in (("switch_on", True), ("switch_off", False)):
        for switched in written.get(key, []):
            policies[switched] = policies[switched] | {"enabled": enabled}
    classes |= {one["id"]: listed(one["origin"]) for one in written.get("classes", [])}
    return Set(list(policies.values()), classes, groups | written.get("groups", {}), questions)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def shipped_groups() -> dict[str, list[str]]:
    written = yaml.safe_load((CHECKOUT / "topologies/data/jurisdictions.yaml").read_text())
    found: dict[str, list[str]] = {}
    for one in written["jurisdictions"]:
        for group in one.get("groups", []):
            found.setdefault(group, []).append(one["id"])
    return found


SHIPPED_GROUPS = shipped_groups()


DESCRIBED = read_set("pan-asia").classes
"""The scenarios' own set describes what another set does not cover."""


class Mesh:
    """A map and a policy set, asked of one demand at a time."""

    def __init__(self, topology: Topology, policies: Set, day: date) -> None:
        self.topology, self.day = topology, day
        self.set = policies
        self.at = {hub.id: hub.located_in for hub in topology.hubs}
        self.gateways = {hub.id for hub in topology.hubs if hub.intl_gateway}
        self.delay_ns = {one.id: topology.one_way_delay_ns(one) for one in topology.fibres}

    def places(self, names: Any) -> set[str]:
        known = SHIPPED_GROUPS | self.set.groups
        return {code for name in listed(names) for code in known.get(name, [name])}

    def is_end(self, selector: Any, hub: str) -> bool:
        if selector is None or selector == "any":
            return True
        inside = "located_in" not in selector or self.at[hub] in self.places(selector["located_in"])
        out = "outside" not in selector or self.at[hub] not in self.places(selector["outside"])
        named = "hubs" not in selector or hub in listed(selector["hubs"])
        return inside and out and named

    def matching(self, data: str, src: str, dst: str, service: str | None) -> list[Policy]:
        origins = set((DESCRIBED | self.set.classes).get(data, ["XX"]))
        found = []
        for policy in self.set.policies:
            match, permits = policy.get("match", {}), policy["effect"] == "permit"
            wanted = self.places(match["origin"]) if "origin" in match else origins
            of_origin = origins <= wanted if permits else bool(origins & wanted)
            begun = policy.get("valid_from") is None or policy["valid_from"] <= self.day
            if (
                policy.get("enabled", True)
                and begun
                and data in listed(match.get("class", data))
                and of_origin
                and service in listed(match.get("service", service))
                and self.is_end(match.get("src"), src)
                and self.is_end(match.get("dst"), dst)
            ):
                found.append(policy)
        return found

    def forbids(self, policy: Policy, src: str, dst: str) -> bool:
        """Whether a restrict alone leaves no path."""
        return self.least_ns(src, dst, [policy]) is None

    def least_ns(self, src: str, dst: str, policies: list[Policy]) -> int | None:
        """Dijkstra over hubs and how many of the waypoints were passed, in nanoseconds."""
        hard = [policy.get("hard", {}) for policy in policies]
        confined = [self.places(one["confine"]) for one in hard if "confine" in one]
        only = [self.places(one["terminate"]["only"]) for one in hard if "terminate" in one]
        stops = [stop for one in hard for stop in one.get("waypoints", [])]
        known = {"confine", "terminate", "waypoints"}
        assert all(one.keys() <= known for one in hard), "a clause that this test does not know"
        if any(self.at[dst] not in places for places in only):
            return None
        home = self.at[src]

        def passed(hub: str, done: frozenset[int]) -> frozenset[int]:
            return done | {
                number
                for number, stop in enumerate(stops)
                if (hub in self.gateways if stop["any_of"] == "gateways" else hub in
                    stop["any_of"]["hubs"])
            }  # fmt: skip

        def may_leave(done: frozenset[int]) -> bool:
            wanted = {n for n, stop in enumerate(stops) if stop.get("before") == "border"}
            return wanted <= done

        if any(home not in places for places in confined):
            return None
        queue = [(0, src, passed(src, frozenset()))]
        best: dict[tuple[str, frozenset[int]], int] = {}
        while queue:
            so_far, hub, done = heapq.heappop(queue)
            if (hub, done) in best:
                continue
            best[hub, done] = so_far
            if hub == dst and len(done) == len(stops):
                return so_far
            for fibre in self.topology.fibres:
                if hub not in (fibre.a, fibre.z):
                    continue
                onward = fibre.z if hub == fibre.a else fibre.a
                touched = {*fibre.crosses, *(one.code for one in fibre.may_cross)}
                touched |= {self.at[fibre.a], self.at[fibre.z]}
                if touched - {home} and not may_leave(done):
                    continue
                if any(touched - places for places in confined):
                    continue
                after = passed(onward, done)
                delay = so_far + self.delay_ns[fibre.id]
                heapq.heappush(queue, (delay, onward, after))
        return None


class Fate(NamedTuple):
    id: str
    round_trip_ns: int | None
    free_ns: int
    covered: bool
    reasons: list[str]
    """The kinds of rules that forbid it alone; and ``no permit``."""


def fates(scenario: str, policies: str) -> list[Fate]:
    loaded = load_scenario(scenario, policies=policies)
    net = Mesh(loaded.topology, read_set(policies), loaded.as_of)
    found = []
    for demand in loaded.scenario.demands:
        service = demand.service or loaded.scenario.service
        back = demand.data if demand.returns in (None, "same-class") else demand.returns
        least_ns, covered, reasons = [], True, []
        for data, src, dst in (
            (demand.data, demand.src, demand.dst),
            (back, demand.dst, demand.src),
        ):
            matching = net.matching(data, src, dst, service)
            permits = [one for one in matching if one["effect"] == "permit"]
            restricts = [one for one in matching if one["effect"] == "restrict"]
            if not permits and data not in net.set.classes:
                covered, permits = False, [{"id": "uncovered", "effect": "permit"}]
            least = [net.least_ns(src, dst, [one, *restricts]) for one in permits]
            least_ns.append(min((one for one in least if one is not None), default=None))
            if least_ns[-1] is None:
                reasons += [] if permits else ["no permit"]
                reasons += [kind(one) for one in restricts if net.forbids(one, src, dst)]
        there, again = least_ns
        total = None if there is None or again is None else there + again
        free = net.least_ns(demand.src, demand.dst, [])
        assert free is not None
        found.append(Fate(demand.id, total, 2 * free, covered, reasons))
    return found


def kind(policy: Policy) -> str:
    return "uncertain text" if _is_uncertain(policy) else str(policy["kind"])


def _is_uncertain(policy: Policy) -> bool:
    return policy["kind"] == "text" and policy.get("confidence") == "unsure"


CASES = [
    ("reference", "pan-asia"),
    ("sovereignty", "cn-outbound"),
    ("sovereignty", "gateway-cities"),
]


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def case(request: pytest.FixtureRequest) -> tuple[list[str], list[Fate]]:
    scenario, policies = request.param
    said = foreseen(answers(scenario, policies=policies)).answers
    return list(said), fates(scenario, policies)


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def test_counts_of_permitted_blocked_and_uncovered_demands(case: Any) -> None:
    (said, *_), found = case
    blocked = [one for one in found if one.round_trip_ns is None]
    assert number(r"^(\d+) demands are permitted", said) == sum(
        one.covered and one.round_trip_ns is not None for one in found
    )
    assert number(r"(\d+) demands? (?:is|are) blocked", said) == len(blocked)
    uncovered = sum(not one.covered for one in found)
    assert number(r"(\d+) (?:is|are) served although", said) == uncovered


def test_only_text_of_law_is_counted_as_law(case: Any) -> None:
    (said, *_), found = case
    order = ["text", "uncertain text", "interpretation", "assumption", "no permit"]
    blocked = [one for one in found if one.round_trip_ns is None]
    strongest = Counter(min(one.reasons, key=order.index) for one in blocked)
    only = r"(\d+)(?: demands? (?:is|are) blocked)?"  # of one reason, its number is that of all
    assert number(rf"{only} by law\b", said) == strongest["text"]
    assert number(rf"{only} by (?:an )?uncertain", said) == strongest["uncertain text"]
    assert number(rf"{only} by our interpretation", said) == strongest["interpretation"]
    assert number(rf"{only} by our assumption", said) == strongest["assumption"]
    assert number(rf"{only} because no permit matches", said) == strongest["no permit"]


def test_added_round_trips_and_the_demand_that_has_most(case: Any) -> None:
    (_, said, *_), found = case
    extra = {
        one.id: (one.round_trip_ns - one.free_ns) / 1e6
        for one in found
        if one.round_trip_ns is not None
    }
    dearest = max(extra, key=lambda name: extra[name])
    assert number(r"a maximum of ([\d.]+) ms", said) == pytest.approx(extra[dearest], abs=0.05)
    assert f"The maximum is that of {dearest}," in said
    middle = number(r"adds a median of ([\d.]+) ms", said)
    assert middle == pytest.approx(median(extra.values()), abs=0.05)
    assert number(r"(\d+) demands have a higher RTT", said) == sum(
        one >= 0.05 for one in extra.values()
    )


def test_the_law_of_the_reference_is_three_rules() -> None:
    """A demand that text of law forbids is counted under law, though no permit matches either."""
    law = [one for one in fates("reference", "pan-asia") if "text" in one.reasons]
    assert len(law) == 3
    assert any("no permit" in one.reasons for one in law)


def test_the_place_of_the_highest_delay_among_samples_of_the_map() -> None:
    said = foreseen(answers("reference")).answers[1]
    loaded = load_scenario("reference")
    net = Mesh(loaded.topology, read_set("pan-asia"), loaded.as_of)
    name = re.findall(r"The maximum is that of ([\w-]+),", said)[0]
    demand = next(one for one in loaded.scenario.demands if one.id == name)
    nominal, extra = dict(net.delay_ns), []
    samples = draw(loaded.topology)
    for delays in (nominal, *(dict(zip(nominal, row, strict=True)) for row in samples.delays_ns)):
        net.delay_ns = delays
        total = 0
        for data, src, dst in (
            (demand.data, demand.src, demand.dst),
            (demand.returns or demand.data, demand.dst, demand.src),
        ):
            matching = net.matching(data, src, dst, demand.service or loaded.scenario.service)
            restricts = [one for one in matching if one["effect"] == "restrict"]
            least, free = (net.least_ns(src, dst, rules) for rules in (restricts, []))
            assert least is not None
            assert free is not None
            total += least - free
        extra.append(total / 1e6)
    value, *others = extra
    assert number(r"a maximum of ([\d.]+) ms", said) == pytest.approx(value, abs=0.05)
    below = sum(one < value for one in others) / len(others)
    dear = next(one for one in answers("reference").demands if one.id == name)
    assert dear.extra_percentile == pytest.approx(below, abs=0.01)
    low, middle, high = np.quantile(others, (0.05, 0.5, 0.95))
    assert number(r"interval, median ([\d.]+) ms\)", said) == pytest.approx(middle, abs=0.05)
    assert number(r"lengths make it (\d+)-\d+ ms", said) == pytest.approx(low, abs=0.51)
    assert number(r"lengths make it \d+-(\d+) ms", said) == pytest.approx(high, abs=0.51)
