"""A network built here, held to its policies by its own controller, with its gateways.

For what changes while it runs: policies, fibres, gateways, the controller itself. Needs root and
this machine's kernel, so it runs in a guest or in the Vagrant VM.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from corridor.controller.intent.specification import Specification
from corridor.controller.reconcile.event_log import EventLog
from corridor.experiments.account.run_files import ControllerEvents
from corridor.experiments.lab.assembly import assemble
from corridor.experiments.lab.event_driver import EventDriver
from corridor.experiments.lab.following_controller import FollowingController
from corridor.experiments.live_network.own_controller import OwnAnswers, OwnLiveController
from corridor.experiments.live_network.setting import SPECIFICATION, Setting
from corridor.experiments.operations.guest_lines import relayed
from corridor.topologies.emulation.controller_start import CONTROLLER
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import DemandAnswer
    from corridor.controller.api.control_answers import Event as ControllerEvent

EVENTS = "events.jsonl"
WAIT_S = 120.0
"""For everything to stand, then for BFD, then until all is settled."""
SILENCE_S = 60
"""Of a controller that computes. By a real clock, on a busy machine, that takes its time."""


class OwnApp(NamedTuple):
    """A controller of a user's, in place of the one that follows."""

    app: str
    """Its module, or ``OWN_APP`` in the result folder."""
    name: str
    tell: Callable[[ControllerEvent], object]


class LiveNetwork:
    """Everything under one roof; ``with`` builds it, waits until it is settled, and takes it down.

    ``scratch`` is a folder, made if need be, for sockets and what controllers remember; in
    ``out_dir`` stay ``events.jsonl``, ``controller.log`` and ``audit/``. ``timing`` and ``command``
    are the controller's, and ``status`` a socket that it reports to.
    """

    def __init__(
        self,
        specification: Specification,
        wiring: Wiring,
        *,
        scratch: Path,
        out_dir: Path,
        framework: str = "ryu",
        bfd_interval_ms: int | None = 100,
        segmentation_offload: bool = False,
        timing: Mapping[str, int] | None = None,
        command: Sequence[str] = CONTROLLER,
        status: Path | None = None,
        wait_s: float = WAIT_S,
        own: OwnApp | None = None,
    ) -> None:
        self.specification = specification
        self.wiring = wiring
        self.scratch = scratch
        self.out_dir = out_dir
        self.controller: FollowingController | OwnLiveController
        if own is not None:
            started = OwnLiveController(None, framework, scratch, out_dir, patient=False)
            log = EventLog(own.tell, out_dir / EVENTS)
            answers = OwnAnswers(own.name, Setting(specification, wiring), log)
            self.controller = started.of(answers, own.app, out_dir)
        else:
            self.controller = self._following(framework, timing, command, status)
        self._events = ControllerEvents(out_dir / EVENTS)
        self._wait_s = wait_s
        self._bfd_interval_ms = bfd_interval_ms
        self._segmentation_offload = segmentation_offload
        self._killed_by_hand = False
        self._stack = contextlib.ExitStack()

    def _following(
        self,
        framework: str,
        timing: Mapping[str, int] | None,
        command: Sequence[str],
        status: Path | None,
    ) -> FollowingController:
        scratch, out_dir = self.scratch, self.out_dir
        return FollowingController(
            self.wiring,
            scratch / SPECIFICATION,
            framework,
            scratch,
            out_dir,
            patient=False,
            events=out_dir / EVENTS,
            reports_to=str(status or ""),
            timing=timing,
            command=command,
        )

    def __enter__(self) -> LiveNetwork:
        with self._stack as stack:
            self.scratch.mkdir(exist_ok=True)
            (self.scratch / SPECIFICATION).write_text(self.specification.to_json())
            if isinstance(self.controller, OwnLiveController):
                stack.enter_context(relayed(self.control, self.controller.answers.answer))
            self.net, gateways = stack.enter_context(
                assemble(
                    self.wiring,
                    self.controller,
                    self.scratch,
                    self.out_dir,
                    gateways_at=self.controller.gateways,
                    bfd_interval_ms=self._bfd_interval_ms,
                    segmentation_offload=self._segmentation_offload,
                )
            )
            assert self.net.openvswitch is not None
            self.net.openvswitch.bear_silence(self.wiring, SILENCE_S)
            self.until(self.is_installed, self._wait_s)
            self.faulted = EventDriver(self.net, gateways, self._bfd_interval_ms, self.controller)
            if self._bfd_interval_ms is not None:
                self.net.wait_bfd(self._wait_s)
            self.until(self.is_settled, self._wait_s)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.controller.control

    def carry_out(self, do: str, what: str = "", **options: Any) -> dict[str, Any]:
        """An action of a kind of events, as timelines have them; the answer, if it asks for
        something."""
        return self.faulted.carry_out(do, what, options).answer or {}

    def kill_controller_by_hand(self) -> None:
        """SIGKILL; it is not waited for, which who starts another does."""
        if self.controller.process is not None:
            self._killed_by_hand = True
            self.controller.process.kill()

    def was_killed_by_hand(self) -> bool:
        """Whether the controller that has ended was; once."""
        was, self._killed_by_hand = self._killed_by_hand, False
        return was

    def namespace_of(self, host: str) -> str:
        """A path to the namespace of a host, for as long as this process lives; a hub's id names
        its default host."""
        return str(self.net[host].namespace.path)

    def management_of(self, hub: str) -> str:
        """Where ``ovs-ofctl`` reaches the switch of a hub."""
        return self.net.switch_of(hub).management_address

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """What the controller answers; ``ok`` is false while no one listens."""
        return self.controller.ask(do, **more)

    def until(self, what: Callable[[], object], seconds: float) -> float:
        """Wait until something is so; how long it took."""
        return self.controller.until(what, seconds)

    def is_installed(self) -> bool:
        """Whether the controller holds switches to something."""
        return bool(self.ask("status").get("installed"))

    def is_settled(self) -> bool:
        """Everything stands that should, with nothing failed."""
        return self.controller.is_settled()

    def statuses(self) -> dict[str, str]:
        """How each demand is served; nothing while no one says so."""
        said: list[DemandAnswer] = self.ask("demands").get("demands", [])
        return {one["demand"]: one["status"] for one in said}

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """As the controllers wrote them."""
        return self._events.so_far(*kinds)
