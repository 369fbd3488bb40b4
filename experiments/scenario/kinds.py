"""Kinds of events, faults, arrivals and sizes as keys of a scenario, from what each kind states.

The classes here have what all kinds share. Their fields come from the registries: a key for each
kind, and one for each of its parameters, read and checked by its unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    create_model,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from corridor.experiments.scenario import event_registry as timeline
from corridor.experiments.scenario.fields import (
    READ,
    DurationNs,
    OffsetNs,
    complete,
    field_of,
    refuse_of_others,
    required_of,
)
from corridor.experiments.scenario.moments import START, Moment, parse_moment
from corridor.topologies.base.options import Unit, Values
from corridor.topologies.base.suggestions import nearest_kind
from corridor.topologies.base.units import QuantityError, parse_size_bytes, written_day
from corridor.topologies.model import fault_registry as faults
from corridor.topologies.model.fault_kind import EventKind
from corridor.topologies.model.fields import ByKind, Fields
from corridor.topologies.model.topology import Frozen, Slug
from corridor.traffic.workloads import arrivals, sizes
from corridor.traffic.workloads.arrival_kind import ArrivalKind
from corridor.traffic.workloads.size_kind import SizeKind

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


class OneKind(ByKind):
    """Something that happens, of exactly one kind: its key names what it affects."""

    @classmethod
    def registry(cls) -> Mapping[str, EventKind]:
        return timeline.KINDS

    @classmethod
    def fields_of(cls, kind: EventKind) -> Fields:
        """Its key, and next to it one for each of its parameters."""
        name: Any = DayText if kind.of == "day" else str
        return {
            kind.key: (name, Field(default="", description=kind.words)),
            **{
                name: field_of(name, option, required=False)
                for name, option in kind.options.items()
            },
        }

    @classmethod
    def problem_of(cls, kind: EventKind) -> str:
        for name, option in kind.options.items():
            for other in cls.kinds():
                if other.options.get(name, option) != option:
                    return f"its {name} is not the {name} of {other.key}"
        wrong = [name for name in kind.actions if not name.startswith(f"{kind.key}.")]
        return f"call its action {wrong[0]} {kind.key}.{wrong[0]}" if wrong else ""

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        kinds, noun = self.kinds(), self.noun
        if len([kind for kind in kinds if getattr(self, kind.key)]) != 1:
            known = [f"{kind.key} (a {kind.of})" for kind in kinds]
            raise ValueError(f"{noun} is one of {', '.join(known[:-1])} and {known[-1]}")
        options = {name: option for kind in kinds for name, option in kind.options.items()}
        given = [one for one, option in options.items() if getattr(self, one) != option.default]
        refuse_of_others({kind.key: kind for kind in kinds}, self.kind, given)
        complete(self.kind.key, self.kind, self.options)
        return self

    @property
    def noun(self) -> str:
        return "an event"

    @property
    def kind(self) -> EventKind:
        kind: EventKind = next(one for one in self.kinds() if getattr(self, one.key))
        return kind

    @property
    def what(self) -> str:
        """What it affects: a fibre, a hub, a demand, as its kind says."""
        name: str = getattr(self, self.kind.key)
        return name

    @property
    def options(self) -> Values:
        return {name: getattr(self, name) for name in self.kind.options}


class TimedFault(OneKind):
    """Something that fails while probes are sent, and is repaired: a short form of an event."""

    at: OffsetNs
    """Start, after the first probe may be sent."""
    until: OffsetNs | None = None
    """Repair; none if not given."""

    @classmethod
    def registry(cls) -> Mapping[str, EventKind]:
        return faults.KINDS

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
    """Name in results and moments; the kind and its object if not given (``cut-guian-kunming``)."""
    at: MomentText
    """Start: a moment, for example ``2s`` or ``dig.end + 1s``."""
    until: MomentText | None = None
    """End: a moment. With neither ``until`` nor ``for``, the event lasts until the run ends."""
    lasts: DurationNs | None = Field(default=None, alias="for")
    """Duration, instead of ``until``."""

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
        raise ValueError(f"{kind.key} has its own end: leave out until and for")
    if given and not kind.end and kind.of not in ("demand", "workload"):
        raise ValueError(f"{kind.key} happens at once: leave out until and for")


if TYPE_CHECKING:

    class Fault(TimedFault):
        """A fault with the keys of every kind."""

    class Event(TimedEvent):
        """An event with the keys of every kind."""
else:
    Fault = TimedFault.of_kinds("Fault", faults.KINDS.values())
    Event = TimedEvent.of_kinds("Event", timeline.KINDS.values())


class _Options(Frozen):
    """The parameters of one kind, under its name."""


class KindChoice(ByKind):
    """One kind of several: its name, or its name with parameters."""

    noun: ClassVar[str]

    @classmethod
    def fields_of(cls, kind: Any) -> Fields:
        """Its key, with its parameters below it."""
        fields: Fields = {
            name: field_of(name, option, required=option.required)
            for name, option in kind.options.items()
        }
        options: Any = create_model(
            f"{kind.key.title()}Options", __base__=_Options, __doc__=kind.words, **fields
        )
        return {kind.key: (options | None, Field(default=None, description=kind.words))}

    @classmethod
    def names_in(cls, given: Any) -> Iterable[str]:
        return [given] if isinstance(given, str) else super().names_in(given)

    @classmethod
    def alone(cls, given: Any) -> Any:
        """What a text alone means, or a number where a text should be."""
        if not isinstance(given, str):
            return given
        known = [kind.key for kind in cls.kinds()]
        if given not in known:
            raise QuantityError(f'{cls.noun} "{given}" is not known', nearest_kind(given, known))
        return {given: {}}

    @model_validator(mode="before")
    @classmethod
    def _a_text_alone(cls, given: Any) -> Any:
        return cls.alone(given) if isinstance(given, str | int | float) else given

    @model_validator(mode="after")
    def _is_one_kind_with_all_it_needs(self) -> Self:
        known = [kind.key for kind in self.kinds()]
        given = [name for name in known if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"an {self.noun} is one of {', '.join(known)}")
        complete(given[0], self.registry()[given[0]], self._options)
        return self

    @property
    def _name(self) -> str:
        names: Iterable[str] = (kind.key for kind in self.kinds())
        return next(name for name in names if getattr(self, name) is not None)

    @property
    def _options(self) -> Values:
        options: Frozen = getattr(self, self._name)
        return options.model_dump()

    @model_serializer
    def _as_written(self) -> Any:
        options: Frozen = getattr(self, self._name)
        written = options.model_dump(mode="json", exclude_none=True)
        return {self._name: written} if written else self._name

    @classmethod
    def _schema_alone(cls) -> JsonSchemaValue:
        """Of a text alone."""
        return {"enum": [kind.key for kind in cls.kinds() if not required_of(kind)]}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        made = handler.resolve_ref_schema(handler(schema))
        described = {"description": made.pop("description", ""), "title": made.pop("title", "")}
        mapping = {**made, "minProperties": 1, "maxProperties": 1}
        made.clear()
        made |= {**described, "anyOf": [cls._schema_alone(), mapping]}
        return made


class ArrivalChoice(KindChoice):
    """When the probes of a demand are sent: the name of one kind, or that name with parameters."""

    noun = "arrival"

    @classmethod
    def registry(cls) -> Mapping[str, ArrivalKind]:
        return arrivals.KINDS

    @property
    def kind(self) -> ArrivalKind:
        return self.registry()[self._name]

    @property
    def planned(self) -> arrivals.Arrival:
        """As plans write it."""
        return {self._name: self._options} if self.kind.options else self._name


class SizeChoice(KindChoice):
    """How large messages are: a size, or the name of a kind with its parameters."""

    noun = "size"

    @classmethod
    def registry(cls) -> Mapping[str, SizeKind]:
        return sizes.KINDS

    @classmethod
    def names_in(cls, given: Any) -> Iterable[str]:
        return () if isinstance(given, str) and given[:1].isdigit() else super().names_in(given)

    @classmethod
    def alone(cls, given: Any) -> Any:
        if given in [kind.key for kind in cls.kinds()]:
            return super().alone(given)
        parse_size_bytes(given, "size", allow_zero=False)
        return {sizes.CONSTANT: {"octets": given}}

    @property
    def sizes(self) -> sizes.Sizes:
        return sizes.Sizes(self.registry()[self._name], self._options)

    @classmethod
    def _schema_alone(cls) -> JsonSchemaValue:
        return {"type": "string"}


if TYPE_CHECKING:

    class Arrival(ArrivalChoice):
        """The choice with a key for each kind."""

    class Size(SizeChoice):
        """The choice with a key for each kind."""
else:
    Arrival = ArrivalChoice.of_kinds("Arrival", arrivals.KINDS.values())
    Size = SizeChoice.of_kinds("Size", sizes.KINDS.values())

READ_WITH_CHOICES: Mapping[Unit, Any] = {**READ, "sizes": Size, "arrival": Arrival}
"""Of parameters that are choices themselves."""


def arrival_of(name: str) -> Arrival:
    """The kind of that name without parameters."""
    return Arrival.model_validate(name)
