"""What carrying out a plan takes: memory of a guest, and about how long. Pure.

Fitted to runs of 5 to 968 hubs and 6 to 1,000 demands on a machine of 2 cores (docs/benchmarks.md).
By it, a run of 2,031 hubs had a guest of 6 GB, which was enough.
Memory is safe to rely on; the time is for a person who decides whether to wait.
"""

from __future__ import annotations

from dataclasses import dataclass

from corridor.controller.forwarding.program import Program
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.agents.stream_out import StreamOut

MB = 1_000_000
BASE_MB, HUB_MB, ENTRY_MB = 200, 0.9, 0.016
USUAL_GUEST_MB = 2048
GUEST_STEP_MB = 1024
SPARE = 2
"""A guest is offered this multiple of what it is likely to touch; unused memory costs nothing."""
BOOT_S, PORT_S, ENTRY_S = 3.0, 0.006, 0.0005
PROBE_HOP_S, FRAME_S, TRANSFER_SHARE = 6e-5, 8e-6, 0.5
FRAME_BITS = 12_000
TOLD_S = 60


@dataclass(frozen=True)
class Needs:
    """Of one plan in a guest with the virtual clock."""

    touched_mb: int
    """What of its memory a guest is likely to touch."""
    guest_mb: int
    """What it is offered."""
    building_s: float
    measuring_s: float

    @property
    def said(self) -> str | None:
        """For who waits; None if it is not worth a word."""
        total_s = self.building_s + self.measuring_s
        if total_s < TOLD_S:
            return None
        return (
            f"this takes about {total_s / 60:.0f} min on 2 cores that do nothing else, "
            f"{self.building_s / 60:.1f} of them for the network and its tables, "
            f"and {self.touched_mb / 1000:.1f} GB"
        )


def needs(plan: Plan) -> Needs:
    """Reckoned from the size of its network, of its tables, and of what is sent."""
    hubs, fibres = len(plan.wiring.hubs), len(plan.wiring.fibres)
    entries = entries_of(plan.program)
    touched_mb = _touched_mb(hubs, entries)
    return Needs(
        touched_mb=round(touched_mb),
        guest_mb=_offered_mb(touched_mb),
        building_s=BOOT_S + PORT_S * 2 * (hubs + fibres) + ENTRY_S * entries,
        measuring_s=_measuring_s(plan),
    )


def entries_of(program: Program) -> int:
    return sum(len(switch.flows) for switch in program.switches)


def guest_mb(hubs: int, entries: int) -> int:
    """What a guest with a network of a size is offered, for whatever else runs in it."""
    return _offered_mb(_touched_mb(hubs, entries))


def _touched_mb(hubs: int, entries: int) -> float:
    return BASE_MB + HUB_MB * hubs + ENTRY_MB * entries


def _offered_mb(touched_mb: float) -> int:
    return max(USUAL_GUEST_MB, int(-(-SPARE * touched_mb // GUEST_STEP_MB) * GUEST_STEP_MB))


def _measuring_s(plan: Plan) -> float:
    hops = sum(demand.probes * 2 * len(demand.fibres) for demand in plan.demands)
    bits: float = sum(
        stream.rate_bps * stream.duration_ns / NS_PER_S
        for host in plan.job.hosts
        for stream in host.of(StreamOut)
    )
    transfers_s = sum(transfer.duration_s for transfer in plan.transfers)
    longest = max((len(demand.fibres) for demand in plan.demands), default=0)
    return PROBE_HOP_S * hops + FRAME_S * longest * bits / FRAME_BITS + TRANSFER_SHARE * transfers_s
