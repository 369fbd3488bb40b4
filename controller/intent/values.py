"""What is asked of an admission, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.topologies.base.units import format_rate
from corridor.topologies.base.words import few
from corridor.topologies.model.routing import GROUP

type Link = tuple[str, str]
"""One direction of a fibre: the fibre, and the hub it is entered from. Or of what fibres share at a
landing: the capacity group, and the direction; it never fails."""

MOST_NAMED = 8
"""Demands and fibres that a refusal names; it counts the rest."""


@dataclass(frozen=True)
class Use:
    """One path that a demand's packets may take, and the condition for taking it.

    A demand's uses exclude each other: of any two, one presumes dead what the other presumes
    alive. A use need not deliver: one that ends in a drop loads the links crossed before.
    """

    demand: str
    cir_bps: int
    down: frozenset[str]
    """Fibres and gateways that the packets find dead. What no element takes down is never here."""
    links: tuple[Link, ...]
    """Directed links in the order they are crossed; one crossed twice carries the rate twice.
    Their fibres are alive."""
    up: frozenset[str] = frozenset()
    """What else was found alive: the gateways passed."""
    payer: str = ""
    """Whose rate it is, if not the demand's own: that of several demands together, which counts
    once wherever any of them is."""

    @property
    def pays_as(self) -> str:
        return self.payer or self.demand

    @property
    def alive(self) -> frozenset[str]:
        return self.up.union(fibre for fibre, _ in self.links)


@dataclass(frozen=True)
class Worst:
    """The largest load of a directed link, and what causes it."""

    fibre: str
    hub: str
    """The end from which the link is entered."""
    load_bps: int
    limit_bps: int
    """What may be promised of the capacity."""
    failure: tuple[str, ...]
    """As few elements as cause the load; among equals those that take down least, then by name."""
    demands: tuple[str, ...]
    """That are then on the link, promised or not; sorted."""

    @property
    def excess_bps(self) -> int:
        """What does not fit; negative where there is room."""
        return self.load_bps - self.limit_bps

    @property
    def fits(self) -> bool:
        return self.excess_bps <= 0

    def __str__(self) -> str:
        return (
            f"{format_rate(self.load_bps)} do not fit {_link(self)} "
            f"({format_rate(self.limit_bps)}) {_when(self.failure)}"
        )


@dataclass(frozen=True)
class Lowered:
    """A demand whose rate has to be lower."""

    demand: str
    cir_bps: int
    to_bps: int

    def __str__(self) -> str:
        to = format_rate(self.to_bps) if self.to_bps else "no guarantee"
        return f"{self.demand} from {format_rate(self.cir_bps)} to {to}"


@dataclass(frozen=True)
class Added:
    """A fibre whose capacity, the same in both directions, has to be larger."""

    fibre: str
    capacity_bps: int
    add_bps: int

    def __str__(self) -> str:
        return f"{format_rate(self.add_bps)} to {_named(self.fibre)}"


@dataclass(frozen=True)
class Admission:
    """Whether all rates fit and, if not, two changes: either one is enough to make them fit."""

    links: tuple[Worst, ...]
    """Every directed link that a use crosses, sorted."""
    lowered: tuple[Lowered, ...] = ()
    """Gives up the fewest bits per second in all, but for rounding down to whole ones; among
    equals rather those of large demands, then of those first by name. Sorted."""
    added: tuple[Added, ...] = ()
    """The smallest total of added capacity, at unchanged rates. Sorted."""
    assumed: frozenset[str] = frozenset()
    """Fibres and capacity groups whose capacity is not published."""

    @property
    def fits(self) -> bool:
        return all(link.fits for link in self.links)

    @property
    def worst(self) -> Worst:
        """The link that has the largest shortfall, of those that are overloaded."""
        return max((link for link in self.links if not link.fits), key=lambda one: one.excess_bps)

    def refusal(self) -> str:
        """One line for the user, about the link that has the largest shortfall; empty when all
        fits."""
        full = [link for link in self.links if not link.fits]
        if not full:
            return ""
        worst = self.worst
        return (
            f"{format_rate(worst.load_bps)} do not fit {_link(worst)} "
            f"({format_rate(worst.limit_bps)}) {_when(worst.failure)}: "
            f"demands {_listed(worst.demands)}{_others(len(full) - 1)}; "
            f"least change: lower {_listed(self.lowered)}; or add {_listed(self.added)}"
            f"{self._resting_on(full)}"
        )

    def _resting_on(self, full: Sequence[Worst]) -> str:
        """What of it is an assumption; empty if nothing is."""
        assumed = [one.fibre for one in self.added if one.fibre in self.assumed]
        if not assumed:
            return ""
        of = len({link.fibre for link in full})
        return f"; assumed, not published, is {len(assumed)} of {of} capacities: {_listed(assumed)}"


def _link(worst: Worst) -> str:
    if worst.fibre.startswith(GROUP):
        return f"{worst.fibre} {worst.hub}"
    return f"fibre {worst.fibre} from {worst.hub}"


def _named(fibre: str) -> str:
    return fibre if fibre.startswith(GROUP) else f"fibre {fibre}"


def _listed(things: Sequence[object]) -> str:
    return few(things, MOST_NAMED)


def _others(full: int) -> str:
    """Links that are overloaded besides the one named."""
    return f" ({full} more link{' is' if full == 1 else 's are'} overloaded)" if full else ""


def _when(failure: tuple[str, ...]) -> str:
    if not failure:
        return "while nothing fails"
    return f"when {' and '.join(failure)} {'fails' if len(failure) == 1 else 'fail'}"
