"""The events of a run as text: a line each, and one for each demand that an event put out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.account.summary import (
    EventSummary,
    ExpectationSummary,
    HitSummary,
    Summary,
)
from corridor.experiments.results.uncounted_losses import UNEXPLAINED
from corridor.experiments.terminal.columns import render

HEADINGS = (
    *("event", "start", "end", "affected", "lost", "outage", "predicted", "RTT ms", "predicted"),
)
SPARE = ("end", "predicted/2", "RTT ms", "affected")
"""Where a terminal is too narrow for all."""
MOST_HITS = 3
"""Demands named below an event: those that were out for the longest."""
SURE_MS = 20.0
"""A predicted range narrower than this is shown as one number."""
LATE_MS = 1000.0
"""After the end of an event: fibres that are used again later are listed."""
NAME_WIDTH = 23
"""So that all is within 100 characters."""


def events_table(summary: Summary, width: int | None = None) -> str:
    """Empty if nothing happened."""
    events = summary.events
    if not events:
        return ""
    rows = [row for event in events for row in _rows(event)]
    said = [render(HEADINGS, rows, frozenset(HEADINGS[1:]), width=width, spare=SPARE)]
    said += filter(None, [_in_transit(events), _resolution(events), *map(_besides, events)])
    said += [_held_out(one) for one in events if _is_held_out(one)]
    said += [f"{one.id} was rejected: {one.refused}" for one in events if one.refused]
    lost = sum(demand.lost_by.get(UNEXPLAINED, 0) for demand in summary.demands)
    said += [f"{lost} lost probes have no known cause"] if lost else []
    return "\n".join(said)


def _in_transit(events: Sequence[EventSummary]) -> str:
    """Why packets are lost without an outage, which counts what was sent since an event began."""
    if not any(hit.lost and not hit.out_ms for event in events for hit in event.hits):
        return ""
    return "lost without an outage: packets that were in transit when the event began"


def _resolution(events: Sequence[EventSummary]) -> str:
    """What the loss of one probe counts as, where that is all of an outage."""
    hits = [hit for event in events for hit in event.hits]
    single = [hit.out_ms for hit in hits if hit.lost == 1 and hit.out_ms > 0]
    if not single:
        return ""
    return f"one lost probe counts as an outage until the next probe (up to {outage(max(single))})"


def _besides(event: EventSummary) -> str:
    """Effects of an event on demands other than outages."""
    lost = sum((hit.lost_otherwise or 0) for hit in event.hits)
    if not lost:
        return ""
    causes = "(queues, meters or random loss)"
    return f"{event.id}: {lost} more packets lost in the same period {causes}"


def _is_held_out(event: EventSummary) -> bool:
    return _back_ms(event) > LATE_MS


def _held_out(event: EventSummary) -> str:
    late = _at(round(_back_ms(event), -2))
    return f"{event.id}: its fibres are predicted to be used again {late} after its end"


def _back_ms(event: EventSummary) -> float:
    """After its end."""
    back_ms, until_ms = event.back_ms, event.until_ms
    return 0.0 if back_ms is None or until_ms is None else back_ms - until_ms


def _rows(event: EventSummary) -> Iterator[tuple[str, ...]]:
    hits = sorted(event.hits, key=lambda hit: -float(hit.out_ms))
    yield (
        _short(name_of(event)),
        _at(event.at_ms),
        "" if event.until_ms is None else _at(event.until_ms),
        str(len(hits)),
        str(sum(int(hit.lost) for hit in hits)),
        *("", "", "", ""),
    )
    for hit in hits[:MOST_HITS]:
        yield _hit(hit)
    if len(hits) > MOST_HITS:
        yield (f"  and {len(hits) - MOST_HITS} more", *([""] * (len(HEADINGS) - 1)))


def name_of(event: EventSummary) -> str:
    """For people: the id that it was given, if any, with its kind and subject."""
    said = f"{event.kind} {event.what}"
    return f"{event.id}: {said}" if has_given_id(event) else said


def has_given_id(event: EventSummary) -> bool:
    """Whether the id is more than kind and subject, with a number where there are several."""
    by_default = f"{event.kind}-{event.what}".replace(":", "-")
    rest = event.id.removeprefix(by_default)
    return rest == event.id or bool(rest and not rest.removeprefix("-").isdigit())


def _short(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 3]}..."


def _hit(hit: HitSummary) -> tuple[str, ...]:
    return (
        _short(f"  {hit.demand}"),
        "",
        "",
        "",
        str(hit.lost),
        outage(hit.out_ms),
        expected_outage(hit),
        _rtt(hit.rtt_then_ms),
        _rtt(hit.expected_rtt_then_ms) if hit.expected else "",
    )


def expected_outage(hit: HitSummary) -> str:
    if not hit.expected:
        return "unexpected"
    expected_ms, within = hit.expected_out_ms, hit.expected_out_within_ms
    if expected_ms is None:
        return "random loss" if is_lossy(hit) else "until its end"
    if within is None or within[1] - within[0] < SURE_MS:
        return outage(expected_ms)
    return f"{outage(within[0]).removesuffix(' ms')} to {outage(within[1])}"


def is_lossy(hit: HitSummary) -> bool:
    """Whether packets are expected to be lost at random while an event lasts, and others arrive."""
    return hit.expected_out_ms is None and hit.expected_rtt_then_ms is not None


def _at(value_ms: float) -> str:
    return f"{value_ms / 1000:g} s"


def outage(value_ms: float) -> str:
    return f"{round(value_ms, 1 if value_ms < 100 else None):g} ms"


def _rtt(value_ms: float | None) -> str:
    return "none" if value_ms is None else f"{value_ms:.3f}"


def expectations_lines(summary: Summary) -> str:
    """What the timeline expected and did not find; how much holds if all does; else empty."""
    expected = summary.expectations
    unmet = [one for one in expected if not one.holds]
    if expected and not unmet:
        return f"all {len(expected)} expectations of the timeline are met"
    return "\n".join(map(_unmet, unmet))


def _unmet(one: ExpectationSummary) -> str:
    what = f"{one.of} of {one.demand}"
    at_most = "" if one.of == "status" else "at most "
    expected = f"(expected {at_most}{one.expected})"
    if one.left_out is not None:
        why = f"it {one.left_out}"
        return f"expectation {one.id} cannot be evaluated: {what} {expected}: {why}"
    found = "unknown: no reply" if one.found is None else f"{one.found}"
    return f"expectation {one.id} not met: {what} is {found} {expected}"
