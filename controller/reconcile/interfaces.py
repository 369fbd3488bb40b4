"""What the controller works on, as it needs it: switches, gateways, a clock. A test has its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from corridor.controller.forwarding.program import Program, SwitchProgram
from corridor.controller.openflow.deployments import Assessed
from corridor.controller.openflow.errors import SwitchError
from corridor.controller.openflow.modifications import Modifications
from corridor.controller.openflow.table_dump import PortCounts, TableDump, dump_of
from corridor.controller.prover import Tables, read_dump
from corridor.topologies.model.wiring import Wiring

type Labels = Mapping[str, Mapping[int, Assessed]]
"""By hub, what its gateway lets through."""


class Switches(Protocol):
    """What ``openflow/channel.py`` offers; every call raises SwitchError within a deadline."""

    @property
    def connected(self) -> frozenset[int]: ...

    @property
    def connections(self) -> Mapping[int, int]:
        """How many times each switch has connected: what it held before may be gone."""

    def tell(self, orders: Modifications) -> None: ...

    def bundle(self, orders: Modifications) -> None: ...

    def dump(self, dpids: Collection[int]) -> dict[int, dict[str, list[Any]]]: ...

    def port_counts(self, dpids: Collection[int]) -> dict[int, dict[int, PortCounts]]: ...

    def hang_up(self, dpid: int) -> None: ...


class Gateways(Protocol):
    """The gateways, which receive the labels that they assess."""

    def assess(self, labels: Labels, needed: Collection[str] | None = None) -> None:
        """Raises SwitchError if a ``needed`` one, by default one with labels, does not agree."""


@dataclass(frozen=True)
class Interfaces:
    """The network and its clock."""

    wiring: Wiring
    switches: Switches
    gateways: Gateways
    now_ns: Callable[[], int]
    sleep: Callable[[float], object]

    def dpid(self, hub: str) -> int:
        return self.wiring.hub(hub).dpid

    def hub(self, dpid: int) -> str:
        return next(hub.hub for hub in self.wiring.hubs if hub.dpid == dpid)

    @property
    def dpids(self) -> frozenset[int]:
        return frozenset(hub.dpid for hub in self.wiring.hubs)

    def document(self, dpids: Collection[int]) -> TableDump:
        """What switches say they hold, as ``tables/*.json`` have it."""
        return dump_of(self.switches.dump(dpids), self.hub)

    def tables(self, dpids: Collection[int]) -> Tables:
        """What these switches say they hold."""
        said = self.switches.dump(dpids)
        odd = {d: parts for d, parts in said.items() if not _is_plain(parts)}
        read = self.read(dump_of(odd, self.hub), odd)
        switches = {
            one.hub: read.switches.get(one.hub) or _plain_switch(one.hub, one.dpid, said[one.dpid])
            for one in self.wiring.hubs
            if one.dpid in said
        }
        return replace(read, switches=switches)

    def tables_again(self, held: Tables, dpids: Collection[int]) -> Tables:
        """What was read before, but of these switches what they hold now."""
        if not dpids:
            return held
        now = self.tables(dpids)
        oddities = (one for one in held.oddities if one.hub not in now.switches)
        switches = {**held.switches, **now.switches}
        return replace(held, switches=switches, oddities=(*oddities, *now.oddities))

    def read(self, document: TableDump, dpids: Collection[int]) -> Tables:
        asked = tuple(hub for hub in self.wiring.hubs if hub.dpid in dpids)
        return read_dump(document, replace(self.wiring, hubs=asked))

    def filled(self, held: Tables, program: Program) -> Tables:
        """With what switches that were not asked should hold."""
        absent = {one.hub: one for one in program.switches if one.hub not in held.switches}
        return replace(held, switches={**held.switches, **absent})

    def tell_each(self, orders: Modifications, dpids: Iterable[int]) -> list[str]:
        """Send to each switch independently; return what went wrong."""
        wrong = []
        for dpid in dpids:
            if orders.get(dpid):
                try:
                    self.switches.tell({dpid: orders[dpid]})
                except SwitchError as error:
                    wrong.append(str(error))
        return wrong


def _is_plain(said: Mapping[str, list[Any]]) -> bool:
    """Whether all that a switch says are values, which need no reading."""
    return not any(isinstance(item, dict) for items in said.values() for item in items)


def _plain_switch(hub: str, dpid: int, said: Mapping[str, list[Any]]) -> SwitchProgram:
    flows = tuple(entry.flow for entry in said["switches"])
    return SwitchProgram(hub, dpid, flows, tuple(said["groups"]), tuple(said["meters"]))


def only(orders: Modifications, dpids: Collection[int]) -> Modifications:
    """Orders of some switches, without those that would receive nothing."""
    return {dpid: told for dpid, told in orders.items() if dpid in dpids and told}
