"""How full each direction of a fibre was over time, and who filled it: values, no drawing.

Queues count what workloads send, in ``fibre_use.parquet``. Of a run with flows alone, what flows
delivered is added up along the paths that were planned for them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.fibre_use import USE_FILE, Use, use_of
from corridor.experiments.account.tracks import Track
from corridor.experiments.account.utilisation import (
    BACKGROUND,
    UTILISATION_FILE,
    utilisation_of,
)
from corridor.experiments.figures import rates
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.results import measures
from corridor.topologies.model.wiring import Shape

BIN_NS, WIDE_BIN_NS = 100_000_000, 1_000_000_000
PROBES = "probes"

type Direction = tuple[str, str]
"""A fibre, and the hub that its data leaves."""
type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Load:
    """One direction of a fibre, as shares of its emulated rate."""

    fibre: str
    from_hub: str
    rate_bps: int
    width_s: float
    shares: Floats
    """By interval, from the start of probing."""
    dropped: NDArray[np.int64]
    """Packets that found a queue full, by interval; of planned paths not counted."""
    by: Mapping[str, float]
    """What each class of data, or each demand, contributes to the mean of the run."""

    @property
    def most(self) -> float:
        return float(self.shares.max())

    @property
    def mean(self) -> float:
        """Over the intervals in which anything was sent."""
        return float(self.shares[self.shares > 0].mean())


def read_loads(run: RunData) -> list[Load]:
    """Return all directions that carried anything, the fullest on average first."""
    found = [one for one in _counted(run) or _planned(run) if one.shares.any()]
    return sorted(found, key=lambda load: (-load.mean, load.fibre, load.from_hub))


def most_by_fibre(loads: Sequence[Load]) -> dict[str, float]:
    """The highest share of the fuller direction of each fibre."""
    found: dict[str, float] = {}
    for one in loads:
        found[one.fibre] = max(one.most, found.get(one.fibre, 0.0))
    return found


def _counted(run: RunData) -> list[Load]:
    by_end: dict[Direction, list[Use]] = {}
    for one in use_of(run.out_dir / USE_FILE):
        by_end.setdefault((one.fibre, one.from_hub), []).append(one)
    senders = _senders(run) if by_end else {}
    return [
        Load(
            *direction,
            use[0].rate_bps,
            use[0].lasts_ns / 1e9,
            np.array([one.share for one in use]),
            np.array([one.dropped_packets for one in use]),
            senders.get(direction, {}),
        )
        for direction, use in by_end.items()
    ]


def _senders(run: RunData) -> Mapping[Direction, Mapping[str, float]]:
    """What each class of data brought, on average of the run; probes are a separate class."""
    table = utilisation_of(run.out_dir / UTILISATION_FILE)
    names = ("fibre", "from_hub", "class", "packets_of", "at_ns", "lasts_ns", "bytes", "rate_bps")
    rows = list(zip(*(table.column(name).to_pylist() for name in names), strict=True))
    end_ns = max((row[4] + row[5] for row in rows), default=0)
    found: dict[Direction, Counter[str]] = defaultdict(Counter)
    for fibre, from_hub, data_class, packets_of, _, _, octets, rate_bps in rows:
        name = PROBES if packets_of == "probe" else data_class
        found[fibre, from_hub][name] += octets * 8e9 / end_ns / rate_bps
    return found


def _planned(run: RunData) -> list[Load]:
    width_ns = bin_ns(run.tracks)
    carried: dict[Direction, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    users: dict[Direction, dict[str, float]] = defaultdict(dict)
    for demand in run.summary.demands:
        bins = list(_delivered(run.tracks, demand.id, width_ns))
        directions = list(zip(demand.fibres, demand.path, strict=False))
        for direction in directions if bins else ():
            if shape := run.shapes.get(direction):
                total = sum(mbps for _, mbps in bins)
                users[direction][demand.id] = total * 1e6 / shape.fibre_bps
                for at, mbps in bins:
                    carried[direction][at] += mbps * 1e6 / shape.fibre_bps
    end = 1 + max((at for bins in carried.values() for at in bins), default=0)
    return [
        Load(
            *direction,
            run.shapes[direction].fibre_bps,
            width_ns / 1e9,
            np.array([bins[at] for at in range(end)]) + _background(run.shapes[direction]),
            np.zeros(end, np.int64),
            {
                **{name: share / end for name, share in users[direction].items()},
                **({BACKGROUND: of} if (of := _background(run.shapes[direction])) else {}),
            },
        )
        for direction, bins in carried.items()
    ]


def _background(shape: Shape) -> float:
    return shape.background_bps / shape.fibre_bps


def bin_ns(tracks: Sequence[Track]) -> int:
    fine = all(track.width_ns <= BIN_NS for track in tracks if track.protocol == "udp")
    return BIN_NS if fine else WIDE_BIN_NS


def _delivered(tracks: Sequence[Track], demand: str, width_ns: int) -> Iterator[tuple[int, float]]:
    """The number of each bin, and what arrived in it, in Mbit/s."""
    for name, _, _ in rates.MEASURES.values():
        if measures.track_of(tracks, demand, name) is not None:
            for at_s, value in measures.of_flow(tracks, demand, name, width_ns):
                if value:
                    yield round(at_s * 1e9 / width_ns), value
