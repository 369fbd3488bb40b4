"""Small exports for tests, broken tables, and a reader of AalWiNes' form that shares no code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from corridor.controller.explain.export_registry import FORMATS
from corridor.controller.explain.subject import Subject
from corridor.controller.forwarding.program import Flow, Reason, SwitchProgram
from corridor.controller.prover import Tables
from corridor.experiments.run.exporting import subject_of_scenario
from corridor.experiments.scenario.scenario import load_scenario

SCENARIOS = Path(__file__).parent / "exported"
LAWFUL = SCENARIOS / "gateways.yaml"
"""Demands confined, by a gateway, by stops, and blocked; protected against two failures."""


@cache
def subject(scenario: str = str(LAWFUL)) -> Subject:
    return subject_of_scenario(load_scenario(scenario))


@cache
def exported(name: str, scenario: str = str(LAWFUL)) -> dict[str, Any]:
    """The JSON of an export, by file."""
    files = FORMATS[name].write(subject(scenario)).files
    return {file: json.loads(text) for file, text in files.items() if file.endswith(".json")}


def spoilt(hub: str, change: Callable[[SwitchProgram], SwitchProgram]) -> Subject:
    """The same with the tables of a switch changed."""
    whole = subject()
    switches = {**whole.tables.switches, hub: change(whole.tables.switches[hub])}
    return replace(whole, tables=Tables(switches))


def without(flow: Flow) -> Callable[[SwitchProgram], SwitchProgram]:
    return lambda held: replace(held, flows=tuple(one for one in held.flows if one is not flow))


def acting(flow: Flow, **more: Any) -> Callable[[SwitchProgram], SwitchProgram]:
    """With an entry that does something else."""

    def change(held: SwitchProgram) -> SwitchProgram:
        flows = tuple(replace(one, **more) if one is flow else one for one in held.flows)
        return replace(held, flows=flows)

    return change


def entry(hub: str, reason: Reason, demand: str) -> Flow:
    """The first entry of a reason that serves a demand."""
    whole = subject()
    number = 1 + [intent.id for intent in whole.intents].index(demand)
    held = whole.tables.switches[hub].flows
    return next(one for one in held if one.reason is reason and one.policy == number)


@dataclass
class Labelled:
    """An MPLS network as ``network.json`` describes it."""

    said: dict[str, Any]
    links: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for link in self.said["network"]["links"]:
            near = (link["from_router"], link["from_interface"])
            far = (link["to_router"], link["to_interface"])
            assert link["bidirectional"]
            assert not {near, far} & self.links.keys(), link
            self.links |= {near: far, far: near}

    @property
    def tables(self) -> dict[tuple[str, str], dict[str, list[dict[str, Any]]]]:
        """By router and interface."""
        return {
            (router["name"], interface["name"]): interface["routing_table"]
            for router in self.said["network"]["routers"]
            for interface in router["interfaces"]
        }

    def walk(
        self, router: str, sent: str, failed: frozenset[tuple[str, str]]
    ) -> tuple[list[str], tuple[str, list[str]] | None]:
        """Routers that a packet comes to; the host that gets it, if any, and the stack then."""
        tables, interface, stack, routers = self.tables, "(host)", [sent], [router]
        for _ in range(300):
            rules = tables[router, interface].get(stack[-1], [])
            live = [one for one in rules if (router, one["out"]) not in failed]
            if not live:
                return routers, None
            rule = min(live, key=lambda one: int(one["priority"]))
            for operation in rule["ops"]:
                ((kind, label),) = operation.items()
                if kind != "push":
                    stack.pop()
                stack += [label] * (kind != "pop")
            if rule["out"] == "(host)":
                return routers, (router, stack)
            if (router, rule["out"]) not in self.links:
                return routers, None
            router, interface = self.links[router, rule["out"]]
            routers.append(router)
        raise AssertionError(f"it goes round: {routers}")
