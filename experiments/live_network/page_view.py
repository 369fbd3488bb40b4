"""The network as a page shows it when it is opened, or when it has missed something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corridor.controller.api.event_feed import EventFeed, Position
from corridor.controller.api.link import ControllerLink
from corridor.controller.explain import Explanation
from corridor.experiments.live_network.page_operations_link import OperationsLink
from corridor.experiments.pages.claims import PLAIN, status_in_words
from corridor.experiments.text.explanation_text import explained
from corridor.topologies.base.codec import JsonObject, from_plain
from corridor.topologies.model.topology import Topology

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import FibreAnswer, HubAnswer

NEWEST = 2**62
LAST_EVENTS = 50


async def view(link: ControllerLink, feed: EventFeed, operations: OperationsLink) -> JsonObject:
    """Of everything at about one moment; events after ``position`` state what came since."""
    last: Any = (await link.read("events", since=NEWEST))["last"]
    said: Any = await link.read("events", since=max(0, last - LAST_EVENTS))
    status: Any = await link.read("status")
    topology: Any = await link.read("topology")
    demands: Any = await link.read("demands")
    faults: Any = (await operations.ask("lasting"))["faults"]
    return {
        "position": str(Position(said["started_ns"], said["last"])),
        "events": [feed.described(one) for one in said["events"]],
        "status": status,
        "demands": demands["demands"],
        "fibres": fibre_states(topology["fibres"], faults),
        "hubs": hub_states(topology["hubs"]),
        "proof": proof_digest((await link.read("proof"))["proof"], status),
    }


def fibre_states(
    fibres: Mapping[str, FibreAnswer], faults: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """What is the matter with each fibre, in words; those that are well are left out."""
    by_hand = {one["what"]: one["kind"] for one in faults}
    found = {}
    for name, one in fibres.items():
        words = [by_hand[name]] if name in by_hand else []
        words += ["failed"] if not one["works"] and not words else []
        words += ["held out"] if one["held_out"] else []
        words += ["drained"] if one["drained"] else []
        if words:
            found[name] = words
    return found


def hub_states(hubs: Mapping[str, HubAnswer]) -> dict[str, list[str]]:
    """The same of hubs."""
    found = {}
    for name, one in hubs.items():
        words = ["failed"] if one["failed"] else []
        words += ["its gateway is down"] if one["gateway"] is False else []
        if words:
            found[name] = words
    return found


def proof_digest(proof: Any, status: Mapping[str, Any]) -> JsonObject:
    """What was proven, of what, and how long that took: empty before anything is."""
    if not proof:
        return {}
    sides = [proof[one] for one in ("tables", "beside", "flipped") if proof.get(one)]
    update = status["happened"]["last_update"]
    return {
        "of": proof["of"],
        "epoch": proof["epoch"],
        "holds": proof["holds"],
        "claims": [
            [one["claim"], PLAIN.get(one["claim"], one["sentence"]), status_in_words(one["status"])]
            for one in sides[-1]["verdicts"]
        ],
        "unproven": status["unproven"],
        **({"done_ms": update["done_ms"], "at_ns": update["at_ns"]} if update else {}),
    }


def why(explanation: Any, topology: Topology) -> str:
    """An explanation as the controller tells it, as ``corridor explain`` prints it."""
    unknown = ("schema", "costs_ns", "costs_km")
    plain = {name: value for name, value in explanation.items() if name not in unknown}
    return explained(from_plain(Explanation, plain), topology)
