"""The values of hubs after power events. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from corridor.experiments.placement.hub_values import Factor, HubValues, stated_figure
from corridor.experiments.placement.jobs_file import LoadedJobs, PowerEvent
from corridor.topologies.base.errors import InputError
from corridor.topologies.energy.countings import Count


def with_events(
    hubs: Sequence[HubValues],
    events: Sequence[PowerEvent],
    loaded: LoadedJobs,
    count: Count | None,
) -> tuple[HubValues, ...]:
    """Return the values of the hubs after the events.

    Args:
        hubs: The hubs before them.
        events: Of the file, in their order.
        loaded: The file.
        count: The counting of emissions of the objective.

    Raises:
        InputError: An event names a hub that may not compute, or lacks a factor by that counting.
    """
    changed = {one.hub: one for one in hubs}
    for event in events:
        if event.power not in changed:
            hint = "name it under hubs, or leave the event out"
            raise _error(loaded, event, "power", f"{event.power} is no candidate hub", hint)
        hub = _with_price(_with_limit(changed[event.power], event), event, loaded)
        changed[event.power] = _with_factor(hub, event, loaded, count)
    return tuple(changed.values())


def _with_limit(hub: HubValues, event: PowerEvent) -> HubValues:
    if event.mw is None:
        return hub
    return replace(hub, limit=stated_figure("mw", hub.hub, event.mw))


def _with_price(hub: HubValues, event: PowerEvent, loaded: LoadedJobs) -> HubValues:
    if event.price is None:
        return hub
    try:
        price = stated_figure("price", hub.hub, event.price)
    except InputError as error:
        raise _error(loaded, event, "price", error.message, error.hint) from error
    currency = price.unit.partition("/")[0]
    if hub.currency and currency != hub.currency:
        what = f"{event.price}: the price before is in {hub.currency}"
        raise _error(loaded, event, "price", what, "state it in that")
    return replace(hub, price=price)


def _with_factor(
    hub: HubValues, event: PowerEvent, loaded: LoadedJobs, count: Count | None
) -> HubValues:
    stated = {*event.factor, *event.factor_times}
    if count is None or not stated:
        return hub
    if count not in stated:
        key = "factor" if event.factor else "factor_times"
        what = f"the {count} factor of {hub.hub} from {event.at_h} h on is unknown"
        hint = f"state {key}: {{{count}: ...}}, or use --count {min(stated)}"
        raise _error(loaded, event, key, what, hint)
    new = Factor(None, event.factor.get(count), None)
    if count in event.factor_times:
        times = event.factor_times[count]
        new = Factor(*(None if one is None else one * times for one in hub.factors[count]))
    return replace(hub, factors={**hub.factors, count: new})


def _error(loaded: LoadedJobs, event: PowerEvent, key: str, message: str, hint: str) -> InputError:
    number = loaded.file.events.index(event)
    return loaded.document.error(f"event {event.id}: {message}", "events", number, key, hint=hint)
