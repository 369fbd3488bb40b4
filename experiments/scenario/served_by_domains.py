"""What a scenario may state if each domain has its own controller (``controller: {domains: }``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from corridor.controller.policy.model import Policy, PolicySet

if TYPE_CHECKING:
    from corridor.experiments.scenario.scenario import LoadedScenario

UNFOLLOWED = ("drain", "gateway", "switch", "restart")
UNSERVED = ("protect", "bandwidth")
"""Of ``soft``: what controllers of domains do not provide, so it counts as given up."""


def served_policies(loaded: LoadedScenario) -> PolicySet:
    """Return the policies as controllers of domains serve them: without ``UNSERVED``.

    Raises InputError for what the scenario states and they cannot do, with its line.
    """
    for message, key in _refused(loaded):
        what = "write protect: {k: 0}" if key == ("protect",) else f"remove {key[-1]}"
        hint = f"{what}, or remove domains under controller"
        raise loaded.document.error(message, *key, hint=hint)
    return served(loaded.policies)


def refuse_domains(loaded: LoadedScenario, what: str) -> None:
    """Raise InputError if a scenario wants a controller for each domain where ``what`` has one."""
    if loaded.scenario.controller.domains is not None:
        hint = "remove domains, or take corridor run"
        raise loaded.document.error(
            f"{what} has one controller", "controller", "domains", hint=hint
        )


def unserved(policies: PolicySet) -> dict[str, int]:
    """By key of ``soft``, how many policies request what controllers of domains do not provide."""
    found = {key: sum(_asks(one, key) for one in policies.policies) for key in UNSERVED}
    return {key: count for key, count in found.items() if count}


def served(policies: PolicySet) -> PolicySet:
    """Return policies without what controllers of domains do not provide."""
    return policies.model_copy(update={"policies": tuple(map(_served, policies.policies))})


def served_events(loaded: LoadedScenario) -> LoadedScenario:
    """Return the same with such policies in its events."""
    events = tuple(
        one if one.policies is None else replace(one, policies=served(one.policies))
        for one in loaded.events
    )
    return loaded.model_copy(update={"events": events})


def _asks(policy: Policy, key: str) -> bool:
    return policy.enabled and getattr(policy.soft, key) is not None


def _served(policy: Policy) -> Policy:
    if not any(getattr(policy.soft, key) for key in UNSERVED):
        return policy
    soft = policy.soft.model_copy(update=dict.fromkeys(UNSERVED))
    ladder = tuple(step for step in policy.on_soft_failure if step == "exceed_latency")
    return policy.model_copy(update={"soft": soft, "on_soft_failure": ladder})


def _refused(loaded: LoadedScenario) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """What is not possible, each with its place."""
    scenario = loaded.scenario
    for event in loaded.events:
        key = event.kind.key
        if key in UNFOLLOWED:
            yield f"controllers of domains do not follow the event {key}", (*event.place, key)
        if event.options.get("silent"):
            what = "controllers of domains detect failures by carriers only"
            yield what, (*event.place, "silent")
    if scenario.cuts:
        yield "controllers of domains do not bridge cuts in sequence", ("cuts",)
    if scenario.controller.follow is False:
        yield "controllers of domains always follow events", ("controller", "follow")
    if scenario.protect.k:
        yield "controllers of domains do not install detours for failures", ("protect",)
    for key in ("disjoint", "aggregates"):
        if getattr(scenario, key):
            yield f"controllers of domains do not serve {key}", (key,)
    if scenario.network.police:
        yield "controllers of domains do not police rates", ("network", "police")
    for number, demand in enumerate(scenario.demands):
        if demand.family != "ipv4":
            key = "family" if scenario.family != "ipv4" else "demands"
            yield f"controllers of domains serve IPv4 only, and {demand.id} is of IPv6", (key,)
            return
        for key in ("guarantee", "police"):
            if getattr(demand, key) not in (None, "none"):
                what = f"controllers of domains do not serve {key} of {demand.id}"
                yield what, ("demands", number, key)
