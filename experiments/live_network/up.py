"""Bring a scenario's network up, hold it until it is ended, and offer its API."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Literal, NamedTuple

from corridor.controller.openflow.frameworks import AskedFramework
from corridor.controller.policy.clauses.places import Service
from corridor.experiments.answers.demand_parts import anycast_lines, anycast_summary
from corridor.experiments.answers.document import ANSWERS_FILE, document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.live_network import session
from corridor.experiments.live_network.api_process import (
    ApiProcess,
    Restarted,
    open_in_browser,
    page_of,
)
from corridor.experiments.live_network.setting import Setting, live_wiring
from corridor.experiments.live_network.status_text import Note, ProgressPrinter
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.machines.system_packages import refuse_missing
from corridor.experiments.operations.door import OPERATIONS, SOCKET, opened
from corridor.experiments.operations.guest_lines import Line, relayed
from corridor.experiments.run import manifest
from corridor.experiments.run.choosing import real_clock_kernel
from corridor.experiments.run.event_log import Say
from corridor.experiments.run.folders import make_result_folder, remove_empty, unwritable
from corridor.experiments.run.own_controller import OwnApp, own_app, warned_of
from corridor.experiments.run.runner import GUEST_RUN_ID, with_framework
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.lines import lines
from corridor.experiments.scenario.scenario import DEFAULT, LoadedScenario, Under, load_under
from corridor.experiments.scenario.served_by_domains import refuse_domains
from corridor.experiments.testbeds import containment
from corridor.experiments.testbeds.choice import Choice, choose_for_keeping
from corridor.experiments.testbeds.native import keeping_natively, native_run_id
from corridor.experiments.testbeds.probe import probe
from corridor.experiments.testbeds.uml import keeping_guest
from corridor.experiments.testbeds.watchdog import read_events
from corridor.topologies.base.bounded_file import is_folder
from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.scratch import scratch_folder
from corridor.topologies.base.slowness import measure
from corridor.topologies.base.words import counted
from corridor.topologies.model.delay_model import load_delay_model
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.background.on_map import may_relate

# What a scenario comes to, computed while its network is built: its page needs it.


def write_answers(loaded: LoadedScenario, out_dir: Path) -> None:
    """Into a result folder, as a whole or not at all. Returns at once."""
    threading.Thread(target=_write, args=(loaded, out_dir), daemon=True).start()


def _write(loaded: LoadedScenario, out_dir: Path) -> None:
    answers = document(gather(loaded, load_delay_model(None)), "")
    aside = out_dir / f".{ANSWERS_FILE}"
    aside.write_text(json.dumps(answers.to_json(), ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(out_dir / ANSWERS_FILE)


LOOPBACK = "127.0.0.1"
GUEST_BFD_MS = 1000
"""By the real clock a guest stands still for tenths of a second on a busy machine, and three BFD
packets that come late are a fibre that fails."""


@dataclass(frozen=True)
class Options:
    """What the command line may ask; None leaves it to the scenario or the machine."""

    scenario: str = DEFAULT
    policies: str | None = None
    as_of: date | None = None
    outside: Literal["deny", "not-judged"] | None = None
    service: Service | None = None
    interpret: Mapping[str, str] = field(default_factory=dict)
    """Values of the policy set's interpretations, by their ids."""
    testbed: Literal["auto", "native", "uml"] = "auto"
    framework: AskedFramework | None = None
    name: str | None = None
    port: int | None = None
    out: Path | None = None
    controller: str | None = None
    """An app of the user's own that steers the switches."""
    mininet: bool = False
    """Mininet's command line here, once the network is up; leaving it ends the network."""
    page: bool = False
    """Serve its page, and open it in a browser."""
    reads: tuple[Path, ...] = ()
    """What programs in a guest may read, next to the system's files and the current folder."""
    kiosk: bool = False
    """The page is used by people who come and go."""


