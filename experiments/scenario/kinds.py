"""Kinds of arrivals and faults as keys of a scenario, from what each kind says of itself.

The classes here have what all kinds share. Their fields come from the registries: a key for each
kind, and one for each of its parameters, read and checked by its unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    StrictInt,
    TypeAdapter,
    create_model,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from corridor.experiments.scenario.quantities import (
    DurationNs,
    OffsetNs,
    RateBps,
    ShareAsText,
    SizeBytes,
    format_share,
)
from corridor.experiments.timeline import registry as timeline
from corridor.experiments.timeline.moments import START, Moment, parse_moment
from corridor.topologies.base.options import Option, Unit, Values
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.units import (
    QuantityError,
    format_duration,
    format_rate,
    format_size,
    written_day,
)
from corridor.topologies.faults import registry as faults
from corridor.topologies.faults.kind import EventKind
from corridor.topologies.model.topology import Frozen, NonEmpty, Slug
from corridor.traffic.arrivals import registry as arrivals
from corridor.traffic.arrivals.kind import ArrivalKind

_READ: Mapping[Unit, Any] = {
    "time": OffsetNs,
    "percent": ShareAsText,
    "rate": RateBps,
    "size": SizeBytes,
    "number": float,
    "count": StrictInt,
    "flag": StrictBool,
    "name": NonEmpty,
}


_WRITTEN: Mapping[Unit, Callable[[Any], str]] = {
    "time": format_duration,
    "percent": format_share,
    "rate": format_rate,
    "size": format_size,
}

type Fields = dict[str, Any]
"""By key, its type and its default, as Pydantic's ``create_model`` takes them."""


def _field(name: str, option: Option, *, required: bool) -> tuple[Any, Any]:
    """The type and the default of a key."""
    dynamic: Any = Annotated
    read = dynamic[_READ[option.unit], AfterValidator(partial(_within, name, option))]
    if required:
        return read, Field(description=option.words)
    optional = read if option.default is not None else read | None
    return optional, Field(default=option.default, description=option.words)


def _within(name: str, option: Option, value: float) -> float:
    """ValueError for what is beyond the bounds of a parameter, in the unit that YAML has."""
    written = _WRITTEN.get(option.unit, str)
    if option.above is not None and value <= option.above:
        raise ValueError(f"{name} must be more than {written(option.above)}, not {written(value)}")
    if option.most is not None and value > option.most:
        raise ValueError(f"{name} must be at most {written(option.most)}, not {written(value)}")
    return value


class _Options(Frozen):
    """The parameters of one kind of arrivals, under its name."""


class ArrivalChoice(Frozen):
    """When the probes of a demand are sent: the name of one kind, or that name with parameters."""

    @model_validator(mode="before")
    @classmethod
    def _a_name_alone(cls, given: Any) -> Any:
        if isinstance(given, str) and given not in arrivals.KINDS:
            hint = nearest(given, arrivals.KINDS) or f"use one of {', '.join(arrivals.KINDS)}"
            raise QuantityError(f'arrival "{given}" is not known', hint)
        return {given: {}} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _is_one_kind_with_all_it_needs(self) -> Self:
        given = [name for name in arrivals.KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"an arrival is one of {', '.join(arrivals.KINDS)}")
        kind = arrivals.KINDS[given[0]]
        _complete(kind.name, kind, self._options)
        return self

    @property
    def kind(self) -> ArrivalKind:
        kinds = arrivals.KINDS.values()
        return next(kind for kind in kinds if getattr(self, kind.name) is not None)

    @property
    def _options(self) -> Values:
        options: Frozen = getattr(self, self.kind.name)
        return options.model_dump()

    @property
    def planned(self) -> arrivals.Arrival:
        """As plans write it."""
        return {self.kind.name: self._options} if self.kind.options else self.kind.name

    @model_serializer
    def _as_written(self) -> Any:
        options: Frozen = getattr(self, self.kind.name)
        written = options.model_dump(mode="json", exclude_none=True)
        return {self.kind.name: written} if written else self.kind.name

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        made = handler.resolve_ref_schema(handler(schema))
        described = {"description": made.pop("description", ""), "title": made.pop("title", "")}
        mapping = {**made, "minProperties": 1, "maxProperties": 1}
        made.clear()
        alone = [name for name, kind in arrivals.KINDS.items() if not _required(kind)]
        made |= {**described, "anyOf": [{"enum": alone}, mapping]}
        return made


_DAY = TypeAdapter(Annotated[date, BeforeValidator(written_day)])


def _day_text(given: object) -> str:
    return given if given == "" else _DAY.validate_python(given).isoformat()


DayText = Annotated[str, BeforeValidator(_day_text)]
"""A day as plans write it, YYYY-MM-DD; empty where none is given."""
MomentText = Annotated[
    Moment,
    PlainValidator(parse_moment, json_schema_input_type=str),
    PlainSerializer(str, when_used="json"),
]


