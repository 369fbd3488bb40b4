"""What makes a run a failure: a claim that does not hold, or numbers that are not valid. Pure."""

from __future__ import annotations

from corridor.experiments.account.summary import Summary
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.traffic.agents.jobs import CHARGED

QUIETER = "repeat it on a quieter machine or with the virtual clock"
WAYS_OUT = {CHARGED: "ask less of its one processor: fewer demands, lower rates; or --testbed uml"}


def has_failed(summary: Summary) -> bool:
    """Whether packets were where none may be, or something expected did not come true."""
    seen = summary.crossings
    unmet = [one for one in summary.expectations if not one.holds]
    return bool(unmet or (seen is not None and (seen.forbidden or seen.strange)))


def refuse_invalid(summary: Summary) -> None:
    """Raise MeasurementInvalid for numbers that are not those of the network asked for."""
    if summary.invalid:
        raise MeasurementInvalid(
            f"the measurement is not valid: {summary.invalid}",
            f"all of it is kept; {WAYS_OUT.get(summary.clock, QUIETER)}",
        )
