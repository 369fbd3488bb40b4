"""Rates that someone states next to a scenario: as if its demands had these guarantees. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from corridor.controller.intent.aggregate import Aggregate
from corridor.controller.policy.model import MOST_BPS, Bandwidth
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.scenario import LoadedScenario, Scenario
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import QuantityError, format_rate, parse_rate_bps

EXAMPLE = "write for example ckpt=2Tbit: a class or a demand, and a real rate"


def with_rates(loaded: LoadedScenario, stated: Sequence[str]) -> LoadedScenario:
    """Each is ``CLASS=RATE``, ``DEMAND=RATE`` or ``RATE`` for all, in real bit/s; a rate for a
    demand goes before its class, and that before all. Raises InputError."""
    if not stated:
        return loaded
    rates = _read(loaded.scenario, stated)
    together = {name for one in loaded.scenario.aggregates for name in one.demands}
    demands = tuple(
        demand if (rate := _rate_of(demand, rates)) is None or demand.id in together
        else _promised(demand, rate, loaded)
        for demand in loaded.scenario.demands
    )  # fmt: skip
    scenario = Scenario.model_construct(**{**dict(loaded.scenario), "demands": demands})
    return loaded.model_copy(update={"scenario": scenario})


def _read(scenario: Scenario, stated: Sequence[str]) -> dict[str, int]:
    """By class or demand; by nothing for all."""
    known = {name for one in scenario.demands for name in (one.id, one.data_class)}
    found: dict[str, int] = {}
    for text in stated:
        what, _, rate = text.rpartition("=")
        if what and what not in known:
            hint = nearest(what, known) or EXAMPLE
            raise InputError(f'no class or demand of {scenario.name} is called "{what}"', hint)
        if what in found:
            raise InputError(f"two rates are stated of {what or 'all'}", "state one")
        try:
            found[what] = parse_rate_bps(rate)
        except QuantityError as error:
            raise InputError(str(error), error.hint or EXAMPLE) from error
    return found


def _rate_of(demand: Demand, rates: Mapping[str, int]) -> int | None:
    given = (rates.get(name) for name in (demand.id, demand.data_class, ""))
    return next((rate for rate in given if rate is not None), None)


def _promised(demand: Demand, real_bps: int, loaded: LoadedScenario) -> Demand:
    scale = Fraction(str(loaded.topology.scaling.capacity_scale))
    cir_bps = round(real_bps * scale)
    try:
        if not cir_bps:
            raise ValueError
        rates = Bandwidth.model_validate({"cir": format_rate(cir_bps)})
    except ValueError:
        message = f"{format_rate(real_bps)} of {demand.id} is {cir_bps} bit/s as emulated"
        raise InputError(message, "state a rate that a meter can hold") from None
    return demand.model_copy(update={"guarantee": rates})


def with_growth(
    loaded: LoadedScenario, growing: Collection[str], times: Fraction
) -> LoadedScenario | None:
    """Return the scenario with the guarantees of these demands and aggregates multiplied.

    Return None if a rate is not a guarantee that the scenario states (a permit's, for example), or
    if a meter cannot hold the product. Rates are rounded up to whole bit/s.
    """
    scenario = loaded.scenario
    known: dict[str, Demand | Aggregate] = {one.id: one for one in scenario.demands}
    known |= {one.id: one for one in scenario.aggregates}
    grown: dict[str, Bandwidth] = {}
    for name in growing:
        stated = known[name].guarantee if name in known else None
        product = None if stated is None else _multiplied(stated, times)
        if product is None:
            return None
        grown[name] = product
    demands, aggregates = (
        tuple(
            one.model_copy(update={"guarantee": grown[one.id]}) if one.id in grown else one
            for one in some
        )
        for some in (scenario.demands, scenario.aggregates)
    )
    changed = {**dict(scenario), "demands": demands, "aggregates": aggregates}
    return loaded.model_copy(update={"scenario": Scenario.model_construct(**changed)})


def _multiplied(rates: Bandwidth, times: Fraction) -> Bandwidth | None:
    cir, pir = (bps if bps is None else math.ceil(bps * times) for bps in (rates.cir, rates.pir))
    if (pir or cir or 0) > MOST_BPS:
        return None
    return rates.model_copy(update={"cir": cir, "pir": pir})