def bring_up(options: Options, say: Say, note: Note) -> None:
    """Hold a network up until SIGINT or SIGTERM, which is raised again once nothing is left of it,
    or until its command line is left.

    ``say`` gets what a person reads, ``note`` every event.
    """
    started_s = time.monotonic()
    measure()
    asked = Under(
        policies=options.policies,
        as_of=options.as_of,
        outside=options.outside,
        service=options.service,
        interpret=dict(options.interpret),
    )
    loaded = load_under(options.scenario, asked)
    refuse_domains(loaded, "a live network")
    loaded = with_framework(loaded, options.framework)
    app = None if options.controller is None else own_app(options.controller)
    warning = None if app is None else warned_of(loaded, app)
    name = _free_name(loaded, options)
    signals: list[int] = []
    with contextlib.ExitStack() as stack:
        token_file = session.make_folder(name) / session.TOKEN_FILE
        stack.callback(session.remove, name)
        token_file.unlink(missing_ok=True)
        out_dir, choice, kernel = _prepared(loaded, options, app)
        say(_opening_lines(loaded, choice, kernel))
        for line in _of_own(app, warning):
            say(line)
        shell = ShellProcess(name) if options.mininet else None
        said = say if shell is None else shell.until_it_runs(say)
        progress = ProgressPrinter(name, out_dir, said, note, started_s)
        progress.is_own = app is not None
        where = (
            here(out_dir)
            if kernel is None
            else in_a_guest(kernel, out_dir, _readable(options, say), ipv6=loaded.scenario.has_ipv6)
        )
        place = stack.enter_context(where)
        log = out_dir / "api.log"
        gone: list[str] = []

        def unreachable() -> None:
            gone.append("a network cannot be used without its API")
            place.stop()

        api = Restarted(
            lambda port: ApiProcess(place.control, token_file, port, log),
            "the API of the network",
            options.port,
            said,
            unreachable,
        )
        stack.callback(api.close)
        one = session.session_of_this_process(
            name,
            url=api.url,
            token_file=token_file,
            scenario=loaded.scenario.name,
            testbed=choice.testbed,
            clock=choice.clock,
            operations=place.operations,
            out=out_dir.resolve(),
            has_internet_traffic=may_relate(loaded.topology),
        )
        session.write(one)
        progress.offered(one)
        write_answers(loaded, out_dir)
        signals = stack.enter_context(ended_by_signals(place.stop))
        if options.page:
            page = page_of(one, said, port=None, kiosk=options.kiosk)
            open_in_browser(one, stack.enter_context(page), said)
        if shell is not None:
            progress.at_ready(partial(shell.start, place.stop))
            stack.callback(shell.close)
        read_events(place.process, progress, out_dir / "console.log", "the live network")
    if not signals and shell is not None and shell.code is not None:
        if shell.code:
            raise EnvironmentUnsupported(f"its command line ended with code {shell.code}")
        return
    if gone:
        raise EnvironmentUnsupported(gone[0], f"see {log}")
    if not signals:
        raise EnvironmentUnsupported("the live network ended unexpectedly", f"see {out_dir}")
    signal.raise_signal(signals[0])


def _free_name(loaded: LoadedScenario, options: Options) -> str:
    """What the network is called; InputError for a name or a port that it cannot have."""
    name = options.name or loaded.scenario.name
    session.folder_for(name)
    _refuse_port(options.port)
    session.remove_dead()
    return name


def _refuse_port(port: int | None) -> None:
    """A port that is taken is found out before anything is built."""
    if port is None:
        return
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except OSError as error:
            reason = error.strerror or str(error)
            hint = "give another --port, or none, for one that is free"
            raise InputError(f"port {port} of {LOOPBACK}: {reason}", hint) from error


def _of_own(app: OwnApp | None, warning: str | None) -> Iterator[str]:
    if app is not None:
        yield f"controlled by {app.name}, a user-supplied controller; each change is verified"
    if warning is not None:
        yield warning


def _readable(options: Options, say: Say) -> list[Path]:
    """Files of the host for programs at hubs: where the user is, unless that is the home."""
    if containment.means() == "none":
        say(containment.NOT_CONTAINED)
    here = Path.cwd()
    return [*options.reads, *(() if containment.is_private(here) else (here,))]


def _prepared(
    loaded: LoadedScenario, options: Options, app: OwnApp | None
) -> tuple[Path, Choice, Kernel | None]:
    """The result folder with what the network is to be, and where it will be built."""
    was_there = options.out is not None and is_folder(options.out)
    out_dir = make_result_folder(options.out, loaded.scenario.name)
    try:
        facts = probe()
        refuse_missing()
        choice = choose_for_keeping(facts, options.testbed)
        kernel = None if choice.testbed == "native" else real_clock_kernel(facts)
        run_id = native_run_id() if kernel is None else GUEST_RUN_ID
        wiring = live_wiring(
            loaded, run_id, loaded.scenario.seed, lines(loaded.scenario.network, loaded.topology)
        )
    except BaseException:
        remove_empty(out_dir, itself=not was_there)
        raise
    try:
        _write_inputs(out_dir, loaded, wiring, choice, kernel, app)
    except OSError as error:
        raise unwritable(out_dir, error) from error
    return out_dir, choice, kernel


