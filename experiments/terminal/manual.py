"""The manual page ``corridor(1)``, made of the parsers: every verb, flag and example. Pure."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corridor.experiments.terminal.parser import Parser

WIDTH = 72
FILES = (
    ("results/", "result folders of runs, in the folder that corridor is called in"),
    ("~/.cache/corridor/", "the guest kernel, and what is derived once (XDG_CACHE_HOME)"),
    ("~/.cache/corridor/kept/", "answers of commands, at most 64 MiB; corridor clean removes them"),
    ("~/.local/state/corridor/live/", "notes of live networks, with their tokens (XDG_STATE_HOME)"),
)
ENVIRONMENT = (
    ("NO_COLOR", "no colours"),
    ("FORCE_COLOR", "colours also where output is not a terminal"),
    ("COLUMNS", "the width that tables keep to, instead of that of the terminal"),
    ("TMPDIR", "where guests keep their memory"),
)


def manual(parser: Parser, families: Mapping[str, Iterable[str]], codes: str, version: str) -> str:
    """The page in roff, for ``man -l``."""
    lines = [
        f'.TH CORRIDOR 1 "" "{_roff(version)}" "User Commands"',
        ".SH NAME",
        r"corridor \- emulate data corridors, under policies and when fibres are cut",
        ".SH SYNOPSIS",
        r".B corridor",
        r".I VERB",
        ".RI [ ARGUMENTS ]",
        ".SH DESCRIPTION",
        *_prose(parser.description or ""),
        *_options(parser),
    ]
    for family, verbs in families.items():
        lines.append(f'.SH "{_roff(family.upper())}"')
        for name in verbs:
            lines += _verb(parser.verbs[name])
    lines += [".SH EXIT STATUS", *_literal(codes)]
    lines += [".SH ENVIRONMENT", *_terms(ENVIRONMENT), ".SH FILES", *_terms(FILES)]
    return "\n".join(lines)


def _verb(parser: Parser) -> Iterator[str]:
    yield f'.SS "{_roff(parser.prog)}"'
    yield from _one(parser)
    for below in parser.verbs.values():
        yield from _one(below)


def _one(parser: Parser) -> Iterator[str]:
    yield from _synopsis(parser)
    says = parser.description or parser.summary
    yield from (".PP", *_prose(f"{says[:1].upper()}{says[1:].rstrip(chr(46))}."))
    yield from _options(parser)
    yield from _epilog(parser.epilog or "")


def _synopsis(parser: Parser) -> Iterator[str]:
    usage = " ".join(parser.format_usage().removeprefix("usage: ").replace("[-h]", "").split())
    yield ".HP 4"
    yield f".B {_roff(parser.prog)}"
    yield from _prose(usage.removeprefix(parser.prog))


def _options(parser: Parser) -> Iterator[str]:
    """Positional arguments first, as they are thought of; ``-h`` is stated once, of the program."""
    formatter = argparse.HelpFormatter(parser.prog)
    for one in sorted(parser.arguments, key=lambda one: bool(one.option_strings)):
        is_verb, is_help = isinstance(one.choices, Mapping), "-h" in one.option_strings
        if is_verb or one.help == argparse.SUPPRESS or (is_help and " " in parser.prog):
            continue
        yield from (".TP", f"\\fB{_roff(_named(one))}\\fR")
        yield from _prose(formatter._expand_help(one)) if one.help else ["\\&"]  # noqa: SLF001


def _named(one: argparse.Action) -> str:
    of = f"{{{','.join(map(str, one.choices))}}}" if one.choices else one.dest.upper()
    value = one.metavar if isinstance(one.metavar, str) else of
    if not one.option_strings:
        return value
    return ", ".join(one.option_strings) + (f" {value}" if one.nargs != 0 else "")


def _epilog(text: str) -> Iterator[str]:
    """Examples and the like as they are written, what is between them as prose."""
    for part in re.split(r"\n\s*\n|\n(?=exit codes)", text.strip("\n")):
        if not part.strip():
            continue
        yield ".PP"
        yield from _literal(part) if "\n  " in part else _prose(part)


def _terms(terms: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, says in terms:
        yield from (".TP", f"\\fB{_roff(name)}\\fR", _roff(says))


def _prose(text: str) -> list[str]:
    wrapped = textwrap.wrap(" ".join(text.split()), WIDTH, break_on_hyphens=False)
    return [_roff(line) for line in wrapped]


def _literal(text: str) -> list[str]:
    return [".nf", *(_roff(line) for line in text.splitlines()), ".fi"]


def _roff(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped
