"""JSON Schemas from the types that outputs have, with their texts and units."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import reduce
from operator import or_
from types import GenericAlias
from typing import NotRequired, TypedDict, cast, get_type_hints

from pydantic import BaseModel, TypeAdapter, with_config
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from corridor.controller.policy.schema import DIALECT, attribute_texts
from corridor.topologies.base.codec import OMIT_EMPTY, OMIT_NONE, key_of
from corridor.topologies.base.units import unit_of

type Form = object
"""A type as a value: a class, a union, a generic, or what the functions below make."""
type Tree = dict[str, Tree] | list[Tree] | str | int | float | bool | None
"""JSON data."""
UNIT = "x-unit"
MADE_FROM = "made_from"
"""The attribute of a type with the one whose texts it has."""


def schema_of(made: Form, title: str) -> JsonSchemaValue:
    """Of a TypedDict, a union of some, or a list."""
    found = TypeAdapter(cast(type, made)).json_schema(schema_generator=_WithTexts)
    return {"$schema": DIALECT, **found, "title": title}


def generic(origin: type, *parts: Form) -> Form:
    """``origin[parts]``, such as a list of what a function below made."""
    return GenericAlias(origin, parts)


def one_of(*parts: Form) -> Form:
    """A union."""
    return reduce(or_, parts)


def as_plain(name: str, of: type, /, *left_out: str, **more: Form) -> Form:
    """What ``to_plain`` makes of a frozen dataclass, without some and with more keys, as a type."""
    hints = get_type_hints(of, include_extras=True)
    optional = {
        field.name for field in dataclasses.fields(of) if OMIT_EMPTY.keys() & field.metadata.keys()
    }
    keys = {
        key: NotRequired[hint] if key in optional else hint
        for key, hint in hints.items()
        if key in {field.name for field in dataclasses.fields(of)} - set(left_out)
    }
    return _made_from(of, name, {**keys, **more})


def as_object(name: str, of: Form, /, **more: Form) -> Form:
    """What ``_asdict`` makes of a named tuple, with other keys or types, as a type."""
    return _made_from(of, name, {**get_type_hints(of, include_extras=True), **more})


def as_dumped(name: str, of: type[BaseModel], /, *left_out: str, **more: Form) -> Form:
    """What ``model_dump`` makes of a model, without some keys and with more, as a type."""
    hints = get_type_hints(of, include_extras=True)
    keys = {key: hints[key] for key in of.model_fields if key not in left_out}
    return _made_from(of, name, {**keys, **more})


def with_more(name: str, of: Form, /, **more: Form) -> Form:
    """A TypedDict with more keys, or other types, as a type."""
    return _made_from(of, name, {**get_type_hints(of, include_extras=True), **more})


def typed(name: str, text: str | None, /, **keys: Form) -> Form:
    made: Form = TypedDict(name, keys)  # type: ignore[misc]
    made.__doc__ = text
    return with_config({"title": name})(cast(type, made))


def _made_from(of: Form, name: str, keys: dict[str, Form]) -> Form:
    made = typed(name, of.__doc__ if has_text(of) else None, **keys)
    setattr(made, MADE_FROM, of)
    return made


def has_text(of: Form) -> bool:
    """Whether its text is in the source: named tuples and dataclasses are given their signature."""
    return not (of.__doc__ or "").startswith(f"{getattr(of, '__name__', '')}(")


class _WithTexts(GenerateJsonSchema):
    """Names have the texts that stand below them in the source, and units."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        """A key says its name once."""
        return False

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        made = super().typed_dict_schema(schema)
        return _described(made, schema.get("cls"))

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        made = super().dataclass_schema(schema)
        of = schema.get("cls")
        if not has_text(of):
            made.pop("description", None)
        return _by_key(_described(made, of), of)


def _by_key(made: JsonSchemaValue, of: type) -> JsonSchemaValue:
    """Name fields as JSON has them; what is left out while it is None is never null."""
    properties: dict[str, JsonSchemaValue] = made.get("properties", {})
    for field in dataclasses.fields(of):
        if OMIT_NONE.items() <= field.metadata.items():
            said = properties[field.name]
            (kind,) = (one for one in said.pop("anyOf") if one != {"type": "null"})
            said.pop("default")
            said |= kind
    made |= {"properties": {key_of(name): said for name, said in properties.items()}}
    if "required" in made:
        made |= {"required": [key_of(name) for name in made.get("required", ())]}
    return made


def _described(made: JsonSchemaValue, of: type | None) -> JsonSchemaValue:
    texts = dict(_texts(of)) if of is not None else {}
    for name, said in made.get("properties", {}).items():
        if name in texts:
            said |= {"description": " ".join(texts[name].split())}
        if (unit := unit_of(name)) is not None:
            said[UNIT] = unit
    return made


def _texts(of: type) -> Iterator[tuple[str, str]]:
    """A TypedDict forgets what it is made from, but for ``__orig_bases__``."""
    for base in (*getattr(of, "__orig_bases__", ()), *of.__mro__[1:], vars(of).get(MADE_FROM)):
        known = getattr(base, "__origin__", base)
        if isinstance(known, type) and known is not of and known.__module__.startswith("corridor."):
            yield from _texts(known)
    if of.__module__.startswith("corridor.") and "__firstlineno__" in vars(of):
        yield from attribute_texts(of)


def strict(made: Tree) -> Tree:
    """The same, but that objects have no other keys: for who checks that all are described."""
    if isinstance(made, list):
        return [strict(one) for one in made]
    if not isinstance(made, dict):
        return made
    found = {key: strict(value) for key, value in made.items()}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found
