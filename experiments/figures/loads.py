"""What flows put on each fibre, as a share of its emulated rate: values, no drawing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from corridor.experiments.figures import rates
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.results import measures
from corridor.experiments.results.summary import DemandSummary
from corridor.experiments.results.tracks import Track

BIN_NS, WIDE_BIN_NS = 100_000_000, 1_000_000_000

type Direction = tuple[str, str]
"""A fibre, and the hub that its data leaves."""


@dataclass(frozen=True)
class Load:
    """One direction of a fibre: what arrived over it, in Mbit/s."""

    fibre: str
    from_hub: str
    most_mbps: float
    """In the busiest bin."""
    mean_mbps: float
    """Over the bins in which anything was sent."""
    rate_mbps: float
    demands: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.most_mbps / self.rate_mbps


def bin_ns(tracks: Sequence[Track]) -> int:
    fine = all(track.width_ns <= BIN_NS for track in tracks if track.protocol == "udp")
    return BIN_NS if fine else WIDE_BIN_NS


def read_loads(run: RunData) -> list[Load]:
    """Of all directions that a flow took, the highest share first; flows are taken to be where
    their demands' paths were planned."""
    width_ns = bin_ns(run.tracks)
    carried: dict[Direction, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    users: dict[Direction, list[str]] = defaultdict(list)
    for demand in run.summary["demands"]:
        bins = list(_delivered(run.tracks, demand["id"], width_ns))
        for direction in _directions(demand) if bins else ():
            users[direction].append(demand["id"])
            for at_s, mbps in bins:
                carried[direction][at_s] += mbps
    found = [
        Load(
            *direction,
            max(bins.values()),
            mean(bins.values()),
            run.rates_bps[direction[0]] / 1e6,
            tuple(users[direction]),
        )
        for direction, bins in carried.items()
        if direction[0] in run.rates_bps
    ]
    return sorted(found, key=lambda load: (-load.share, load.fibre, load.from_hub))


def _delivered(
    tracks: Sequence[Track], demand: str, width_ns: int
) -> Iterator[tuple[float, float]]:
    """When each bin begins, and what arrived in it, in Mbit/s."""
    for name, _, _ in rates.MEASURES.values():
        if measures.track_of(tracks, demand, name) is not None:
            for at_s, value in measures.of_flow(tracks, demand, name, width_ns):
                if value:
                    yield at_s, value


def _directions(demand: DemandSummary) -> list[Direction]:
    return list(zip(demand["fibres"], demand["path"], strict=False))
