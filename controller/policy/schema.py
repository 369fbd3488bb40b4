"""JSON Schema of the files people write, so that editors complete and check them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from controller.policy.model import PolicyFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_QUANTITY = {"type": "string", "pattern": r"^\s*\+?[0-9.]+\s*[^\s0-9].*$"}


class _QuantitiesAreText(GenerateJsonSchema):
    """A number that is parsed before it is checked is written with its unit: ``120ms``."""

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


def json_schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    """The JSON Schema of a file that ``model`` reads."""
    made = model.model_json_schema(by_alias=True, schema_generator=_QuantitiesAreText)
    return {"$schema": DIALECT, **made, "title": title}


def schema() -> dict[str, Any]:
    """The JSON Schema of a policy file."""
    return json_schema(PolicyFile, "Policies of a data corridor")
