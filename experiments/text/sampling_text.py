"""How much the probes of a run say, in a line or two below its tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from corridor.experiments.account.summary import Summary
from corridor.topologies.base.words import counted
from corridor.traffic.measures.quantiles import CONFIDENCE, QUANTILES, name_of, needed
from corridor.traffic.measures.statistics import Bounds

NAMES = tuple(name_of(*one) for one in QUANTILES)
NEEDED = dict(zip(NAMES, (needed(*one) for one in QUANTILES), strict=True))


def sampling_lines(summary: Summary) -> str:
    """Intervals of round trips, which have none and why, what too few replies do not carry, how
    losses came; empty where nothing was answered or lost."""
    return "\n".join((*_intervals(summary), *_losses(summary)))


def _intervals(summary: Summary) -> Iterator[str]:
    of = [one.sample for one in summary.demands if one.sample is not None and one.received]
    widest = {name: _widest_ms(one.rtt_ms.get(name) for one in of) for name in NAMES}
    told = [f"{name} +-{_time(width)}" for name, width in widest.items() if width is not None]
    if told:
        yield f"{CONFIDENCE:.0%} CI half-width of RTT, maximum: {', '.join(told)}"
    missing = [
        f"{name} of {counted(demands, 'demand')}"
        for name in NAMES
        if (demands := sum(name in one.no_interval for one in of))
    ]
    if missing:
        longest_s = max(one.correlated_s or 0.0 for one in of if one.no_interval)
        yield (
            f"no interval for {', '.join(missing)}: samples are correlated over up to "
            f"{longest_s:.2g} s; run longer or use several seeds"
        )
    few = {name: sum(name in one.left_out for one in of) for name in NAMES}
    lacking = [
        f"{name} of {counted(demands, 'demand')} (needs {NEEDED[name]})"
        for name, demands in few.items()
        if demands
    ]
    if lacking:
        yield f"too few replies: {', '.join(lacking)}"


def _widest_ms(bounds: Iterable[Bounds]) -> float | None:
    """Half of the widest."""
    known = [one[1] - one[0] for one in bounds if one is not None]
    return max(known) / 2 if known else None


def _time(ms: float) -> str:
    return f"{ms * 1000:.3g} us" if ms < 1 else f"{ms:.3g} ms"


def _losses(summary: Summary) -> Iterator[str]:
    """Of demands of which some were answered: of others all are lost, in one run."""
    patterns = [
        (losses, one.id)
        for one in summary.demands
        if one.sample is not None and one.received and (losses := one.sample.losses)
    ]
    if not patterns:
        return
    longest, demand = max(patterns, key=lambda one: one[0].longest)
    runs = sum(one.periods for one, _ in patterns)
    yield (
        f"losses form {counted(runs, 'burst')} in {counted(len(patterns), 'demand')}; longest "
        f"burst: {counted(longest.longest, 'probe')} ({demand})"
    )
