"""The one place that reads YAML: safe, bounded, and able to say on which line anything stands.

``read_document`` returns plain values (dict, list, str, int, float, bool, None) and remembers
the line of every key and item. ``validate`` turns them into a pydantic model and its complaints
into one clear line with the file, the line and a way out.

Scalars follow YAML 1.2 (only ``true`` and ``false`` are booleans, so the country code ``NO``
stays text). Refused: Python tags, duplicate keys, merge keys, recursive aliases, aliases that
expand beyond bounds, several documents in one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from corridor.topologies.base.bounded_file import MAX_DEPTH, Unreadable, read_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import INSTALL, nearest

MAX_VALUES = 500_000
"""Values in one document after aliases are expanded."""

type Plain = dict[str, Plain] | list[Plain] | str | int | float | bool | None
"""What a document is made of."""
Key = str | int
KeyPath = tuple[Key, ...]

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BaseLoader):
    """PyYAML's safe loader with the YAML 1.2 core schema for plain scalars."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


_PREFIX = "tag:yaml.org,2002:"
_SCALARS: tuple[tuple[str, str, str], ...] = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.nan",
        "-+0123456789.",
    ),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
)
for _name, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(
        _PREFIX + _name,
        re.compile(f"^(?:{_pattern})$"),
        [c if c != "\0" else "" for c in _first],
    )


@dataclass(frozen=True)
class Document:
    """Plain values read from ``file``, with the line of each key path (1-based)."""

    data: Plain
    file: str
    lines: Mapping[KeyPath, int] = field(repr=False)

    def value(self, *path: Key) -> Plain:
        """What stands at ``path``; None where nothing does."""
        value = self.data
        for key in path:
            match value, key:
                case dict(), str() if key in value:
                    value = value[key]
                case list(), int() if key < len(value):
                    value = value[key]
                case _:
                    return None
        return value

    def line_of(self, *path: Key) -> int | None:
        """The line where ``path`` stands, or where its nearest known ancestor does."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None

    def error(self, message: str, *path: Key, hint: str = "") -> InputError:
        """An error about the value at ``path``, ready to raise."""
        return InputError(message, hint, file=self.file, line=self.line_of(*path))

    def more(self, others: Sequence[int | None]) -> str:
        """That there are more mistakes, and where."""
        rest = ", ".join(map(str, sorted(other or 0 for other in others)[:4]))
        return f"more mistakes on line{'s' if len(others) > 1 else ''} {rest}" if rest else ""

    def error_of_named(self, problem: InputError, *path: Key) -> InputError:
        """The problem of the value at ``path``, reported there, unless the problem is in another
        file."""
        if problem.file and not isinstance(problem, Unreadable):
            return problem
        said = f"{problem.file}: {problem.message}" if problem.file else problem.message
        return self.error(said, *path, hint=problem.hint)


@dataclass
class Mistake(InputError):
    """What is wrong with values that were never lines of a file."""

    at: KeyPath = ()

    def __str__(self) -> str:
        where = describe_path(self.at)
        told = super().__str__()
        return told if not where or told.startswith(where) else f"{where}: {told}"


@dataclass(frozen=True)
class Unwritten(Document):
    """Plain values that did not come from a file; errors give their paths instead of lines."""

    @classmethod
    def of(cls, data: Any) -> Unwritten:
        """``data``: plain values, as of JSON."""
        return cls(data, "", {path: number for number, path in enumerate(_paths(data, ()))})

    def error(self, message: str, *path: Key, hint: str = "") -> Mistake:
        while path not in self.lines:  # one name for a list of one, or a missing key
            path = path[:-1]
        return Mistake(message, hint, at=path)

    def more(self, others: Sequence[int | None]) -> str:
        return f"and {len(others)} more mistake{'s' if len(others) > 1 else ''}" if others else ""


def _paths(value: Plain, at: KeyPath) -> Iterator[KeyPath]:
    yield at
    inner = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else inner
    for key, item in items:
        yield from _paths(item, (*at, key))


def read_document(path: str | Path) -> Document:
    """Read one YAML file. Raises InputError for anything that is not one bounded document."""
    return parse_document(read_text(path), str(path))


def parse_document(text: str, file: str) -> Document:
    """Like read_document, from text; ``file`` is only the name used in errors."""
    root = _compose(text, file)
    if root is None:
        raise InputError(
            "is empty", "see docs/scenarios.md or docs/topologies.md for an example", file=file
        )
    builder = _Builder(file)
    data = builder.build(root, ())
    return Document(data, file, builder.lines)


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        loader = _Loader(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
            return node
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as problem:
        line = text.count("\n", 0, problem.position) + 1
        raise InputError(
            "holds a control character, so it is not YAML text", file=file, line=line
        ) from None
    except yaml.MarkedYAMLError as problem:
        raise _syntax_error(problem, file) from None
    except RecursionError:
        raise InputError(f"is nested deeper than {MAX_DEPTH} levels", file=file) from None


def _syntax_error(problem: yaml.MarkedYAMLError, file: str) -> InputError:
    mark = problem.problem_mark or problem.context_mark
    line = mark.line + 1 if mark else None
    text = (problem.problem or "cannot be read").strip()
    if "found another document" in text:
        return InputError("holds several YAML documents", "keep one", file=file, line=line)
    if "undefined alias" in text:
        return InputError(text.replace("found ", ""), "define it first", file=file, line=line)
    hint = "check the indentation, the colons and the quotes around this line"
    return InputError(f"is not YAML: {text}", hint, file=file, line=line)


class _Builder:
    """Turns a YAML node graph into plain values, counting what it makes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self._values = 0
        self._open: set[int] = set()
        self._scalars = yaml.constructor.SafeConstructor()

    def build(self, node: yaml.Node, path: KeyPath) -> Plain:
        self._values += 1
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if self._values > MAX_VALUES:
            raise self._error("its aliases expand to too many values", line, "write them out")
        if len(path) > MAX_DEPTH:
            raise self._error(f"is nested deeper than {MAX_DEPTH} levels", line)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        if id(node) in self._open:
            raise self._error("an alias refers to itself", line, "write the value out instead")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                self._check_tag(node, "seq", line)
                return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
            assert isinstance(node, yaml.MappingNode)
            self._check_tag(node, "map", line)
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Plain]:
        result: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error("a key must be plain text", line)
            key = str(key_node.value)
            if key == "<<":
                raise self._error('merge keys ("<<") are not supported', line, "write it out")
            if key in result:
                first = self.lines[(*path, key)]
                raise self._error(f'key "{key}" is given twice', line, f"first on line {first}")
            self.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: yaml.ScalarNode, line: int) -> str | int | float | bool | None:
        for kind in ("str", "bool", "int", "float", "null"):
            if node.tag == _PREFIX + kind:
                break
        else:
            raise self._error(f'tag "{_short(node.tag)}" is not allowed', line, "drop the tag")
        if kind == "str":
            return str(node.value)
        if kind == "int":
            return self._whole(node.value, line)
        try:
            made: float | bool | None = self._scalars.construct_object(node)
            return made
        except (yaml.YAMLError, ValueError):
            raise self._error(f'"{node.value}" is not a {kind}', line) from None

    def _whole(self, text: str, line: int) -> int:
        if len(text) > 40:
            raise self._error("number has too many digits", line)
        return int(text, 16 if text.lower().startswith("0x") else 10)

    def _check_tag(self, node: yaml.Node, kind: str, line: int) -> None:
        if node.tag != _PREFIX + kind:
            raise self._error(f'tag "{_short(node.tag)}" is not allowed', line, "drop the tag")

    def _error(self, message: str, line: int, hint: str = "") -> InputError:
        return InputError(message, hint, file=self.file, line=line)


