"""Parameters of kinds as fields of Pydantic's models: read and checked by their unit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StrictBool, StrictInt

from corridor.controller.policy.model import MOST_BPS, Bandwidth
from corridor.topologies.base.documents import Document
from corridor.topologies.base.options import Option, Unit, Values
from corridor.topologies.base.units import (
    QuantityError,
    format_duration,
    format_rate,
    format_size,
    parse_duration_ns,
    parse_rate_bps,
    parse_size_bytes,
)
from corridor.topologies.model.topology import NonEmpty

# Quantities as scenarios write them, with a unit or a percent sign, and as values hold them.


def _share(text: object) -> float:
    """``12%`` or ``0.5%`` as a fraction."""
    if not isinstance(text, str) or not text.strip().endswith("%"):
        raise ValueError(f'"{text}" needs a percent sign, for example 0.1%')
    try:
        share = float(text.strip()[:-1]) / 100
    except ValueError:
        raise ValueError(f'"{text}" is not a percentage') from None
    if not math.isfinite(share) or share < 0:
        raise ValueError(f'"{text}" must be a percentage of 0% or more')
    return share


def _duration(text: object) -> int:
    return parse_duration_ns(text, allow_zero=False)


Share = Annotated[float, BeforeValidator(_share)]
_NS_AS_TEXT = PlainSerializer(format_duration, when_used="json")
DurationNs = Annotated[int, BeforeValidator(_duration), _NS_AS_TEXT]
OffsetNs = Annotated[int, BeforeValidator(parse_duration_ns), _NS_AS_TEXT]
SizeBytes = Annotated[
    int, BeforeValidator(parse_size_bytes), PlainSerializer(format_size, when_used="json")
]


def format_share(share: float) -> str:
    """``0.005`` -> ``0.5%``."""
    return f"{share * 100:.12g}%"


ShareAsText = Annotated[Share, PlainSerializer(format_share, when_used="json")]
"""A share that is written as it is read."""
RateBps = Annotated[
    int, BeforeValidator(parse_rate_bps), PlainSerializer(format_rate, when_used="json")
]


_POINT = re.compile(r"p[0-9]+(\.[0-9]+)?")


def _points(given: object) -> object:
    """Quantiles by their names."""
    for name in given if isinstance(given, dict) else ():
        if not _POINT.fullmatch(str(name)) or float(str(name)[1:]) > 100:
            raise QuantityError(f'"{name}" is not a quantile', "write p0, p50, p99.9, p100")
    return given


READ: Mapping[Unit, Any] = {
    "time": OffsetNs,
    "percent": ShareAsText,
    "rate": RateBps,
    "size": SizeBytes,
    "number": float,
    "count": StrictInt,
    "flag": StrictBool,
    "name": NonEmpty,
    "file": NonEmpty,
    "points": Annotated[dict[str, SizeBytes], BeforeValidator(_points), Field(min_length=2)],
}
"""The form in YAML of each unit; units that choose a kind are in ``kinds.py``."""
_WRITTEN: Mapping[Unit, Callable[[Any], str]] = {
    "time": format_duration,
    "percent": format_share,
    "rate": format_rate,
    "size": format_size,
}


def field_of(
    name: str, option: Option, *, required: bool, read: Mapping[Unit, Any] = READ
) -> tuple[Any, Any]:
    """The type and the default of a key."""
    dynamic: Any = Annotated
    made = dynamic[read[option.unit], AfterValidator(partial(_within, name, option))]
    if required:
        return made, Field(description=option.words)
    optional = made if option.default is not None else made | None
    return optional, Field(default=option.default, description=option.words)


def _within(name: str, option: Option, value: float) -> float:
    """ValueError for what is beyond the bounds of a parameter, in the unit that YAML has."""
    written = _WRITTEN.get(option.unit, str)
    if option.above is not None and value <= option.above:
        raise ValueError(f"{name} must be more than {written(option.above)}, not {written(value)}")
    if option.most is not None and value > option.most:
        raise ValueError(f"{name} must be at most {written(option.most)}, not {written(value)}")
    return value


class Parametrised(Protocol):
    """A kind of anything that has parameters."""

    @property
    def words(self) -> str: ...

    @property
    def options(self) -> Mapping[str, Option]: ...

    @property
    def problem(self) -> Callable[[Values], str]: ...


def required_of(kind: Parametrised) -> list[str]:
    return [name for name, option in kind.options.items() if option.required]


def complete(name: str, kind: Parametrised, values: Values) -> None:
    """ValueError unless all that a kind requires is given, and goes together."""
    for key in required_of(kind):
        if values[key] is None:
            raise ValueError(f'{name} has no "{key}": {kind.options[key].words}')
    problem = kind.problem(values)
    if problem:
        raise ValueError(f"{name}: {problem}")


def refuse_of_others(
    kinds: Mapping[str, Parametrised], own: Parametrised, given: Iterable[str]
) -> None:
    """ValueError for a parameter that is given and is another kind's: all are keys side by side."""
    for name in given:
        if name not in own.options:
            owners = [key for key, kind in kinds.items() if name in kind.options]
            raise ValueError(f"{name} is a parameter of {' or '.join(owners)} only")


# Policing: what the edge lets in of demands to which nothing is promised.

type Unpoliced = Literal["none"]
LEAST_BPS = 10_000
"""A tenth of a second of it is the smallest burst of a meter: 1 kbit."""


def _as_a_meter_can(rate_bps: int) -> int:
    if not LEAST_BPS <= rate_bps <= MOST_BPS:
        least, most = map(format_rate, (LEAST_BPS, MOST_BPS))
        raise QuantityError(f"a meter holds demands to {least} at least, and {most} at most")
    return rate_bps


PolicedBps = Annotated[RateBps, AfterValidator(_as_a_meter_can)]


def police_bps(network: int | None, demand: int | Unpoliced | None) -> int | None:
    """The rate to which a demand is policed, if any; its own setting replaces the network's."""
    if demand == "none":
        return None
    return network if demand is None else demand


def check_policed(
    document: Document, number: int, guarantee: Bandwidth | None, police: int | Unpoliced | None
) -> None:
    """A demand with a guarantee is held to its peak rate, and to nothing else. InputError."""
    if guarantee is not None and isinstance(police, int):
        raise document.error(
            "a demand with a guarantee is limited to its peak rate, and cannot be policed as well",
            *("demands", number, "police"),
            hint="leave out police, or write the rate as the pir of the guarantee",
        )
