"""The line to a runner: one JSON object a line, both ways."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any


def connect(path: str) -> socket.socket | None:
    """To where the runner listens; None where there is none."""
    if not path:
        return None
    status = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    status.connect(path)
    return status


def orders(status: socket.socket) -> Iterator[dict[str, Any]]:
    """What the runner asks for, until it hangs up."""
    for line in status.makefile("r"):
        yield json.loads(line)
