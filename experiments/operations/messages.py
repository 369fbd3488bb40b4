"""What is asked of operations, and what is answered, as lines of text. Pure.

    12 {"do": "run", "hub": "guian", "command": ["ip", "addr"]}       from a client: request 12
    12 {"ok": true, "program": 3}                                     its answer

Requests of one client may overlap; each is answered when its answer is there. Octets are base64.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

type Plain = Mapping[str, Any]


def numbered(number: int, said: Plain) -> bytes:
    return b"%d %b\n" % (number, line(said))


def line(said: Plain) -> bytes:
    """Without its end."""
    return json.dumps(said, separators=(",", ":")).encode()


def unnumbered(text: bytes) -> tuple[int, bytes]:
    """The number of a line, and the rest; ValueError if it has none."""
    number, _, rest = text.strip().partition(b" ")
    return int(number), rest


def no(kind: str, reason: str) -> dict[str, Any]:
    """An answer: ``bad`` for what cannot be asked, ``absent`` for what is not there now."""
    return {"ok": False, "kind": kind, "reason": reason}


def octets(data: bytes) -> str:
    return base64.b64encode(data).decode()


def data_of(text: str) -> bytes:
    """ValueError for what is not base64."""
    return base64.b64decode(text, validate=True)
