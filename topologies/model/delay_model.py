"""Delay above the fibre, and how certain each number is: one file of constants, as values and text.

``delay.py`` says what a fibre takes. This says what is measured over it, by layer: a constant for
both ends, a slope, what some crossings add; and the errors of lengths and constants, from which
ensembles are drawn. ``data/delay-model.yaml`` ships; a user's file has
the same form and is what ``corridor topology validate --fit`` writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BeforeValidator, Field, model_validator

from corridor.topologies.base.documents import Document, read_document, validate
from corridor.topologies.base.units import QuantityError, format_duration, parse_duration_ns
from corridor.topologies.model.catalogue import DATA
from corridor.topologies.model.topology import Frozen, JurisdictionCode, LengthBasis, Slug, Text

LayerName = Literal["optical", "ip", "cloud", "public"]
LAYERS: tuple[LayerName, ...] = ("optical", "ip", "cloud", "public")
GREAT_CIRCLE = "great-circle"
"""What a region is over that needs no map."""
ErrorBasis = Literal["fitted", "stated"]
SHIPPED = DATA / "delay-model.yaml"


def _signed_ms(value: object) -> float:
    """Milliseconds in ``5.5ms`` or ``-8ms``."""
    if isinstance(value, str) and value.startswith("-"):
        return -_signed_ms(value[1:])
    return parse_duration_ns(value, "duration") / 1e6


def _interval(value: object) -> object:
    """A low and a high factor around the model's value, 1."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise QuantityError("an interval is two factors", "write it like [0.85, 1.2]")
    return tuple(value)


Milliseconds = Annotated[float, BeforeValidator(_signed_ms)]
Factor = Annotated[float, Field(gt=0, le=20)]
Factors = Annotated[tuple[Factor, Factor], BeforeValidator(_interval)]
Spread = Annotated[float, Field(ge=0, le=1)]
"""Standard deviation of a logarithm: 0.1 is about 10 per cent."""


class Region(Frozen):
    """The constants of a layer where both ends lie ``within`` some jurisdictions, or anywhere.

    Round trip = ``ends_ms`` + ``slope`` x fibre + terminals.
    """

    within: tuple[JurisdictionCode, ...] = ()
    topology: str = ""
    """Another map than the layer's own, or the great circle; empty: the layer's own map."""
    ends_ms: Milliseconds = Field(alias="ends")
    """Of a round trip, both ends together."""
    slope: Factor
    interval: Factors
    """Measured over predicted: 90 per cent of it where ``interval_basis`` is ``fitted``."""
    basis: ErrorBasis
    rows: int = Field(ge=0)
    """Measurements that the constants were fitted on."""
    interval_basis: ErrorBasis
    source: Text

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.interval[0] <= 1 <= self.interval[1]:
            raise ValueError("an interval holds 1, the model's own value")
        return self


class Crossing(Frozen):
    """What passing one of some fibres adds to a round trip, by the statistic that is asked for."""

    id: Slug
    fibres: tuple[Slug, ...] = Field(min_length=1)
    median_ms: Milliseconds | None = Field(default=None, alias="median")
    """None: it adds nothing, and none is fitted."""
    tail_ms: Milliseconds | None = Field(default=None, alias="tail")
    """Beyond the median, for a 95th percentile; None likewise."""
    source: Text


