"""What has left by each end of each fibre, as the kernel counts it: one file read for all."""

from __future__ import annotations

from pathlib import Path

from corridor.topologies.model.wiring import Wiring

COUNTS = Path("/proc/net/dev")
SENT_BYTES = 8
"""Its column, behind the interface's name."""


def sent_bytes(wiring: Wiring, counts: Path = COUNTS) -> dict[str, tuple[int, int]]:
    """Octets that have left by the ends ``a`` and ``z`` of each fibre, shaped; by fibre."""
    sent = {}
    for line in counts.read_text().splitlines():
        interface, colon, columns = line.partition(":")
        if colon:
            sent[interface.strip()] = int(columns.split()[SENT_BYTES])
    return {
        one.fibre: (sent.get(one.a.interface, 0), sent.get(one.z.interface, 0))
        for one in wiring.fibres
    }
