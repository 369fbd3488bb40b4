"""What values of the map are made of: one-line text, ids, codes of jurisdictions, keys by kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    create_model,
    model_validator,
)

from corridor.topologies.base.errors import InputError

MAX_ID = 140
Confidence = Literal["confident", "unsure"]


def _clean(text: str) -> str:
    """One line of text; every file format can carry it unchanged."""
    text = " ".join(text.split())
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Cn"):
            raise ValueError(f"text holds the control character U+{ord(character):04X}")
    return text


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("a name must not be empty")
    return text


Text = Annotated[str, AfterValidator(_clean)]
NonEmpty = Annotated[str, AfterValidator(_clean), AfterValidator(_not_empty)]


def _slug(text: str) -> str:
    if len(text) > MAX_ID or not re.fullmatch(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*", text):
        raise ValueError(f'"{text[:40]}" is not an id: use lower-case letters, digits and hyphens')
    return text


UNKNOWN_JURISDICTION = "XX"
"""ISO 3166 user-assigned code used where an imported graph does not say. Policies deny there what
they deny anywhere. ``ZZ``, Unicode's code for the same, is read as it."""


def _code(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", text):
        raise ValueError(f'"{text[:20]}" is not a jurisdiction code: write it like CN, HK or CN-GD')
    return UNKNOWN_JURISDICTION if text == "ZZ" else text


Slug = Annotated[str, AfterValidator(_slug)]
JurisdictionCode = Annotated[str, AfterValidator(_code)]


class Frozen(BaseModel):
    """A value: immutable, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


type Fields = dict[str, Any]
"""By key, its type and its default, as Pydantic's ``create_model`` takes them."""


class ByKind(Frozen):
    """A value with keys for each kind that ships.

    A value that names a kind of an installed package is read by a subclass, which also has the keys
    of that kind.
    """

    open_to_packages: ClassVar = True
    """An unknown key may be the name of a kind whose package is missing."""
    installed: ClassVar[tuple[str, ...]] = ()
    """The kinds of packages that it has keys for."""

    @classmethod
    def registry(cls) -> Mapping[str, Any]:
        """The kinds, by name."""
        raise NotImplementedError

    @classmethod
    def fields_of(cls, kind: Any) -> Fields:
        """The keys of one kind."""
        raise NotImplementedError

    @classmethod
    def problem_of(cls, kind: Any) -> str:  # noqa: ARG003 - most fit
        """Why a kind of a package cannot stand next to the others; empty if it can."""
        return ""

    @classmethod
    def names_in(cls, given: Any) -> Iterable[str]:
        """What may be names of kinds; by default, the keys that no value of this model has."""
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return [key for key in given if key not in known] if isinstance(given, dict) else ()

    @classmethod
    def kinds(cls) -> list[Any]:
        """The kinds whose keys it has."""
        registry = cls.registry()
        return [*registry.values(), *(registry[name] for name in cls.installed)]

    @classmethod
    def of_kinds(cls, name: str, kinds: Iterable[Any]) -> type[Self]:
        """A subclass with the keys of these kinds."""
        fields: Fields = {}
        for kind in kinds:
            fields |= cls.fields_of(kind)
        made: type[Self] = create_model(
            name, __base__=cls, __doc__=cls.__doc__, __module__=cls.__module__, **fields
        )
        return made

    @model_validator(mode="wrap")
    @classmethod
    def _with_kinds_of_packages(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        registry = cls.registry()
        have = {*registry, *cls.installed}
        names = [name for name in cls.names_in(given) if name not in have and name in registry]
        return _extended(cls, tuple(sorted(names))).model_validate(given) if names else read(given)


@cache
def _extended[Model: ByKind](model: type[Model], names: tuple[str, ...]) -> type[Model]:
    kinds = [model.registry()[name] for name in names]
    for name, kind in zip(names, kinds, strict=True):
        if problem := model.problem_of(kind):
            raise InputError(f'the kind "{name}" of a package: {problem}', "repair the package")
    made = model.of_kinds(model.__name__, kinds)
    made.installed = (*model.installed, *names)
    return made
