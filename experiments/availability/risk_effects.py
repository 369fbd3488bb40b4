"""What a failure does besides taking paths: Internet traffic that is not carried, and the law that
detours meet. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np

from corridor.controller.policy.model import RETURN
from corridor.experiments.answers.internet_cut import figures_of, internet_cut
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.experiments.availability.figures import Interval, interval
from corridor.experiments.availability.served_systems import permitted_system
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.failing_parts import FailingPart, FailureModel
from corridor.topologies.analysis.lines import System, bits
from corridor.topologies.base.arrays import Floats
from corridor.topologies.model.topology import Fibre

FEWEST_SAMPLES = 2
"""Of traffic matrices: only the best estimate is used."""
HOURS_OF_DAY = 24
LEAST_GBPS = 0.5
type Losses = tuple[float, float, float]
"""At once, after owners have rerouted, and after purchases; in Gbit/s."""


@dataclass(frozen=True)
class LostTraffic:
    """Internet traffic of a country in the busy hour that a failure leaves without a path, by the
    model of ``corridor traffic``. Of a common cause, the mean over the systems that events hit.
    Figures of countries differ in kind and are never added."""

    country: str
    split: Literal["published", "assumed"]
    """Whether its capacity by cable is published, or our assumption on a published total."""
    at_once_gbps: float
    own_gbps: float
    """After owners have rerouted over their other systems, on the first day."""
    bought_gbps: float
    """After purchases, from the second day on."""
    tbit_hours_a_year: Interval
    """Expected Tbit/s times hours a year; one is 3,600 Tbit. The interval is that of failure rates
    and repair times, not of traffic."""


@dataclass(frozen=True)
class Detours:
    """The shortest permitted paths of demands if a part alone has failed; of a common cause, if it
    takes all its fibres."""

    moved: int
    """Demands of which the shortest permitted path passes it, and another is left."""
    stranded: int
    """Those without another."""
    jurisdictions: tuple[str, ...]
    """What the new paths meet and the old ones do not, most frequent first; ``?`` if a fibre may
    cross it."""


class RiskEffects:
    """Traffic and detours of the parts of a map."""

    def __init__(self, loaded: LoadedScenario, model: FailureModel, served: Iterable[str]) -> None:
        """``served``: the demands that have a path while nothing has failed."""
        self._loaded = loaded
        self._model = model
        self._served = tuple(served)
        self._known: dict[tuple[str, ...], Mapping[str, tuple[str, Losses]]] = {}

    def traffic(self, part: int) -> tuple[LostTraffic, ...]:
        """Return by country what is not carried; none of a map without Internet traffic."""
        of = self._model.parts[part]
        found: dict[str, tuple[str, list[float]]] = {}
        for weight, fibres in self._patterns(part):
            for country, (split, losses) in self._lost(fibres).items():
                _, total = found.setdefault(country, (split, [0.0, 0.0, 0.0]))
                total[:] = [a + weight * b for a, b in zip(total, losses, strict=True)]
        some = (
            _lost_traffic(of, country, split, losses)
            for country, (split, losses) in found.items()
            if losses[0] >= LEAST_GBPS
        )
        return tuple(sorted(some, key=lambda one: (one.split != "published", -one.at_once_gbps)))

    def detours(self, part: int) -> Detours:
        """Return how demands that use a part are rerouted, if it has failed."""
        down = sum(self._model.lines[one] for one in self._model.parts[part].fibres)
        met, moved, stranded = Counter[str](), 0, 0
        for system, before in self._before:
            if not before & down:
                continue
            after = system(down)
            if not after.works:
                stranded += 1
                continue
            moved += 1
            met.update(self._jurisdictions(after.relies_on) - self._jurisdictions(before))
        certain = {one for one in met if not one.endswith("?")}
        codes = [one for one, _ in met.most_common() if one.removesuffix("?") not in certain]
        ranked = sorted((*certain, *codes), key=lambda one: (-met[one], one))
        return Detours(moved, stranded, tuple(ranked))

    def _patterns(self, part: int) -> Iterator[tuple[float, tuple[str, ...]]]:
        """The fibres that fail, each set with its mean probability while the part has failed."""
        parts, hits = self._model.parts, self._model.events.get(part)
        if hits is None:
            yield 1.0, parts[part].fibres
            return
        shares = [parts[hit].unavailable for hit in hits]
        for chosen in product((False, True), repeat=len(hits)):
            each = [s if is_hit else 1 - s for s, is_hit in zip(shares, chosen, strict=True)]
            taken = (hit for hit, is_hit in zip(hits, chosen, strict=True) if is_hit)
            fibres = tuple(fibre for hit in taken for fibre in parts[hit].fibres)
            if fibres:
                yield float(np.prod(each, axis=0).mean()), fibres

    def _lost(self, fibres: tuple[str, ...]) -> Mapping[str, tuple[str, Losses]]:
        if fibres not in self._known:
            related, day = figures_of(self._loaded)
            named = [f"link:{one}" for one in fibres]
            found = internet_cut(related, named, day, FEWEST_SAMPLES, by_direction=False)
            self._known[fibres] = {
                one.country: (
                    one.split,
                    (
                        one.shortfall("none").value,
                        one.shortfall("own").value,
                        one.shortfall("bought").value,
                    ),
                )
                for one in (found.countries if found else ())
            }
        return self._known[fibres]

    @cached_property
    def _before(self) -> Sequence[tuple[System, int]]:
        """By demand, the system of its permitted paths, and the fibres of its shortest ones."""
        paths = PricedPaths(self._loaded.topology)
        intents = {one.id: one.applicable_policies for one in intents_for(self._loaded)}
        systems = (
            permitted_system(paths, (intents[one], intents[f"{one}{RETURN}"]))
            for one in self._served
        )
        return [(one, one(0).relies_on) for one in systems]

    def _jurisdictions(self, lines: int) -> set[str]:
        fibres = [self._loaded.topology.fibres[line] for line in bits(lines)]
        certain = {code for one in fibres for code in self._met(one)}
        may = {code for one in fibres for code in one.may_cross_codes} - certain
        return certain | {f"{code}?" for code in may}

    def _met(self, fibre: Fibre) -> Iterator[str]:
        yield from fibre.crosses
        yield from (self._loaded.topology.hub(end).located_in for end in fibre.ends)


def _lost_traffic(
    of: FailingPart, country: str, split: str, losses: Sequence[float]
) -> LostTraffic:
    at_once, own, bought = losses
    first = np.minimum(of.repair_days, 1.0)
    occur = of.failures_a_year * (1 - of.unavailable)  # none while it is down
    lost_gbps_days: Floats = occur * (first * own + (of.repair_days - first) * bought)
    return LostTraffic(
        country=country,
        split="assumed" if split == "assumed" else "published",
        at_once_gbps=at_once,
        own_gbps=own,
        bought_gbps=bought,
        tbit_hours_a_year=interval(lost_gbps_days * HOURS_OF_DAY / 1000),
    )
