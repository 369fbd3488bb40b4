"""Whether a run's numbers deserve trust: what the machinery itself did wrong while measuring.

Pure. Each warning is one line that names what was seen and what it means. In the
virtual clock none of this happens unless something is broken; in the real clock a
busy machine sends late, and a late packet is not the packet that was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from corridor.experiments.account.flows import FlowRow
from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.traffic.agents.jobs import CHARGED

LATE_PROBE_NS = 1_000_000
LATE_STREAM_NS = 10_000_000
CLOCK_STEP_NS = 1_000_000
BADLY_LATE_NS = 20_000_000
"""The default interval of probes and the default depth of a queue: a probe this late leaves where
the next one should, and a stream that catches up by as much fills a queue alone."""


def warnings(
    demands: Sequence[DemandSummary],
    flows: Sequence[FlowRow],
    clock_step_ns: int | None,
    damaged_records: int,
) -> list[str]:
    """Why not to trust a run, the gravest first; ``demands`` and ``flows`` as in the summary."""
    found = []
    step_ns = clock_step_ns or 0
    if abs(step_ns) > CLOCK_STEP_NS:
        found.append(
            f"the clock was set by {step_ns / 1e6:.3f} ms while measuring: delays are not valid"
        )
    if damaged_records:
        found.append(f"{damaged_records} records were damaged and left out")
    return found + _late_probes(demands) + _late_streams(flows)


def invalidity(
    demands: Sequence[DemandSummary],
    flows: Sequence[FlowRow],
    clock_step_ns: int | None,
) -> str | None:
    """Why a run's numbers are not those of the network that was asked for, if they are not."""
    step_ns = clock_step_ns or 0
    if abs(step_ns) > CLOCK_STEP_NS:
        return f"the clock was set by {step_ns / 1e6:.3f} ms while measuring"
    late = [(lateness_ns, f"probes of {name}") for name, lateness_ns in _probe_lateness(demands)]
    late += [
        (lateness_ns, f"UDP stream of {flow.demand}")
        for flow in flows
        if (lateness_ns := flow.found.send_late_p99_ns)
    ]
    worst_ns, worst = max(late, default=(0, ""))
    if worst_ns <= BADLY_LATE_NS:
        return None
    return (
        f"the machine was too busy: the {worst} left {worst_ns / 1e6:.0f} ms late, "
        f"and {BADLY_LATE_NS / 1e6:g} ms are too many"
    )


def _probe_lateness(demands: Sequence[DemandSummary]) -> list[tuple[str, int]]:
    """By demand, the highest quantile that its probes carry, so that the reported slowest is
    at most this late; of few probes, the latest."""
    found = []
    for demand in demands:
        late = demand.send_lateness_ms
        told = (late.p99, late.p95, late.max) if late is not None else ()
        worst_ms = next((one for one in told if one is not None), None)
        if worst_ms is not None:
            found.append((demand.id, round(worst_ms * 1e6)))
    return found


def _late_probes(demands: Sequence[DemandSummary]) -> list[str]:
    late = [
        (p95_ms, demand.id)
        for demand in demands
        if demand.send_lateness_ms is not None
        and (p95_ms := demand.send_lateness_ms.p95)
        and p95_ms * 1e6 > LATE_PROBE_NS
    ]
    if not late:
        return []
    worst_ms, worst = max(late)
    limit_ms = LATE_PROBE_NS / 1e6
    found = f"{len(late)} demands sent 5% of their probes more than {limit_ms:g} ms late"
    meaning = "the machine is too busy for its clock to be trusted"
    return [f"{found} ({worst} {worst_ms:.1f} ms): {meaning}"]


def _late_streams(flows: Sequence[FlowRow]) -> list[str]:
    return [
        f"the UDP stream of {flow.demand} fell {late_ns / 1e6:.0f} ms behind: "
        "it did not offer the rate it was asked to"
        for flow in flows
        if (late_ns := flow.found.send_late_max_ns or 0) > LATE_STREAM_NS
    ]


# What makes a run a failure: a claim that does not hold, or numbers that are not valid. Pure.

QUIETER = "repeat it on a quieter machine or with the virtual clock"
ADVICE_OF = {CHARGED: "ask less of its one processor: fewer demands, lower rates; or --testbed uml"}


def has_failed(summary: Summary) -> bool:
    """Whether packets were where none may be, or something expected did not come true."""
    seen = summary.crossings
    unmet = [one for one in summary.expectations if not one.holds]
    return bool(unmet or (seen is not None and (seen.forbidden or seen.strange)))


def refuse_invalid(summary: Summary) -> None:
    """Raise MeasurementInvalid for numbers that are not those of the network asked for."""
    if summary.invalid:
        raise MeasurementInvalid(
            f"the measurement is not valid: {summary.invalid}",
            f"all of it is kept; {ADVICE_OF.get(summary.clock, QUIETER)}",
        )
