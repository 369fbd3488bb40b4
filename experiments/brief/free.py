"""The brief of a run without policies: how long demands take, and what the worst cut does. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from corridor.experiments.brief.delays import Delay
from corridor.experiments.brief.document import Brief, Chart, Table
from corridor.experiments.brief.places import Places
from corridor.experiments.brief.policies import DEMAND, Question, policy_brief
from corridor.experiments.pages.demands import Asked
from corridor.topologies.base.words import counted

NOTHING_CHECKED = (
    "No policy set is active, so nothing was checked for compliance. This says nothing about what "
    "the law permits."
)
MOST = 5
"""Demands that are shown: those with the longest round trips."""


def free_brief(of: Question, worst: str) -> Brief:
    """The longest round trips of a scenario without policies; ``worst`` is the worst cut."""
    places = Places(of.where, of.demands)
    order = sorted(of.demands, key=lambda one: -(one.under[0].round_trip_ms or 0.0))
    served = [one for one in order if not one.under[0].is_kept_back]
    part = policy_brief(replace(of, demands=order[:MOST], measured=[], helps=[], lost={}))
    return replace(
        part,
        about=f"Without policies. {of.kind}.",
        question=(
            f"How long do the {counted(len(of.demands), 'demand')} of this scenario take on the "
            f"shortest paths, and which cut affects them most? {DEMAND}"
        ),
        answer=[
            f"{len(served)} of {counted(len(of.demands), 'demand')} have a path.",
            *(_longest(one, places) for one in served[:1]),
            *([places.sentence(worst)] if worst else []),
            *of.measured,
        ],
        certainty=next(
            (_delay(one).certainty("longest round-trip time") for one in served), "no path exists"
        ),
        uncertainty=[*part.uncertainty, NOTHING_CHECKED],
        picture=part.picture and replace(part.picture, meanings={"permitted": "shortest path"}),
        chart=_chart(order[:MOST], places),
        table=Table(
            f"The {MOST} demands with the longest RTT" if len(order) > MOST else "Demands",
            ("Demand", "RTT"),
            [[row[0], row[1]] for row in part.table.rows],
            f"{counted(len(order) - MOST, 'demand')} with a shorter RTT are in the full results."
            if len(order) > MOST
            else "",
        ),
        helps=["A policy set: corridor price computes what each would change."],
        footer=f"Made by corridor from scenario {of.scenario}.",
    )


def _longest(of: Asked, places: Places) -> str:
    delay = _delay(of)
    where = places.between(of.src, of.dst)
    return f"The longest round-trip time (RTT) is {delay.text} {delay.known}: {where}."


def _delay(of: Asked) -> Delay:
    under, sure = of.under[0], of.under[0].certainty
    interval = (sure.rtt_ms.low, sure.rtt_ms.high) if sure and sure.rtt_ms else None
    return Delay(under.round_trip_ms or 0.0, interval)


def _chart(shown: Sequence[Asked], places: Places) -> Chart:
    bars = [
        _delay(one).bar(places.between(one.src, one.dst), one.id, other=one.under[0].measured_ms)
        for one in shown
        if one.under[0].round_trip_ms is not None
    ]
    return Chart(
        "Longest round-trip times",
        "ms",
        bars,
        "computed",
        "90 % interval" if any(bar.interval for bar in bars) else "",
        "measured, median" if any(bar.other is not None for bar in bars) else "",
    )
