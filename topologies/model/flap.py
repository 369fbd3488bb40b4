"""A fibre flaps: its carrier goes away and comes back, several times in a row."""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.topologies.model.fault_kind import (
    Effect,
    EventKind,
    Interfaces,
    interfaces_of,
    of_fibre,
)

FLAP, STEADY = "flap", "steady"
MOST_TIMES = 100
LONGEST_NS = 3_600_000_000_000


def go_down(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    return network.make((FLAP, fibre), Effect(off=interfaces_of(network.wiring, fibre)))


def come_up(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    return network.end((FLAP, fibre))


def steps(options: Values) -> list[tuple[int, str]]:
    """Down and up by turns; it is up at the end."""
    period_ns = options["down"] + options["up"]
    return [
        step
        for number in range(options["times"])
        for step in (
            (number * period_ns, FLAP),
            (number * period_ns + options["down"], STEADY),
        )
    ]


KIND = EventKind(
    key="flap",
    of="fibre",
    words="a fibre that goes down and up in turn",
    example="{at: 500ms, flap: guian-kunming, down: 50ms, up: 100ms}",
    options={
        "times": Option("count", "how often it goes down", 3, above=0, most=MOST_TIMES),
        "down": Option("time", "duration of each outage", required=True, above=0, most=LONGEST_NS),
        "up": Option("time", "time up between outages", required=True, above=0, most=LONGEST_NS),
    },
    actions={FLAP: go_down, STEADY: come_up},
    begin=FLAP,
    end=STEADY,
    reach=of_fibre,
    steps=steps,
)
