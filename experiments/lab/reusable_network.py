"""A network that stands: built once, and made as good as new for every plan that it fits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.lab.planned_instants import await_instant, run_in_turn
from corridor.experiments.lab.run_events import Emit, step
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.wiring import Shape, Wiring

if TYPE_CHECKING:  # a host asks what fits, and builds nothing
    from corridor.experiments.lab.assembly import GatewaysProcess
    from corridor.experiments.lab.controller_process import ControllerProcess
    from corridor.topologies.emulation.network import CorridorNet
    from corridor.topologies.emulation.ovsdb import OpenVSwitch

BFD_SLOW_MS = 1000
"""While nothing is to be noticed quickly."""
NO_SHAPE = Shape(0, 0, 0, 0, 0, 0)
EPOCH_S = 60
"""Traffic begins at a whole minute of the virtual clock, so that when a network was built, and
how long that took, changes no time stamp."""


@dataclass
class ReusableNetwork:
    """A network and its controller, and the plan that they were last made ready for."""

    plan: Plan
    net: CorridorNet
    controller: ControllerProcess
    scratch: Path
    gateways: GatewaysProcess | None = None
    """Those that a following controller speaks to; else they come with each plan."""

    def renew(self, plan: Plan) -> None:
        """Have the network as it would be if it had been built for a plan that fits."""
        run_in_turn(plan.job.clock)
        self.plan = plan
        self.net.renew(plan.wiring)
        self.controller.exchange(plan.program)


def fit(stands: Plan, plan: Plan) -> bool:
    """Whether a plan can be carried out on the network that stands for another, as if on its own.

    Sessions of BFD have a history, by which they speak at other moments.
    """
    return (
        _outline(plan.wiring) == _outline(stands.wiring)
        and (plan.framework, plan.segmentation_offload, plan.job.clock)
        == (stands.framework, stands.segmentation_offload, stands.job.clock)
        and not (plan.follows or stands.follows or plan.domains or stands.domains)
        and plan.bfd_interval_ms is None
        and stands.bfd_interval_ms is None
    )


@contextlib.contextmanager
def stand(plan: Plan, scratch: Path, out_dir: Path, emit: Emit) -> Iterator[ReusableNetwork]:
    """Build the network of a plan; it is gone on leaving."""
    from corridor.experiments.lab.assembly import assemble
    from corridor.experiments.lab.controller_process import ControllerProcess, OwnController
    from corridor.experiments.lab.following_controller import FollowingController

    kind: type[ControllerProcess] = FollowingController if plan.follows else ControllerProcess
    if plan.controller:
        kind = OwnController
    if plan.domains is not None:
        from corridor.experiments.lab.domain_controllers import DomainControllers

        kind = DomainControllers
    controller = kind.of_plan(plan, scratch, out_dir)
    run_in_turn(plan.job.clock)
    await_instant(plan.job.clock)
    emit({"event": "phase", "name": "build"})
    with assemble(
        plan.wiring,
        controller,
        scratch,
        out_dir,
        gateways_at=controller.gateways,
        segmentation_offload=plan.segmentation_offload,
        progress=partial(step, emit),
        shaped=False,  # what checks the wiring then comes at once, and is one piece of work
        before_switches=partial(await_instant, plan.job.clock),
        with_switches=partial(_begin_bfd, plan),
        while_starting=partial(_connecting_at_an_instant, plan),
    ) as (net, gateways):
        assert net.openvswitch is not None
        emit({"event": "built", "private_openvswitch": net.openvswitch.is_private})
        yield ReusableNetwork(plan, net, controller, scratch, gateways)


def _begin_bfd(plan: Plan, net: CorridorNet) -> None:
    """Have sessions of BFD begin at a planned instant, and end start-up of switches at another.

    The phase of a session is that of its beginning.
    """
    if plan.domains is not None:
        from corridor.experiments.lab.domain_controllers import point_to_domains

        point_to_domains(plan, net)
    await_instant(plan.job.clock)
    if plan.bfd_interval_ms is not None:
        net.set_bfd_interval(BFD_SLOW_MS)
        await_instant(plan.job.clock)


@contextlib.contextmanager
def _connecting_at_an_instant(plan: Plan, openvswitch: OpenVSwitch) -> Iterator[None]:
    """Have switches connect to the controller at a planned instant, however long it takes to start.

    Open vSwitch keeps timers from that moment on. One of 10 s ends within the measurement.
    """
    if plan.job.clock != "virtual":
        yield
        return
    with openvswitch.held():
        yield
        await_instant(plan.job.clock)


def epoch_ns(plan: Plan, now_ns: int) -> int:
    """When traffic begins: a round moment of the clock, far enough ahead."""
    exact = plan.job.clock != "real" and plan.bfd_interval_ms is None
    every_ns = (EPOCH_S if exact else 1) * NS_PER_S
    return ((now_ns + NS_PER_S) // every_ns + 1) * every_ns


def _outline(wiring: Wiring) -> Wiring:
    """A wiring without what ``Links.renew`` changes."""
    fibres = (replace(fibre, forward=NO_SHAPE, backward=NO_SHAPE) for fibre in wiring.fibres)
    return replace(wiring, fibres=tuple(fibres))
