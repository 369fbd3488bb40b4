"""What may fail together, and how few failures explain what a packet has found dead.

Sets are ints: of fibres, one bit for each in the order of the topology; of failures, one bit for
each that may happen; of what was found dead (a fibre by one of its ends, or a hub's gateway), one
bit for each such thing. What was found is explained by a family: all least sets of at most ``k``
failures, with perhaps some larger ones, one among the causes of each thing found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from operator import or_
from typing import NamedTuple

from corridor.controller.intent.intent import Protection
from corridor.topologies.model.topology import Fibre, Topology


class FailureHypothesis(NamedTuple):
    """What was found dead, and what explains it."""

    found: int
    family: tuple[int, ...]
    failure_hypotheses: int
    """All failures in some set of the family."""
    spare: bool
    """Whether some set has room for one more."""


class Risks:
    """What may fail in a topology, and what each failure takes down."""

    def __init__(self, topology: Topology) -> None:
        self.fibres = {fibre.id: number for number, fibre in enumerate(topology.fibres)}
        self.hubs = {hub.id: number for number, hub in enumerate(topology.hubs)}
        self.of_hub = dict.fromkeys(self.hubs, 0)
        """The fibres of each hub."""
        self.shared = [1 << number for number in range(len(topology.fibres))]
        """By fibre, those that share a risk with it."""
        self.takes_down: list[int] = []
        """By failure, the fibres."""
        self.ends = [fibre.ends for fibre in topology.fibres]
        self.far = [end for ends in self.ends for end in reversed(ends)]
        """By thing that is a fibre, the hub that it leads to."""
        self._failures: dict[tuple[str, str], int] = {}
        of_srlg: dict[str, int] = {}
        for number, fibre in enumerate(topology.fibres):
            for srlg in fibre.srlgs:
                of_srlg[srlg] = of_srlg.get(srlg, 0) | 1 << number
            for end in fibre.ends:
                self.of_hub[end] |= 1 << number
        for number, fibre in enumerate(topology.fibres):
            self._failure("link", fibre.id, 1 << number)
            for srlg in fibre.srlgs:
                self.shared[number] |= of_srlg[srlg]
        for kind, taken in (("srlg", of_srlg), ("hub", self.of_hub)):
            for name, mask in taken.items():
                self._failure(kind, name, mask)
        for hub in self.hubs:
            self._failure("gateway", hub, 0)
        self._of_fibre = [self._causes(fibre) for fibre in topology.fibres]
        self._by_thing: dict[frozenset[str], list[int]] = {}
        self._taken: dict[int, int] = {}

    def thing(self, name: str, at: str) -> int | None:
        """What a hub finds dead, by number: ``link:`` with a fibre of the hub, or its ``gateway:``;
        None where the hub has neither."""
        kind, _, what = name.partition(":")
        if kind == "gateway":
            return 2 * len(self.fibres) + self.hubs[at] if what == at in self.hubs else None
        fibre = self.fibres.get(what)
        if kind != "link" or fibre is None or at not in self.ends[fibre]:
            return None
        return 2 * fibre + (at != self.ends[fibre][0])

    @property
    def names(self) -> tuple[str, ...]:
        """Of failures, by number: ``link:`` or another kind, with a name."""
        return tuple(f"{kind}:{name}" for kind, name in self._failures)

    def kills(self, thing: int) -> int:
        """The failures of all kinds that make a thing dead, as its hub finds it."""
        if thing >= 2 * len(self.fibres):
            return self.bit("gateway", [*self.hubs][thing - 2 * len(self.fibres)])
        fibre, second = divmod(thing, 2)
        return sum(self._of_fibre[fibre].values()) | self.bit("hub", self.ends[fibre][not second])

    def of_kinds(self, kinds: Collection[str]) -> int:
        """All failures of these kinds."""
        return sum(1 << number for (kind, _), number in self._failures.items() if kind in kinds)

    def named(self, thing: int) -> str:
        """A thing found dead, as ``thing`` takes it."""
        if thing >= 2 * len(self.fibres):
            return f"gateway:{[*self.hubs][thing - 2 * len(self.fibres)]}"
        return f"link:{[*self.fibres][thing >> 1]}"

    def causes(self, kinds: frozenset[str], dst: str) -> list[int]:
        """By thing that may be found dead, the failures of these kinds that do it, without that of
        the destination. Destinations differ in the fibres to them alone."""
        if kinds not in self._by_thing:
            fibres = [self._causes_of(thing >> 1, kinds) for thing in range(len(self.far))]
            far = [self.bit("hub", hub) if "hub" in kinds else 0 for hub in self.far]
            gateways = [self.bit("gateway", hub) if "gateway" in kinds else 0 for hub in self.hubs]
            self._by_thing[kinds] = [*map(or_, fibres, far), *gateways]
        causes = self._by_thing[kinds].copy()
        for thing, far_hub in enumerate(self.far):
            if far_hub == dst:
                causes[thing] = self._causes_of(thing >> 1, kinds)
        return causes

    def _causes_of(self, fibre: int, kinds: frozenset[str]) -> int:
        return sum(mask for kind, mask in self._of_fibre[fibre].items() if kind in kinds)

    def taken_down(self, failed: int) -> int:
        """The fibres that failures take down together."""
        taken = self._taken.get(failed)
        if taken is None:
            taken = 0
            for bit in _bits(failed):
                taken |= self.takes_down[bit.bit_length() - 1]
            self._taken[failed] = taken
        return taken

    def bit(self, kind: str, name: str) -> int:
        return 1 << self._failures[kind, name]

    def _failure(self, kind: str, name: str, taken: int) -> None:
        self._failures[kind, name] = len(self.takes_down)
        self.takes_down.append(taken)

    def _causes(self, fibre: Fibre) -> dict[str, int]:
        srlgs = 0
        for srlg in fibre.srlgs:
            srlgs |= self.bit("srlg", srlg)
        return {"link": self.bit("link", fibre.id), "srlg": srlgs}


class FailureHypotheses:
    """What demands to one hub, all protected alike, suspect of what they find dead."""

    def __init__(self, risks: Risks, protection: Protection, dst: str) -> None:
        self._risks = risks
        self._k = protection.k
        self.nothing = FailureHypothesis(0, (0,), 0, spare=protection.k > 0)
        """What is suspected while nothing was found dead."""
        self._kinds = frozenset(protection.over)
        self._dst = dst
        self._first_gateway = 2 * len(risks.fibres)
        self._causes = risks.causes(self._kinds, dst)

    def protects(self, failed: Collection[str]) -> bool:
        """Whether such demands are protected against all of these at once, by name."""
        return len(failed) <= self._k and all(
            name.partition(":")[0] in self._kinds for name in failed
        )

    def gateway(self, hub: str) -> int:
        """The thing that a hub's gateway is."""
        return self._first_gateway + self._risks.hubs[hub]

    def causes_of(self, thing: int) -> int:
        """The failures of protected kinds that make a thing dead."""
        return self._causes[thing]

    def closed(self, found: int) -> frozenset[str]:
        """The hubs whose gateway is among what was found dead."""
        gateways = found >> self._first_gateway
        if not gateways:
            return _NONE
        return frozenset(hub for hub, number in self._risks.hubs.items() if gateways >> number & 1)

    def explain(self, failure_hypothesis: FailureHypothesis, thing: int) -> bool:
        """Whether at most ``k`` failures of the protected kinds explain one more thing as well."""
        causes = self._causes[thing]
        return bool(
            causes & failure_hypothesis.failure_hypotheses or (failure_hypothesis.spare and causes)
        )

    def grown(self, before: FailureHypothesis, thing: int) -> FailureHypothesis:
        """With one more thing found dead, which ``before`` can explain."""
        causes, k = self._causes[thing], self._k
        bits = [*_bits(causes)]
        kept = [one for one in before.family if one & causes]
        least = [one for one in kept if one.bit_count() < k]
        grown: set[int] = set()
        for one in before.family:
            if not one & causes and one.bit_count() < k:
                grown.update([one | bit for bit in bits])
        if least:
            grown = {one for one in grown if not _contains_any(one, least)}
        return _suspicion(before.found | 1 << thing, (*kept, *grown.difference(kept)), k)

    def avoided(self, failure_hypothesis: FailureHypothesis, here: str) -> Iterator[int]:
        """Fibres to avoid: first all that may have failed with those found, at last only those
        that are dead whichever failures explain them."""
        dead, shared, behind = self._near(failure_hypothesis.found, {self._dst, here})
        kinds = self._kinds
        if "hub" in kinds:
            yield behind | (shared if "srlg" in kinds else dead)
        surely = self.surely_dead(failure_hypothesis)
        if "srlg" in kinds and shared & ~surely:
            yield shared | surely
        yield surely

    def _near(self, found: int, not_behind: Collection[str]) -> tuple[int, int, int]:
        """Fibres found dead; those, with what shares a risk with them; all of the hubs behind."""
        risks = self._risks
        dead = shared = behind = 0
        for bit in _bits(found & (1 << self._first_gateway) - 1):
            thing = bit.bit_length() - 1
            dead |= 1 << (thing >> 1)
            shared |= risks.shared[thing >> 1]
            far = risks.far[thing]
            if far not in not_behind:
                behind |= risks.of_hub[far]
        return dead, shared, behind

    def surely_dead(self, failure_hypothesis: FailureHypothesis) -> int:
        """Fibres that are dead whichever failures explain what was found."""
        surely = -1
        for failed in failure_hypothesis.family:
            surely &= self._risks.taken_down(failed)
        return surely


_NONE: frozenset[str] = frozenset()


def _suspicion(found: int, family: tuple[int, ...], k: int) -> FailureHypothesis:
    failure_hypotheses, spare = 0, False
    for one in family:
        failure_hypotheses |= one
        spare = spare or one.bit_count() < k
    return FailureHypothesis(found, family, failure_hypotheses, spare)


def _contains_any(mask: int, others: Iterable[int]) -> bool:
    for other in others:  # noqa: SIM110 - asked too often for a generator
        if mask & other == other:
            return True
    return False


def _bits(mask: int) -> Iterator[int]:
    """The elements of a set, each as a separate set."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit
