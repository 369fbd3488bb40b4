"""The events of a run: a table with the demands that each put out, and the worst in a sentence.
Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.summary import (
    EventSummary,
    ExpectationSummary,
    HitSummary,
    Summary,
)
from corridor.experiments.answers.document import Answers, CutEntry, DemandAnswer
from corridor.experiments.answers.internet_cut import LEAST_GBPS, CountryCut
from corridor.experiments.results.uncounted_losses import UNEXPLAINED
from corridor.experiments.scenario.event_registry import is_fault
from corridor.experiments.scenario.events import PLAIN
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.internet_text import losses
from corridor.topologies.base.words import counted, is_longer, joined_few, ms
from corridor.topologies.model.catalogue import group_name

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
    return f"{event.id}: {counted(lost, 'more packet')} lost in the same period {causes}"


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
    by_default = f"{event.kind}-{event.what}".translate(PLAIN)
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
        return "not predicted"
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


# The worst that happened, or could, in a sentence.

CUTS = ("srlg", "link")
"""Elements that a cut takes away. Of those that fail alike, the group is named."""
ELEMENTS = {"cut": "link", "group": "srlg"}
"""Kinds of events that are cuts, with the kind of their element."""
NAMED = 2
"""Demands named in one sentence."""


def element_named(element: str) -> str:
    """Return ``fibre kunming-mengla``, or ``the Red Sea corridor (corridor:red-sea)``."""
    kind, _, name = element.partition(":")
    if kind == "srlg":
        return f"the {group_name(name)} ({name})" if ":" in name else group_name(name)
    return f"fibre {name}" if kind == "link" else f"{kind} {name}"


def worst_event(
    events: Sequence[EventSummary], element_name: Callable[[str], str] = element_named
) -> str:
    """The worst event with effects: by disconnected demands, then by the longest outage, then by
    added round-trip time. ``element_name`` gives the name of ``link:ID`` or ``srlg:ID``."""
    broken = [one for one in events if is_fault(one.kind) and one.hits]
    if not broken:
        return ""
    worst = max(broken, key=_badness)
    hits = worst.hits
    down = [hit for hit in hits if _is_down(hit)]
    out = [hit for hit in hits if hit.out_ms > 0 and not _is_down(hit)]
    said = f"Worst event: {_name(worst, element_name)} at {worst.at_ms / 1000:g} s affected "
    said += counted(len(hits), "demand")
    said += (
        f" and interrupted {len(out)} of them for up to {ms(max(hit.out_ms for hit in out))}"
        if out
        else ""
        if down or any(hit.lost for hit in hits)
        else " and caused no outage"
    )
    said += _slower(worst)
    return f"{said}{_down(down)}{_settled(hits)}{_lost(hits)}."


def internet_of_events(of: Answers) -> str:
    """What the event that takes most Internet traffic does to it: computed, not emulated."""
    if not of.internet:
        return ""
    worst = max(of.internet, key=lambda one: _internet_badness(one.cut.countries[0]))
    said = losses(worst.cut)
    return f"Internet traffic in {worst.event}, by the model (not emulated): {said}" if said else ""


def _internet_badness(of: CountryCut) -> tuple[bool, float]:
    """A loss of which capacity by cable is published counts before an assumed one."""
    gbps = of.shortfall("none").value
    return of.split == "published" and gbps > LEAST_GBPS, gbps


def _name(event: EventSummary, element_name: Callable[[str], str]) -> str:
    """Return what happened, after the event's id unless the id is a part of it."""
    kind = ELEMENTS.get(event.kind)
    what = f"{event.kind} {event.what}"
    if kind:
        what = f"the cut of {element_name(f'{kind}:{event.what}')}"
    return f"{event.id} ({what})" if has_given_id(event) and event.id not in event.what else what


def _badness(event: EventSummary) -> tuple[float, float, float]:
    hits = event.hits
    return (
        sum(map(_is_down, hits)),
        max(hit.out_ms for hit in hits),
        _slower_ms(event),
    )


def _is_down(hit: HitSummary) -> bool:
    """Out for as long as the event lasted, and served before."""
    return hit.rtt_before_ms is not None and hit.rtt_then_ms is None