def bfd_interval_ms(loaded: LoadedScenario, kernel: Kernel | None) -> int | None:
    """As the scenario says, but in a guest not below what that can hold; None without BFD."""
    asked_ns = loaded.scenario.network.bfd
    if asked_ns is None:
        return None
    return max(asked_ns // 10**6, 0 if kernel is None else GUEST_BFD_MS)


def _write_inputs(
    out_dir: Path,
    loaded: LoadedScenario,
    wiring: Wiring,
    choice: Choice,
    kernel: Kernel | None,
    app: OwnApp | None,
) -> None:
    specification = specify(loaded)
    how: dict[str, object] = {
        "framework": loaded.scenario.framework,
        "bfd_interval_ms": bfd_interval_ms(loaded, kernel),
        "segmentation_offload": loaded.scenario.network.segmentation_offload,
        # A contained guest cannot list it, and neither can a network in this kernel inside one.
        "root": [] if kernel is None else sorted(os.listdir("/")),  # noqa: PTH208 - names alone
    }
    if app is not None:
        app.write(out_dir)
        how["controller"] = [app.of_plan, app.called]
    raw = out_dir / "raw"
    Setting(specification, wiring).write(raw)
    (raw / "live.json").write_text(json.dumps(how))
    (out_dir / "interfaces.txt").write_text(interfaces(wiring))
    manifest.write_scenario(out_dir / "scenario.yaml", loaded)
    manifest.write_manifest(
        out_dir / "manifest.json",
        loaded,
        choice,
        kernel,
        seed=loaded.scenario.seed,
        specification=json.loads(specification.to_json()),
        wiring=wiring,
    )


def interfaces(wiring: Wiring) -> str:
    """A line for each end of each fibre: its interface, the fibre, the hub it is at."""
    ends = [(end, fibre.fibre) for fibre in wiring.fibres for end in (fibre.a, fibre.z)]
    return "".join(f"{end.interface}  {fibre}  at {end.hub}\n" for end, fibre in ends)


def _opening_lines(loaded: LoadedScenario, choice: Choice, kernel: Kernel | None) -> str:
    where = f"Linux {kernel.version} guest" if kernel else "this machine's kernel"
    topology, scenario = loaded.topology, loaded.scenario
    bfd_ms, asked_ns = bfd_interval_ms(loaded, kernel), scenario.network.bfd
    slower = bfd_ms and asked_ns and bfd_ms * 10**6 > asked_ns
    several = anycast_lines({one.id: anycast_summary(one.anycast) for one in scenario.demands})
    return (
        f"{scenario.name}: {counted(len(topology.hubs), 'hub')}, "
        f"{counted(len(topology.fibres), 'fibre')}, "
        f"{counted(len(scenario.demands), 'demand')}, policies {loaded.policies.name} "
        f"as of {loaded.as_of.isoformat()}\n"
        f"testbed {choice.testbed}, {choice.clock} clock ({where}): {choice.reason}"
        + (f"\n{several}" if several else "")
        + (f"\nBFD every {bfd_ms} ms: the minimum in a guest with the real clock" if slower else "")
    )


@contextlib.contextmanager
def ended_by_signals(stop: Callable[[], object]) -> Iterator[list[int]]:
    """The first SIGINT or SIGTERM calls ``stop`` and is put into the list; the next do what they
    always do. A signal that is ignored stays ignored."""
    caught: list[int] = []
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN
    }

    def as_before() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def catch(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        as_before()
        stop()

    for number in before:
        signal.signal(number, catch)
    try:
        yield caught
    finally:
        as_before()


# Where a live network runs: in this kernel, or in a guest that is reached over a line.


class Place(NamedTuple):
    """One network being built; ``inside.py`` says what is in ``out_dir`` and what comes out."""

    process: subprocess.Popen[bytes]
    """Its events are on its standard output."""
    control: Path
    """The controller's control socket, or what stands for it. May not be there yet."""
    operations: Path
    """The socket of operations. May not be there yet."""
    stop: Callable[[], object]
    """Have it read back, taken down and ended."""


@contextlib.contextmanager
def here(out_dir: Path) -> Iterator[Place]:
    """In this machine's kernel, as root."""
    with scratch_folder() as scratch, keeping_natively(out_dir, scratch) as process:
        yield Place(process, scratch / "control.sock", scratch / SOCKET, process.terminate)


@contextlib.contextmanager
def in_a_guest(
    kernel: Kernel, out_dir: Path, reads: Sequence[Path], *, ipv6: bool = False
) -> Iterator[Place]:
    """In a guest with the real clock, whose second console is a line to its control socket.

    What people start at its hubs reads ``reads``."""
    ours, theirs = socket.socketpair()
    line = Line(ours)
    try:
        with scratch_folder() as scratch:
            control = scratch / "control.sock"
            with (
                relayed(control, line.ask),
                opened(scratch / SOCKET, partial(line.ask, to=OPERATIONS)),
                keeping_guest(kernel, out_dir, theirs, reads, ipv6=ipv6) as process,
            ):
                yield Place(process, control, scratch / SOCKET, line.close)
    finally:
        line.close()


# Mininet's command line at the terminal where a live network was brought up.

COMMAND = (sys.executable, "-P", "-m", "corridor.experiments.cli", "mininet", "--network")


class ShellProcess(Closing):
    """``corridor mininet`` for the network of a name, with this terminal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: subprocess.Popen[bytes] | None = None
        self.code: int | None = None
        """Of its exit, if it ended before its network did."""

    def until_it_runs(self, say: Say) -> Say:
        """The same, but for what would be said into the shell's lines."""

        def quietly(text: str) -> None:
            if self._process is None or self.code is not None:
                say(text)

        return quietly

    def start(self, then: Callable[[], object]) -> None:
        """Returns at once; ``then`` is called when it has been left."""
        self._process = subprocess.Popen([*COMMAND, self._name])
        threading.Thread(target=self._wait, args=(self._process, then), daemon=True).start()

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _wait(self, process: subprocess.Popen[bytes], then: Callable[[], object]) -> None:
        self.code = process.wait()
        then()
