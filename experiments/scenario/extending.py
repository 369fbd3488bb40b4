"""A scenario that extends another: what its file does not say holds as the other says it. Pure.

Keys hold as wholes: ``demands`` of the file replace all demands of the other.
"""

from __future__ import annotations

from collections.abc import Callable

from corridor.topologies.base.documents import Document, KeyPath, Plain
from corridor.topologies.base.errors import InputError

EXTENDS = "extends"
MOST_LEVELS = 8


def extended(
    document: Document, read: Callable[[str], Document], check: Callable[[Document], object]
) -> Document:
    """The whole that a document comes to with the one it extends, and that with its own.

    ``read`` finds a document by the name after ``extends``; ``check`` raises what is wrong with one
    that is extended, so that its mistakes are told with its own file and line. What comes from
    there stands, for errors, where the document says ``extends``.
    """
    return _extended(document, read, check, ())


def _extended(
    document: Document,
    read: Callable[[str], Document],
    check: Callable[[Document], object],
    above: tuple[str, ...],
) -> Document:
    data = document.data
    if not isinstance(data, dict) or EXTENDS not in data:
        return document
    base = _base(document, read, (*above, document.file))
    base = _extended(base, read, check, (*above, document.file))
    check(base)
    assert isinstance(base.data, dict)
    own: dict[str, Plain] = {key: value for key, value in data.items() if key != EXTENDS}
    inherited = base.data.keys() - own.keys()
    line = document.line_of(EXTENDS) or 1
    lines: dict[KeyPath, int] = {**document.lines, **{(key,): line for key in inherited}}
    return Document({**base.data, **own}, document.file, lines)


def _base(document: Document, read: Callable[[str], Document], above: tuple[str, ...]) -> Document:
    name = document.value(EXTENDS)
    if not isinstance(name, str):
        raise document.error(
            "must name one scenario", EXTENDS, hint="write for example extends: sovereignty"
        )
    try:
        base = read(name)
    except InputError as error:
        raise document.error_of_named(error, EXTENDS) from error
    if base.file in above:
        raise document.error("extends itself, in a circle", EXTENDS, hint="drop one of them")
    if len(above) >= MOST_LEVELS:
        raise document.error(f"more than {MOST_LEVELS} scenarios extend one another", EXTENDS)
    return base
