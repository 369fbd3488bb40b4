"""The effect of a cut on Internet traffic, in sentences and a table. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sized

from corridor.experiments.answers.internet_cut import (
    LEAST_GBPS,
    CountryCut,
    InternetCut,
    Rate,
)
from corridor.experiments.terminal.columns import LEAST_WIDTH, render
from corridor.topologies.base.words import counted, few, joined_few, ms, short_name

HEADINGS = ("country", "offered", "at once", "own in minutes", "bought in days")
MOST_COUNTRIES, MOST_NAMED, MOST_RTTS, MOST_HOLDINGS = 5, 6, 3, 3
TERA_FROM_GBPS = 10_000
ALL_OWNERS = "all"
FROM_THE_GULF = "coarse:europe-gulf"


def internet_sentence(of: InternetCut, names: Mapping[str, str] | None = None) -> str:
    """Return the answer in short: the countries that lose most.

    With ``names`` of jurisdictions, it names the countries without figures if no other country is
    affected; ``internet_notes`` names them otherwise.
    """
    said = losses(of) or _no_loss(of, names)
    return f"Internet traffic{', by the model' if of.countries else ''}: {said}"


def _no_loss(of: InternetCut, names: Mapping[str, str] | None) -> str:
    if of.countries:
        return "countries with figures lose nothing." if of.unknown else "nothing is lost."
    if of.unknown:
        of_whom = f" of {_unknown(of, names)}" if names is not None else ""
        return f"the effect is unknown, for lack of figures{of_whom}."
    return f"no capacity of {of.date} is known there, so the effect is unknown."


def _unknown(of: InternetCut, names: Mapping[str, str]) -> str:
    every = (short_name(names.get(one.country, one.country)) for one in of.unknown)
    return few(every, MOST_NAMED)


def losses(of: InternetCut) -> str:
    """Return what the countries lose that lose most; empty if none does."""
    lacking = [one for one in of.countries if one.shortfall("none").value > LEAST_GBPS]
    tera, said = _in_tera(of), list[str]()
    known = [one.name for one in of.countries if one.split == "published"]
    if lacking and known and lacking[0].split == "assumed":
        said.append(f"{joined_few(known, MOST_NAMED)} {_verb(known)} nothing.")
    said += [_loses(one, tera) for one in lacking[:2]]
    if len(lacking) > 2:
        more = lacking[2:]
        said.append(f"{counted(len(more), 'more country')} {_verb(more)} traffic.")
    return " ".join(said)


def _verb(of: Sized) -> str:
    return "loses" if len(of) == 1 else "lose"


def _in_tera(of: InternetCut) -> bool:
    return any(one.offered_gbps.value >= TERA_FROM_GBPS for one in of.countries[:MOST_COUNTRIES])


def _loses(of: CountryCut, tera: bool) -> str:
    at_once, bought = (_rate(of.shortfall(one), tera) for one in ("none", "bought"))
    given = "With an assumed split by cable, " if of.split == "assumed" else ""
    offered = f"{_number(of.offered_gbps.value, tera)} {_unit(tera)}"
    return f"{given}{of.name} loses {at_once} of {offered} at once, {bought} after purchases."


def internet_text(of: InternetCut, names: Mapping[str, str], width: int | None = None) -> str:
    """Return the sentence and the table, without the demands of a scenario."""
    said = wrapped(internet_sentence(of, names), width)
    return "\n".join([said, *internet_lines(of, names, width)])


def internet_lines(
    of: InternetCut, names: Mapping[str, str], width: int | None = None
) -> Iterator[str]:
    """Yield the table of countries, and what it rests on; ``names`` are those of jurisdictions."""
    if of.countries:
        title, rows = internet_table(of)
        yield wrapped(title, width)
        right = frozenset(HEADINGS[1:])
        yield render(HEADINGS, rows, right, width=width, spare=("offered", HEADINGS[3]))
    for line in internet_notes(of, names):
        yield wrapped(line, width)


def wrapped(text: str, width: int | None) -> str:
    """Within the width of a terminal."""
    if width is None:
        return text
    return textwrap.fill(text, max(width, LEAST_WIDTH), subsequent_indent="  ")


def internet_table(of: InternetCut) -> tuple[str, list[tuple[str, ...]]]:
    """Return a title and a row for each of the first countries, in the order of ``HEADINGS``."""
    shown = of.countries[:MOST_COUNTRIES]
    tera = _in_tera(of)
    rows = [
        (
            f"{one.name}*" if one.split == "assumed" else one.name,
            _number(one.offered_gbps.value, tera),
            *(_rate(after.shortfall_gbps, tera) for after in one.after),
        )
        for one in shown
    ]
    more = counted(len(of.countries) - len(shown), "more country")
    rest = "" if len(of.countries) == len(shown) else f"; {more} in --json"
    unit = f"{_unit(tera)}, 90 % interval of the figures under one model"
    title = f"Internet traffic not carried, busy hour of {of.date} ({unit})"
    return f"{title}{rest}", rows


def internet_notes(of: InternetCut, names: Mapping[str, str]) -> Iterator[str]:
    """Yield what the table does not have: round trips, owners, full holdings, what is unknown.
    Without a table, the sentence says what is unknown."""
    if rtts := [*_rtts(of.countries)]:
        yield f"RTT of rerouted traffic after purchases: {few(rtts, MOST_RTTS)}"
    if owners := [*_owners(of.countries)]:
        yield f"Owners with cut capacity: {few(owners, MOST_NAMED)}"
    full = dict.fromkeys(name for one in of.countries for name in one.after[-1].full)
    if full:
        yield f"Full after purchases: {few(full, MOST_HOLDINGS)}"
    if any(one.split == "assumed" for one in of.countries):
        yield "* A published total, divided among cables by our assumption"
    if of.countries and FROM_THE_GULF in of.segments:
        yield (
            "Traffic handed over in the Gulf counts as delivered, though part of it goes on "
            "through the Red Sea; the model has no path by land from the Gulf to Europe"
        )
    if of.unknown and of.countries:
        yield f"Effect unknown, for lack of figures: {_unknown(of, names)}"


def internet_uncertainty(of: InternetCut) -> Iterator[str]:
    """Yield what makes the figures uncertain."""
    if of.countries:
        yield (
            "Internet traffic comes from one model of published capacities, not from a "
            f"measurement; its intervals contain 90 % of {of.samples} samples of uncertain figures "
            "under that model, and say nothing of errors of the model."
        )


def _rtts(of: Iterable[CountryCut]) -> Iterator[str]:
    for one in of:
        after = one.after[-1].rtt_ms
        if one.rtt_before_ms is not None and after is not None:
            yield f"{one.name} {ms(one.rtt_before_ms, 0)} -> {ms(after, 0)}"


def _owners(of: Iterable[CountryCut]) -> Iterator[str]:
    for country in of:
        names = [one.owner for one in country.owners if one.owner != ALL_OWNERS]
        if names:
            yield f"{', '.join(names)} ({country.name})"


def _rate(of: Rate, tera: bool) -> str:
    value = _number(of.value, tera)
    return (
        value
        if of.high <= LEAST_GBPS
        else f"{value} ({_number(of.low, tera)}-{_number(of.high, tera)})"
    )


def _number(gbps: float, tera: bool) -> str:
    value = gbps / 1000 if tera else gbps
    if value <= LEAST_GBPS:
        return "0"
    if value >= 99.5:
        return f"{value:,.0f}"
    digits = 2 if value < 9.95 else 1
    return f"{value:.{digits}f}" if value >= 0.01 else "<0.01"


def _unit(tera: bool) -> str:
    return "Tbit/s" if tera else "Gbit/s"
