"""How full fibres are, in sentences and tables: the answer first. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.capacity_document import (
    AddedCapacity,
    Capacity,
    CapacityAnswer,
    GrowthBound,
    LinkUtilisation,
    LoweredDemand,
)
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.units import format_rate
from corridor.topologies.base.words import counted, few, joined, short_name
from corridor.topologies.model.catalogue import load_jurisdictions
from corridor.topologies.model.routing import GROUP

MOST_ROWS = 12
MOST_NAMED = 3
HEADINGS = (
    *("fibre", "from hub", "capacity", "background", "utilization", "worst case", "failure set"),
    *("headroom", "emulated"),
)
"""``background`` only of scenarios that have one."""
RIGHT = frozenset(HEADINGS) - {"fibre", "from hub", "failure set"} | {"upgrade", "factor"}
SPARE = ("emulated", "utilization", "from hub")
ADDED_HEADINGS = ("location", "capacity", "upgrade", "emulated")
GROWTH_HEADINGS = ("demand", "factor", "bottleneck", "from hub", "failure set")
TODAY = " with today's paths"
ASSUMED, AT_BOUND = "*", "^"
KINDS = {"link": "fibres", "srlg": "shared risks", "hub": "hubs", "gateway": "gateways"}
LOAD_WORDS = {
    "committed": "committed rates",
    "peak": "peak rates",
    "offered": "offered load of workloads",
}


def told(of: CapacityAnswer, *, worst: int = MOST_ROWS, width: int | None = None) -> str:
    """Sentences and tables, within ``width``, with this many rows of each."""
    parts = [
        "\n".join(sentences(of)),
        _fullest(of, worst, width),
        _growth(of, worst, width),
        _target(of, worst, width),
        "\n".join(notes(of)),
    ]
    return "\n\n".join(filter(None, parts))


def sentences(of: CapacityAnswer) -> list[str]:
    """What it comes to."""
    found = [_asked(of), _fullest_said(of), *_background_said(of), _grows_said(of)]
    return [*found, *_too_large_said(of), *_beside_said(of)]


@dataclass(frozen=True)
class Unit:
    """Of real rates, the same throughout an answer."""

    name: str
    gbps: float

    def number(self, gbps: float) -> str:
        """To three digits; ``0.83``."""
        value = gbps / self.gbps
        return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:.3g}"

    def rate(self, gbps: float) -> str:
        return f"{self.number(gbps)} {self.name}"

    def enough(self, gbps: float) -> str:
        """Rounded up."""
        return self.number(_rounded(gbps, math.ceil, -1e-9))

    def no_more(self, gbps: float) -> str:
        return self.number(_rounded(gbps, math.floor, 1e-9))


UNITS = (Unit("Tbit/s", 1000), Unit("Gbit/s", 1), Unit("Mbit/s", 0.001))


def unit_of(of: CapacityAnswer) -> Unit:
    """By the widest fibre that is used."""
    widest = max(one.capacity.gbps for one in of.links)
    return next((one for one in UNITS if widest >= one.gbps), UNITS[-1])


def _rounded(gbps: float, whole: Callable[[float], int], slack: float) -> float:
    """To three digits."""
    if gbps <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(gbps)) - 2)
    return whole(gbps / step + slack) * step


def figure_title(of: CapacityAnswer) -> str:
    """One line: how full the fullest is, and how far all can grow."""
    first, growth = of.links[0], of.growth[0]
    bound = growth.first
    place = link_said(first.fibre, first.hub)
    fullest = f"{place}: {percent(first.share)} {_when(first.failure)}"
    if bound.times < 1:
        return f"{fullest}; {times_of(bound.times)} of all traffic would fit"
    least = "at least " if growth.paths == "chosen" else ""
    return f"{fullest}; growth factor {least}{times_of(bound.times)}"


def percent(share: float) -> str:
    """Never rounded up to what would be full, nor down to what would fit."""
    shown = f"{share * 100:.0f} %"
    if shown == "100 %" and share != 1:
        return "99.9 %" if share < 1 else "100.1 %"
    return shown


def times_of(times: float) -> str:
    """Rounded down: so much does fit."""
    return f"{int(times * 1000 + 1e-9) / 1000:.4g}" if times < 10 else f"{int(times)}"


def failure_said(failure: Sequence[str]) -> str:
    """``kashgar-khunjerab``, ``hub:karachi and smw4``; ``none``."""
    return joined(_bare(one) for one in failure) if failure else "none"


def link_said(fibre: str, hub: str) -> str:
    return f"{place(fibre)}, {hub}" if fibre.startswith(GROUP) else f"{fibre} from {hub}"


def _bare(element: str) -> str:
    return element.removeprefix("link:").removeprefix("srlg:")


def _when(failure: Sequence[str]) -> str:
    if not failure:
        return "without failures"
    return f"when {failure_said(failure)} {'fails' if len(failure) == 1 else 'fail'}"


def _asked(of: CapacityAnswer) -> str:
    law = "no policy set" if of.policies == NO_POLICIES else f"policy set {of.policies}"
    dead = f", without {joined(map(_bare, of.cut))}" if of.cut else ""
    stated = f" (as stated: {', '.join(of.stated)})" if of.stated else ""
    rates = (
        f"{LOAD_WORDS[of.load]}{stated} of {unit_of(of).rate(sum(of.rates_gbps.values()))} in total"
    )
    what = "direction" if of.load == "offered" else "demand"
    senders = f"{counted(len(of.rates_gbps), what)}{' of demands' * (what != 'demand')}"
    kinds = joined(KINDS[one] for one in KINDS if one in of.over)
    failures = (
        f"for all sets of up to {counted(of.k, 'failure')} of {kinds}"
        if of.k
        else "without failures"
    )
    return f"{of.scenario}, {law}, as of {of.as_of}{dead}: {senders}, {rates}, {failures}."


def _background_said(of: CapacityAnswer) -> Iterator[str]:
    """What is on the fibres next to demands, and what of it is not there."""
    background, unit = of.background, unit_of(of)
    if background is None:
        return
    what = f"stated rates of {counted(len(background.flows), 'link direction')}"
    if background.date:
        hour = f"{background.load:.0%} of the busy hour".removeprefix("100% of ")
        figures = "" if background.source == "internet" else f" ({background.source})"
        what = (
            f"Internet traffic{figures} in {hour} of {background.date}, towards the country: "
            f"{counted(len(background.flows), 'holding')} on the map"
        )
    yield f"Background: {what}."
    if lost := background.shortfalls_gbps:
        names = {one.id: short_name(one.name) for one in load_jurisdictions().jurisdictions}
        most = sorted(lost.items(), key=lambda one: -one[1])
        said = (f"{names.get(name, name)} {unit.rate(gbps)}" for name, gbps in most)
        yield f"Background that is not carried: {few(said, MOST_NAMED)}."


def _fullest_said(of: CapacityAnswer) -> str:
    first, unit = of.links[0], unit_of(of)
    carries = (
        f"{unit.number(first.load_gbps)} of {unit.rate(first.capacity.gbps)}, "
        f"{_basis(first.capacity)}"
        if of.held_against == "real"
        else f"{format_rate(first.load_bps)} of {format_rate(first.capacity.emulated_bps)}"
    )
    full = [one for one in of.links if one.share > 1]
    said = (
        f"Highest utilization: {link_said(first.fibre, first.hub)}, {percent(first.share)} "
        f"({carries}{_of_background(first, unit)}) {_when(first.failure)}"
    )
    usual = "" if not first.failure else f"; {percent(first.usual_share)} without failures"
    if not full:
        return f"No overload. {said}{usual}."
    of_all = f"{len(full)} of {counted(len(of.links), 'link direction')}"
    return f"Overload on {of_all}. {said}{usual}."


def _of_background(one: LinkUtilisation, unit: Unit) -> str:
    return f"; background {unit.number(one.background_gbps)}" if one.background_gbps else ""


def _basis(of: Capacity) -> str:
    return "assumed, not published" if of.basis == "assumed" else of.basis


def _grows_said(of: CapacityAnswer) -> str:
    what, paths = of.target.what or "All traffic", _on_paths(of)
    first, others = of.next[0], [one for one in of.next[1:] if one.times > of.next[0].times]
    full = f"{link_said(first.fibre, first.hub)} {_when(first.failure)}"
    if first.times < 1:
        if not first.times:
            by = " by background traffic" if of.background and not of.target.what else ""
            return f"{what} cannot grow{paths}: {full} is overloaded{by} even without it."
        return (
            f"{what} must shrink to {times_of(first.times)} of its current rate to remove the "
            f"overload{paths}."
        )
    if first.times == 1:
        return f"{what} fits but has no headroom{paths}: the bottleneck is {full}."
    least = "at least " if of.is_at_least or of.paths == "chosen" else ""
    said = (
        f"{what} can grow by a factor of {least}{times_of(first.times)}{paths}; the bottleneck is "
        f"then {full}."
    )
    if not others:
        return said
    then = others[0]
    return f"{said} Next: {link_said(then.fibre, then.hub)} at {times_of(then.times)}."


def _on_paths(of: CapacityAnswer) -> str:
    """Say which paths carry the growth, where paths depend on rates."""
    return {"fixed": "", "today": TODAY, "chosen": " with paths chosen for the grown rates"}[
        of.paths
    ]


def _too_large_said(of: CapacityAnswer) -> Iterator[str]:
    unit = unit_of(of)
    for one in of.too_large[:MOST_NAMED]:
        said = (
            f"{one.demand} alone ({unit.rate(one.gbps)}) exceeds the capacity of {one.fibre} on "
            f"its path ({unit.number(one.capacity.gbps)}{_mark(one.capacity, of)})"
        )
        if one.widest_gbps is None:
            yield f"{said}."
        elif one.widest_gbps < one.gbps:
            yield (
                f"{said}; no permitted path has more than {unit.rate(one.widest_gbps)}. Demands "
                "are not split: define several demands."
            )
        else:
            yield (
                f"{said}; a path with {unit.number(one.widest_gbps)} exists but is not used: "
                "paths are shortest paths."
            )
    more = len(of.too_large) - MOST_NAMED
    if more > 0:
        yield f"{counted(more, 'more demand')} alone exceed the capacity of a fibre (see --json)."


def _beside_said(of: CapacityAnswer) -> Iterator[str]:
    for one in of.others:
        first = one.first
        fits = (
            f"fit up to a factor of {times_of(first.times)}"
            if first.times >= 1
            else "do not all fit"
        )
        words = LOAD_WORDS[one.load]
        yield (
            f"Other load: {words} {fits}; the bottleneck is "
            f"{link_said(first.fibre, first.hub)} {_when(first.failure)} (--load {one.load})."
        )
    if of.without_path:
        some = ", ".join(of.without_path[:MOST_NAMED]) + (
            ", ..." if len(of.without_path) > MOST_NAMED else ""
        )
        demands = counted(len(of.without_path), "demand")
        yield f"{demands} with a rate {_has(of.without_path)} no permitted path: {some}."


def _has(some: Sequence[object]) -> str:
    return "has" if len(some) == 1 else "have"


def _fullest(of: CapacityAnswer, worst: int, width: int | None) -> str:
    rows = [_row(one, of) for one in of.links[:worst]]
    title = f"Utilization, highest first ({unit_of(of).name})"
    headings = [one for one in HEADINGS if one != "background" or of.background]
    table = render(headings, rows, RIGHT, width=width, spare=SPARE, wrap="failure set")
    more = len(of.links) - len(rows)
    tail = [f"{more} more rows: use --worst {len(of.links)} or --json"] if more > 0 else []
    return "\n".join([title, table, *tail])


def _row(one: LinkUtilisation, of: CapacityAnswer) -> tuple[str, ...]:
    unit = unit_of(of)
    return (
        place(one.fibre),
        one.hub,
        f"{unit.number(one.capacity.gbps)}{_mark(one.capacity, of)}",
        *([background_said(one, unit)] if of.background else []),
        percent(one.usual_share),
        percent(one.share),
        failure_said(one.failure),
        unit.number(one.room_gbps),
        emulated_said(one),
    )


def background_said(one: LinkUtilisation, unit: Unit) -> str:
    """Background traffic without failures, with its 90 % interval where there is one."""
    if not one.usual_background_gbps:
        return ""
    low, high = one.background_low_gbps, one.background_high_gbps
    interval = "" if low is None or high is None else f" ({unit.number(low)}-{unit.number(high)})"
    return f"{unit.number(one.usual_background_gbps)}{interval}"


def emulated_said(one: LinkUtilisation) -> str:
    return f"{format_rate(one.load_bps)} of {format_rate(one.capacity.emulated_bps)}"


def _mark(capacity: Capacity, of: CapacityAnswer) -> str:
    assumed = ASSUMED if capacity.basis == "assumed" else ""
    return assumed + (AT_BOUND if capacity.at_bound and of.scale < 1 else "")


def _growth(of: CapacityAnswer, worst: int, width: int | None) -> str:
    if of.target.what:
        title = f"Bottlenecks as {of.target.what} grows{_on_paths(of)}, other demands constant"
        rows = [bound_row(of.target.what, one) for one in of.next[:worst]]
    else:
        title = "Growth limits, other demands constant"
        some = [one for one in of.growth if one.kind != "demand"]
        first, *others = some
        others = sorted((one for one in others if one.first.times), key=lambda one: one.first.times)
        if not others:
            return ""
        rows = [bound_row(one.what or "all", one.first) for one in (first, *others[:worst])]
    table = render(
        GROWTH_HEADINGS, rows, RIGHT, width=width, spare=("from hub",), wrap=GROWTH_HEADINGS[4]
    )
    return f"{title}\n{table}"


def bound_row(what: str, one: GrowthBound) -> tuple[str, ...]:
    """What grows, by which factor, and the bottleneck: fibre, hub and failure set."""
    return (what, times_of(one.times), place(one.fibre), one.hub, failure_said(one.failure))


def _target(of: CapacityAnswer, worst: int, width: int | None) -> str:
    title, *others = helps(of)
    if of.target.fits:
        return title
    rows = [_added_row(one, of) for one in _most_first(of.target.add)]
    table = render(ADDED_HEADINGS, rows[:worst], RIGHT, width=width)
    more = [f"{len(rows) - worst} more rows: use --json"] if len(rows) > worst else []
    return "\n".join([title, table, *more, *others[1:]])


def helps(of: CapacityAnswer) -> list[str]:
    """The minimum total change; where it is; and which single demand would be enough."""
    target, unit = of.target, unit_of(of)
    what = target.what or "all traffic"
    to = f"{what} x {target.times:.4g}" if target.times != 1 else "current rates"
    on = {"fixed": "", "today": TODAY, "chosen": " on the paths chosen for grown rates"}
    if target.fits:
        return [f"No overload at {to}{on[target.paths]}"]
    total_gbps = sum(one.add_gbps for one in target.add)
    places = counted(len(target.add), "location")
    more = f"{unit.enough(total_gbps)} {unit.name} at {places}"
    title = f"Minimum capacity upgrade for {to}{on[target.paths]}: {more}"
    each = ", all required" if len(target.add) > 1 else ""
    added = joined(
        f"{unit.enough(one.add_gbps)} to {place(one.fibre)} (of {unit.number(one.capacity.gbps)})"
        for one in _most_first(target.add)
    )
    if target.lower:
        some = (_lowered(one, unit) for one in target.lower[:MOST_NAMED])
        lower = f"alternative: reduce {' or '.join(some)}"
    else:
        lower = "reducing one demand, even to zero, is not sufficient"
    return [f"{title}{each}", added, lower]


def _most_first(added: Sequence[AddedCapacity]) -> list[AddedCapacity]:
    return sorted(added, key=lambda one: -one.add_gbps)


def _added_row(one: AddedCapacity, of: CapacityAnswer) -> tuple[str, ...]:
    unit = unit_of(of)
    return (
        place(one.fibre),
        f"{unit.number(one.capacity.gbps)}{_mark(one.capacity, of)}",
        f"+{unit.enough(one.add_gbps)}",
        f"+{format_rate(one.add_bps)}",
    )


def place(fibre: str) -> str:
    return f"landing {fibre.removeprefix(GROUP)}" if fibre.startswith(GROUP) else fibre


def _lowered(one: LoweredDemand, unit: Unit) -> str:
    return f"{one.demand} from {unit.number(one.gbps)} to {unit.no_more(one.to_gbps)} {unit.name}"


def notes(of: CapacityAnswer) -> list[str]:
    """On what it rests."""
    return list(_notes(of))


def _notes(of: CapacityAnswer) -> Iterator[str]:
    assumed = {one.fibre for one in of.links if one.capacity.basis == "assumed"}
    used = {one.fibre for one in of.links}
    if assumed:
        yield (
            f"{ASSUMED} assumed, not published: {len(assumed)} of the {len(used)} capacities used "
            "(sources: --json)."
        )
    yield from _bounds_said(of)
    if of.background is not None:
        interval = ", with its 90 % interval" if of.background.date else ""
        yield f"Background is that without failures{interval}.{_in_failure_sets(of)}"
        if of.background.elsewhere:
            holdings = counted(len(of.background.elsewhere), "holding")
            yield f"Not included: Internet traffic of {holdings} without fibres on the map."
    if of.paths == "today":
        yield (
            "Growth factors are with today's paths: choosing paths for grown rates would take "
            "minutes. --grow TIMES chooses them for one factor."
        )
    if of.paths == "chosen":
        what = of.target.what or "all traffic"
        yield f"Growth factors other than that of {what} are with today's paths."
    if of.uncounted:
        yield f"Not included: {joined(of.uncounted)} (closed-loop traffic)."


def _in_failure_sets(of: CapacityAnswer) -> str:
    if of.background is None or not of.k:
        return ""
    if of.background.moved:
        return " In failure sets, owners have moved it to their other fibres."
    only = "; only --cut moves it to other fibres of its owners" if of.background.date else ""
    return f" In failure sets, traffic of failed fibres is dropped{only}."


def _bounds_said(of: CapacityAnswer) -> Iterator[str]:
    """How what is emulated differs."""
    if of.scale < 1:
        yield f"Rates in {unit_of(of).name} are real rates (emulated rate / {of.scale:g})."
    if not of.at_bounds:
        return
    bound = (
        f"{AT_BOUND} emulated rate clipped to a bound of the map "
        f"({counted(len(of.at_bounds), 'location')})."
    )
    if of.held_against == "emulated":
        yield f"{bound} Without --emulated, real capacities are used."
        return
    other = max(of.links, key=lambda one: one.emulated_share)
    yield (
        f"{bound} With emulated rates, as in corridor check, the highest utilization is "
        f"{link_said(other.fibre, other.hub)}, {percent(other.emulated_share)}."
    )
