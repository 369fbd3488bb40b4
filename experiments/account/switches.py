"""What went into each switch and did not come out of it, by class, and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from corridor.experiments.account.packet_classes import (
    CONTROL,
    METER,
    OTHER,
    UNEXPLAINED,
    Cause,
    Loss,
    split,
)
from corridor.experiments.account.readings import Moment, since
from corridor.experiments.account.reasons import Reasons
from corridor.topologies.model.wiring import HubWire, Wiring

type Side = tuple[str, bool]


class Passage(NamedTuple):
    """Something that packets go into and come out of: a switch, or a gateway."""

    hub: str
    place: str
    into: tuple[Side, ...]
    out_of: tuple[Side, ...]
    is_gateway: bool = False


class PassageAccount(NamedTuple):
    losses: tuple[Loss, ...]
    problems: tuple[str, ...]


def passages(wiring: Wiring) -> Iterator[Passage]:
    """All switches and gateways. What a switch sends is counted at its own interfaces."""
    for hub in wiring.hubs:
        names = [hub.switch_interface, *_fibre_ends(wiring, hub)]
        into, out_of = [(name, False) for name in names], [(name, True) for name in names]
        if hub.gateway is not None:
            there, back = (hub.gateway.in_interface, True), (hub.gateway.out_interface, False)
            out_of.append(there)
            into.append(back)
            yield Passage(hub.hub, f"gateway {hub.hub}", (there,), (back,), is_gateway=True)
        yield Passage(hub.hub, hub.hub, tuple(into), tuple(out_of))


def _fibre_ends(wiring: Wiring, hub: HubWire) -> Iterator[str]:
    for fibre in wiring.fibres:
        for end in (fibre.a, fibre.z):
            if end.hub == hub.hub:
                yield end.interface


def lost_in(passage: Passage, read: Sequence[Moment]) -> list[dict[int, int]]:
    """By interval between readings, what went in and did not come out, by class.

    A packet may be inside when counts are read, and counts are read one after another: what comes
    out in excess is taken from what is missing around it. What is negative in the end came from
    nowhere.
    """
    found: list[Counter[int]] = []
    for before, now in pairwise(read):
        missing: Counter[int] = Counter()
        for name, sent in passage.into:
            missing.update(since(before, now, name, sent=sent))
        for name, sent in passage.out_of:
            missing.subtract(since(before, now, name, sent=sent))
        # What switches send for themselves begins and ends in them, and so do answers to ARP.
        del missing[OTHER], missing[CONTROL]
        found.append(missing)
    for order in (found, found[::-1]):
        _take_back(order)
    return [{number: packets for number, packets in one.items() if packets} for one in found]


def _take_back(found: Sequence[Counter[int]]) -> None:
    """Take what came out in excess from what was missing in intervals before, the last first."""
    for place, now in enumerate(found):
        for number in [number for number, packets in now.items() if packets < 0]:
            for before in reversed(found[:place]):
                taken = min(before[number], -now[number])
                if taken > 0:
                    before[number] -= taken
                    now[number] += taken


def passage_accounts(
    wiring: Wiring, read: Sequence[Moment], reasons: Reasons
) -> Iterator[PassageAccount]:
    """Of every switch and gateway. Meters are shared out over all switches at once, for only their
    sum is counted."""
    found = {passage: lost_in(passage, read) for passage in passages(wiring)}
    yield from _meters(found, read, reasons)
    for passage, lost in found.items():
        yield _account(passage, lost, read, reasons)


def _meters(
    found: Mapping[Passage, list[dict[int, int]]], read: Sequence[Moment], reasons: Reasons
) -> Iterator[PassageAccount]:
    """What meters have dropped, taken out of what is ``found`` to be missing."""
    told = [_dropped(was, now) for was, now in pairwise(one.said.meters for one in read)]
    missing = [
        sum(_metered(found, interval, reasons.is_metered).values()) for interval in range(len(told))
    ]
    known = [one for one in told if one is not None]
    is_known = len(known) == len(told)
    if is_known and sum(known) == sum(missing):
        told = [*missing]  # meters are read a moment after packets are
    over = 0
    for interval, dropped in enumerate(told):
        for may_be in (reasons.is_metered, reasons.may_be_metered):
            if dropped == 0:
                break
            losses, by_meters = _by_meters(_metered(found, interval, may_be), dropped)
            for passage, loss in losses:
                found[passage][interval][loss.number] -= loss.packets
            yield PassageAccount(tuple(loss for _, loss in losses), ())
            dropped = 0 if dropped is None else dropped - by_meters
        over += dropped or 0
    if over and is_known and not reasons.of_others:  # whose meters see ARP, too
        said = f"meters have dropped {over} packets more than are missing where they are"
        yield PassageAccount((), (said,))


def _dropped(was: Mapping[str, int], now: Mapping[str, int]) -> int | None:
    """By all meters between two readings; None if one that has dropped packets was replaced."""
    if any(was[number] and number not in now for number in was):
        return None
    return sum(count - was.get(number, 0) for number, count in now.items())


def _metered(
    found: Mapping[Passage, list[dict[int, int]]],
    interval: int,
    may_be: Callable[[str, int], bool],
) -> dict[tuple[Passage, int], int]:
    """What is missing at switches in an interval, of classes that a meter may drop there."""
    return {
        (passage, number): packets
        for passage, lost in found.items()
        if not passage.is_gateway
        for number, packets in lost[interval].items()
        if packets > 0 and may_be(passage.hub, number)
    }


def _by_meters(
    metered: Mapping[tuple[Passage, int], int], dropped: int | None
) -> tuple[list[tuple[Passage, Loss]], int]:
    """What meters have dropped of what is missing, and how many packets that are. Where no one
    knows what they dropped, all of it."""
    missing = sum(metered.values())
    known = missing if dropped is None else min(dropped, missing)
    keys = sorted(metered, key=lambda one: (one[0].place, one[1]))
    rows = {place: metered[key] for place, key in enumerate(keys)}
    told = "" if dropped is not None else "by what is missing: meters were replaced"
    columns = {Cause(METER, "", told): known, Cause(UNEXPLAINED): missing - known}
    losses = []
    for (place, cause), (packets, shared) in split(rows, columns).items():
        if cause.kind == METER:
            passage, number = keys[place]
            losses.append((passage, Loss(number, passage.place, cause, packets, shared)))
    return losses, known


def _account(
    passage: Passage, lost: Sequence[Mapping[int, int]], read: Sequence[Moment], reasons: Reasons
) -> PassageAccount:
    losses: Counter[tuple[int, Cause]] = Counter()
    problems = []
    for interval, missing in enumerate(lost):
        before, now = read[interval], read[interval + 1]
        for number, packets in missing.items():
            if packets < 0:
                problems.append(
                    f"{passage.place}: {-packets} packets were sent that were not received"
                )
            elif packets:
                found = reasons.at_gateway if passage.is_gateway else reasons.at_switch
                cause = found(passage.hub, number, before, now)
                losses[number, cause] += packets
    unexplained = sum(n for (_, cause), n in losses.items() if cause.kind == UNEXPLAINED)
    if unexplained:
        what = "were not forwarded, for an unknown reason"
        problems.append(f"{passage.place}: {unexplained} packets {what}")
    return PassageAccount(
        tuple(Loss(number, passage.place, cause, n) for (number, cause), n in losses.items()),
        tuple(problems),
    )
