"""The controller, but it dies where it is told: ``-m tests.soak.mortal_controller --port N``.

Where ``CORRIDOR_SOAK_DIES`` is the path of a file when an update begins, it says when to die in it:
``{"step": "beside"}`` once that step is done, ``"half flipped"`` after the first of several edges,
or ``{"messages": 40}`` once so many have been sent. The file is gone then.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from corridor.controller.apps import main

app_to_run = main._app


class CrashPoint:
    """When this controller is to die; nothing, most of the time."""

    step: str = ""
    messages: int | None = None

    def read(self) -> None:
        path = Path(os.environ["CORRIDOR_SOAK_DIES"])
        if path.exists():
            said = json.loads(path.read_text())
            path.unlink()
            self.step, self.messages = said.get("step", ""), said.get("messages")

    def is_done(self, step: str) -> None:
        if step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)

    def has_sent(self) -> None:
        if self.messages is not None:
            self.messages -= 1
            if self.messages <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def app_that_dies() -> str:
    """The framework has patched what it must by now, and other modules may be imported."""
    from corridor.controller.openflow.channel import OpenFlowChannel
    from corridor.controller.reconcile.two_phase_rollout import Updater

    doom = CrashPoint()
    carry_out, bundle, send = Updater.carry_out, OpenFlowChannel.bundle, OpenFlowChannel._send

    def carry_out_and_die(self: Any, *arguments: Any) -> Any:
        doom.read()
        self.during = doom.is_done
        return carry_out(self, *arguments)

    def bundle_half(self: Any, orders: Any) -> None:
        if doom.step == "half flipped" and orders:
            first = min(orders)
            bundle(self, {first: orders[first]})
            doom.is_done("half flipped")
        bundle(self, orders)

    def send_and_count(self: Any, *arguments: Any) -> Any:
        doom.has_sent()
        return send(self, *arguments)

    Updater.carry_out = carry_out_and_die  # type: ignore[assignment, method-assign]
    OpenFlowChannel.bundle = bundle_half  # type: ignore[method-assign]
    OpenFlowChannel._send = send_and_count  # type: ignore[assignment, method-assign]
    return app_to_run()


if __name__ == "__main__":
    main._app = app_that_dies
    sys.exit(main.main())
