"""Lines no wider than a terminal: prose is wrapped at words, below where it begins. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

INDENT = 2
COLUMN = re.compile(r"(?<=[^\s\[]) {2,}(?=\S)")
"""Before a text in columns."""
LEAST_ROOM = 20
"""Characters that a wrapped line keeps, however deep it is indented."""


def wrapped(text: str, width: int | None) -> str:
    """Every line within ``width``, as far as its words let it; as it is without one."""
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> Iterator[str]:
    if len(line) <= width:
        yield line
        return
    begins = len(line) - len(line.lstrip()) + INDENT
    gaps = [gap.end() for gap in COLUMN.finditer(line[: width // 2])]
    indent = " " * max(0, min(gaps[-1] if gaps else begins, width - LEAST_ROOM))
    yield from textwrap.wrap(
        line,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
