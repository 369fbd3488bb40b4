"""Faults made and ended by hand, by the kinds that scenarios have."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, TypedDict

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.options import Values
from corridor.topologies.base.suggestions import nearest_or_some
from corridor.topologies.model.catalogue import nearest_named_or_some
from corridor.topologies.model.fault_kind import EventKind, Network
from corridor.topologies.model.fault_registry import BY_HAND, by_hand
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring


class Fault(TypedDict):
    """One, as it was asked for."""

    kind: str
    what: str
    options: Mapping[str, Any]


class LastingFaults:
    """Those of one network, one at a time."""

    def __init__(self, topology: Topology, wiring: Wiring, network: Network, log: Path) -> None:
        """``log`` gets a JSON line of each that begins and ends."""
        self._network = network
        self._log = log
        self._topology = topology
        self._names: dict[str, Collection[str]] = {
            "fibre": [one.id for one in topology.fibres],
            "hub": [one.id for one in topology.hubs],
            "group": topology.srlgs,
            "jurisdiction": {one.located_in for one in topology.hubs},
        }
        self._gateways = [one.hub for one in wiring.hubs if one.gateway is not None]
        self._lock = Lock()
        self._lasting: dict[tuple[str, str], Fault] = {}

    @property
    def lasting(self) -> list[Fault]:
        """In the order they began."""
        with self._lock:
            return list(self._lasting.values())

    def begin(self, key: str, what: str, options: Mapping[str, Any]) -> bool:
        """Whether it was not so yet; InputError for what cannot fail like this."""
        kind = self._checked(key, what)
        unknown = options.keys() - kind.options.keys()
        if unknown:
            raise InputError(f"{key} has no option {sorted(unknown)[0]}")
        values = {name: options.get(name, one.default) for name, one in kind.options.items()}
        problem = kind.problem(values)
        if problem:
            raise InputError(f"{key}: {problem}")
        fault: Fault = {"kind": key, "what": what, "options": dict(options)}
        with self._lock:
            if self._lasting.get((key, what)) == fault:
                return False
            if (key, what) in self._lasting:
                kind.actions[kind.end](self._network, what, {})
            begin = kind.actions[kind.begins_by(values)]
            begin(self._network, what, self._kept(kind, what, values))
            if kind.end:
                self._lasting[key, what] = fault
            self._note("begin", fault)
        return True

    def end(self, key: str, what: str) -> bool:
        """Whether it lasted; what did not begin here does not end here."""
        kind = self._checked(key, what)
        with self._lock:
            if (key, what) not in self._lasting:
                return False
            kind.actions[kind.end](self._network, what, {})
            self._note("end", self._lasting.pop((key, what)))
        return True

    def _kept(self, kind: EventKind, what: str, values: Values) -> Values:
        """What the action gets: fibres are named where it names no fibre."""
        if misfit := kind.misfit(self._topology, what, values):
            raise InputError(misfit)
        return kind.kept_on(self._topology, what, values)

    def _note(self, do: str, fault: Fault) -> None:
        with self._log.open("a") as log:
            log.write(json.dumps({"at_ns": time.time_ns(), "do": do, **fault}) + "\n")

    def _checked(self, key: str, what: str) -> EventKind:
        kind = by_hand(key)
        if kind is None:
            raise InputError(f'no kind of fault "{key}"', nearest_or_some(key, BY_HAND))
        known = self._gateways if key == "gateway" else self._names.get(kind.of, kind.names)
        if what not in known:
            of = "gateway" if key == "gateway" else kind.of
            raise InputError(
                f'no {of} "{what}" in this network', nearest_named_or_some(what, known)
            )
        return kind
