"""JSON Schema of the files people write, so that editors complete and check them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from corridor.controller.policy.model import PolicyFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_QUANTITY = {"type": "string", "pattern": r"^\s*\+?[0-9.]+\s*[^\s0-9].*$"}


class _AsWritten(GenerateJsonSchema):
    """A number that is parsed before it is checked is written with its unit: ``120ms``.

    Values are described by their attribute docstrings. Pydantic can read these too, but does so
    whenever a class is made, which nearly all programs would wait for in vain.
    """

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        described: type[BaseModel] = schema["cls"]
        texts = dict(field_texts(described))
        for name, info in described.model_fields.items():
            key = info.alias or name
            if name in texts and key in made.get("properties", {}):
                made["properties"][key] = {"description": texts[name], **made["properties"][key]}
        return made

    def function_before_schema(
        self, schema: core_schema.BeforeValidatorFunctionSchema
    ) -> JsonSchemaValue:
        inner: Any = schema["schema"]
        if inner["type"] == "nullable" and inner["schema"]["type"] in ("int", "float"):
            return {"anyOf": [dict(_QUANTITY), {"type": "null"}]}
        if inner["type"] in ("int", "float"):
            return dict(_QUANTITY)
        return super().function_before_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without the default of a quantity: it is a number of the program, not text."""
        made = super().default_schema(schema)
        if made.get("pattern") == _QUANTITY["pattern"]:
            made.pop("default", None)
        return made


def field_texts(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield the text below each field of a model and of its base classes.

    Models that a call makes describe their fields themselves.
    """
    for made in reversed(model.__mro__):
        if made.__module__.startswith("corridor.") and "__firstlineno__" in vars(made):
            yield from attribute_texts(made)


def attribute_texts(made: type) -> Iterator[tuple[str, str]]:
    """Names of attributes and the texts below them, of a class that is written."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(made))).body
    assert isinstance(tree, ast.ClassDef)
    for named, below in pairwise(tree.body):
        yield from _described(named, below)


def _described(named: ast.stmt, below: ast.stmt) -> Iterator[tuple[str, str]]:
    """An attribute's name and the text below it, if these statements are that."""
    match named, below:
        case (
            ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
            ast.Expr(value=ast.Constant(value=str(text))),
        ):
            yield name, inspect.cleandoc(text)


def json_schema(model: type[BaseModel], title: str) -> JsonSchemaValue:
    """The JSON Schema of a file that ``model`` reads."""
    made = model.model_json_schema(by_alias=True, schema_generator=_AsWritten)
    return {"$schema": DIALECT, **made, "title": title}


def schema() -> JsonSchemaValue:
    """The JSON Schema of a policy file."""
    return json_schema(PolicyFile, "Policies of a data corridor")
