"""The figure of fibres over time: the highest utilizations, the main senders, and the events.

Queues count what workloads send, in ``fibre_use.parquet``. Of a run with flows alone, what flows
delivered is added up along the paths that were planned for them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from corridor.experiments.account.flows import Track
from corridor.experiments.account.utilisation import (
    BACKGROUND,
    USE_FILE,
    UTILISATION_FILE,
    Use,
    use_of,
    utilisation_of,
)
from corridor.experiments.atlas.event_data import Span
from corridor.experiments.figures import data, timeline
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.rows import RIGHT_IN, time_rows
from corridor.experiments.figures.style import PNG_DPI, SERIES, SMALL_PT, LineStyle, Width, width_pt
from corridor.experiments.results import measures
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.words import counted, duration, percent
from corridor.topologies.model.wiring import Shape

BIN_NS, WIDE_BIN_NS = 100_000_000, 1_000_000_000
PROBES = "probes"

type Direction = tuple[str, str]
"""A fibre, and the hub that its data leaves."""


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
    for name, _, _ in timeline.MEASURES.values():
        if measures.track_of(tracks, demand, name) is not None:
            for at_s, value in measures.of_flow(tracks, demand, name, width_ns):
                if value:
                    yield round(at_s * 1e9 / width_ns), value


# The figure of fibres over time: the highest utilizations, the main senders, and the events.

MOST_ROWS = 28
MOST_CELLS, MOST_EDGED = 240, 60
ROW_IN = 0.155
NAME_GAP_IN = 0.1
FULL = 0.9
"""From which share on a fibre is called full."""
DARKEST = 0.88
SHARES = (0.1, 0.5, 0.9)
"""Of the key."""
DROPPED: LineStyle = {"color": SERIES[2].colour, "marker": "x", "linestyle": "none"}
DROPPED |= {"markersize": 3, "markeredgewidth": 0.8}
EVENT: LineStyle = {"color": SERIES[1].colour, "linewidth": 0.9, "linestyle": (0, (3, 1.5))}


def draw(run: RunData, width: Width) -> Figure | None:
    every = read_loads(run)
    if not every:
        return None
    shown = every[:MOST_ROWS]
    beside = [] if width.is_narrow else [_beside(one, real_gbps(run)) for one in shown]
    names = [_named(one, width) for one in shown]
    left_in, right_in = (
        width_pt(Figure(dpi=PNG_DPI), texts, SMALL_PT) / 72 + NAME_GAP_IN
        for texts in (names, beside)
    )
    end_s = len(shown[0].shares) * shown[0].width_s
    events = run.summary.events or ()
    heights_in = [ROW_IN * len(shown)]
    rows = time_rows(events, heights_in, end_s, width, left_in, max(right_in, RIGHT_IN))
    cells = [_cells(one) for one in shown]
    step = duration(1e3 * end_s / len(cells[0]))
    said = counted(len(every), "direction")
    said = f"the {len(shown)} most utilized of {said}" if len(shown) < len(every) else said
    how = "frames of all senders" if run.summary.workloads else "flows on their planned paths"
    said += f" of fibres, in steps of {step}; {how}; averages while traffic is sent"
    sheet = rows.sheet(_title(every), data.caption(run.summary, said), _key(shown, rows.spans))
    axes = rows.axes(sheet, 0)
    _draw_cells(axes, np.array(cells), end_s)
    _draw_dropped(axes, shown)
    _draw_spans(axes, rows.spans)
    axes.set_yticks(np.arange(len(shown)) + 0.5, names, fontsize=SMALL_PT)
    for y, text in enumerate(beside):
        axes.annotate(
            text,
            (1, y + 0.5),
            xycoords=axes.get_yaxis_transform(),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_PT,
        )
    return sheet.figure


def real_gbps(run: RunData) -> Mapping[str, float]:
    """What each fibre could carry, in Gbit/s; empty where a run has no answers."""
    fibres = run.answers.map.fibres if run.answers else ()
    return {one.id: one.capacity_gbps for one in fibres if one.capacity_gbps}


def _named(one: Load, width: Width) -> str:
    if width.is_narrow:
        return f"{one.fibre}, {percent(one.mean)}"
    return f"{one.fibre} from {one.from_hub}"


def _beside(one: Load, gbps: Mapping[str, float]) -> str:
    """The mean, what that is in the corridor, and who sends most of it."""
    real = f" ({one.mean * gbps[one.fibre]:,.0f} Gbit/s)" if one.fibre in gbps else ""
    most = _sends_most(one)
    return f"{percent(one.mean)}{real}{f', {most}' if most else ''}"


def _sends_most(one: Load) -> str:
    name = max(sorted(one.by), key=lambda name: one.by[name], default="")
    return f"{percent(one.by[name] / sum(one.by.values()))} {name}" if name else ""


def _title(every: Sequence[Load]) -> str:
    fullest = every[0]
    full, most = sum(one.most >= FULL for one in every), _sends_most(fullest)
    return (
        f"Highest utilization: {fullest.fibre}, {percent(fullest.mean)} on average"
        f"{f' ({most})' if most else ''}; "
        f"{full} of {counted(len(every), 'direction')} reach {percent(FULL)}"
    )


def _key(shown: Sequence[Load], spans: Sequence[Span]) -> list[tuple[Artist, str]]:
    key: list[tuple[Artist, str]] = [
        (
            Patch(facecolor=_grey(share), edgecolor="0.4", linewidth=0.4),
            f"{percent(share)} utilization",
        )
        for share in SHARES
    ]
    if any(one.dropped.any() for one in shown):
        key.append((Line2D([], [], **DROPPED), "queue dropped packets"))
    if spans:
        key.append((Line2D([], [], **EVENT), "event begins or ends"))
    return key


def _grey(share: float) -> str:
    return str(round(1 - DARKEST * min(share, 1.0), 3))


def _cells(one: Load) -> Floats:
    """Means over as many intervals as are drawn as one."""
    many = -(-len(one.shares) // MOST_CELLS)
    padded = np.append(one.shares, np.full(-len(one.shares) % many, np.nan))
    found: Floats = np.nanmean(padded.reshape(-1, many), axis=1)
    return found


def _draw_cells(axes: Axes, shares: Floats, end_s: float) -> None:
    axes.grid(visible=False)
    count, long = shares.shape
    axes.pcolormesh(
        np.linspace(0, end_s, long + 1),
        np.arange(count + 1),
        1 - DARKEST * np.clip(shares, 0, 1),
        cmap="gray",
        vmin=0,
        vmax=1,
        edgecolors="white",
        linewidth=0.3 if long <= MOST_EDGED else 0,
    )
    axes.set_ylim(count, 0)
    axes.tick_params(axis="y", length=0)


def _draw_dropped(axes: Axes, shown: Sequence[Load]) -> None:
    for y, one in enumerate(shown):
        at_s = (np.flatnonzero(one.dropped) + 0.5) * one.width_s
        axes.plot(at_s, np.full(len(at_s), y + 0.5), **DROPPED)


def _draw_spans(axes: Axes, spans: Sequence[Span]) -> None:
    """Bands would be hidden by the cells."""
    moments = {moment for one in spans for moment in (one.from_s, one.until_s) if moment}
    for moment in sorted(moments):
        axes.axvline(moment, **EVENT)
