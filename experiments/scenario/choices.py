"""Choices of a kind of arrivals or sizes as keys of a scenario: a name, or a name with parameters.

Their fields come from the registries: a key for each kind, and below it one for each parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    create_model,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from corridor.experiments.scenario.fields import (
    READ,
    complete,
    field_of,
    required_of,
)
from corridor.topologies.base.options import Unit, Values
from corridor.topologies.base.suggestions import nearest_kind
from corridor.topologies.base.units import QuantityError, parse_size_bytes
from corridor.topologies.model.fields import ByKind, Fields
from corridor.topologies.model.topology import Frozen
from corridor.traffic.workloads import arrivals, sizes
from corridor.traffic.workloads.arrival_kind import ArrivalKind
from corridor.traffic.workloads.size_kind import SizeKind


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
