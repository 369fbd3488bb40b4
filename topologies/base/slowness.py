"""How slow this machine is, for waits after which something is taken for dead. Imports little.

Waits were chosen on a machine that nothing else keeps busy. Where a start of Python takes this many
times as long, they are so many times as long: measured once, and told to every process that is
started. By the virtual clock nothing is slow, and no one measures.
"""

from __future__ import annotations

import os

VARIABLE = "CORRIDOR_SLOWNESS"
USUAL_S = 0.15
"""What a start of Python with usual modules takes of one idle processor of 2023."""
MOST = 20.0
STARTED = "import asyncio, email.message, http.client, json, ssl"


def slowness() -> float:
    """As was measured, between 1 and ``MOST``; 1 where no one did."""
    try:
        return min(max(float(os.environ.get(VARIABLE, "1")), 1.0), MOST)
    except ValueError:
        return 1.0


def patient(seconds: float) -> float:
    """A wait, as long as it has to be on this machine."""
    return seconds * slowness()


def measure() -> None:
    """For this process and those that it starts, unless it is already set."""
    if VARIABLE in os.environ:
        return
    import subprocess
    import sys
    import time

    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-c", STARTED], stdin=subprocess.DEVNULL, check=False)
    took_s = time.perf_counter() - began
    os.environ[VARIABLE] = f"{min(max(took_s / USUAL_S, 1.0), MOST):.2f}"
