"""Parameters of a kind (of arrivals, of faults) as a table. Standard library only.

The file of a kind says with it how YAML writes them. ``experiments/scenario/kinds.py`` makes of
it what reads and checks YAML; what runs in guests gets values, and needs nothing to read YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Unit = Literal[
    "time",
    "percent",
    "rate",
    "size",
    "number",
    "count",
    "flag",
    "name",
    "file",
    "points",
    "sizes",
    "arrival",
]
"""Values are whole nanoseconds, a fraction, bits per second, octets, a float, an int, a bool, a
str; the name of a file, octets by quantile, a kind of sizes, a kind of arrivals."""
Values = Mapping[str, Any]
"""By a parameter's name; None where it is not given and has no default."""


class Option(NamedTuple):
    """One parameter. ``above`` is a bound that it must exceed, ``most`` one that it may reach."""

    unit: Unit
    words: str
    """What it is, for people: a phrase for a table."""
    default: float | str | None = None
    required: bool = False
    above: float | None = None
    most: float | None = None


def nothing_wrong(_: Values) -> str:
    """For kinds whose parameters can be checked one by one."""
    return ""