def _slower(event: EventSummary) -> str:
    """By how much at most, on the backup paths of switches and once the controller has followed."""
    then, at_once = _slower_ms(event), _slower_at_once_ms(event)
    if is_longer(at_once - then):
        said = f". RTT was up to {ms(at_once)} higher on the backup paths of the switches"
        later = f", and up to {ms(then)} higher on the new paths of the controller"
        return f"{said}{later}" if is_longer(then) else said
    return f". RTT rose by up to {ms(then)}" if is_longer(then) else ""


def _settled(hits: Sequence[HitSummary]) -> str:
    """How long it took until RTTs no longer changed, for the demand that needed longest."""
    settled_ms = [hit.settled_ms for hit in hits if hit.settled_ms is not None]
    if not any(settled_ms):
        return ""
    all_of = f"{len(settled_ms)} of {len(hits)}" if len(settled_ms) < len(hits) else "all"
    return f". RTT was stable again within {ms(max(settled_ms))} for {all_of} affected demands"


def _slower_ms(event: EventSummary) -> float:
    return max(
        (
            hit.rtt_then_ms - hit.rtt_before_ms
            for hit in event.hits
            if hit.rtt_then_ms is not None and hit.rtt_before_ms is not None
        ),
        default=0.0,
    )


def _slower_at_once_ms(event: EventSummary) -> float:
    """Of the slowest probe of any demand."""
    both = [(hit.rtt_at_once_ms, hit.rtt_before_ms) for hit in event.hits]
    return max(
        (then - before for then, before in both if then is not None and before is not None),
        default=0.0,
    )


def _down(down: Sequence[HitSummary]) -> str:
    if not down:
        return ""
    names = joined_few((hit.demand for hit in down), NAMED)
    return f"; disconnected until the repair: {names}"


def _lost(hits: Sequence[HitSummary]) -> str:
    """Losses to the event; losses in queues during it are separate: they are not an outage."""
    lost = sum(hit.lost for hit in hits)
    besides = sum((hit.lost_otherwise or 0) for hit in hits)
    said = f". {_probes(lost)}" if lost else ""
    if not besides:
        return said
    more = f", and {besides:,} more" if lost else f". {_probes(besides)}"
    return f"{said}{more} in the same period (queue overflow or random loss)"


def _probes(lost: int) -> str:
    return f"{counted(lost, 'probe')} {'was' if lost == 1 else 'were'} lost"


@dataclass
class _Effect:
    """What one failure does to all demands."""

    element: str
    down: list[str] = field(default_factory=list)
    longer_ms: dict[str, float] = field(default_factory=dict)

    @property
    def moves_ms(self) -> tuple[float, bool]:
        return sum(self.longer_ms.values()), self.element.startswith("srlg:")


def worst_cut(of: Answers, element_name: Callable[[str], str] = element_named) -> str:
    """Of every fibre and shared-risk group that may be cut alone: the one that leaves most demands
    without a permitted path, and the one that adds most delay after recomputation."""
    effects: dict[str, _Effect] = {}
    for demand in of.demands:
        for cut in demand.cuts:
            for element in cut.dead:
                if element.partition(":")[0] in CUTS:
                    _note(effects.setdefault(element, _Effect(element)), demand, cut)
    if not effects:
        return ""
    moving = max(effects.values(), key=lambda one: (one.moves_ms, one.element))
    said = f"Worst single cut: {element_name(moving.element)}. {_moves(moving)}"
    closing = max(effects.values(), key=lambda one: (len(one.down), one.moves_ms, one.element))
    if not closing.down:
        return f"{said}. No single cut disconnects a demand."
    why = "" if of.policies == NO_POLICIES else " (no permitted path)"
    name = element_name(closing.element)
    return f"{said}. A cut of {name} disconnects {joined_few(closing.down, NAMED)}{why}."


def _moves(of: _Effect) -> str:
    most = max(of.longer_ms.values(), default=0.0)
    longer = f" and adds up to {ms(2 * most)} to their RTT" if is_longer(most) else ""
    return f"It reroutes {counted(len(of.longer_ms), 'demand')}{longer}"


def _note(effect: _Effect, demand: DemandAnswer, cut: CutEntry) -> None:
    if cut.again is None or demand.lawful is None:
        effect.down.append(demand.id)
    else:
        effect.longer_ms[demand.id] = cut.again.one_way_ms - demand.lawful.one_way_ms
