"""What figures of workloads show, as values: what classes brought over time, and how long packets
of theirs waited meanwhile. No drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.figures.event_data import Level
from corridor.experiments.plan.values import FOLLOWED_NS
from corridor.experiments.results.summary import EventSummary
from corridor.topologies.base.errors import InputError
from corridor.traffic.measures.samples import Probes

MESSAGES_FILE = "messages.parquet"
COLUMNS = ("class", "bytes", "began_ns", "first_ns", "completed_ns", "background")
BINS = 48
"""About, along an axis of time."""
WIDTHS_S = tuple(n * 10.0**power for power in range(-2, 5) for n in (1, 2, 5))

type Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Messages:
    """What was sent, a message a place; times in seconds from the start of probing, not a number
    where it did not come to that."""

    of_class: Sequence[str]
    octets: Floats
    first_s: Floats
    """When its first octet arrived; when it began, where nobody knows that."""
    completed_s: Floats
    background: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.of_class)

    @property
    def classes(self) -> list[str]:
        """Those that somebody waits for first, then those that load fibres; by name."""
        behind = dict[str, bool]()
        for name, is_background in zip(self.of_class, self.background.tolist(), strict=True):
            behind[name] = behind.get(name, True) and is_background
        return sorted(behind, key=lambda name: (behind[name], name))

    @property
    def end_s(self) -> float:
        known = self.completed_s[~np.isnan(self.completed_s)]
        return float(known.max()) if len(known) else 0.0

    def of(self, name: str) -> NDArray[np.bool_]:
        return np.array([one == name for one in self.of_class], bool)


NOTHING = Messages((), np.empty(0), np.empty(0), np.empty(0), np.empty(0, bool))


def read_messages(out_dir: Path, start_ns: int) -> Messages:
    """``start_ns`` is when probing starts, after the epoch. Empty where a run has none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(out_dir / MESSAGES_FILE, columns=list(COLUMNS))
    except (FileNotFoundError, pa.ArrowInvalid, InputError):
        return NOTHING
    names, octets, began, first, completed, background = (
        table.column(name).to_pylist() for name in COLUMNS
    )
    known = [one if two is None else two for one, two in zip(began, first, strict=True)]
    return Messages(
        names,
        np.array(octets, np.float64),
        _seconds(known, start_ns),
        _seconds(completed, start_ns),
        np.array(background, bool),
    )


def _seconds(times_ns: Sequence[int | None], start_ns: int) -> Floats:
    return np.array(
        [np.nan if one is None else (one - start_ns) / 1e9 for one in times_ns], np.float64
    )


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def end_s(messages: Messages, events: Sequence[EventSummary]) -> float:
    """When the last message has arrived, or the last event is over; a little after 0 at least."""
    moments_ms = [one for event in events for one in (event["at_ms"], event["until_ms"] or 0.0)]
    return max([messages.end_s, *(one / 1e3 for one in moments_ms)]) or WIDTHS_S[0]


def edges_s(end_s: float) -> Floats:
    """Of bins that are round numbers wide, up to at least that moment."""
    width_s = next((one for one in WIDTHS_S if one >= end_s / BINS), WIDTHS_S[-1])
    found: Floats = np.arange(int(np.ceil(end_s / width_s - 1e-9)) + 1, dtype=np.float64) * width_s
    return found


def goodput_mbps(messages: Messages, of: NDArray[np.bool_], edges: Floats) -> Floats:
    """What arrived whole, by bin: octets of a message are spread evenly from its first to its last
    arrival."""
    found = np.zeros(len(edges) - 1)
    width_s = float(edges[1] - edges[0])
    whole = of & ~np.isnan(messages.completed_s)
    starts, ends = messages.first_s[whole], messages.completed_s[whole]
    for first_s, last_s, octets in zip(starts, ends, messages.octets[whole], strict=True):
        if last_s - first_s <= 0 or np.isnan(first_s):
            at = int(np.clip(last_s // width_s, 0, len(found) - 1))
            found[at] += octets
            continue
        overlap = np.minimum(edges[1:], last_s) - np.maximum(edges[:-1], first_s)
        found += octets * np.clip(overlap, 0, None) / (last_s - first_s)
    return found * 8 / width_s / 1e6


@dataclass(frozen=True)
class Waits:
    """By how much round trips of a class took longer than its paths without any load, by bin; not
    a number where nothing was answered."""

    median_ms: Floats
    slowest_ms: Floats
    lost_s: Floats
    """When those were sent that were to be answered and were not: what policies keep back is
    lost to no load."""

    @property
    def most_ms(self) -> float:
        known = self.slowest_ms[~np.isnan(self.slowest_ms)]
        return float(known.max()) if len(known) else 0.0


def waits(of: Sequence[tuple[Probes, Sequence[Level]]], edges: Floats) -> Waits:
    """Of demands together, each with its probes and the round trips predicted of it over time.
    What is sent just as a prediction begins may have taken the way before, and is left out."""
    pairs = [_above(probes, level) for probes, levels in of for level in levels]
    lost_s = [_lost_s(probes, level) for probes, levels in of for level in levels]
    sent_s = np.concatenate([np.empty(0), *(sent for sent, _ in pairs)])
    above_ms = np.concatenate([np.empty(0), *(above for _, above in pairs)])
    bins = np.digitize(sent_s, edges) - 1
    count = len(edges) - 1
    median_ms, slowest_ms = np.full(count, np.nan), np.full(count, np.nan)
    for number in np.unique(bins[(bins >= 0) & (bins < count)]).tolist():
        mine = above_ms[bins == number]
        median_ms[number] = np.percentile(mine, 50, method="inverted_cdf")
        slowest_ms[number] = mine.max()
    return Waits(median_ms, slowest_ms, np.sort(np.concatenate([np.empty(0), *lost_s])))


def _lost_s(probes: Probes, level: Level) -> Floats:
    sent_s: Floats = probes["intended_ns"] / 1e9
    within = (sent_s >= level.from_s) & (sent_s < level.until_s)
    lost = ~probes["received"].astype(bool)
    found: Floats = sent_s[within & lost]
    return found


def _above(probes: Probes, level: Level) -> tuple[Floats, Floats]:
    """When answered probes were sent while a prediction held, and by how much they exceed it."""
    sent_s = probes["intended_ns"] / 1e9
    settled_s = level.from_s + (FOLLOWED_NS / 1e9 if level.from_s else 0.0)
    travelling_s = level.until_s - level.rtt_ms / 1e3
    within = probes["received"].astype(bool) & (sent_s >= settled_s) & (sent_s < travelling_s)
    mine = probes[within]
    rtt_ms = ((mine["t4_ns"] - mine["t1_ns"]) - (mine["t3_ns"] - mine["t2_ns"])) / 1e6
    return sent_s[within], np.maximum(rtt_ms - level.rtt_ms, 0.0)
