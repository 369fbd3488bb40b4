"""Looks for ways by which rates fit under the next failure too: ``python -m ... PARENT``.

Reads what stands from standard input, and writes what is to, as ``reconcile/ahead.py`` has both.
Ends with its parent, whose process id it is given.
"""

from __future__ import annotations

import json
import os
import sys

from corridor.controller.reconcile.ahead import answer_to
from corridor.topologies.base.parent_death import die_with_parent

NICE = 5
"""Failures are followed first."""


def main() -> None:
    die_with_parent(parent=int(sys.argv[1]))
    os.nice(NICE)
    out = os.dup(1)
    os.dup2(2, 1)  # the solver may write a line of its own
    answer = answer_to(json.load(sys.stdin))
    with os.fdopen(out, "wb") as answers:
        answers.write(answer)


if __name__ == "__main__":
    main()
