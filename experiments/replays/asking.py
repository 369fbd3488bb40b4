"""Questions that Python asks about outages: ``corridor.replay`` and ``corridor.replays``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache

from corridor.experiments.replays.document import Replay, Replays
from corridor.experiments.replays.emulation import Emulation, emulation
from corridor.experiments.replays.outages import CutOfSystem, Outage, outage, shipped
from corridor.experiments.replays.replaying import (
    places_of,
    replay_of,
    stage,
    totals,
)
from corridor.experiments.scenario.given import given_choice, given_day, given_name, given_names
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.traffic.background import (
    COARSE,
    REACTIONS,
    SAMPLES,
    SEED,
    Internet,
    Reaction,
    read_internet,
)


def replay(
    event: str | None = None,
    *,
    cables: Iterable[str] | str = (),
    at: str | None = None,
    as_of: date | str | None = None,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> Replay:
    """Compute an outage on the traffic of its day, next to its published effects.

    Args:
        event: A shipped outage, such as ``aae1-2025-01``.
        cables: Instead: cable systems of another cut.
        at: Of another cut: where, such as ``red-sea``.
        as_of: Of another cut: the day of its market.
        samples: Random traffic matrices within the uncertainty of the data.
        seed: Of these.

    Returns:
        Each published figure next to the computed one with an interval and a verdict, and the
        state of each country after each reaction. Rates are in Gbit/s, round trips in ms, losses
        and shares of figures in percent.

    Raises:
        InputError: There is no such outage, cable or place, or something is missing.

    Example:
        >>> corridor.replay("smw4-2024-06", samples=0).cuts[0].segments
        ('smw4:karachi-branch',)
    """
    samples, seed = _whole(samples, "samples"), _whole(seed, "seed")
    systems = given_names(cables, "cables")
    given = {"cables": systems, "at": at, "date": as_of}
    named = [name for name, value in given.items() if value]
    if event is not None:
        if named:
            raise InputError(f'names the outage "{event}" and {named[0]}', "drop one of them")
        return _computed(outage(given_name(event, "event")), samples, seed)
    missing = [name for name in given if name not in named]
    if missing:
        raise InputError(
            f"another cut needs {missing[0]}", "give cables, at and date, or an outage"
        )
    return _predicted(_other(systems, str(at), given_day(as_of)), samples, seed)


def replay_network(event: str, network: str, *, reaction: Reaction = "own") -> Emulation:
    """Return one owner's network after a shipped outage, as a topology and a scenario.

    Args:
        event: A shipped outage.
        network: Country and owner: ``PK/ptcl``.
        reaction: ``none``, ``own`` or ``bought``.

    Raises:
        InputError: A name is not known, or the owner carries nothing after the cut.
    """
    staged = stage(_internet(), outage(event), 0, SEED)
    if staged.cut_market is None:
        raise InputError(staged.problem)
    owners = list(
        dict.fromkeys(f"{one.country}/{one.owner}" for one in staged.cut_market.market.holdings)
    )
    if network not in owners:
        hint = nearest(network, owners) or f"known are {', '.join(owners)}"
        raise InputError(f'no owner is called "{network}"', hint)
    country, _, owner = network.partition("/")
    return emulation(
        staged.cut_market, country, owner, given_choice(reaction, REACTIONS, "reaction")
    )


def replays(*, samples: int = SAMPLES, seed: int = SEED) -> Replays:
    """Compute all shipped outages, and compare them with what was published.

    Args:
        samples: Random traffic matrices for each outage.
        seed: Of these.

    Returns:
        One replay for each outage, as of :func:`replay`, and the totals of all figures.

    Raises:
        InputError: A data file that ships is damaged.

    Example:
        >>> len(corridor.replays(samples=0).replays) >= 20
        True
    """
    samples, seed = _whole(samples, "samples"), _whole(seed, "seed")
    found = tuple(_computed(one, samples, seed) for one in shipped().outages.values())
    every = totals([(one.id, each) for one in found for each in one.comparisons])
    return Replays(replays=found, totals=every)


def _whole(value: int, what: str) -> int:
    if isinstance(value, int) and value >= 0:
        return value
    raise InputError(f"{what} is {value}, not a whole number", "write 0 or more")


@cache
def _internet() -> Internet:
    return read_internet()


def _computed(of: Outage, samples: int, seed: int) -> Replay:
    return replay_of(stage(_internet(), of, samples, seed), shipped())


def _predicted(of: Outage, samples: int, seed: int) -> Replay:
    """The answer of a cut that was not published. Raises InputError if nothing can be computed."""
    staged = stage(_internet(), of, samples, seed)
    found = replay_of(staged, shipped())
    if all(one.computed is None for one in found.comparisons):
        far = () if staged.cut_market is None else staged.cut_market.too_far.values()
        reasons = [staged.problem, *(one.reason for one in found.comparisons), *far]
        why = next(filter(None, reasons), "no capacity of the data is on these segments that day")
        raise InputError(f"nothing can be computed of {of.title} on {of.begin}: {why}")
    return found


def _other(systems: tuple[str, ...], at: str, day: date | None) -> Outage:
    """An outage that was not published."""
    internet = _internet()
    known = sorted({one.partition(":")[0] for one in internet.lengths_km} - {COARSE})
    for system in systems:
        if system not in known:
            hint = nearest(system, known) or f"known are {', '.join(known)}"
            raise InputError(f'no cable is called "{system}"', hint)
        places = places_of(internet, system)
        if not any(one == at or one.startswith(f"{at}-") for one in places):
            raise InputError(f'{system} cannot be cut at "{at}"', f"at {', '.join(places)}")
    return Outage(
        id="other",
        title=f"{', '.join(systems)} at {at}",
        begin=f"{day}",
        countries=(),
        note="A prediction: nothing was published of this cut.",
        cuts=tuple(CutOfSystem(system=one, at=at) for one in systems),
        published=(),
    )