def validate[Model: BaseModel](
    document: Document,
    model: type[Model],
    *,
    at: KeyPath = (),
    over: Mapping[str, object] | None = None,
) -> Model:
    """The value at ``at`` as a ``model``. Raises InputError naming the first mistake's line.

    Keys of ``over`` hold where the document does not write them.
    """
    value = document.value(*at)
    if not isinstance(value, dict):
        raise document.error("must be a mapping of keys to values", *at)
    try:
        made = model.model_validate({**over, **value} if over else value)
    except ValidationError as problem:
        raise _as_input_error(document, model, at, problem) from None
    for path in _truths(made, value, at):
        said = f"{describe_path(path)} must be a number, not {str(document.value(*path)).lower()}"
        raise document.error(said, *path)
    return made


def _truths(made: object, written: Plain, at: KeyPath) -> Iterator[KeyPath]:
    """Where ``true`` or ``false`` was written and taken for 1 or 0, as pydantic does."""
    if isinstance(written, bool):
        if type(made) in (int, float):
            yield at
    elif isinstance(written, list) and isinstance(made, list | tuple):
        for number, (one, item) in enumerate(zip(made, written, strict=False)):
            yield from _truths(one, item, (*at, number))
    elif isinstance(written, dict):
        for key, part in _parts(made):
            if key in written:
                yield from _truths(part, written[key], (*at, key))


def _parts(made: object) -> Iterator[tuple[str, object]]:
    if isinstance(made, BaseModel):
        for name, field_info in type(made).model_fields.items():
            yield field_info.alias or name, getattr(made, name)
    elif isinstance(made, dict):
        yield from made.items()


_PLAIN: Mapping[str, str] = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
}
"""Pydantic's kinds of mistake in the words of a person who wrote the file."""


