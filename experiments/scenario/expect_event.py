"""What a run is to show of a demand: a bound on a measure, or a status. It fails otherwise.

Measures are of the probes sent while it lasts; the status is the one at its end.
"""

from __future__ import annotations

from corridor.topologies.base.options import Option, Values
from corridor.topologies.model.fault_kind import EventKind

STATUSES = ("UP", "ALT", "DEGRADED", "BLOCKED", "DOWN", "UNKNOWN")


def problem(options: Values) -> str:
    if all(value is None for value in options.values()):
        return f"nothing is expected; give one of {', '.join(options)}"
    if options["status"] not in (None, *STATUSES):
        return f"no status is called {options['status']}; use one of {', '.join(STATUSES)}"
    return ""


KIND = EventKind(
    key="expect",
    of="demand",
    words="a demand with bounds; the run fails if they are exceeded",
    example="{at: 0s, for: 1s, expect: one, p99: 90ms, lost: 0}",
    options={
        "status": Option("name", "its status at the end"),
        "p50": Option("time", "maximum median RTT", above=0),
        "p99": Option("time", "maximum 99th percentile of RTT", above=0),
        "max": Option("time", "maximum RTT", above=0),
        "lost": Option("count", "maximum number of lost probes"),
    },
    actions={},
    begin="",
    problem=problem,
    disturbs=False,
    observes=True,
    must_end=True,
)
