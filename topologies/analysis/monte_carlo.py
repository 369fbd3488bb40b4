"""Many Monte Carlo samples of one map, by a seed: one-way delays of fibres, and their intervals.

A fibre's delay is length x fibre delay + terminals. Each of these is multiplied by the exponential
of a normal number: one of the fibre's own, one that all fibres of a medium share, one for each
constant; their spreads are those of the delay model. Numbers belong to names, so that a fibre more
or less leaves the samples of the others as they were, and the first samples of many are those of
few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model import delay
from corridor.topologies.model.delay_model import DelayModel, shipped_model
from corridor.topologies.model.topology import Fibre, Topology

DRAWS, SEED = 200, 1
FEWEST, MOST = 20, 20_000
QUANTILE = 1.645
"""Of a normal number: 5 % lie beyond it."""
Nanoseconds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ensemble:
    """Monte Carlo samples of a topology's delays; fibres in the order of the topology.

    Both directions of a fibre share its draws: a length is one length.
    """

    topology: Topology
    seed: int
    nominal_ns: Nanoseconds
    """By fibre: the delays that the topology states."""
    delays_ns: Nanoseconds
    """Samples x fibres, one way, in ns."""
    inputs: Mapping[str, Floats]
    """Standard normal numbers by what they belong to: a fibre's id, or ``all ...``."""

    @property
    def draws(self) -> int:
        return int(self.delays_ns.shape[0])

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Columns by fibre id."""
        return {fibre.id: number for number, fibre in enumerate(self.topology.fibres)}


def draw(
    topology: Topology, model: DelayModel | None = None, *, draws: int = DRAWS, seed: int = SEED
) -> Ensemble:
    """An ensemble of ``draws`` draws. Raises ValueError outside of 20 to 20,000 draws."""
    if not FEWEST <= draws <= MOST:
        raise ValueError(f"an ensemble has {FEWEST} to {MOST} draws, not {draws}")
    model = model or shipped_model()
    inputs: dict[str, Floats] = {}

    def numbers(name: str) -> Floats:
        if name not in inputs:
            inputs[name] = np.random.default_rng(seed_of(seed, name)).standard_normal(draws)
        return inputs[name]

    shared = {
        "fibre": np.exp(model.spread("fibre") * numbers("all fibre delay")),
        "terminals": np.exp(model.spread("terminals") * numbers("all terminals")),
    }
    columns = [_delays_ns(fibre, model, numbers, shared) for fibre in topology.fibres]
    nominal = np.array([fibre.one_way_delay_ns for fibre in topology.fibres], dtype=np.int64)
    delays = np.stack(columns, axis=1) if columns else np.zeros((draws, 0), dtype=np.int64)
    return Ensemble(topology, seed, nominal, delays, inputs)


def delay_factors(fibre: Fibre, model: DelayModel | None = None) -> tuple[float, float]:
    """5 and 95 per cent quantiles of what a fibre may take over what the map says, by its basis.

    Of its length alone: terminals and the fibre constant are a hundredth of it.
    """
    model = model or shipped_model()
    if fibre.delay_basis == "given":
        wide = model.spread("given")
    else:
        own, common = _length_spreads(fibre, model)
        wide = float(np.hypot(own, common))
    return float(np.exp(-QUANTILE * wide)), float(np.exp(QUANTILE * wide))


def _length_spreads(fibre: Fibre, model: DelayModel) -> tuple[float, float]:
    error = model.length_error(fibre.length_basis)
    unsure = model.unsure if fibre.confidence == "unsure" else 1.0
    return min(1.0, error.own * unsure), error.common


def _delays_ns(
    fibre: Fibre,
    model: DelayModel,
    numbers: Callable[[str], Floats],
    shared: Mapping[str, Floats],
) -> Nanoseconds:
    if fibre.delay_basis == "given":
        own = np.exp(model.spread("given") * numbers(fibre.id))
        return np.rint(fibre.one_way_delay_ns * own).astype(np.int64)
    spread, common = _length_spreads(fibre, model)
    where = "sea" if fibre.medium == "submarine" else "land"
    logarithm = spread * numbers(fibre.id) + common * numbers(f"all lengths on {where}")
    length = (fibre.one_way_delay_ns - delay.TERMINAL_NS) * np.exp(logarithm)
    taken = length * shared["fibre"] + delay.TERMINAL_NS * shared["terminals"]
    return np.rint(taken).astype(np.int64)


CONFIDENCE = 0.9
BINS = 20
FEWEST_FOR_SENSITIVITY = 400
"""Below 20 draws a bin, chance outweighs what is looked for."""


@dataclass(frozen=True)
class Interval:
    """The middle 90 % of some draws, and their median, in ms."""

    low_ms: float
    median_ms: float
    high_ms: float

    @property
    def width_ms(self) -> float:
        return self.high_ms - self.low_ms

    def __str__(self) -> str:
        return f"{self.low_ms:.1f} to {self.high_ms:.1f} ms"


def interval_of(values_ns: npt.NDArray[np.int64] | Floats) -> Interval:
    """Of at least one draw, in ns."""
    tail = (1 - CONFIDENCE) / 2
    ordered: list[float] = np.sort(values_ns).tolist()
    low, median, high = (_quantile(ordered, part) / 1e6 for part in (tail, 0.5, 1 - tail))
    return Interval(round(low, 3), round(median, 3), round(high, 3))


def _quantile(ordered: Sequence[float], part: float) -> float:
    """As ``np.quantile`` computes it, to the last bit. That imports masked arrays, which takes
    longer than all intervals of a small map."""
    at = (len(ordered) - 1) * part
    number = math.floor(at)
    below, above = ordered[number], ordered[min(number + 1, len(ordered) - 1)]
    beyond, gap = at - number, above - below
    return above - gap * (1 - beyond) if beyond >= 0.5 else below + gap * beyond


@dataclass(frozen=True)
class Influence:
    """What knowing one input exactly would do."""

    input: str
    """A fibre, whose length it is, or a number that all share."""
    variance_share: float
    """Of a round trip: the part of its variance that this input alone explains."""
    width_ms: float
    """Of the 90 % interval, on average, once the input is known."""
    set_share: float
    """Likewise of whether the set of jurisdictions is the expected one; 0 if it always is."""


def influences(
    inputs: Mapping[str, Floats], rtt_ns: Floats, as_expected: npt.NDArray[np.bool_]
) -> tuple[Influence, ...]:
    """By input, most influential on the round trip or the set first.

    First-order sensitivity from given draws (Plischke, Borgonovo and Smith 2013): draws are sorted
    into bins of equal size by an input; the variance of the bins' means over that of all, less what
    chance alone would give, is its share. Raises ValueError for fewer than 400 draws.
    """
    draws = len(rtt_ns)
    if draws < FEWEST_FOR_SENSITIVITY:
        raise ValueError(f"sensitivity needs {FEWEST_FOR_SENSITIVITY} draws, not {draws}")
    met = as_expected.astype(np.float64)
    found = []
    for name, numbers in inputs.items():
        bins = np.array_split(np.argsort(numbers, kind="stable"), BINS)
        widths = [interval_of(rtt_ns[one]).width_ms for one in bins]
        found.append(
            Influence(
                name,
                round(_explained(rtt_ns, bins), 4),
                round(float(np.mean(widths)), 3),
                round(_explained(met, bins), 4),
            )
        )
    found.sort(key=lambda one: (-max(one.variance_share, one.set_share), one.input))
    return tuple(found)


def _explained(values: Floats, bins: list[npt.NDArray[np.int64]]) -> float:
    """The share of variance between bins, without the part that chance gives."""
    whole = float(values.var())
    if whole == 0:
        return 0.0
    means = np.array([values[one].mean() for one in bins])
    sizes = np.array([len(one) for one in bins])
    between = float((sizes * (means - values.mean()) ** 2).sum() / len(values)) / whole
    chance = (len(bins) - 1) / (len(values) - 1)
    return max(0.0, (between - chance) / (1 - chance))
