"""Whether a run's numbers deserve trust: what the machinery itself did wrong while measuring.

Pure. Each warning is one line that names what was seen and what it means. In the
virtual clock none of this happens unless something is broken; in the real clock a
busy machine sends late, and a late packet is not the packet that was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LATE_PROBE_NS = 1_000_000
LATE_STREAM_NS = 10_000_000
CLOCK_STEP_NS = 1_000_000


def warnings(
    demands: Sequence[Mapping[str, Any]],
    flows: Sequence[Mapping[str, Any]],
    clock_step_ns: int | None,
    damaged_records: int,
) -> list[str]:
    """Reasons for doubt, the gravest first; ``demands`` and ``flows`` as in the summary."""
    found = []
    step_ns = clock_step_ns or 0
    if abs(step_ns) > CLOCK_STEP_NS:
        found.append(
            f"the clock was set by {step_ns / 1e6:.3f} ms while measuring: delays are not valid"
        )
    if damaged_records:
        found.append(f"{damaged_records} records were damaged and left out")
    return found + _late_probes(demands) + _late_streams(flows)


def _late_probes(demands: Sequence[Mapping[str, Any]]) -> list[str]:
    late = [
        (demand["send_lateness_ms"]["p95"], demand["id"])
        for demand in demands
        if (demand.get("send_lateness_ms") or {}).get("p95")
        and demand["send_lateness_ms"]["p95"] * 1e6 > LATE_PROBE_NS
    ]
    if not late:
        return []
    worst_ms, worst = max(late)
    limit_ms = LATE_PROBE_NS / 1e6
    found = f"{len(late)} demands sent 5% of their probes more than {limit_ms:g} ms late"
    meaning = "the machine is too busy for its clock to be trusted"
    return [f"{found} ({worst} {worst_ms:.1f} ms): {meaning}"]


def _late_streams(flows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"the UDP stream of {flow['demand']} fell {flow['send_late_max_ns'] / 1e6:.0f} ms behind: "
        "it did not offer the rate it was asked to"
        for flow in flows
        if (flow.get("send_late_max_ns") or 0) > LATE_STREAM_NS
    ]
