"""Carried traffic of a run: Internet traffic that events take, and how full fibres were. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.account.fibre_use import FibreUse
from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.document import Answers, EventOnInternet
from corridor.experiments.answers.internet_cut import AfterReaction, CountryCut, Rate
from corridor.experiments.text.workload_text import tenths, utilization_said
from corridor.topologies.base.words import few

MOST_FIBRES = 20
"""Directions that are not congested are shown up to this number."""
MOST_HOLDINGS = 3
GIGA = 1000
MODEL = (
    "What events of the timeline take from the Internet traffic of countries is computed by the "
    "model of corridor traffic, for each event alone and as if it lasted. It is not emulated. "
    "Brackets are 90 % intervals of the figures under this model."
)


@dataclass(frozen=True)
class Share:
    """A rate in Tbit/s with its interval, which is empty if there is none."""

    value: str
    interval: str


@dataclass(frozen=True)
class CountryRow:
    event: str
    country: str
    """With a star where its split by cable is our assumption."""
    offered: Share
    carried: Share
    """At once."""
    lost: Sequence[Share]
    """Not carried: at once, after own rerouting, after purchases."""
    full: str
    """Holdings that purchases and rerouting have filled."""


@dataclass(frozen=True)
class FibreRow:
    fibre: str
    start: str
    mean: str
    most: str
    background: str
    dropped: int
    congested: str
    events: str


@dataclass(frozen=True)
class Carried:
    title: str
    said: Sequence[str]
    countries: Sequence[CountryRow]
    has_assumed: bool
    fibres: Sequence[FibreRow]
    has_congested: bool


def carried_of(summary: Summary, answers: Answers | None) -> Carried | None:
    """None of a run without workloads whose events take no Internet traffic."""
    events = answers.internet if answers is not None else ()
    used = summary.fibre_use
    if not events and not used:
        return None
    shown = [one for place, one in enumerate(used) if one.is_congested or place < MOST_FIBRES]
    return Carried(
        title="Carried traffic",
        said=[*([MODEL] if events else []), *([utilization_said(used)] if used else [])],
        countries=[_country(event, one) for event in events for one in event.cut.countries],
        has_assumed=any(one.split == "assumed" for event in events for one in event.cut.countries),
        fibres=[_fibre(one) for one in shown],
        has_congested=any(one.is_congested for one in shown),
    )


def _country(event: EventOnInternet, of: CountryCut) -> CountryRow:
    after: Sequence[AfterReaction] = of.after
    return CountryRow(
        event=event.event,
        country=f"{of.name}{'*' if of.split == 'assumed' else ''}",
        offered=_share(of.offered_gbps),
        carried=_share(after[0].carried_gbps),
        lost=[_share(one.shortfall_gbps) for one in after],
        full=few(after[-1].full, MOST_HOLDINGS),
    )


def _share(of: Rate) -> Share:
    value, low, high = (f"{one / GIGA:.2f}" for one in (of.value, of.low, of.high))
    return Share(value, "" if low == high else f"{low} to {high}")


def _fibre(of: FibreUse) -> FibreRow:
    return FibreRow(
        fibre=of.fibre,
        start=of.from_,
        mean=tenths(of.utilization),
        most=tenths(of.most_utilization),
        background=tenths(of.background) if of.background else "",
        dropped=of.dropped_packets,
        congested=f"{of.congested_s:g} s" if of.is_congested else "",
        events=", ".join(of.congested_in),
    )
