"""What commands for live networks print as JSON, as types."""

from __future__ import annotations

from typing import Any, Literal

from corridor.experiments.setup.schema_generation import as_plain, typed, with_more


def status() -> Any:
    """All of it, one demand's, or with ``--watch`` why there is none at the moment."""
    from corridor.controller.api.control_answers import (
        DemandAnswer,
        StatusAnswer,
        TopologyAnswer,
    )

    whole = with_more(
        "NetworkStatus", TopologyAnswer, status=StatusAnswer, demands=list[DemandAnswer]
    )
    away = typed("Away", "The controller is being started again.", problem=str)
    return whole | DemandAnswer | away


def event() -> Any:
    from corridor.controller.api.control_answers import Event

    return Event


def trace() -> Any:
    from corridor.controller.api.control_answers import DemandAnswer
    from corridor.controller.explain.trace import Trace

    return as_plain("TraceNow", Trace, epoch=int, served=DemandAnswer)


def probe() -> Any:
    """A probe that was answered, one that was lost, or that its demand is served otherwise."""
    from corridor.controller.api.control_answers import DemandAnswer

    times = dict.fromkeys(("rtt_ns", "there_ns", "back_ns"), int)
    answered = typed("Answered", "A round trip.", seq=int, **times)
    lost = typed("Lost", "No answer came within two seconds.", seq=int, lost=Literal[True])
    served = with_more("Served", DemandAnswer, event=Literal["status"])
    return answered | lost | served


def policies() -> Any:
    from corridor.controller.policy.model import PolicySet

    return PolicySet
