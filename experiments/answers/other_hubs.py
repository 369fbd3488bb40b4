"""Which hub would serve a demand that may go to any of several, were it planned again. Pure.

Packets carry the address of the hub that was chosen, so a network that runs keeps it. What is told
here is what a scenario comes to that is planned with the failures known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from corridor.controller.intent.anycast import settle
from corridor.controller.policy.failures import Failures
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.words import counted

MOST_TOLD = 6


@dataclass(frozen=True)
class OtherHub:
    """One demand that another hub would serve."""

    demand: str
    serves: str
    chosen: str
    """The nearest lawful one that is left."""
    why: str


def other_hubs(loaded: LoadedScenario, failures: Failures) -> Iterator[OtherHub]:
    """Those that some other hub would serve without what has failed."""
    for one in loaded.scenario.demands:
        if one.sought is None or one.src in failures.hubs:
            continue
        asked = one.ruled(loaded.scenario.service).model_copy(update={"dst": one.sought})
        found = settle(loaded.policies, loaded.topology, asked, loaded.as_of, failures)
        if found.choice is not None and found.may_go and found.demand.dst != one.dst:
            yield OtherHub(one.id, one.dst, found.demand.dst, found.choice.why)


def other_hubs_said(of: tuple[OtherHub, ...]) -> Iterator[str]:
    """Lines; none where no demand would go elsewhere."""
    if not of:
        return
    yield (
        f"If the cut were known at planning time, another hub would serve "
        f"{counted(len(of), 'demand')}. A running network keeps the hub, because packets carry its "
        "address:"
    )
    for one in of[:MOST_TOLD]:
        yield f"  {one.demand}: {one.chosen} instead of {one.serves} ({one.why})"
    if len(of) > MOST_TOLD:
        yield f"  and {len(of) - MOST_TOLD} more: --json"
