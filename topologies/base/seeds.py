"""Random numbers belong to names: each thing that is random has a separate sequence.

What else a scenario holds, and in which order, changes nothing about it.
"""

from __future__ import annotations

import hashlib


def seed_of(seed: int, *name: str) -> int:
    """The 63-bit seed of what is called ``name`` in a run of ``seed``; another for each name."""
    digest = hashlib.sha256("/".join((str(seed), *name)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