class Layer(Frozen):
    """One layer: the map it is routed over, and its constants by region.

    The first region answers that holds both places and whose map joins them.
    """

    layer: LayerName
    topology: str
    """A shipped map."""
    without: tuple[Slug, ...] = ()
    """Fibres of the map that this layer does not use."""
    crossings: tuple[Crossing, ...] = ()
    regions: tuple[Region, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_anywhere(self) -> Self:
        if self.regions[-1].within:
            raise ValueError(f"the last region of layer {self.layer} must hold anywhere")
        return self

    def regions_of(self, jurisdictions: Iterable[str]) -> Iterator[Region]:
        """The regions that hold all of these: of each map the first."""
        asked, found = set(jurisdictions), set[str]()
        for one in self.regions:
            name = self.map_of(one)
            if name not in found and (not one.within or asked <= set(one.within)):
                found.add(name)
                yield one

    def region(self, jurisdictions: Iterable[str]) -> Region:
        """The first region that holds all of these."""
        return next(self.regions_of(jurisdictions))

    def map_of(self, region: Region) -> str:
        """The map that a region of this layer is routed over."""
        return region.topology or self.topology


class LengthError(Frozen):
    """Errors of lengths of one basis: each fibre independently, and all of a medium together."""

    basis: LengthBasis
    own: Spread
    common: Spread
    source: Text


class ConstantError(Frozen):
    """How far a constant that all fibres share is off."""

    constant: Literal["fibre", "terminals", "given"]
    spread: Spread
    source: Text


class DelayModel(Frozen):
    """Constants and errors, as one file gives them."""

    name: Slug
    layers: tuple[Layer, ...] = Field(min_length=1)
    lengths: tuple[LengthError, ...]
    constants: tuple[ConstantError, ...]
    unsure: Factor
    """Multiplies the error of a fibre whose entry has confidence ``unsure``."""
    unsure_source: Text

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _each_once("layer", [one.layer for one in self.layers], LAYERS)
        bases = ("published", "apportioned", "stated", "derived")
        _each_once("basis of lengths", [one.basis for one in self.lengths], bases)
        known = ("fibre", "terminals", "given")
        _each_once("constant", [one.constant for one in self.constants], known)
        return self

    def layer(self, name: LayerName) -> Layer:
        return next(one for one in self.layers if one.layer == name)

    def length_error(self, basis: LengthBasis) -> LengthError:
        return next(one for one in self.lengths if one.basis == basis)

    def spread(self, constant: Literal["fibre", "terminals", "given"]) -> float:
        return next(one.spread for one in self.constants if one.constant == constant)

    def with_layer(self, layer: Layer) -> DelayModel:
        layers = tuple(layer if one.layer == layer.layer else one for one in self.layers)
        return self.model_copy(update={"layers": layers})


def _each_once(what: str, found: list[str], wanted: tuple[str, ...]) -> None:
    for name in wanted:
        if found.count(name) != 1:
            raise ValueError(f'{what} "{name}" is given {found.count(name)} times, not once')


def load_delay_model(path: str | Path | None = None) -> DelayModel:
    """The shipped model, or that of a file. Raises InputError."""
    return shipped_model() if path is None else _read(read_document(path))


@cache
def shipped_model() -> DelayModel:
    return _read(read_document(SHIPPED))


def _read(document: Document) -> DelayModel:
    return validate(document, DelayModel)


HEAD = """\
# The delay model above the fibre, and how sure each number is. docs/topologies.md explains it;
# `corridor topology validate FILE.csv --fit OUT.yaml` writes a file of this form from measurements.
# Round trip = ends + slope x fibre + terminals, and tails. The first region answers whose map has a
# path. interval: measured over predicted, 90 % of it where fitted. own, common, spread: standard
# deviations of logarithms, 0.1 is about 10 %.
"""
type Entry = dict[str, object]


def to_text(model: DelayModel) -> str:
    """YAML, in the order of the model."""
    plain: Entry = {
        "name": model.name,
        "layers": [_layer(one) for one in model.layers],
        "lengths": [one.model_dump() for one in model.lengths],
        "constants": [one.model_dump() for one in model.constants],
        "unsure": model.unsure,
        "unsure_source": model.unsure_source,
    }
    return HEAD + yaml.safe_dump(
        plain, sort_keys=False, width=110, allow_unicode=True, default_flow_style=None
    )


def _layer(layer: Layer) -> Entry:
    entry: Entry = {"layer": layer.layer, "topology": layer.topology}
    if layer.without:
        entry["without"] = list(layer.without)
    if layer.crossings:
        entry["crossings"] = [_crossing(one) for one in layer.crossings]
    return {**entry, "regions": [_region(one) for one in layer.regions]}


def _crossing(crossing: Crossing) -> Entry:
    entry: Entry = {"id": crossing.id, "fibres": list(crossing.fibres)}
    if crossing.median_ms is not None:
        entry["median"] = written_ms(crossing.median_ms)
    if crossing.tail_ms is not None:
        entry["tail"] = written_ms(crossing.tail_ms)
    return {**entry, "source": crossing.source}


def _region(region: Region) -> Entry:
    entry: Entry = {"within": list(region.within)} if region.within else {}
    if region.topology:
        entry["topology"] = region.topology
    return {
        **entry,
        "ends": written_ms(region.ends_ms),
        "slope": region.slope,
        "interval": list(region.interval),
        "basis": region.basis,
        "rows": region.rows,
        "interval_basis": region.interval_basis,
        "source": region.source,
    }


def written_ms(milliseconds: float) -> str:
    """``5.46`` -> ``5460us``, to the microsecond."""
    sign = "-" if milliseconds < 0 else ""
    return sign + format_duration(round(abs(milliseconds) * 1000) * 1000)
