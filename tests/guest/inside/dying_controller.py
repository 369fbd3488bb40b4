"""In a guest: a controller that dies where it is told: ``dying_controller.py STEP --port N``.

STEP is a step of an update, as ``controller.updating`` calls it, or ``half flipped``: after the
first of several edges.
"""

from __future__ import annotations

import os
import signal
import sys

from controller import main

STEP = sys.argv.pop(1)
app_to_run = main._app


def die(step: str) -> None:
    if step == STEP:
        os.kill(os.getpid(), signal.SIGKILL)


def app_that_dies() -> str:
    """The framework has patched what it must by now, and other modules may be imported."""
    from controller.switchboard import Switchboard
    from controller.updating import Updater

    carry_out = Updater.carry_out

    def carry_out_and_die(self, *arguments):
        self.during = die
        return carry_out(self, *arguments)

    def bundle_half(self, orders):
        first = min(orders)
        bundle(self, {first: orders[first]})
        die("half flipped")
        bundle(self, {dpid: told for dpid, told in orders.items() if dpid != first})

    Updater.carry_out = carry_out_and_die
    bundle = Switchboard.bundle
    if STEP == "half flipped":
        Switchboard.bundle = bundle_half
    return app_to_run()


if __name__ == "__main__":
    main._app = app_that_dies
    sys.exit(main.main())
