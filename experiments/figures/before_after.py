"""The figure of what events changed: round trips before each and while it lasted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from corridor.experiments.atlas import event_data
from corridor.experiments.figures import data
from corridor.experiments.figures.dumbbells import Dumbbell, draw_dumbbells, left_out
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import Width
from corridor.experiments.results.summary import EventSummary, HitSummary, Summary
from corridor.topologies.base.words import LEAST_SHOWN_MS, counted, duration

MOST_ROWS = 24


def _draw(run: RunData, width: Width) -> Figure | None:
    return before_after(run.summary, width)


def before_after(summary: Summary, width: Width) -> Figure | None:
    """None where no event changed a round trip."""
    worst = worst_hits(summary.events or ())
    if not worst:
        return None
    labels = Counter(event_data.label(event) for event in summary.events or ())
    rows = [_row(event, hit, labels) for event, hit in worst]
    others = len(summary.demands) - len(rows)
    said = counted(len(summary.demands), "demand")
    if others:
        said += f", {others} without a change not shown"
    caption = data.caption(summary, f"{said}{left_out(rows, MOST_ROWS)}")
    names = ("median RTT before the event", "while it lasts", "no answer while it lasts")
    return draw_dumbbells(_title(worst), caption, rows[:MOST_ROWS], names, width)


def worst_hits(events: Sequence[EventSummary]) -> list[tuple[EventSummary, HitSummary]]:
    """Of each demand the event that changed it most: those without an answer in the meantime first,
    then those whose round trip changed most."""
    hits = [(event, hit) for event in events for hit in event.hits if _changed(hit)]
    hits.sort(key=lambda pair: (-_rank(pair[1]), pair[1].demand, pair[0].at_ms))
    first: dict[str, tuple[EventSummary, HitSummary]] = {}
    for event, hit in hits:
        first.setdefault(hit.demand, (event, hit))
    return list(first.values())


def _changed(hit: HitSummary) -> bool:
    if hit.rtt_before_ms is None:
        return False
    return is_silent(hit) or abs(_change_ms(hit)) >= LEAST_SHOWN_MS


def is_silent(hit: HitSummary) -> bool:
    """Nothing was answered from a little after its beginning until its end, and something lost."""
    return hit.rtt_then_ms is None and hit.lost > 0 and hit.expected_rtt_then_ms is None


def _change_ms(hit: HitSummary) -> float:
    before, then = hit.rtt_before_ms, hit.rtt_then_ms
    return 0.0 if before is None or then is None else then - before


def _rank(hit: HitSummary) -> float:
    return float("inf") if is_silent(hit) else abs(_change_ms(hit))


def _row(event: EventSummary, hit: HitSummary, labels: Mapping[str, int]) -> Dumbbell:
    """With the event's time where several are called alike."""
    name = event_data.label(event)
    if labels[name] > 1:
        name += f" at {duration(event.at_ms)}"
    if is_silent(hit):
        return Dumbbell(hit.demand, hit.rtt_before_ms, None, f"out, {name}")
    return Dumbbell(
        hit.demand,
        hit.rtt_before_ms,
        hit.rtt_then_ms,
        f"{_signed(_change_ms(hit))}, {name}",
    )


def _signed(change_ms: float) -> str:
    return f"{'+' if change_ms > 0 else '−'}{abs(change_ms):.3g} ms"


def _title(worst: Sequence[tuple[EventSummary, HitSummary]]) -> str:
    silent = [hit for _, hit in worst if is_silent(hit)]
    changed = [(event, hit) for event, hit in worst if not is_silent(hit)]
    said = []
    if silent:
        said.append(f"{counted(len(silent), 'demand')} had no answer while an event lasted")
    if changed:
        event, hit = changed[0]
        most = f"{hit.demand} most: {_signed(_change_ms(hit))} ({event_data.label(event)})"
        if silent:
            said.append(f"{len(changed)} took another round trip, {most}")
        else:
            who = counted(len(changed), "demand")
            said.append(f"Events changed the round trip of {who}, {most}")
    return "; ".join(said)


KIND = FigureKind(
    "before-after",
    _draw,
)
