"""The brief of one policy set on the demands of a scenario: a price, or a run. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.document import CauseEntry
from corridor.experiments.answers.map_document import FibreEntry, MapDocument, PathDocument
from corridor.experiments.answers.names import Names
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price_causes import (
    BASES,
    DELAY,
    KEPT_BACK,
    PROTECTION,
    UNCERTAIN,
    Cause,
)
from corridor.experiments.brief.document import (
    CONSTANTS,
    Bar,
    Brief,
    Cell,
    Chart,
    Delay,
    Look,
    Picture,
    Table,
    law_sources,
)
from corridor.experiments.brief.places import Places
from corridor.experiments.pages.claims import map_sources
from corridor.experiments.pages.demands import Asked, Under, references
from corridor.topologies.base.words import counted, is_longer, joined, joined_few, ms

MEANS: dict[Look, str] = {
    "permitted": "path under the policies",
    "free": "shortest path without policies",
    "blocked": "shortest path of a blocked demand",
}
type Ground = Literal["law", "no permit", "set", "uncertain", "unstated"]
BESIDES: dict[Ground, str] = {
    "no permit": "because no permit matches",
    "set": "by the policy set's own rules",
    "uncertain": "by uncertain texts or interpretations",
    "unstated": "for reasons that this result does not state",
}
ALONE: dict[Ground, str] = {
    "law": "Certain legal text blocks this demand",
    **{ground: f"The blocked demand is blocked {why}" for ground, why in BESIDES.items()},
}
DEMAND = "A demand is data of one class, sent from one place to another."
NOT_COVERED = (
    "Not covered means that the policy set has no rule for the data. Another set may have one. "
    "This is not a permission."
)
NOT_FORBIDDEN = (
    "No matching permit means that the policy set is silent, and blocks by default. "
    "This is not a prohibition by law."
)
LENGTHS = (
    "Most fibre lengths are not published, so they are derived. Intervals cover 90 % of the Monte "
    "Carlo samples of the map. Cables that no source names are not on the map."
)
COUNTED = "the numbers are exact for this map and these rules, and change with them"


@dataclass(frozen=True)
class Question:
    """One policy set, and what is known of the demands under it."""

    scenario: str
    policies: str
    as_of: str
    against: str
    names: Names
    where: MapDocument
    demands: Sequence[Asked]
    """Under this set alone."""
    kind: str
    """``Computed, not measured``, or what a run adds."""
    lost: dict[str, Sequence[str]]
    """By demand, the elements without a backup path under this set alone."""
    blocked_by_both: frozenset[str] = frozenset()
    """Demands that ``against`` blocks, too: this set changes nothing for them."""
    helps: Sequence[str] = ()
    measured: Sequence[str] = ()
    """Sentences of what a run verified and measured."""
    alarms: Sequence[str] = ()

    @property
    def title(self) -> str:
        return self.names.scenario or self.scenario

    @property
    def set_title(self) -> str:
        return titled(self.policies, self.names)

    @property
    def is_comparison(self) -> bool:
        """Whether the question is what this set changes next to another set."""
        return self.against != NO_POLICIES

    def blocks(self, one: Asked) -> bool:
        """Whether this set blocks the demand, and ``against`` does not."""
        return one.under[0].state is Outcome.BLOCKED and one.id not in self.blocked_by_both


def titled(name: str, names: Names) -> str:
    """A policy set by its title, with its id."""
    return f"“{names.sets[name]}” ({name})" if name in names.sets else name


def policy_brief(of: Question) -> Brief:
    places, hit = Places(of.where), affected(of)
    shown = hit or sorted(of.demands, key=lambda one: -(one.under[0].round_trip_ms or 0))[:5]
    hub_paths = [hub_path for one in shown for hub_path in _hub_paths(one)]
    cited = [replace(one, under=(_cited(one.under[0]),)) for one in shown]
    title, subject = of.title, of.set_title
    if of.is_comparison:
        title, subject = of.names.sets.get(of.policies, of.policies), f"On “{of.title}”"
    return Brief(
        title=title,
        about=f"{subject}, as of {of.as_of}. {of.kind}. Not legal advice.",
        alarms=of.alarms,
        question=(
            f"What does policy set {of.set_title} change for the "
            f"{counted(len(of.demands), 'demand')} of this scenario, compared with "
            f"{'no policies' if of.against == NO_POLICIES else titled(of.against, of.names)}? "
            f"{DEMAND}"
        ),
        answer=[*_answer(of, places, hit), *of.measured],
        certainty=certainty((delay_of(one.under[0]) for one in hit), filter(of.blocks, hit)),
        uncertainty=list(_uncertainty(of, places, shown)),
        picture=_picture(places, shown),
        chart=_chart(of, places, hit),
        table=_table(of, places, shown, is_hit=bool(hit)),
        helps=list(of.helps) or ["No single change was found, or none was searched for."],
        beliefs=beliefs_of(hit, of.names),
        law=law_sources(references(cited)),
        fibres=map_sources(_fibres(of.where, hub_paths)),
        constants=CONSTANTS,
        footer=f"Made by corridor from scenario {of.scenario} and policy set {of.policies}.",
    )


def affected(of: Question) -> list[Asked]:
    """Demands that the set blocks, delays or leaves without a backup path: these first."""

    def rank(one: Asked) -> tuple[bool, bool, float]:
        under = one.under[0]
        sure = under.kept_by_certain_rules
        return not under.is_kept_back, not sure, -(under.extra_ms or 0.0)

    every = (
        one
        for one in of.demands
        if one.id not in of.blocked_by_both and (one.under[0].is_costly or of.lost.get(one.id))
    )
    return sorted(every, key=rank)


def _is_uncovered(of: Asked) -> bool:
    return of.under[0].state is Outcome.NOT_COVERED


def causes_of(under: Under, costs: str) -> list[Cause | CauseEntry]:
    every: list[Cause | CauseEntry] = [*under.causes, *under.priced]
    return [one for one in every if one.costs == costs]


def because(one: Asked, lost: Sequence[str]) -> Cause | CauseEntry | None:
    """The strongest cause of what a demand pays."""
    under = one.under[0]
    costs = KEPT_BACK if under.is_kept_back else DELAY
    if costs == DELAY and not delay_of(under).is_shown and lost:
        costs = PROTECTION
    return next(iter(causes_of(under, costs)), None)


def _cited(of: Under) -> Under:
    """The demand with the clauses that cost it something, and its permit."""
    return replace(of, clauses=[one for one in of.clauses if one.costs_ms])


def _answer(of: Question, places: Places, hit: Sequence[Asked]) -> Iterator[str]:
    blocked = [one for one in of.demands if of.blocks(one)]
    delayed = [one for one in hit if delay_of(one.under[0]).is_shown]
    lost = [one for one in hit if of.lost.get(one.id)]
    outcomes, permitted = _outcomes_said(of)
    if of.is_comparison:
        yield _changed(of, blocked, delayed, lost)
        yield f"Under this policy set, {outcomes}."
    else:
        yield f"{outcomes}."
    if blocked:
        starts = Counter(places.country_of(one.src) for one in blocked)
        yield (
            "The blocked demands start in "
            f"{joined(f'{name} ({number})' for name, number in starts.most_common())}."
        )
    if delayed:
        yield _delays(places, delayed)
    elif permitted:
        yield "The policy set delays no permitted demand."
    for one in lost[:1]:
        others = len(lost) - 1
        more = f" {counted(others, 'other demand')} also lost a backup path: see the table."
        more = more if others else ""
        yield (
            f"{places.between(one.src, one.dst)} has no backup path if "
            f"{_elements(of.lost[one.id], places)}.{more}"
        )
    yield from _confident(blocked, delayed)


def certainty(delays: Iterable[Delay], blocked: Iterable[Asked], under: str = "") -> str:
    """The interval of the largest added RTT, and how many demands certain legal text blocks."""
    most = max(delays, key=lambda one: one.ms, default=None)
    said = [most.certainty("largest added round-trip time")] if most and most.is_shown else []
    if demands := list(blocked):
        number = counted(len(demands), "blocked demand")
        said.append(f"certain legal text blocks {count_by_law(demands)} of {number}{under}")
    return "; ".join(said) or COUNTED


def _outcomes_said(of: Question) -> tuple[str, int]:
    """How many demands have which outcome, as words; and how many are permitted."""
    states = Counter(one.under[0].state for one in of.demands)
    permitted = sum(count for one, count in states.items() if one.is_permitted)
    counts = (
        (len(of.blocked_by_both), "blocked by both policy sets"),
        (states[Outcome.BLOCKED] - len(of.blocked_by_both), "blocked"),
        (states[Outcome.NOT_COVERED], "not covered"),
        (states[Outcome.NO_PATH], "without any path"),
    )
    parts = [f"{permitted} of {counted(len(of.demands), 'demand')} are permitted"]
    parts += [f"{count} {'is' if count == 1 else 'are'} {what}" for count, what in counts if count]
    return joined(parts), permitted


def _changed(
    of: Question, blocked: Sequence[Asked], delayed: Sequence[Asked], lost: Sequence[Asked]
) -> str:
    """What the set costs next to the other one, in one sentence."""
    groups = (
        (blocked, "is blocked", "are blocked"),
        (delayed, "is delayed", "are delayed"),
        (lost, "loses its backup path", "lose their backup paths"),
    )
    parts = [f"{len(of)} {one if len(of) == 1 else many}" for of, one, many in groups if of]
    every = counted(len(of.demands), "demand")
    if not parts:
        return f"The policy set affects none of the {every}."
    return f"The policy set affects {len(affected(of))} of {every}: {joined(parts)}."


def _elements(of: Sequence[str], places: Places) -> str:
    """What fails, by its name; of many, the first."""
    first = places.element(of[0])
    return f"{first} fails" if len(of) == 1 else f"any of {len(of)} elements fails, such as {first}"


def _delays(places: Places, delayed: Sequence[Asked]) -> str:
    most = max(delayed, key=lambda one: one.under[0].extra_ms or 0.0)
    under = most.under[0]
    delay = delay_of(under)
    uncovered = sum(map(_is_uncovered, delayed))
    permitted = len(delayed) - uncovered
    who = [counted(permitted, "permitted demand")] if permitted else []
    if uncovered:
        what = str(uncovered) if permitted else counted(uncovered, "demand")
        who.append(f"{what} that {'is' if uncovered == 1 else 'are'} not covered")
    return (
        f"{joined(who)} {'has' if len(delayed) == 1 else 'have'} a longer path. "
        f"The largest increase of the round-trip time (RTT) is {delay.text} {delay.known}, "
        f"to {ms(under.round_trip_ms or 0.0)}: "
        f"{places.between(most.src, most.dst)}."
    )


def delay_of(under: Under) -> Delay:
    """What the policies add to the round trip."""
    return Delay(under.extra_ms or 0.0, under.interval_ms)


def _confident(blocked: Sequence[Asked], delayed: Sequence[Asked]) -> Iterator[str]:
    """What rests on certain legal text, and what on confident rules alone."""
    number = len(blocked)
    law = count_by_law(blocked)
    if number == 1:
        yield f"{ALONE[_ground(blocked[0])]}."
    elif blocked:
        yield f"Certain legal text blocks {law or 'none'} of these {number} demands."
        grounds = Counter(map(_ground, blocked))
        others = [(count, why) for ground, why in BESIDES.items() if (count := grounds[ground])]
        if others:
            first, *more = others
            verb = "is" if first[0] == 1 else "are"
            yield (
                ", ".join(
                    [
                        f"{first[0]} {verb} blocked {first[1]}",
                        *(f"{count} {why}" for count, why in more),
                    ]
                )
                + "."
            )
    longer = sum(is_longer(one.under[0].certain_ms) for one in delayed)
    if delayed:
        rests = "interpretations, on our assumptions or on uncertain texts"
        paths = f"{longer or 'none'} of these {len(delayed)} paths"
        rest = f"; the rest depends on {rests}" if longer else f"; they depend on {rests}"
        if len(delayed) == 1:
            paths = "this path" if longer else "no path"
            rest = f"; this one depends on {rests}"
        yield f"Confident rules alone lengthen {paths}{rest if longer < len(delayed) else ''}."


def count_by_law(demands: Sequence[Asked]) -> int:
    """Demands that certain legal text blocks."""
    return sum(one.under[0].state is Outcome.BLOCKED and _ground(one) == "law" for one in demands)


def _ground(of: Asked) -> Ground:
    """What blocks a demand. Where no permit matches either, uncertain text is not what decides."""
    found = {one.basis for one in causes_of(of.under[0], KEPT_BACK)}
    if not found:
        return "unstated"
    if of.under[0].kept_by_certain_rules:
        certain: tuple[Ground, ...] = ("law", "set", "no permit")
        return next((one for one in certain if one in found), "uncertain")
    return "no permit" if found == {"no permit"} else "uncertain"


def _uncertainty(of: Question, places: Places, shown: Sequence[Asked]) -> Iterator[str]:
    yield LENGTHS
    ties = [one for one in shown if (sure := one.under[0].certainty) and sure.near_tie]
    if not any(one.under[0].certainty for one in shown):
        yield "Prices do not show whether another path is nearly as short; corridor explain does."
    elif ties:
        yield (
            f"Near ties: for {joined_few(_ends(ties, places), 3)}, the shortest path "
            "that no policy forbids crosses other countries in at least 10 % of the samples."
        )
    _, may = places.crossed(hub_path for one in shown for hub_path in _hub_paths(one))
    if may:
        yield f"Shown paths may also touch {joined(may)}; no source documents it."
    if any(map(_is_uncovered, of.demands)):
        yield NOT_COVERED
    causes = [because(one, of.lost.get(one.id, ())) for one in shown]
    if any(one is not None and one.basis == "no permit" for one in causes):
        yield NOT_FORBIDDEN


def _ends(of: Iterable[Asked], places: Places) -> list[str]:
    """The ends of demands; those of the same ends are named once."""
    return list(dict.fromkeys(places.between(one.src, one.dst) for one in of))


def _hub_paths(one: Asked) -> list[PathDocument]:
    """The path under the policies, and the one without them."""
    return [hub_path for hub_path in (one.under[0].path, one.free) if hub_path is not None]


def _picture(places: Places, shown: Sequence[Asked]) -> Picture | None:
    legs: list[tuple[Look, PathDocument]] = []
    for one in shown:
        path, free = one.under[0].path, one.free
        if free is not None and (path is None or path.fibres != free.fibres):
            legs.append(("blocked" if path is None else "free", free))
        if path is not None:
            legs.append(("permitted", path))
    used = {look for look, _ in legs}
    return places.picture(
        legs,
        (hub_path for one in shown for hub_path in _hub_paths(one)),
        (hub for one in shown for hub in (one.src, one.dst)),
        {look: said for look, said in MEANS.items() if look in used},
    )


def _chart(of: Question, places: Places, hit: Sequence[Asked]) -> Chart:
    delayed = [one for one in hit if delay_of(one.under[0]).is_shown]
    delayed.sort(key=lambda one: -delay_of(one.under[0]).ms)
    if not delayed:
        return _outcomes(of)
    bars = [
        delay_of(one.under[0]).bar(
            places.between(one.src, one.dst), one.id, third=one.under[0].certain_ms, sign="+"
        )
        for one in delayed
    ]
    return Chart(
        title="RTT that the policies add to a demand",
        unit="ms",
        bars=bars,
        value="computed, all rules",
        interval="90 % interval" if any(bar.interval for bar in bars) else "",
        third="computed, confident rules only",
    )


def _outcomes(of: Question) -> Chart:
    """Demands by outcome, where no path is longer."""
    bases: Counter[str] = Counter()
    for one in of.demands:
        bases[_outcome(of, one)] += 1
    bars = [Bar(name, "", count, text=str(count)) for name, count in bases.most_common()]
    return Chart("Demands by outcome", "demands", bars, "number of demands", is_count=True)


def _outcome(of: Question, one: Asked) -> str:
    """The label of a demand in the chart of outcomes."""
    state, cause = one.under[0].state, because(one, ())
    if one.id in of.blocked_by_both:
        return "blocked by both policy sets"
    if state is Outcome.BLOCKED:
        return f"blocked: {BASES[cause.basis]}" if cause else "blocked"
    if state is Outcome.NO_PATH:
        return "no path"
    if of.lost.get(one.id):
        return "no backup path"
    return "not covered" if _is_uncovered(one) else "permitted without added cost"


def _table(of: Question, places: Places, shown: Sequence[Asked], *, is_hit: bool) -> Table:
    rows = [_row(of, places, one) for one in shown]
    return Table(
        title="Affected demands" if is_hit else "No demand is affected; the longest paths",
        headings=("Demand", "Result", "Because", "Rests on"),
        rows=rows,
        rest=_others(of, shown) if is_hit else "",
    )


def _others(of: Question, shown: Sequence[Asked]) -> str:
    """Of the demands that are not in the table, how many are permitted or not covered."""
    names = {one.id for one in shown}
    rest = [one for one in of.demands if one.id not in names]
    uncovered = sum(map(_is_uncovered, rest))
    both = sum(one.id in of.blocked_by_both for one in rest)
    outcomes = (
        (len(rest) - uncovered - both, "permitted without added cost"),
        (both, "blocked by both policy sets"),
        (uncovered, "not covered"),
    )
    said = [f"{count} {'is' if count == 1 else 'are'} {what}" for count, what in outcomes if count]
    return f"Of the other demands, {joined(said)}." if said else ""


def _row(of: Question, places: Places, one: Asked) -> list[Cell]:
    lost = of.lost.get(one.id, ())
    cause = because(one, lost)
    why, rule, basis, tone = "", "", "", ""
    if cause is not None:
        why, rule = places.sentence(cause.reason), f"{cause.policy} {cause.clause}"
        basis = BASES[cause.basis]
        tone = "caveat" if cause.basis in UNCERTAIN else ""
        if cause.basis == "no permit":
            why, rule = "No permit of the set matches this data", ""
        elif cause.costs == PROTECTION:
            the = "the " if why.startswith("The ") else ""
            why = f"No backup path is permitted, because {the}{why.removeprefix('The ')}"
    return [
        Cell(
            places.between(one.src, one.dst), f"{one.id}: {of.names.data.get(one.data, one.data)}"
        ),
        _result(one, lost, places),
        Cell(why, rule),
        Cell(basis, tone=tone),
    ]


def _result(one: Asked, lost: Sequence[str], places: Places) -> Cell:
    under = one.under[0]
    if under.is_kept_back:
        return Cell(under.said, tone=under.state)
    delay = delay_of(under)
    if delay.is_shown:
        between = f"{delay.bounds} ms; " if delay.bounds else ""
        total = f"in total {ms(under.round_trip_ms or 0.0)} computed"
        got = f", {ms(under.measured_ms)} measured" if under.measured_ms is not None else ""
        return Cell(f"+{delay.text} RTT", f"{between}{total}{got}", tone="longer")
    if lost:
        return Cell("no backup path", f"if {_elements(lost, places)}")
    got = f"{ms(under.measured_ms)} measured" if under.measured_ms is not None else ""
    return Cell(f"{ms(under.round_trip_ms or 0.0)} RTT", got)


def beliefs_of(hit: Sequence[Asked], names: Names) -> list[tuple[str, str]]:
    """Interpretations and assumptions behind affected demands, as the policy set states them."""
    found: dict[str, str] = {}
    every: list[Cause | CauseEntry] = []
    for one in hit:
        every += [*one.under[0].causes, *one.under[0].priced]
    for cause in every:
        if cause.basis in ("interpretation", "assumption"):
            note = names.beliefs.get(cause.policy, "")
            found.setdefault(cause.policy, f"{BASES[cause.basis]}. {note}".strip())
    return list(found.items())


def _fibres(where: MapDocument, hub_paths: Sequence[PathDocument]) -> Iterator[FibreEntry]:
    used = {name for hub_path in hub_paths for name in hub_path.fibres}
    return (one for one in where.fibres if one.id in used)
