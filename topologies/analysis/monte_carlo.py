"""Many Monte Carlo samples of one map, by a seed: the one-way delay of every fibre in each.

A fibre's delay is length x fibre delay + terminals. Each of these is multiplied by the exponential
of a normal number: one of the fibre's own, one that all fibres of a medium share, one for each
constant; their spreads are those of the delay model. Numbers belong to names, so that a fibre more
or less leaves the draws of the others as they were, and the first draws of many are those of few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model import delay
from corridor.topologies.model.delay_model import DelayModel, shipped_model
from corridor.topologies.model.topology import Fibre, Topology

DRAWS, SEED = 200, 1
FEWEST, MOST = 20, 20_000
QUANTILE = 1.645
"""Of a normal number: 5 % lie beyond it."""
Floats = npt.NDArray[np.float64]
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
