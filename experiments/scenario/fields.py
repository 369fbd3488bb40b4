"""Parameters of kinds as fields of Pydantic's models: read and checked by their unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt

from corridor.experiments.scenario.quantities import (
    OffsetNs,
    RateBps,
    ShareAsText,
    SizeBytes,
    format_share,
)
from corridor.topologies.base.options import Option, Unit, Values
from corridor.topologies.base.units import (
    QuantityError,
    format_duration,
    format_rate,
    format_size,
)
from corridor.topologies.model.topology import NonEmpty

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
"""The form in YAML of each unit; units that choose a kind are in ``choices.py``."""
_WRITTEN: Mapping[Unit, Callable[[Any], str]] = {
    "time": format_duration,
    "percent": format_share,
    "rate": format_rate,
    "size": format_size,
}

type Fields = dict[str, Any]
"""By key, its type and its default, as Pydantic's ``create_model`` takes them."""


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
