"""A day of jobs with events, as typed documents: periods, moves, and what is sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PeriodHub:
    """What runs at one hub between two events, with the values that apply then."""

    hub: str
    limit_mw: float
    pue: float
    factor: float | None
    """g/kWh by the counting of the objective."""
    green: float | None
    """Share of contracted green power, where it is known."""
    price: float | None
    """Of a kWh."""
    it_mwh: float
    meter_mwh: float
    tco2: float | None
    tco2_low: float | None
    tco2_high: float | None
    """The same with the factor at one end of its interval."""
    cost: float | None


@dataclass(frozen=True)
class DayPeriod:
    """The time from one event to the next, and the placement of what is left of the day.

    Values of the objective are of what is left of the day from ``from_h`` on.
    """

    from_h: int
    until_h: int
    events: tuple[str, ...]
    """Ids; none of the first period."""
    because: tuple[str, ...]
    hubs: tuple[PeriodHub, ...]
    left_mwh: float
    """IT energy from ``from_h`` on."""
    before_events: float
    """With the placement and the values before the events."""
    stays: float | None
    """With the values after them if no running job moves; None if they do not fit so."""
    stays_bound: float | None
    why_not: str
    """Why they do not fit."""
    value: float
    """With the values after them and the placement that was found."""
    gap: float
    """The distance of the solver's bound below the value, in the unit of the objective; what a move
    has to save is in both."""
    mean_rtt_before_ms: float
    mean_rtt_ms: float
    """Over jobs that are not finished."""


@dataclass(frozen=True)
class DayMove:
    """Equal jobs that change their hub while they run."""

    job: str
    jobs: float
    at_h: int
    from_hub: str
    to_hub: str
    because: tuple[str, ...]
    state_bytes: int
    """Of all of them."""
    path: tuple[str, ...]
    """Hubs that the state passes."""
    wan_mwh: float | None
    """Energy of the network for it; None: not counted."""
    it_mwh: float
    """Left to compute."""
    before: float
    after: float
    """Of the rest at each hub with the values after the event, in the unit of the objective."""
    rtt_before_ms: float
    rtt_ms: float


@dataclass(frozen=True)
class DayLeg:
    """Bytes that are sent from one hub to another."""

    id: str
    what: str
    """``input``, ``state`` or ``results``."""
    job: str
    data: str
    returns: str
    """Class of what goes back: results, or acknowledgements only."""
    src: str
    dst: str
    octets: int
    """Of all the jobs."""
    at_h: int
    until_h: int | None
    """Of interactive jobs, which send all the time; None: at once."""
    path: tuple[str, ...]


@dataclass(frozen=True)
class DayRun:
    """Equal jobs that compute at one hub between two events."""

    job: str
    data: str
    hub: str
    jobs: float
    mw: tuple[float, ...]
    """IT power of all of them by hour of the day."""
    awaits: tuple[str, ...]
    """Legs that have to arrive before they compute."""
    brought_by: str
    """The leg that brought the input; empty at the origin."""


@dataclass(frozen=True)
class Day:
    """A day with events, as it is planned. Events are not known in advance: each changes
    the rest of it."""

    it_mwh: float
    tco2: float | None
    """By the counting of the objective; None for cost and latency."""
    tco2_low: float | None
    tco2_high: float | None
    """The same with all factors at one end."""
    cost: float | None
    sent_bytes: int
    wan_mwh: float | None
    """Energy of the network for it, in no total."""
    undisturbed: float
    """The optimum of the day without events, in the unit of the objective."""
    total: float
    """The day with events, in the same unit; of latency the sum of RTTs of the last period."""
    least_saving: float
    """A running job moves only if it saves this share of what is left of it."""
    periods: tuple[DayPeriod, ...]
    moves: tuple[DayMove, ...]
    legs: tuple[DayLeg, ...]
    runs: tuple[DayRun, ...]