class OneKind(Frozen):
    """Something that happens, of exactly one kind: its key names what it befalls."""

    @classmethod
    def kinds(cls) -> Mapping[str, EventKind]:
        """The kinds whose keys it may have."""
        return timeline.KINDS

    @classmethod
    def known_options(cls) -> Mapping[str, Option]:
        return timeline.OPTIONS

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        kinds, noun = self.kinds(), self.noun
        if len([kind for kind in kinds.values() if getattr(self, kind.key)]) != 1:
            known = [f"{kind.key} (a {kind.of})" for kind in kinds.values()]
            raise ValueError(f"{noun} is one of {', '.join(known[:-1])} and {known[-1]}")
        for name, option in self.known_options().items():
            if name not in self.kind.options and getattr(self, name) != option.default:
                owners = [key for key, kind in kinds.items() if name in kind.options]
                raise ValueError(f"{name} is a parameter of {' or '.join(owners)} only")
        _complete(self.kind.key, self.kind, self.options)
        return self

    @property
    def noun(self) -> str:
        return "an event"

    @property
    def kind(self) -> EventKind:
        return next(kind for kind in self.kinds().values() if getattr(self, kind.key))

    @property
    def what(self) -> str:
        """What it befalls: a fibre, a hub, a demand, as its kind says."""
        name: str = getattr(self, self.kind.key)
        return name

    @property
    def options(self) -> Values:
        return {name: getattr(self, name) for name in self.kind.options}


class TimedFault(OneKind):
    """Something that fails while probes are sent, and is repaired: a short form of an event."""

    at: OffsetNs
    """After the first probe may be sent, in nanoseconds."""
    until: OffsetNs | None = None
    """When it is repaired; not at all if not given."""

    @classmethod
    def kinds(cls) -> Mapping[str, EventKind]:
        return faults.KINDS

    @classmethod
    def known_options(cls) -> Mapping[str, Option]:
        return faults.OPTIONS

    @property
    def noun(self) -> str:
        return "a fault"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        _refuse_end(self.kind, given=self.until is not None)
        if self.until is not None and self.until <= self.at:
            raise ValueError("a fault is repaired after it happens: until is above at")
        return self

    @property
    def begins(self) -> Moment:
        return Moment(START, self.at)

    @property
    def ends(self) -> Moment | None:
        return None if self.until is None else Moment(START, self.until)


class TimedEvent(OneKind):
    """Something that happens while a network is measured."""

    id: Slug | None = None
    """By which other events count from it; its kind and what it befalls if not given."""
    at: MomentText
    """A time after the first probe may be sent, or after a named moment."""
    until: MomentText | None = None
    """When it ends; with neither this nor ``for`` it lasts until the run ends."""
    lasts: DurationNs | None = Field(default=None, alias="for")
    """How long it lasts, instead of ``until``."""

    @model_validator(mode="after")
    def _has_one_end(self) -> Self:
        given = (self.until is not None) + (self.lasts is not None)
        _refuse_end(self.kind, given=bool(given))
        if given > 1:
            raise ValueError("give until or for, not both")
        if not given and self.kind.must_end:
            raise ValueError(f"{self.kind.key} lasts: give until or for")
        return self

    @property
    def begins(self) -> Moment:
        return self.at

    @property
    def ends(self) -> Moment | None:
        return self.until


def _refuse_end(kind: EventKind, *, given: bool) -> None:
    """ValueError for an end of what has none, or says itself how long it lasts."""
    if given and kind.steps is not None:
        raise ValueError(f"{kind.key} ends by itself: leave out until and for")
    if given and not kind.end and kind.of != "demand":
        raise ValueError(f"{kind.key} happens at once: leave out until and for")


def _required(kind: ArrivalKind | EventKind) -> list[str]:
    return [name for name, option in kind.options.items() if option.required]


def _complete(name: str, kind: ArrivalKind | EventKind, values: Values) -> None:
    """ValueError unless all that a kind requires is given, and goes together."""
    for key in _required(kind):
        if values[key] is None:
            raise ValueError(f'{name} lacks "{key}": {kind.options[key].words}')
    problem = kind.problem(values)
    if problem:
        raise ValueError(f"{name}: {problem}")


def _options_model(kind: ArrivalKind) -> Any:
    fields: Fields = {
        name: _field(name, option, required=option.required)
        for name, option in kind.options.items()
    }
    title = f"{kind.name.title()}Options"
    return create_model(title, __base__=_Options, __doc__=kind.words, **fields)


def arrival_fields(kinds: Iterable[ArrivalKind]) -> Fields:
    """A key for each kind, with its parameters below it."""
    return {
        kind.name: (_options_model(kind) | None, Field(default=None, description=kind.words))
        for kind in kinds
    }


def event_fields(kinds: Iterable[EventKind]) -> Fields:
    """A key for each kind, and beside it one for each of its parameters."""
    fields: Fields = {}
    for kind in kinds:
        name: Any = DayText if kind.of == "day" else str
        fields[kind.key] = (name, Field(default="", description=kind.words))
        fields |= {
            name: _field(name, option, required=False) for name, option in kind.options.items()
        }
    return fields


if TYPE_CHECKING:

    class Arrival(ArrivalChoice):
        """The choice with a key for each kind."""

    class Fault(TimedFault):
        """A fault with the keys of every kind."""

    class Event(TimedEvent):
        """An event with the keys of every kind."""
else:
    Arrival = create_model(
        "Arrival",
        __base__=ArrivalChoice,
        __doc__=ArrivalChoice.__doc__,
        **arrival_fields(arrivals.KINDS.values()),
    )
    Fault = create_model(
        "Fault",
        __base__=TimedFault,
        __doc__=TimedFault.__doc__,
        **event_fields(faults.KINDS.values()),
    )
    Event = create_model(
        "Event",
        __base__=TimedEvent,
        __doc__=TimedEvent.__doc__,
        **event_fields(timeline.KINDS.values()),
    )


def arrival_of(name: str) -> Arrival:
    """The kind of that name without parameters."""
    return Arrival.model_validate(name)