def _as_input_error(
    document: Document, model: type[BaseModel], at: KeyPath, problem: ValidationError
) -> InputError:
    found: dict[int | None, tuple[str, str, KeyPath]] = {}
    errors = problem.errors(include_url=False)
    for error in errors:
        if error["type"] == "too_short" and any(
            len(other["loc"]) > len(error["loc"])
            and other["loc"][: len(error["loc"])] == error["loc"]
            for other in errors
        ):
            continue  # pydantic counts only the items without mistakes
        path = (*at, *_real_path(document, at, error["loc"]))
        said = _explain(model, error, at, describe_path(path))
        found.setdefault(document.line_of(*path), (*said, path))
    (_, (message, hint, path)), *others = sorted(found.items(), key=lambda item: item[0] or 0)
    more = document.more([line for line, _ in others])
    return document.error(message, *path, hint="; ".join(filter(None, (hint, more))))


def _real_path(document: Document, at: KeyPath, loc: Sequence[Key]) -> KeyPath:
    """``loc`` without the names of union branches that pydantic adds."""
    path: KeyPath = ()
    for key in loc:
        if (*at, *path, key) in document.lines:
            path = (*path, key)
    return path


def _explain(
    model: type[BaseModel], error: ErrorDetails, at: KeyPath, where: str
) -> tuple[str, str]:
    """The mistake and a way out; ``where`` is its place as the file has it."""
    loc, kind, given = error["loc"], error["type"], error["input"]
    if kind == "missing":
        owner = describe_path((*at, *loc[:-1])) or "the file"
        return f'{owner} has no "{loc[-1]}"', "add it"
    if kind == "extra_forbidden":
        return f'unknown key "{loc[-1]}"', _known_keys(_model_at(model, loc[:-1]), str(loc[-1]))
    if kind in ("literal_error", "enum"):
        expected = str(error.get("ctx", {}).get("expected", ""))
        options = re.findall(r"'([^']*)'", expected) or [expected]
        few = "use" if len(options) == 1 else "use one of"
        hint = nearest(str(given), options) or f"{few} {', '.join(options)}"
        return f'{where} "{_short(given)}" is not known', hint
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        return str(cause), str(getattr(cause, "hint", ""))
    plain = _PLAIN.get(kind)
    if plain:
        numeric = kind == "string_type" and type(given) in (int, float)
        hint = f'put it in quotes: "{_short(given)}"' if numeric else ""
        if kind in ("dict_type", "model_type"):
            known = _keys_at(model, loc)
            hint = f"known keys: {', '.join(known)}" if known else ""
        said = plain.format(**error.get("ctx", {})).replace(" 1 items", " 1 item")
        return f"{where} {said}, not {_short(given)}", hint
    return f"{where}: {error['msg'][:1].lower()}{error['msg'][1:]}, not {_short(given)}", ""


def _keys_at(model: type[BaseModel], loc: Sequence[Key]) -> list[str]:
    """The keys a mapping at ``loc`` may have, following nested models."""
    return _keys_of(_model_at(model, loc))


def _keys_of(model: type[BaseModel]) -> list[str]:
    return [f.alias or name for name, f in model.model_fields.items()]


def _known_keys(model: type[BaseModel], unknown: str) -> str:
    """The key that was meant, else all; a package may add keys to some models."""
    known = _keys_of(model)
    there = f"known keys: {', '.join(known)}" if known else ""
    more = INSTALL if getattr(model, "open_to_packages", False) else ""
    return nearest(unknown, known) or "; or ".join(filter(None, (there, more)))


def _model_at(model: type[BaseModel], loc: Sequence[Key]) -> type[BaseModel]:
    here: type[BaseModel] = model
    for key in loc:
        if isinstance(key, str) and isinstance(here, type) and issubclass(here, BaseModel):
            entry = _field_named(here, key)
            if entry is not None:
                here = _inner_model(entry) or here
    return here


def _field_named(model: type[BaseModel], key: str) -> Any:
    for name, info in model.model_fields.items():
        if key in (name, info.alias):
            return info.annotation
    return None


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        inner = _inner_model(part)
        if inner is not None:
            return inner
    return None


def describe_path(path: Sequence[Key]) -> str:
    """``("hubs", 3, "lat")`` -> ``hubs[3].lat``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else (f".{key}" if text else str(key))
    return text


def pointer_of_path(path: Sequence[Key]) -> str:
    """``("hubs", 3, "lat")`` -> ``/hubs/3/lat`` (RFC 6901)."""
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in path)


def path_of_pointer(pointer: str) -> KeyPath:
    """And back; a key that is a number is the place of an item."""
    keys = (key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:])
    return tuple(int(key) if key.isdecimal() else key for key in keys)


def _short(value: object) -> str:
    text = str(value).replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "..."
