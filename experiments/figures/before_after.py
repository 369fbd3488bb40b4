"""The figure of events: each demand's round trip before and during the event that changed it most,
and its longest outage, which may be that of another event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corridor.experiments.account.summary import EventSummary, HitSummary, Summary
from corridor.experiments.atlas import event_data
from corridor.experiments.figures import data
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.style import Key, LineStyle, Width
from corridor.experiments.text.event_text import expected_outage, is_lossy, outage
from corridor.topologies.base.words import counted, duration, has_moved

MOST_ROWS = 24
ROW_IN = 0.17
BEFORE: LineStyle = {"marker": "o", "color": "k", "markerfacecolor": "white"}
BEFORE |= {"markersize": 5, "linestyle": "none"}
DURING: LineStyle = {"marker": "o", "color": "k", "markersize": 5, "linestyle": "none"}
NO_REPLY: LineStyle = {"marker": "x", "color": "k", "markersize": 5.5, "linestyle": "none"}
NO_REPLY |= {"markeredgewidth": 1.3}
LINE: LineStyle = {"color": "0.6", "linewidth": 1.6, "zorder": 1}


@dataclass(frozen=True)
class Change:
    """The effect of one event on one demand."""

    event: EventSummary
    hit: HitSummary
    before_ms: float
    longest: Change | None = None
    """The longest outage of the demand; None if no event disconnected it."""

    @property
    def is_silent(self) -> bool:
        """Whether probes were lost and none was answered during the event."""
        hit = self.hit
        return hit.rtt_then_ms is None and hit.lost > 0 and hit.expected_rtt_then_ms is None

    @property
    def is_outage(self) -> bool:
        return self.hit.out_ms > 0 and not is_lossy(self.hit)

    @property
    def more_ms(self) -> float:
        """Added round-trip time; 0 if it is not known or too small to show."""
        then = self.hit.rtt_then_ms
        more = 0.0 if then is None else then - self.before_ms
        return more if has_moved(more) else 0.0

    @property
    def rank(self) -> tuple[bool, float, float]:
        return not self.is_silent, -abs(self.more_ms), -self.hit.out_ms


def draw(run: RunData, width: Width) -> Figure | None:
    return before_after(run.summary, width)


def before_after(summary: Summary, width: Width) -> Figure | None:
    """Return None if no event changed a round trip or disconnected a demand."""
    changes = worst_changes(summary.events or ())
    if not changes:
        return None
    labels = Counter(event_data.label(event) for event in summary.events or ())
    shown = changes[:MOST_ROWS]
    said = counted(len(summary.demands), "demand")
    if others := len(summary.demands) - len(changes):
        said += f", {others} without a change not shown"
    if more := len(changes) - len(shown):
        said += f", {more} with smaller changes left out"
    rows = Rows([RowText(one.hit.demand, _beside(one, labels)) for one in shown], width, ROW_IN)
    figure, axes = rows.figure(_title(changes), data.caption(summary, said), _key(shown))
    for y, one in zip(rows.ys, shown, strict=True):
        _draw_row(axes, y, one)
    most_ms = max(max(one.before_ms, one.hit.rtt_then_ms or 0.0) for one in shown)
    axes.set_xlim(0, 1.05 * (most_ms or 1.0))
    axes.set_xlabel("RTT (ms)")
    rows.write(axes)
    return figure


def worst_changes(events: Sequence[EventSummary]) -> list[Change]:
    """Return each demand's largest change, with its longest outage.

    Demands without a reply come first, then those with the largest change of RTT.
    """
    every = [
        Change(event, hit, hit.rtt_before_ms)
        for event in events
        for hit in event.hits
        if hit.rtt_before_ms is not None
    ]
    changed = [one for one in every if one.is_silent or one.more_ms or one.is_outage]
    changed.sort(key=lambda one: (one.rank, one.hit.demand, one.event.at_ms))
    first: dict[str, Change] = {}
    longest: dict[str, Change] = {}
    for one in changed:
        demand = one.hit.demand
        first.setdefault(demand, one)
        if one.is_outage:
            known = longest.setdefault(demand, one)
            longest[demand] = max(known, one, key=lambda change: change.hit.out_ms)
    return [replace(one, longest=longest.get(demand)) for demand, one in first.items()]


def _beside(of: Change, labels: Mapping[str, int]) -> str:
    """Include the time of the event if several events have the same label."""
    parts = ["no reply"] if of.is_silent else [_signed(of.more_ms)] if of.more_ms else []
    longest = of.longest
    is_own = longest is None or longest.event is of.event
    if of.is_silent or (is_own and of.is_outage):
        parts.append(_out(of))
    said = ", ".join([*parts, _named(of.event, labels)])
    if longest is None or is_own:
        return said
    return f"{said}; {_out(longest)}, {_named(longest.event, labels)}"


def _out(of: Change) -> str:
    return f"out {outage(of.hit.out_ms)} (predicted: {expected_outage(of.hit)})"


def _named(event: EventSummary, labels: Mapping[str, int]) -> str:
    name = event_data.label(event)
    return f"{name} at {duration(event.at_ms)}" if labels[name] > 1 else name


def _signed(more_ms: float) -> str:
    return f"{'+' if more_ms > 0 else '−'}{abs(more_ms):.3g} ms"


def _title(changes: Sequence[Change]) -> str:
    silent = sum(one.is_silent for one in changes)
    slower = [one for one in changes if one.more_ms and not one.is_silent]
    out = [one.longest for one in changes if one.longest is not None]
    said = [f"{counted(silent, 'demand')} had no reply during an event"] if silent else []
    if slower:
        first = slower[0]
        most = (
            f"{first.hit.demand} most: {_signed(first.more_ms)} ({event_data.label(first.event)})"
        )
        said.append(f"events changed the RTT of {counted(len(slower), 'demand')}, {most}")
    if out:
        longest = max(out, key=lambda one: one.hit.out_ms)
        name = event_data.label(longest.event)
        said.append(f"longest outage {duration(longest.hit.out_ms)} ({name})")
    text = "; ".join(said)
    return text[:1].upper() + text[1:]


def _key(shown: Sequence[Change]) -> Key:
    key: list[tuple[Artist, str]] = [(Line2D([], [], **BEFORE), "median RTT before the event")]
    if any(one.hit.rtt_then_ms is not None for one in shown):
        key.append((Line2D([], [], **DURING), "during the event"))
    if any(one.is_silent for one in shown):
        key.append((Line2D([], [], **NO_REPLY), "no reply during the event"))
    return key


def _draw_row(axes: Axes, y: float, of: Change) -> None:
    then_ms = of.hit.rtt_then_ms
    if then_ms is not None:
        axes.plot([of.before_ms, then_ms], [y, y], **LINE)
        axes.plot(then_ms, y, **DURING)
    axes.plot(of.before_ms, y, **BEFORE)
    if of.is_silent:
        axes.plot(of.before_ms, y, **NO_REPLY)
