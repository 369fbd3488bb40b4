"""How often BFD looks: no fault, but done at planned times as faults are.

Each session costs wall time by the packet, so BFD is quick only where something fails silently.
"""

from __future__ import annotations

from collections.abc import Mapping

from corridor.topologies.base.options import Values
from corridor.topologies.faults.kind import Action, Network

QUICKEN, SLOW = "quicken", "slow"
ALL_FIBRES = ""


def quicken(network: Network, fibre: str, _options: Values) -> None:
    network.set_bfd(fibre, quick=True)


def slow(network: Network, fibre: str, _options: Values) -> None:
    network.set_bfd(fibre, quick=False)


ACTIONS: Mapping[str, Action] = {QUICKEN: quicken, SLOW: slow}
