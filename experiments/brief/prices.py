"""The brief of prices: of one policy set, or of several compared with each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.names import Names
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.paths_by_policy_set import PathsDocument
from corridor.experiments.answers.price import DemandPrice, SetPrice, ValuePrice
from corridor.experiments.answers.price_changes import Change
from corridor.experiments.brief.document import Bar, Brief, Cell, Chart, Delay, Table
from corridor.experiments.brief.places import Places
from corridor.experiments.brief.policies import (
    DEMAND,
    NOT_COVERED,
    Question,
    affected,
    beliefs_of,
    certainty,
    count_by_law,
    delay_of,
    policy_brief,
    titled,
)
from corridor.experiments.pages.demands import Asked
from corridor.experiments.pages.price_page import of_prices
from corridor.experiments.text.price_text import Prices
from corridor.topologies.base.words import counted, is_longer, joined, ms

COMPUTED = "Computed, not measured"
MEASURED = "Computed, and measured in an emulation"
HEADINGS = (
    *("Policy set", "Blocked", "By certain legal text", "Delayed", "Largest added RTT"),
    *("No backup path", "Not covered"),
)
MOST_AFFECTED = "Paths of the most affected demands of each set."
COUNTS = ("blocked demands", "delayed demands", "demands without a backup path")
HYPOTHETICAL = "Hypothetical single changes; a new fibre is assumed to cross no third country."
CHANGES = {
    "lift": "removing {}",
    "basis": "the legal basis “{}”",
    "gateway": "an international gateway at {}",
    "fibre": "a new fibre {}",
}


def price_brief(prices: Prices, paths: PathsDocument) -> Brief:
    questions = [_question(prices, paths, number) for number in range(len(paths.sets))]
    if len(questions) == 1:
        part = policy_brief(questions[0])
        return replace(part, helps=[*_hypothetical(prices), *part.helps])
    return _sets_brief(prices, questions)


def _question(prices: Prices, paths: PathsDocument, number: int) -> Question:
    of, places = prices.sets[number], Places(paths.map)
    every = of_prices(prices, paths)
    is_measured = any(one.measured_extra_ms is not None for one in of.demands)
    return Question(
        scenario=prices.scenario,
        policies=of.policies,
        as_of=prices.as_of,
        against=prices.against,
        names=paths.names,
        where=paths.map,
        demands=[replace(one, under=(one.under[number],)) for one in every],
        kind=MEASURED if is_measured else COMPUTED,
        lost={one.demand: one.with_readings.lost for one in of.demands if one.with_readings.lost},
        blocked_by_both=frozenset(_blocked_by_both(of, every, number)),
        helps=[*_changes(of, places, paths.names), *_readings(of)],
        measured=list(_measured(of.demands, places)),
    )


def _blocked_by_both(of: SetPrice, demands: Sequence[Asked], number: int) -> Iterator[str]:
    """Demands that cost nothing next to the other set, since it blocks them, too."""
    for price, one in zip(of.demands, demands, strict=True):
        if one.under[number].state is Outcome.BLOCKED and not price.with_readings.kept_back:
            yield price.demand


def _hypothetical(prices: Prices) -> list[str]:
    """What holds for all single changes, where there are any."""
    return [HYPOTHETICAL] if any(row.changes for of in prices.sets for row in of.rows) else []


def _measured(demands: Sequence[DemandPrice], places: Places) -> Iterator[str]:
    """What an emulation under both sets gave for the largest computed increase."""
    both = [one for one in demands if one.measured_extra_ms is not None]
    if both:
        most = max(both, key=lambda one: one.with_readings.extra_ms or 0.0)
        where = places.between(most.src, most.dst)
        yield f"Measured in an emulation: {ms(most.measured_extra_ms or 0.0)} RTT more, {where}."


def _changes(of: SetPrice, places: Places, names: Names) -> Iterator[str]:
    """What saves delay or regains protection, by data class; then what permits blocked demands."""
    blocked = []
    for row in of.rows:
        data = names.data.get(row.data, row.data)
        if row.changes and row.changes[0].opens:
            blocked.append(f"{data} ({_how(row.changes[0], places)})")
            continue
        told = [f"{_how(one, places)} {_effect(one)}" for one in row.changes]
        if told:
            yield f"{data[:1].upper()}{data[1:]}: {'; '.join(told)}."
    if blocked:
        yield f"These single changes permit blocked demands: {'; '.join(blocked)}."


def _how(of: Change, places: Places) -> str:
    what, _, more = of.what.partition(" (")
    if of.kind == "fibre":
        return f"{CHANGES[of.kind].format(places.span(what))} ({more}"
    return CHANGES[of.kind].format(places.sentence(what if of.kind == "basis" else of.what))


def _effect(of: Change) -> str:
    if is_longer(of.saves_ms):
        return f"saves {of.saves_ms * 1e6 / of.of.extra_ns:.0%} of the added RTT"
    if of.regains == of.of.lost == 1:
        return "restores the backup path"
    elements = counted(of.of.lost, "element")
    return f"restores a backup path after the failure of {of.regains} of {elements}"


def _readings(of: SetPrice) -> Iterator[str]:
    """Other values of interpretations that change how many demands pay."""
    chosen = {one.interpretation: one for one in of.by_value if one.is_chosen}
    for one in of.by_value:
        now = chosen.get(one.interpretation, one)
        effects = [
            f"{then} {noun} instead of {before}"
            for noun, then, before in zip(COUNTS, _counts(one), _counts(now), strict=True)
            if then != before
        ]
        if effects:
            yield (
                f"If the answer to “{one.question}” is “{one.value}” instead of “{now.value}”: "
                f"{joined(effects)}."
            )


def _counts(of: ValuePrice) -> tuple[int, int, int]:
    return of.total.kept_back, of.total.delayed, of.total.losing


@dataclass(frozen=True)
class _Set:
    """One of several policy sets."""

    price: SetPrice
    asked: Question

    @property
    def blocked(self) -> int:
        return self.price.with_readings.kept_back

    @property
    def covers(self) -> bool:
        silent = (Outcome.NOT_COVERED, Outcome.NO_PATH)
        return any(one.under[0].state not in silent for one in self.asked.demands)

    @cached_property
    def hit(self) -> list[Asked]:
        return affected(self.asked)

    @cached_property
    def most(self) -> Asked:
        """The demand that the set delays most."""
        return max(self.asked.demands, key=lambda one: one.under[0].extra_ms or 0.0)

    @property
    def delay(self) -> Delay:
        return delay_of(self.most.under[0])

    @property
    def measured_ms(self) -> float | None:
        found = (one.measured_extra_ms for one in self.price.demands if one.demand == self.most.id)
        return next(found)

    def is_as_slow(self, most: Asked) -> bool:
        """Whether the set delays this demand as much, by all rules and by confident ones."""
        (mine,) = (one.under[0] for one in self.asked.demands if one.id == most.id)
        wanted = most.under[0]
        return (mine.extra_ms, mine.certain_ms) == (wanted.extra_ms, wanted.certain_ms)


def _sets_brief(prices: Prices, questions: Sequence[Question]) -> Brief:
    """Sets side by side: the demand that each delays most, and how many each blocks."""
    first, names = questions[0], questions[0].names
    places = Places(first.where)
    sets = [_Set(of, asked) for of, asked in zip(prices.sets, questions, strict=True)]
    costly = [one for one in sets if one.hit]
    costly.sort(key=lambda one: (-one.blocked, -one.delay.ms))
    slowest = sorted(costly, key=lambda one: -one.delay.ms)
    shown = _shown(slowest)
    lost = {name: found for one in costly for name, found in one.asked.lost.items()}
    part = policy_brief(replace(first, demands=shown or first.demands[:3], lost=lost, helps=[]))
    picture = part.picture
    if picture is not None and shown:
        picture = replace(picture, caption=f"{MOST_AFFECTED} {picture.caption}")
    against = "no policies" if prices.against == NO_POLICIES else titled(prices.against, names)
    free = [one for one in sets if not one.hit]
    silent = [one.price.policies for one in free if not one.covers]
    cheap = [one.price.policies for one in free if one.covers]
    others = [f"No cost for the demands it covers: {', '.join(cheap)}."] if cheap else []
    others += [f"Covers no demand: {', '.join(silent)}."] if silent else []
    covers = [NOT_COVERED] if any(of.not_judged for of in prices.sets) else []
    return replace(
        part,
        about=f"{counted(len(sets), 'policy set')}, as of {prices.as_of}. {first.kind}. "
        "Not legal advice.",
        question=(
            f"What does each of {counted(len(sets), 'policy set')} change for the "
            f"{counted(len(first.demands), 'demand')} of this scenario, compared with {against}? "
            f"{DEMAND}"
        ),
        answer=(
            [_no_cover(len(sets), len(first.demands))]
            if len(silent) == len(sets)
            else list(_answer(costly, places, len(sets)))
        ),
        certainty=certainty(
            (one.delay for one in costly),
            (demand for of in costly[:1] for demand in of.hit if of.asked.blocks(demand)),
            "".join(f" under {of.price.policies}" for of in costly[:1]),
        ),
        uncertainty=[*part.uncertainty, *(one for one in covers if one not in part.uncertainty)],
        picture=picture,
        chart=_chart(costly, slowest, places),
        table=Table(
            "Affected demands, by policy set",
            HEADINGS,
            [_row(one, places) for one in costly],
            " ".join(others),
        ),
        beliefs=beliefs_of(shown, names),
        helps=[
            *_hypothetical(prices),
            *(f"{one.price.policies}: {line}" for one in costly for line in one.asked.helps[:1]),
        ]
        or ["No single change was found, or none was searched for."],
        footer=f"Made by corridor from prices of scenario {prices.scenario}.",
    )


def _no_cover(sets: int, demands: int) -> str:
    what = "the demand" if demands == 1 else f"any of the {demands} demands"
    return (
        f"None of the {sets} policy sets covers {what}. "
        "This says nothing about their cost under these laws."
    )


def _shown(slowest: Sequence[_Set]) -> list[Asked]:
    """Up to three demands of each set: first the one that each delays most."""
    ranked = [
        [of.most, *(one for one in of.hit if one is not of.most)] if of.delay.is_shown else of.hit
        for of in slowest
    ]
    return [hit[place] for place in range(3) for hit in ranked if place < len(hit)]


def _answer(costly: Sequence[_Set], places: Places, number: int) -> Iterator[str]:
    who = f"{len(costly)} of {number} policy sets affect"
    if not costly:
        who = f"None of the {number} policy sets affects"
    elif len(costly) == number:
        who = f"All {number} policy sets affect"
    elif len(costly) == 1:
        who = f"1 of {number} policy sets affects"
    yield f"{who} at least one demand (blocked, delayed, or without a backup path)."
    if not costly:
        return
    strictest = costly[0]
    if strictest.blocked:
        under = [
            f"{one.asked.set_title} ({count_by_law(one.asked.demands)} by certain legal text)"
            for one in costly
            if one.blocked == strictest.blocked
        ]
        yield (
            f"The largest number of blocked demands is {strictest.blocked} of "
            f"{len(strictest.asked.demands)}, under {joined(under)}."
        )
    slowest = max(costly, key=lambda one: one.delay.ms)
    most, delay = slowest.most, slowest.delay
    if delay.is_shown:
        sure = Delay(most.under[0].certain_ms or 0.0, None)
        alike = [one.price.policies for one in costly if one.is_as_slow(most)]
        yield (
            f"The largest increase is {delay.text} RTT {delay.known}, from "
            f"{places.between(most.src, most.dst)} under {joined(alike)}; confident rules alone "
            f"add {sure.text if sure.is_shown else 'no delay'}."
        )
    yield "Each policy set is evaluated separately."


def _chart(costly: Sequence[_Set], slowest: Sequence[_Set], places: Places) -> Chart | None:
    bars = [
        one.delay.bar(
            one.asked.set_title,
            f"{places.between(one.most.src, one.most.dst)}, {one.most.id}",
            other=one.measured_ms,
            third=one.most.under[0].certain_ms,
            sign="+",
        )
        for one in slowest
        if one.delay.is_shown
    ]
    if bars:
        return Chart(
            "Largest RTT that each policy set adds to one demand",
            "ms",
            bars,
            "computed, all rules",
            "90 % interval",
            "measured" if any(bar.other is not None for bar in bars) else "",
            "computed, confident rules only",
        )
    if not costly:
        return None
    counts = [Bar(one.price.policies, "", one.blocked, text=str(one.blocked)) for one in costly]
    return Chart("Blocked demands", "demands", counts, "number of demands", is_count=True)


def _row(of: _Set, places: Places) -> list[Cell]:
    price, delay, added = of.price, of.delay, Cell("0 ms")
    if delay.is_shown:
        between = f"90 %: {delay.bounds} ms; " if delay.bounds else ""
        where = places.between(of.most.src, of.most.dst)
        added = Cell(f"+{delay.text}", f"{between}{where}")
    title = of.asked.names.sets.get(price.policies, "")
    total = price.with_readings
    return [
        Cell(title or price.policies, price.policies if title else ""),
        Cell(str(total.kept_back)),
        Cell(str(count_by_law(of.asked.demands))),
        Cell(str(total.delayed)),
        added,
        Cell(str(total.losing)),
        Cell(str(price.not_judged)),
    ]
