"""The kinds of queue stages, by name.

Each is a module with ``KIND``, ``requests(index, parent, interface, shape)``, which puts its tree
with ``QUEUE_HANDLE`` on top, ``wanted(shape)`` and ``held(found, shape)``, which are equal if the
kernel holds what was asked for. Drops of a stage are those that its top discipline counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from corridor.topologies.emulation.octets.found import Found
from corridor.topologies.emulation.octets.rtnetlink import Request
from corridor.topologies.emulation.queues import fifo
from corridor.topologies.model.wiring import Shape

MODULES = (fifo,)
KINDS: dict[str, ModuleType] = {module.KIND: module for module in MODULES}


def requests(index: int, parent: int, interface: str, shape: Shape) -> Iterator[Request]:
    """Put the queue stage of a shape under ``parent``, or change what is there already."""
    yield from KINDS[shape.queue.kind].requests(index, parent, interface, shape)


def wanted(shape: Shape) -> Any:
    """What the kernel is to hold for a shape; compares equal to what ``held`` finds."""
    return KINDS[shape.queue.kind].wanted(shape)


def held(found: Found, shape: Shape) -> Any:
    """What the kernel holds, in the same terms."""
    return KINDS[shape.queue.kind].held(found, shape)
