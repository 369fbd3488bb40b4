"""The worst that happened, or could, in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.summary import EventSummary, HitSummary
from corridor.experiments.answers.document import Answers, CutEntry, DemandAnswer
from corridor.experiments.scenario.event_registry import is_fault
from corridor.experiments.text.event_table import has_given_id
from corridor.experiments.text.internet_text import losses
from corridor.topologies.base.words import counted, is_longer, joined_few, ms
from corridor.topologies.model.catalogue import group_name

CUTS = ("srlg", "link")
"""Elements that a cut takes away. Of those that fail alike, the group is named."""
ELEMENTS = {"cut": "link", "group": "srlg"}
"""Kinds of events that are cuts, with the kind of their element."""
NAMED = 2
"""Demands named in one sentence."""


def named(element: str) -> str:
    """Return ``fibre kunming-mengla``, or ``the Red Sea corridor (corridor:red-sea)``."""
    kind, _, name = element.partition(":")
    if kind == "srlg":
        return f"the {group_name(name)} ({name})" if ":" in name else group_name(name)
    return f"fibre {name}" if kind == "link" else f"{kind} {name}"


def worst_event(events: Sequence[EventSummary], element_name: Callable[[str], str] = named) -> str:
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
    worst = max(of.internet, key=lambda one: one.cut.countries[0].shortfall("none").value)
    said = losses(worst.cut)
    return f"Internet traffic in {worst.event}, by the model (not emulated): {said}" if said else ""


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


def worst_cut(of: Answers, element_name: Callable[[str], str] = named) -> str:
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
