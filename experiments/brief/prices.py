"""The brief of prices: of one policy set, or of several compared with each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.names import Names
from corridor.experiments.answers.ways_of_sets import WaysDocument
from corridor.experiments.answers.words import LEAST_MS, ms
from corridor.experiments.brief.delays import Delay
from corridor.experiments.brief.document import Bar, Brief, Cell, Chart, Table
from corridor.experiments.brief.places import Places
from corridor.experiments.brief.policies import (
    DEMAND,
    NOT_COVERED,
    Question,
    affected,
    beliefs_of,
    count_by_law,
    policy_brief,
    titled,
)
from corridor.experiments.pages.demands import Asked
from corridor.experiments.pages.price_demands import of_prices
from corridor.experiments.results.outcome import Outcome
from corridor.experiments.results.price import DemandPrice, SetPrice, ValuePrice
from corridor.experiments.results.price_changes import Change
from corridor.experiments.results.price_text import Prices
from corridor.topologies.base.words import counted, joined

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


def price_brief(prices: Prices, ways: WaysDocument) -> Brief:
    questions = [_question(prices, ways, number) for number in range(len(ways.sets))]
    if len(questions) == 1:
        part = policy_brief(questions[0])
        return replace(part, helps=[*_hypothetical(prices), *part.helps])
    return _sets_brief(prices, questions)


def _question(prices: Prices, ways: WaysDocument, number: int) -> Question:
    of, places = prices.sets[number], Places(ways.map)
    every = of_prices(prices, ways)
    is_measured = any(one.measured_extra_ms is not None for one in of.demands)
    return Question(
        scenario=prices.scenario,
        policies=of.policies,
        as_of=prices.as_of,
        against=prices.against,
        names=ways.names,
        where=ways.map,
        demands=[replace(one, under=(one.under[number],)) for one in every],
        kind=MEASURED if is_measured else COMPUTED,
        lost={one.demand: one.with_readings.lost for one in of.demands if one.with_readings.lost},
        helps=[*_changes(of, places, ways.names), *_readings(of)],
        measured=list(_measured(of.demands, places)),
    )


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
    what = of.what.partition(" (")[0] if of.kind == "basis" else of.what
    return CHANGES[of.kind].format(places.sentence(what))


def _effect(of: Change) -> str:
    if of.saves_ms >= LEAST_MS:
        return f"saves {of.saves_ms * 1e6 / of.of.extra_ns:.0%} of the added RTT"
    if of.regains == of.of.lost == 1:
        return "restores the backup path"
    return f"restores {of.regains} of {counted(of.of.lost, 'lost backup path')}"


def _readings(of: SetPrice) -> Iterator[str]:
    """Other values of interpretations that change how many demands pay."""
    chosen = {one.interpretation: one for one in of.both_ways if one.is_chosen}
    for one in of.both_ways:
        now = chosen.get(one.interpretation, one)
        effects = [
            f"{then} {noun} instead of {before}"
            for noun, then, before in zip(COUNTS, _counts(one), _counts(now), strict=True)
            if then != before
        ]
        if effects:
            yield (
                f"Interpretation “{one.question}” read as {one.value}, not as {now.value}: "
                f"{joined(effects)}."
            )


def _counts(of: ValuePrice) -> tuple[int, int, int]:
    return of.total.kept_back, of.total.delayed, of.total.losing


def _sets_brief(prices: Prices, questions: Sequence[Question]) -> Brief:
    """Sets side by side: the demand that each delays most, and how many each blocks."""
    first, names = questions[0], questions[0].names
    places = Places(first.where)
    pairs = list(zip(prices.sets, questions, strict=True))
    costly = [(of, asked) for of, asked in pairs if affected(asked)]
    costly.sort(key=lambda pair: (-pair[0].with_readings.kept_back, -_most_ms(pair[0])))
    shown = _shown(costly)
    lost = {name: found for _, asked in costly for name, found in asked.lost.items()}
    part = policy_brief(replace(first, demands=shown or first.demands[:3], lost=lost, helps=[]))
    picture = part.picture
    if picture is not None and shown:
        picture = replace(picture, caption=f"{MOST_AFFECTED} {picture.caption}")
    against = "no policies" if prices.against == NO_POLICIES else titled(prices.against, names)
    free = [asked for _, asked in pairs if not affected(asked)]
    silent = [asked.policies for asked in free if not _covers(asked)]
    cheap = [asked.policies for asked in free if _covers(asked)]
    others = [f"No cost for the demands it covers: {', '.join(cheap)}."] if cheap else []
    others += [f"Covers no demand: {', '.join(silent)}."] if silent else []
    covers = [] if not any(of.not_judged for of in prices.sets) else [NOT_COVERED]
    return replace(
        part,
        about=f"{counted(len(pairs), 'policy set')}, as of {prices.as_of}. {first.kind}. "
        "Not legal advice.",
        question=(
            f"What does each of {counted(len(pairs), 'policy set')} change for the "
            f"{counted(len(first.demands), 'demand')} of this scenario, compared with {against}? "
            f"{DEMAND}"
        ),
        answer=(
            [_no_cover(len(pairs), len(first.demands))]
            if len(silent) == len(pairs)
            else list(_answer(costly, places, names, len(pairs)))
        ),
        uncertainty=[*part.uncertainty, *(one for one in covers if one not in part.uncertainty)],
        picture=picture,
        chart=_chart(costly, places),
        table=Table(
            "Affected demands, by policy set",
            HEADINGS,
            [_row(of, asked, places) for of, asked in costly],
            " ".join(others),
        ),
        beliefs=beliefs_of(shown, names),
        helps=[
            *_hypothetical(prices),
            *(f"{of.policies}: {line}" for of, asked in costly for line in asked.helps[:1]),
        ]
        or ["No single change was found, or none was searched for."],
        footer=f"Made by corridor from prices of scenario {prices.scenario}.",
    )


def _covers(of: Question) -> bool:
    return any(
        one.under[0].state not in (Outcome.NOT_COVERED, Outcome.NO_PATH) for one in of.demands
    )


def _no_cover(sets: int, demands: int) -> str:
    what = "the demand" if demands == 1 else f"any of the {demands} demands"
    return (
        f"None of the {sets} policy sets covers {what}. "
        "This says nothing about their cost under these laws."
    )


def _shown(costly: Sequence[tuple[SetPrice, Question]]) -> list[Asked]:
    """Up to three demands of each set: first the one that each delays most."""
    ranked = []
    for of, asked in sorted(costly, key=lambda pair: -_most_ms(pair[0])):
        hit = affected(asked)
        if _most_ms(of) >= LEAST_MS:
            most = _most(of).demand
            hit.sort(key=lambda one: one.id != most)
        ranked.append(hit)
    return [hit[place] for place in range(3) for hit in ranked if place < len(hit)]


def _most_ms(of: SetPrice) -> float:
    return max((one.with_readings.extra_ms or 0.0 for one in of.demands), default=0.0)


def _answer(
    costly: Sequence[tuple[SetPrice, Question]], places: Places, names: Names, number: int
) -> Iterator[str]:
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
    kept = costly[0][0].with_readings.kept_back
    if kept:
        strictest = [
            f"{titled(of.policies, names)} ({count_by_law(asked.demands)} by certain legal text)"
            for of, asked in costly
            if of.with_readings.kept_back == kept
        ]
        yield (
            f"The largest number of blocked demands is {kept} of {len(costly[0][1].demands)}, "
            f"under {joined(strictest)}."
        )
    slowest = max((of for of, _ in costly), key=_most_ms)
    if _most_ms(slowest) >= LEAST_MS:
        one = _most(slowest)
        delay = _delay(one)
        sure_ms = one.by_certain_rules.extra_ms or 0.0
        alike = [of.policies for of, _ in costly if _is_as_slow(of, one)]
        yield (
            f"The largest increase is {delay.text} RTT {delay.known}, from "
            f"{places.between(one.src, one.dst)} under {joined(alike)}; confident rules alone "
            f"add {ms(sure_ms) if sure_ms >= LEAST_MS else 'no delay'}."
        )
    yield "Each policy set is evaluated separately."


def _is_as_slow(of: SetPrice, most: DemandPrice) -> bool:
    """Whether a set delays this demand as much, by all rules and by confident ones."""
    return any(
        one.demand == most.demand
        and one.with_readings.extra_ms == most.with_readings.extra_ms
        and one.by_certain_rules.extra_ms == most.by_certain_rules.extra_ms
        for one in of.demands
    )


def _most(of: SetPrice) -> DemandPrice:
    return max(of.demands, key=lambda one: one.with_readings.extra_ms or 0.0)


def _delay(of: DemandPrice) -> Delay:
    sure = of.certainty
    interval = (sure.interval.low_ms, sure.interval.high_ms) if sure else None
    return Delay(of.with_readings.extra_ms or 0.0, interval)


def _chart(costly: Sequence[tuple[SetPrice, Question]], places: Places) -> Chart | None:
    bars = []
    for of, asked in sorted(costly, key=lambda pair: -_most_ms(pair[0])):
        if _most_ms(of) >= LEAST_MS:
            one = _most(of)
            bars.append(
                _delay(one).bar(
                    titled(of.policies, asked.names),
                    f"{places.between(one.src, one.dst)}, {one.demand}",
                    other=one.measured_extra_ms,
                    third=one.by_certain_rules.extra_ms,
                    sign="+",
                )
            )
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
    counts = [
        Bar(of.policies, "", of.with_readings.kept_back, text=str(of.with_readings.kept_back))
        for of, _ in costly
    ]
    return (
        Chart("Blocked demands", "demands", counts, "number of demands", is_count=True)
        if counts
        else None
    )


def _row(of: SetPrice, asked: Question, places: Places) -> list[Cell]:
    most, extra = _most(of), _most_ms(of)
    added = Cell("0 ms")
    if extra >= LEAST_MS:
        delay = _delay(most)
        between = f"90 %: {delay.bounds} ms; " if delay.bounds else ""
        added = Cell(f"+{delay.text}", f"{between}{places.between(most.src, most.dst)}")
    title = asked.names.sets.get(of.policies, "")
    return [
        Cell(title or of.policies, of.policies if title else ""),
        Cell(str(of.with_readings.kept_back)),
        Cell(str(count_by_law(asked.demands))),
        Cell(str(of.with_readings.delayed)),
        added,
        Cell(str(of.with_readings.losing)),
        Cell(str(of.not_judged)),
    ]
