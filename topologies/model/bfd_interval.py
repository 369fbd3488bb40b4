"""How often BFD looks: no fault, but done at planned times as faults are.

Each session costs wall time by the packet, so BFD is quick only where something fails silently.

Two ends agree upon a new interval by packets (RFC 5880, 6.8.3). Open vSwitch sends each of them
when its monitor thread wakes up, which may be a second later, by the old interval; three such waits
may follow one another. A second request for the same interval has the thread wake up, so requests
are repeated, and begin three seconds before the interval must be in force.
"""

from __future__ import annotations

from collections.abc import Mapping

from corridor.topologies.base.options import Values
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.fault_kind import Action, Network

QUICKEN, SLOW = "quicken", "slow"
ALL_FIBRES = ""
QUICKEN_NS = 3 * NS_PER_S
REPEATED_AFTER_NS = (0, NS_PER_S, 2 * NS_PER_S)


def quicken(network: Network, fibre: str, _options: Values) -> None:
    network.set_bfd(fibre, quick=True)


def slow(network: Network, fibre: str, _options: Values) -> None:
    network.set_bfd(fibre, quick=False)


ACTIONS: Mapping[str, Action] = {QUICKEN: quicken, SLOW: slow}
