"""The parser of every verb: argparse, whose errors are one line that says what was meant."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from corridor.experiments.terminal.screen import complaint
from corridor.topologies.base.suggestions import nearest

EXIT_USAGE = 2
MOST_CHOICES = 12
"""Of more, only the near one is named."""
REQUIRED = "the following arguments are required"


class Parser(argparse.ArgumentParser):
    """``ArgumentParser`` with suggestions; what it is made of can be walked."""

    def __init__(self, *words: Any, **settings: Any) -> None:
        if "\n" in (settings.get("epilog") or ""):  # examples, whose lines are not to be joined
            settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*words, **settings)
        self.summary = ""
        """What the verb is for, in a line; set by who lists verbs."""
        self.late: Callable[[Parser], None] | None = None
        """Adds its arguments as soon as it is used, where they cost an import."""
        self._given: Sequence[str] = ()

    @property
    def arguments(self) -> Sequence[argparse.Action]:
        """Options and positional arguments, in the order of the help."""
        return self._actions

    @property
    def verbs(self) -> Mapping[str, Parser]:
        """The verbs or actions below this one, by name; by the first where they have several."""
        found: dict[str, Parser] = {}
        for name, one in self._below().items():
            if one not in found.values():
                found[name] = one
        return found

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = list(sys.argv[1:] if args is None else args)
        late, self.late = self.late, None
        if late is not None:
            late(self)
        return super().parse_known_args(args, namespace)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed, left = self.parse_known_args(args, namespace)
        if left:
            self._reached(self._given).refuse(left)
        return parsed

    def refuse(self, left: Sequence[str]) -> NoReturn:
        """Exit, for words that nothing takes; the first flag among them may have been meant."""
        flag = next((word for word in left if word.startswith("-")), "").partition("=")[0]
        flags = [one for one in self._option_string_actions if one.startswith("--")]
        near = nearest(flag, flags, FLAGS) or f"{self._help()} shows what there is"
        self.error(f"unrecognized arguments: {' '.join(left)}; {near}")

    def error(self, message: str) -> NoReturn:
        """Exit, with the line. An unknown flag is reported before a missing argument."""
        if message.startswith(REQUIRED):
            unknown = [word for word in self._given if not self._knows(word)]
            if unknown and "--" not in self._given:
                self.refuse(unknown)
            message = f"{message}; {self._help()} shows how"
        print(complaint(f"{self.prog}: error: {message}", sys.stderr), file=sys.stderr)
        sys.exit(EXIT_USAGE)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = [str(one) for one in action.choices or ()]
        if choices and value not in choices:
            many = len(choices) > MOST_CHOICES
            known = [*choices, *self._option_string_actions] if many else choices
            near = nearest(str(value), known, VERBS)
            near = near or (f"{self._help()} lists them" if many else "")
            if near:
                raise argparse.ArgumentError(action, f"invalid choice: {value!r}; {near}")
        super()._check_value(action, value)

    def _reached(self, words: Sequence[str]) -> Parser:
        """The parser of the verb that words name, as far as they do."""
        below = self._below()
        for at, word in enumerate(words):
            if word in below:
                return below[word]._reached(words[at + 1 :])  # noqa: SLF001 - of this class
        return self

    def _below(self) -> Mapping[str, Parser]:
        for one in self._actions:
            if isinstance(one, argparse._SubParsersAction):  # noqa: SLF001 - it has no other name
                for said in one._choices_actions:  # noqa: SLF001 - their lines of help
                    one.choices[said.dest].summary = said.help or ""
                return one.choices
        return {}

    def _knows(self, word: str) -> bool:
        """Whether it is not a flag, or one of this parser's, or the beginning of one."""
        name = word.partition("=")[0]
        known = any(one.startswith(name) for one in self._option_string_actions)
        return not word.startswith("--") or known

    def _help(self) -> str:
        program, *verbs = self.prog.split()
        return " ".join([program, "help", *verbs])


# Other words that people try for verbs and flags. Pure.

VERBS: Mapping[str, str] = {
    "break": "cut",
    "cost": "price",
    "diagnose": "doctor",
    "emulate": "run",
    "fix": "mend",
    "headroom": "capacity",
    "legal": "law",
    "live": "up",
    "log": "events",
    "logs": "events",
    "ls": "list",
    "manual": "man",
    "map": "topology",
    "measure": "run",
    "prove": "check",
    "quit": "down",
    "repair": "mend",
    "scenarios": "list",
    "serve": "up",
    "simulate": "run",
    "ssh": "shell",
    "stop": "down",
    "tcpdump": "capture",
    "traceroute": "trace",
    "utilisation": "capacity",
    "utilization": "capacity",
    "validate": "check",
    "verify": "check",
    "version": "--version",
    "why": "explain",
    "workloads": "workload",
}
FLAGS: Mapping[str, str] = {
    "--at": "--as-of",
    "--date": "--as-of",
    "--day": "--as-of",
    "--dir": "--out",
    "--format": "--json",
    "--law": "--policies",
    "--laws": "--policies",
    "--no-plots": "--no-figures",
    "--random-seed": "--seed",
    "--rng": "--seed",
    "--set": "--policies",
    "--timeout": "--patience",
}
"""A parser that has no such flag is not said to have it."""


# The manual page ``corridor(1)``, made of the parsers: every verb, flag and example.

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
