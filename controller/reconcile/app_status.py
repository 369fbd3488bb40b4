"""The line to a runner: one JSON object a line, in both directions."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Literal, TypedDict


def connect(path: str) -> socket.socket | None:
    """To where the runner listens; None where there is none."""
    if not path:
        return None
    status = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    status.connect(path)
    return status


ExchangeProgram = TypedDict("ExchangeProgram", {"do": Literal["program"], "from": str})
"""Switches are to hold the program in a file."""


class Dump(TypedDict):
    """Entries that switches say they hold are to be written."""

    do: Literal["dump"]
    to: str


class Report(TypedDict):
    """How far the installation is."""

    do: Literal["report"]


type Order = ExchangeProgram | Dump | Report


def orders(status: socket.socket) -> Iterator[Order]:
    """What the runner asks for, until it hangs up."""
    for line in status.makefile("r"):
        yield json.loads(line)
