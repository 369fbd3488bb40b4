"""The uncertainty of answers, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.policy.certainty import (
    NEAR_TIE,
    Lawful,
    PathUncertainty,
    price_ns,
    round_trip_ns,
    unruled,
)
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.certainty import (
    DemandUncertainty,
    PathUncertainties,
    about,
    certainty_of,
    certainty_summary,
    interval_summary,
)
from corridor.experiments.answers.demand_parts import SamplesSummary
from corridor.experiments.terminal.columns import render
from corridor.topologies.analysis.monte_carlo import (
    DRAWS,
    Influence,
    Interval,
    draw,
    influences,
    interval_of,
)
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.words import more_ms
from corridor.topologies.model.delay_model import DelayModel
from corridor.topologies.model.topology import Topology

MOST_INFLUENCES = 8


def near_ties_text(found: PathUncertainties, width: int | None = None) -> str:
    """A line on all demands, and a row for each whose jurisdictions are a near tie."""
    near, count = found.near_ties, len(found.demands)
    draws = found.draws.draws
    says = (
        f"{len(near)} of {count} served demands are near ties: their shortest path crosses other "
        f"jurisdictions in at least {NEAR_TIE:.0%} of {draws} Monte Carlo samples of the map"
    )
    if not near:
        return says
    rows = []
    for name in near:
        one = found.demands[name]
        there, rtt = one.there, one.rtt
        rows.append((name, str(rtt or there.taken), f"{there.set_share:.0%}", *_next(there)))
    headings = (
        "near tie",
        "RTT 90 % interval",
        "same jurisdictions",
        "alternative",
        "added one-way delay",
    )
    table = render(
        headings, rows, frozenset({*headings[2:3], headings[4]}), width=width, wrap=headings[3]
    )
    return f"{says}\n\n{table}\nalternative: + enters, - avoids a jurisdiction"


def _next(there: PathUncertainty) -> tuple[str, str]:
    """Jurisdictions that the next set removes and adds, and its additional delay."""
    if there.margin is None:
        return "", ""
    crossed, other = there.crosses, there.margin.jurisdictions
    lacks = [f"-{code}" for code in crossed if code not in other]
    adds = [f"+{code}" for code in other if code not in crossed]
    return " ".join([*lacks, *adds]), more_ms(there.margin.one_way_ns / 1e6, 2)


def explained_certainty(there: PathUncertainty, costs: Interval | None, draws: int) -> str:
    """Of one direction of one demand, in sentences."""
    lines = [f"Uncertainty ({draws} Monte Carlo samples, one-way delay, 90 % intervals):"]
    lines += [f"  {line}" for line in _sentences(there)]
    if draws != DRAWS:
        lines.append(f"  check and run use {DRAWS} samples, so their shares differ slightly")
    if costs is not None and costs.high_ms:
        lines.append(f"  policies add {costs} (90 % interval)")
    return "\n".join(lines)


def _sentences(there: PathUncertainty) -> Iterator[str]:
    yield (
        f"{there.taken} on this path; in {there.path_share:.0%} of samples it is the shortest "
        "permitted path"
    )
    near = " (near tie)" if there.near_tie else ""
    yield (
        f"the shortest permitted path crosses {_set(there.crosses)} in {there.set_share:.0%} of "
        f"samples{near}"
    )
    expected = frozenset(there.crosses)
    others = [one for one in there.sets if frozenset(one.of) != expected]
    for other in others[:2]:
        yield f"  and {_set(other.of)} in {other.share:.0%}"
    if there.margin is not None:
        more = more_ms(there.margin.one_way_ns / 1e6, 2)
        yield f"next alternative {_set(there.margin.jurisdictions)}: {more}"
    if there.blocked_share:
        yield f"in {there.blocked_share:.0%} of samples no permitted path meets the delay bound"


def _set(codes: Sequence[str]) -> str:
    return " ".join(codes)


def tornado_text(
    influences: Sequence[Influence], now: Interval, draws: int, width: int | None = None
) -> str:
    """Which input, known exactly, would narrow the answer most."""
    rows = [
        (
            one.input,
            f"{one.variance_share:.0%}",
            f"{one.width_ms:.1f} ms",
            f"{one.set_share:.0%}",
        )
        for one in influences[:MOST_INFLUENCES]
    ]
    headings = (
        "input",
        "share of RTT variance",
        "spread if known",
        "share of jurisdiction changes",
    )
    table = render(headings, rows, frozenset(headings[1:]), width=width, spare=headings[2:3])
    head = (
        f"Sensitivity ({draws} samples): the 90 % interval of the RTT is {now.width_ms:.1f} ms wide"
    )
    legend = "spread if known: width of this interval if the input were known exactly"
    return f"{head}\n{table}\n{legend}"


# Uncertainty of one demand's answer, and what reduces it, for ``corridor explain``.

EXPLAINED_DRAWS = 2000
"""Of one demand, more are cheap: shares are then sure to two points of a hundred."""


@dataclass(frozen=True)
class ExplainedCertainty:
    """Empty where the demand has no path."""

    of: SamplesSummary
    demand: DemandUncertainty | None
    influences: tuple[Influence, ...] | None
    """None where they were not asked for."""
    costs: Interval | None = None
    """What policies add, one way, on the same draws; None where there is no lawful path."""

    def to_json(self) -> JsonObject:
        if self.demand is None:
            return {"certainty": None}
        costs, moved = self.costs, self.influences
        said = {
            "of": to_plain(self.of),
            **to_plain(certainty_summary(self.demand)),
            **({} if costs is None else {"costs_one_way_ms": to_plain(interval_summary(costs))}),
            **({} if moved is None else {"influences": [asdict(one) for one in moved]}),
        }
        return {"certainty": said}

    def sections(self, width: int | None = None) -> tuple[str, ...]:
        """Of the text, in order."""
        if self.demand is None:
            return ()
        there, draws = self.demand.there, self.of.draws
        text = explained_certainty(there, self.costs, draws)
        if self.influences is None:
            return (text,)
        now = self.demand.rtt or there.taken
        return text, tornado_text(self.influences, now, draws, width)


def ask(
    topology: Topology,
    model: DelayModel,
    graph: ForwardingGraph,
    answers: ForwardingGraph | None,
    *,
    influences: bool,
) -> ExplainedCertainty:
    """Of a demand as it is served, with its answers if there are any."""
    lawful = Lawful(draw(topology, model, draws=EXPLAINED_DRAWS))
    said = about(lawful.ensemble, model)
    there = certainty_of(lawful, graph)
    if there is None:
        return ExplainedCertainty(said, None, None)
    back = None if answers is None else certainty_of(lawful, answers)
    demand = DemandUncertainty(there, back)
    found = _influences(lawful, demand) if influences else None
    return ExplainedCertainty(said, demand, found, _costs(lawful, graph.intent.applicable_policies))


def _costs(lawful: Lawful, applicable_policies: ApplicablePolicies) -> Interval | None:
    added = price_ns(
        lawful, [applicable_policies], [unruled(lawful.topology, applicable_policies.demand)]
    )
    known = added[~np.isnan(added)]
    return interval_of(known) if len(known) else None


def _influences(lawful: Lawful, demand: DemandUncertainty) -> tuple[Influence, ...]:
    there, back = demand.there, demand.back
    rtt_ns = there.taken_ns.astype(np.float64) if back is None else round_trip_ns(there, back)
    return influences(lawful.ensemble.inputs, rtt_ns, there.as_expected)
