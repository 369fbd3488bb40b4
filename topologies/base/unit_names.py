"""What keys and columns are in, as their names say: ``rtt_ms``, ``sent_bytes``. Pure."""

from __future__ import annotations

UNITS = {
    "ns": "ns",
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "km": "km",
    "bps": "bit/s",
    "mbps": "Mbit/s",
    "gbps": "Gbit/s",
    "bytes": "bytes",
    "packets": "packets",
}
"""By the last part of a name."""


def unit_of(name: str) -> str | None:
    _, line, ending = name.rpartition("_")
    return UNITS.get(ending) if line else None
