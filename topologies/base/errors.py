"""Every failure the emulator reports, and the exit code each one carries.

The command line turns these into one or two lines on standard error and the
exit code of the class; anything else that escapes is one of our defects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

MOST_OF_A_WORD, MOST_OF_A_LINE = 255, 1_000
"""Characters of wrong input that an error shows; a user may have written anything there."""


def shortened(text: str) -> str:
    """Return a text whose long words, and which itself, are cut in the middle or at the end; what
    is left out is marked by three dots."""
    half = MOST_OF_A_WORD // 2
    long_words = rf"\S{{{MOST_OF_A_WORD + 1},}}"
    text = re.sub(long_words, lambda word: f"{word[0][:half]}...{word[0][-half:]}", text)
    if len(text) <= MOST_OF_A_LINE:
        return text
    return f"{text[:MOST_OF_A_LINE].rstrip()}... ({len(text) - MOST_OF_A_LINE:,} characters more)"


@dataclass
class CorridorError(Exception):
    """A failure a user can act on: what happened, and the way out.

    ``hint`` is a command or an edit that repairs it, or empty when the message says it all.
    """

    message: str
    hint: str = ""

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


@dataclass
class PolicyFailure(CorridorError):
    """A policy or an assertion does not hold."""

    exit_code: ClassVar[int] = 1


@dataclass
class InputError(CorridorError):
    """The input is wrong: names the file and, where there is one, the line and column."""

    file: str = ""
    line: int | None = None

    exit_code: ClassVar[int] = 2

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        text = shortened(super().__str__())
        return f"{place}: {text}" if place else text


class MissingKind(InputError, KeyError):
    """A kind that neither ships nor is offered by an installed package."""

    def __init__(self, group: str, name: str) -> None:
        self.group, self.name = group, name
        message = f'no kind "{name}" of {words_of(group)} is installed'
        super().__init__(message, "install the package that offers it")


def words_of(group: str) -> str:
    """A group of entry points as people read it: ``second opinions``."""
    return group.partition(".")[2].replace("_", " ")


@dataclass
class EnvironmentUnsupported(CorridorError):
    """This machine cannot do what was asked; the hint is the command that repairs it."""

    exit_code: ClassVar[int] = 3


@dataclass
class MeasurementInvalid(CorridorError):
    """The run ended, but its numbers must not be trusted or are incomplete."""

    exit_code: ClassVar[int] = 4
