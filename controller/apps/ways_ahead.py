"""Looks for ways by which rates fit under the next failure too.

Reads what stands from standard input, and writes what is to, as ``reconcile/ahead.py`` has both.
"""

from __future__ import annotations

import os
import sys

from corridor.controller.reconcile.ahead import answer_to

NICE = 5
"""Failures are followed first."""


def main() -> None:
    os.nice(NICE)
    sys.stdout.buffer.write(answer_to(sys.stdin.read()))


if __name__ == "__main__":
    main()
