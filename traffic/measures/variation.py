"""How much delays vary from one packet to the next. Pure.

PDV (RFC 5481, section 4.2) is a delay less the minimum of the same set: ``metrics.variation``. IPDV
(RFC 3393; RFC 5481, section 4.1) is a delay less that of the packet sent before, where both came.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ipdv(sequence: NDArray[np.int64], delay_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each packet whose predecessor by sequence number arrived, too; packets in any order."""
    order = np.argsort(sequence, kind="stable")
    numbers, delays = sequence[order], delay_ns[order]
    follows = np.diff(numbers) == 1
    found: NDArray[np.int64] = np.diff(delays)[follows]
    return found
