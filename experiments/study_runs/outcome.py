"""What became of a cell, as it comes back from where it ran."""

from __future__ import annotations

from typing import Literal, NamedTuple

type State = Literal["valid", "invalid", "failed", "unable"]
"""``unable``: where it was to run, it cannot; that is no result, and is not kept."""
BUNDLE, OUTCOME, RUN, LOG = "cell.pickle", "outcome.json", "run", "cell.log"


class Ran(NamedTuple):
    id: str
    state: State
    message: str
    """Why it is not valid, or what does not hold; may be empty."""
    wall_s: float
    machine: str
    archive: bytes
    """What is kept of it, as a tar archive with gzip; empty of a cell that failed at once."""
