"""Background traffic, and the effect of a cut on it, in sentences and tables. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sized
from functools import partial

from corridor.experiments.answers.internet_cut import (
    LEAST_GBPS,
    CountryCut,
    InternetCut,
    Rate,
)
from corridor.experiments.answers.traffic_answer import TrafficAnswer, TrafficOfCountry
from corridor.experiments.terminal.columns import LEAST_WIDTH, prose, render
from corridor.topologies.base.words import (
    confidence_word,
    counted,
    few,
    joined,
    joined_few,
    ms,
    percent,
    short_name,
)

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


LEAST_SHOWN_GBPS = 0.5
FLOW_HEADS = ("owner", "direction", "offered", "interval", "RTT")
HOLDING_HEADS = (
    *("holding", "in service", "interval", "load", "utilization", "figure of", "confidence"),
    "source",
)
COUNTRY_HEADS = (
    *("country", "by cable", "in service", "interval", "offered", "interval", "figures are"),
)
TOTAL_HEADS = (
    *("country", "published", "date", "Gbit/s", "model", "difference", "confidence", "source"),
)
RIGHT = frozenset(
    {"offered", "interval", "interval/2", "RTT", "in service", "load", "utilization", "Gbit/s"}
    | {"model", "difference"}
)
MORE = "owners, directions and holdings"
SPLITS = {"published": "published", "assumed": "assumed", "total": "total only"}
_wrapped = partial(prose, hyphens=True)
MEASURES = {"in-service": "capacity", "load": "load"}


def told(of: TrafficAnswer, width: int | None = None) -> str:
    """One country in full, or one row for each country; then published totals and gaps."""
    one = len(of.countries) == 1
    parts = [
        _wrapped(_heading(of), width),
        *(_in_full(of, of.countries[0], width) if one else [_countries(of, width)]),
        _totals(of, width),
        _unknown_figures(of, width),
        "" if one else _wrapped(f"corridor traffic PK shows {MORE} of Pakistan.", width),
    ]
    return "\n\n".join(filter(None, parts))


def _heading(of: TrafficAnswer) -> str:
    names = joined(one.name for one in of.countries)
    which = names if len(of.countries) == 1 else f"{len(of.countries)} countries"
    return (
        f"Background Internet traffic of {which} on {of.date}: Gbit/s in the busy hour, one "
        f"direction, computed from published figures; 90 % intervals of {of.samples:,} samples of "
        "the figures under one model. It is separate from the demands of scenarios."
    )


def _in_full(of: TrafficAnswer, country: TrafficOfCountry, width: int | None) -> Iterator[str]:
    caches = country.cache_share
    served = (
        f" Caches in the country serve {percent(caches)} of its users' traffic before that."
        if caches is not None
        else ""
    )
    yield _wrapped(f"Figures are: {country.kind}.{served}", width)
    flows = [
        (
            one.owner,
            one.direction,
            _in_unit(one.offered_gbps),
            _interval(one.low_gbps, one.high_gbps),
            "" if one.rtt_ms is None else f"{one.rtt_ms:.0f} ms",
        )
        for one in of.flows
    ]
    offered = _interval(country.offered_low_gbps, country.offered_high_gbps)
    flows.append(("all", "", _in_unit(country.offered_gbps), offered, ""))
    yield render(FLOW_HEADS, flows, RIGHT, width=width, spare=("RTT", "interval"))
    holdings = [
        (
            one.id,
            _in_unit(one.capacity_gbps),
            _interval(one.low_gbps, one.high_gbps),
            _in_unit(one.load_gbps),
            "" if one.utilization is None else percent(one.utilization),
            one.published,
            confidence_word(one.confidence),
            one.source,
        )
        for one in of.holdings
    ]
    capacity = _interval(country.capacity_low_gbps, country.capacity_high_gbps)
    holdings.append(("all", _in_unit(country.capacity_gbps), capacity, "", "", "", "", ""))
    spare = ("source", "confidence", "figure of", "interval", "load", "in service")
    yield render(HOLDING_HEADS, holdings, RIGHT, width=width, spare=spare)
    yield from (_wrapped(one, width) for one in _limits(of, country))


def _limits(of: TrafficAnswer, country: TrafficOfCountry) -> Iterator[str]:
    """What does not grow, and what finds no capacity."""
    full = {one.system: one.bound_gbps for one in of.holdings if one.at_bound and one.bound_gbps}
    if full:
        listed = joined(f"{system} {_in_unit(most)}" for system, most in full.items())
        yield f"At the bound of their system, so that growth stops (Gbit/s): {listed}."
    if country.unserved_gbps >= LEAST_SHOWN_GBPS:
        yield (
            f"{_in_unit(country.unserved_gbps)} Gbit/s exceed the capacity of their owners with "
            "nothing cut: traffic grows on, and capacity that was added later is not known."
        )


def _countries(of: TrafficAnswer, width: int | None) -> str:
    rows = [
        (
            one.country,
            SPLITS[one.split],
            _in_unit(one.capacity_gbps),
            _interval(one.capacity_low_gbps, one.capacity_high_gbps),
            _in_unit(one.offered_gbps),
            _interval(one.offered_low_gbps, one.offered_high_gbps),
            one.kind,
        )
        for one in sorted(of.countries, key=lambda one: list(SPLITS).index(one.split))
    ]
    spare = ("interval", "figures are", "interval/2")
    table = render(COUNTRY_HEADS, rows, RIGHT, width=width, spare=spare, wrap="figures are")
    return f"{table}\n{_wrapped('Rows are of different kinds: do not add or compare them.', width)}"


def _totals(of: TrafficAnswer, width: int | None) -> str:
    rows = [
        (
            one.country,
            f"{one.what} ({MEASURES[one.measure]})",
            one.date,
            _published(one.published_gbps, one.low_gbps, one.high_gbps),
            _in_unit(one.model_gbps),
            f"{one.difference:+.0%}{' (input)' if one.input else ''}",
            confidence_word(one.confidence),
            one.source,
        )
        for one in of.totals
    ]
    if not rows:
        return ""
    spare = ("source", "confidence", "date", "difference")
    table = render(TOTAL_HEADS, rows, RIGHT, width=width, spare=spare, wrap="published")
    return f"Published totals:\n{table}"


def _unknown_figures(of: TrafficAnswer, width: int | None) -> str:
    lines = [f"{one.country}: {text}" for one in of.countries for text in one.unknown]
    lines += [f"{one.country}: {one.what} ({one.note})" for one in of.unknown]
    return "\n".join(["Unknown:", *(_wrapped(one, width, "  ") for one in lines)] if lines else [])


def _in_unit(gbps: float) -> str:
    return f"{gbps:,.0f}" if gbps >= 99.5 else f"{gbps:.3g}"


def _interval(low: float, high: float) -> str:
    return f"{_in_unit(low)}-{_in_unit(high)}"


def _published(gbps: float, low: float, high: float) -> str:
    return _in_unit(gbps) if low == high else _interval(low, high)
