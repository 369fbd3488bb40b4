"""The page of a live network in its real process, before switches of a test: no guest, no root."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from control_socket import SocketController
from corridor.experiments.answers.document import ANSWERS_FILE, document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.live_network.api_process import MODULE, ServingProcess, address
from corridor.experiments.live_network.setting import Setting, live_wiring
from corridor.experiments.operations.door import opened
from corridor.experiments.operations.server import Operations
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.model.delay_model import load_delay_model


class Faulted:
    """Cuts are ports that die, and what the controller makes of that at once."""

    def __init__(self, of: PageLab) -> None:
        self.wiring = of.wiring
        self._lab = of

    def make(self, key: tuple[str, str], _effect: object) -> list[str]:
        self._lab.port(key[1], live=False)
        return []

    def end(self, *keys: tuple[str, str]) -> list[str]:
        self._lab.port(keys[0][1], live=True)
        return []


class PageLab:
    """A network, who answers for it, and the process of its page."""

    def __init__(self, folder: Path, scenario: str = "mini") -> None:
        self.folder = folder
        self.loaded = load_scenario(scenario)
        self.specification = specify(self.loaded)
        self.wiring = live_wiring(self.loaded, "c0", 1)
        self.results = folder / "results"
        (self.results / "raw").mkdir(parents=True)
        Setting(self.specification, self.wiring).write(self.results / "raw")
        answers = document(gather(self.loaded, load_delay_model(None)), "")
        (self.results / ANSWERS_FILE).write_text(json.dumps(answers.to_json()))
        self.control = folder / "control.sock"
        self.faulted = Faulted(self)
        self.token_file = folder / "page-token"
        self._stack = contextlib.ExitStack()
        self._controller: contextlib.ExitStack | None = None
        self.controller = self._started()
        self.process: ServingProcess | None = None
        self.port_number = 0

    def __enter__(self) -> PageLab:
        scratch = self.folder / "scratch"
        scratch.mkdir()
        operations = self._stack.enter_context(Operations(scratch, self.results))
        operations.open(self)
        self._stack.enter_context(opened(self.folder / "operations.sock", operations.answer))
        self.serve()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.close()
        self._stack.close()
        if self._controller is not None:
            self._controller.close()

    def serve(self, *more: str) -> None:
        """Start the page's process, at the port that it had before."""
        words = [
            *("--control", str(self.control), "--token-file", str(self.token_file)),
            *("--operations", str(self.folder / "operations.sock"), "--network", "mini"),
            *("--results", str(self.results), "--port", str(self.port_number), *more),
        ]
        self.process = ServingProcess("page", MODULE, words, self.folder / "page.log")
        self.port_number = int(self.process.url.rpartition(":")[2])

    @property
    def address(self) -> str:
        assert self.process is not None
        return address(self.process.url, self.token_file)

    @property
    def log(self) -> str:
        return (self.folder / "page.log").read_text()

    def port(self, fibre: str, *, live: bool) -> None:
        """A fibre loses its carrier or has it again, and the controller follows."""
        with self.controller._lock:
            self.controller.lab.port(fibre, live=live)
            self.controller.lab.run(5)

    def state(self, fibre: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("topology")["fibres"][fibre]
        return found

    def kill_controller(self) -> None:
        """It hangs up on everybody, and does not listen any more."""
        self.controller.instead = lambda client, _line: client.shutdown(2)
        self.controller.lab.event_log.say("error", message="it dies")
        assert self._controller is not None
        self._controller.close()
        self._controller = None

    def start_controller(self) -> None:
        self.controller = self._started()

    def _started(self) -> SocketController:
        self._controller = contextlib.ExitStack()
        return self._controller.enter_context(
            SocketController(self.control, self.specification, self.wiring)
        )

    # what operations ask of a network
    def namespace_of(self, hub: str) -> str:
        return f"/of/{hub}"

    def management_of(self, hub: str) -> str:
        return f"unix:/{hub}.mgmt"

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            json.dumps(self.controller.answer(json.dumps({"do": do, **more})))
        )
        return found

    def kill_controller_by_hand(self) -> None:
        self.kill_controller()


@contextlib.contextmanager
def page_lab(folder: Path) -> Iterator[PageLab]:
    with PageLab(folder) as made:
        yield made
