"""Corrupt files: octets flipped, cut, lines doubled, numbers of other sizes, deep nesting."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

NUMBERS = (
    *(b"nan", b"inf", b"-1", b"0", b"1e308", b"1e400", b"-1e400", b"NaN", b"Infinity", b".inf"),
    *(b"9" * 30, b"9" * 5000, b"0x" + b"f" * 5000, b"true", b"null", b'""', b"[]", b"{}"),
)
WORDS = (b"null", b"5", b"[]", b"{}", b'"x"', b"[[]]", b'"\\ud800"', b'"\\u0000"', b"-5", b"x")
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORD = re.compile(rb'"[^"\n]*"|[A-Za-z_][\w-]*')


def a_bit(most: int) -> settings:
    """Few enough that all formats take some seconds, and the same ones each time."""
    return settings(
        max_examples=most,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@st.composite
def spoilt(draw: st.DrawFn, valid: tuple[bytes, ...]) -> bytes:
    """One of the files after one to three mistakes."""
    text = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(1, 3))):
        text = draw(st.sampled_from(_MISTAKES))(draw, text)
    return text


def _flip(draw: st.DrawFn, text: bytes) -> bytes:
    at = draw(st.integers(0, max(0, len(text) - 1)))
    return text[:at] + bytes([draw(st.integers(0, 255))]) + text[at + 1 :]


def _cut(draw: st.DrawFn, text: bytes) -> bytes:
    return text[: draw(st.integers(0, len(text)))]


def _drop(draw: st.DrawFn, text: bytes) -> bytes:
    at = draw(st.integers(0, len(text)))
    return text[:at] + text[at + draw(st.integers(1, 40)) :]


def _double_a_line(draw: st.DrawFn, text: bytes) -> bytes:
    lines = text.splitlines(keepends=True) or [b""]
    at = draw(st.integers(0, len(lines) - 1))
    return b"".join([*lines[: at + 1], *lines[at:]])


def _replace(draw: st.DrawFn, text: bytes, what: re.Pattern[bytes], by: tuple[bytes, ...]) -> bytes:
    found = list(what.finditer(text))
    if not found:
        return text
    one = draw(st.sampled_from(found))
    return text[: one.start()] + draw(st.sampled_from(by)) + text[one.end() :]


def _number(draw: st.DrawFn, text: bytes) -> bytes:
    return _replace(draw, text, _NUMBER, NUMBERS)


def _word(draw: st.DrawFn, text: bytes) -> bytes:
    return _replace(draw, text, _WORD, WORDS)


def _nest(draw: st.DrawFn, text: bytes) -> bytes:
    deep = draw(st.sampled_from((70, 3000, 200_000)))
    opened = draw(st.sampled_from((b"[", b'{"a":', b"<graph>", b"- ")))
    return _replace(draw, text, _WORD, (opened * deep,))


_MISTAKES = (_flip, _cut, _drop, _double_a_line, _number, _number, _word, _word, _nest)
