"""The SHA-256 of every file, as ``sha256sum -c`` reads it, and what differs from it. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from corridor.topologies.base.errors import InputError

SUMS = "SHA256SUMS"
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>\S.*)")
type State = Literal["spoilt", "missing", "surplus"]
WORDS: Mapping[State, str] = {
    "spoilt": "is not as it was packed",
    "missing": "is missing",
    "surplus": "was not packed",
}


class Fault(NamedTuple):
    file: str
    state: State

    def __str__(self) -> str:
        return f"{self.file} {WORDS[self.state]}"


def written(digests: Mapping[str, str]) -> str:
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))


def parse(text: str, file: str = SUMS) -> dict[str, str]:
    """Raises InputError with the line that is none."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        one = _LINE.fullmatch(line)
        if one is None or one["name"] in found:
            raise InputError("is not a line of sums", "get the artifact again", file, number)
        found[one["name"]] = one["digest"]
    return found


def identity(sums: str) -> str:
    """What an artifact is known by, however it was compressed: it covers every file."""
    return hashlib.sha256(sums.encode()).hexdigest()


def faults(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[Fault]:
    """By name; a file that could not be read has the digest that no file has, the empty one."""
    return sorted(_faults(wanted, found))


def _faults(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Fault]:
    for name, digest in wanted.items():
        if name not in found:
            yield Fault(name, "missing")
        elif found[name] != digest:
            yield Fault(name, "spoilt")
    for name in found.keys() - wanted.keys():
        yield Fault(name, "surplus")
