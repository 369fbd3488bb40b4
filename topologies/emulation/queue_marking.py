"""Programs at the queues in front of fibres that mark congestion instead of dropping (RFC 3168).

At such a queue's interface a program lets its AQM see IP below the label, and at the interface of
the fibre another one has the label seen again, before anything else looks at the frame.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping, Sequence

from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.emulation import bpf, queue_interfaces
from corridor.topologies.emulation.bpf import Instruction
from corridor.topologies.emulation.marking_programs import taken_for_ip, taken_for_labelled
from corridor.topologies.model.wiring import Shape

NEEDED = "ECN needs eBPF and tcx, which Linux has since 6.6; leave ecn out, or --testbed uml"


def marks(shapes: Mapping[str, Shape]) -> list[str]:
    """Interfaces of fibres whose queue marks."""
    return [name for name, shape in queue_interfaces.queued(shapes).items() if shape.queue.ecn]


class QueueMarking(Closing):
    """From when it is made until it is closed; of interfaces that are there."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        names = marks(shapes)
        with contextlib.ExitStack() as opened:
            try:
                _attach_all(opened, names)
            except OSError as error:
                message = f"the kernel cannot mark frames that have a label: {error}"
                raise EnvironmentUnsupported(message, NEEDED) from error
            self._opened = opened.pop_all()

    def close(self) -> None:
        self._opened.close()


def _attach_all(opened: contextlib.ExitStack, names: Sequence[str]) -> None:
    if not names:
        return
    before, after = (_loaded(opened, one()) for one in (taken_for_ip, taken_for_labelled))
    for name in names:
        _attach(opened, before, queue_interfaces.name_of(name))
        _attach(opened, after, name)


def _loaded(opened: contextlib.ExitStack, instructions: Sequence[Instruction]) -> bpf.Program:
    program = bpf.Program(instructions)
    opened.callback(program.close)
    return program


def _attach(opened: contextlib.ExitStack, program: bpf.Program, interface: str) -> None:
    index = socket.if_nametoindex(interface)
    program.attach(index, bpf.TCX_EGRESS)
    opened.callback(_detached, program, index)


def _detached(program: bpf.Program, interface: int) -> None:
    """It is not an error if the interface has gone, and the program with it."""
    with contextlib.suppress(OSError):
        program.detach(interface, bpf.TCX_EGRESS)
