"""A sampled year that was emulated: time without a path, measured next to computed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from corridor.experiments.account.probes import PROBE_PHASE
from corridor.experiments.account.summary import Summary
from corridor.experiments.availability.sampled_year import (
    INTERVAL_MS,
    LEAVING_MS,
    SETTLED_MS,
    SLOT_MS,
    SampledYear,
)
from corridor.topologies.base.codec import Document
from corridor.traffic.measures.samples import Probes

YEAR_SCHEMA = 1


@dataclass(frozen=True)
class YearDemand:
    """Seconds of the year without a path."""

    demand: str
    outages: int
    """Computed: times in which it has no permitted path."""
    computed_s: float
    measured_s: float
    """Lost probes of each state, weighed by how long the state lasts in the year."""
    reacting_s: float
    """Measured: lost probes just after a change, while switches and controller react. These
    seconds are as long in the emulation as in the year."""
    expected_s: float
    """Of a mean year, over all samples of the rates."""


@dataclass(frozen=True)
class YearAnswer(Document):
    """What ``corridor availability --year`` answers."""

    schema: int
    scenario: str
    policies: str
    as_of: str
    climate: str
    seed: int
    failures: int
    states: int
    """Different times of the year with the same fibres down."""
    emulated: int
    """Those that were emulated: all, or merged."""
    cuts: int
    """Fibres cut in the emulation."""
    demands: tuple[YearDemand, ...]
    """Those without a path, or with lost probes, the longest first."""
    served: int
    """Demands in all."""
    outages: int
    computed_s: float
    measured_s: float
    reacting_s: float
    expected_s: float
    """Added over demands."""
    differing: int
    """Pairs of a state and a demand in which measured and computed differ."""
    forbidden: int
    """Packets on a fibre that no permitted path has, or that belong to no demand."""
    account_closes: bool
    virtual_s: float | None
    wall_s: float
    folder: str
    """Of the run."""


def compared(
    year: SampledYear, summary: Summary, probes: Probes, *, climate: str, folder: str
) -> YearAnswer:
    """Compare what a run of the year's timeline measured with what was computed."""
    ids = [one.id for one in summary.demands]
    counted = probes.where(probes.phase == PROBE_PHASE)
    slots = len(year.emulated)
    rows, differing = [], 0
    for demand, expected_s in year.expected_s.items():
        lost, reacting_s = measured_of(counted, ids.index(demand), slots)
        is_out = np.array([demand in one.out for one in year.emulated])
        differing += int(np.count_nonzero(lost != is_out))
        seconds = np.array([one.seconds for one in year.emulated])
        rows.append(
            YearDemand(
                demand,
                sum(is_out for is_out, _ in groupby(is_out.tolist())),
                float(seconds @ is_out),
                float(seconds @ lost),
                reacting_s,
                expected_s,
            )
        )
    crossings = summary.crossings
    strange = (*crossings.forbidden, *crossings.strange) if crossings else ()
    return YearAnswer(
        schema=YEAR_SCHEMA,
        scenario=summary.scenario,
        policies=summary.policies,
        as_of=summary.as_of,
        climate=climate,
        seed=year.seed,
        failures=year.failures,
        states=len(year.states),
        emulated=len(year.emulated),
        cuts=len(year.timeline),
        demands=tuple(
            sorted(
                (one for one in rows if one.computed_s or one.measured_s or one.reacting_s),
                key=lambda one: -one.measured_s - one.reacting_s,
            )
        ),
        served=len(rows),
        outages=sum(one.outages for one in rows),
        computed_s=sum(one.computed_s for one in rows),
        measured_s=sum(one.measured_s for one in rows),
        reacting_s=sum(one.reacting_s for one in rows),
        expected_s=sum(one.expected_s for one in rows),
        differing=differing,
        forbidden=sum(one.packets for one in strange),
        account_closes=summary.account is not None and summary.account.closes,
        virtual_s=summary.virtual_s,
        wall_s=summary.wall_s,
        folder=folder,
    )


def measured_of(probes: Probes, demand: int, slots: int) -> tuple[npt.NDArray[np.float64], float]:
    """Return what a run measured of a demand.

    Args:
        probes: Those that count, of all demands.
        demand: Its number.
        slots: How many states were emulated.

    Returns:
        By slot, the share of settled probes that were lost; and the seconds of other lost probes in
        slots in which it is served.
    """
    rows = probes.where(probes.demand == demand)
    at_ms = (rows.intended_ns - probes.intended_ns.min()) // 1_000_000
    slot, within = at_ms // SLOT_MS, at_ms % SLOT_MS
    lost = ~rows.received
    settled = (within >= SETTLED_MS) & (within < LEAVING_MS)
    sent = np.bincount(slot[settled], minlength=slots)
    share = np.bincount(slot[settled & lost], minlength=slots) / np.maximum(sent, 1)
    reacting = ~settled & lost & (share[slot] < 1)
    return share, float(np.count_nonzero(reacting)) * INTERVAL_MS / 1000
