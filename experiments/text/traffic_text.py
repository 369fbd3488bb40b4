"""Background traffic in sentences and tables. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from corridor.experiments.answers.traffic_answer import TrafficAnswer, TrafficOfCountry
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import confidence_word, joined, percent

MOST_WIDTH, LEAST_GBPS = 100, 0.5
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
MEASURES = {"in-service": "capacity", "load": "load"}


def told(of: TrafficAnswer, width: int | None = None) -> str:
    """One country in full, or one row for each country; then published totals and gaps."""
    one = len(of.countries) == 1
    parts = [
        _wrapped(_heading(of), width),
        *(_in_full(of, of.countries[0], width) if one else [_countries(of, width)]),
        _totals(of, width),
        _unknown(of, width),
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
            _number(one.offered_gbps),
            _interval(one.low_gbps, one.high_gbps),
            "" if one.rtt_ms is None else f"{one.rtt_ms:.0f} ms",
        )
        for one in of.flows
    ]
    offered = _interval(country.offered_low_gbps, country.offered_high_gbps)
    flows.append(("all", "", _number(country.offered_gbps), offered, ""))
    yield render(FLOW_HEADS, flows, RIGHT, width=width, spare=("RTT", "interval"))
    holdings = [
        (
            one.id,
            _number(one.capacity_gbps),
            _interval(one.low_gbps, one.high_gbps),
            _number(one.load_gbps),
            "" if one.utilization is None else percent(one.utilization),
            one.published,
            confidence_word(one.confidence),
            one.source,
        )
        for one in of.holdings
    ]
    capacity = _interval(country.capacity_low_gbps, country.capacity_high_gbps)
    holdings.append(("all", _number(country.capacity_gbps), capacity, "", "", "", "", ""))
    spare = ("source", "confidence", "figure of", "interval", "load", "in service")
    yield render(HOLDING_HEADS, holdings, RIGHT, width=width, spare=spare)
    yield from (_wrapped(one, width) for one in _limits(of, country))


def _limits(of: TrafficAnswer, country: TrafficOfCountry) -> Iterator[str]:
    """What does not grow, and what finds no capacity."""
    full = {one.system: one.bound_gbps for one in of.holdings if one.at_bound and one.bound_gbps}
    if full:
        listed = joined(f"{system} {_number(most)}" for system, most in full.items())
        yield f"At the bound of their system, so that growth stops (Gbit/s): {listed}."
    if country.unserved_gbps >= LEAST_GBPS:
        yield (
            f"{_number(country.unserved_gbps)} Gbit/s exceed the capacity of their owners with "
            "nothing cut: traffic grows on, and capacity that was added later is not known."
        )


def _countries(of: TrafficAnswer, width: int | None) -> str:
    rows = [
        (
            one.country,
            SPLITS[one.split],
            _number(one.capacity_gbps),
            _interval(one.capacity_low_gbps, one.capacity_high_gbps),
            _number(one.offered_gbps),
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
            _number(one.model_gbps),
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


def _unknown(of: TrafficAnswer, width: int | None) -> str:
    lines = [f"{one.country}: {text}" for one in of.countries for text in one.unknown]
    lines += [f"{one.country}: {one.what} ({one.note})" for one in of.unknown]
    return "\n".join(["Unknown:", *(_wrapped(one, width, "  ") for one in lines)] if lines else [])


def _wrapped(text: str, width: int | None, indent: str = "") -> str:
    """Within the width of a terminal, and never wider than prose is read."""
    least = min(width or MOST_WIDTH, MOST_WIDTH)
    return textwrap.fill(text, least, initial_indent=indent, subsequent_indent=2 * indent)


def _number(gbps: float) -> str:
    return f"{gbps:,.0f}" if gbps >= 99.5 else f"{gbps:.3g}"


def _interval(low: float, high: float) -> str:
    return f"{_number(low)}-{_number(high)}"


def _published(gbps: float, low: float, high: float) -> str:
    return _number(gbps) if low == high else _interval(low, high)
