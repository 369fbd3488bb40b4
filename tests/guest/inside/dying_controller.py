"""In a guest: the controller, which dies where it is told to: ``dying_controller.py STEP --port N``.

STEP is a step of an update, as ``controller.updating`` calls it.
"""

from __future__ import annotations

import os
import signal
import sys

from controller.updating import Updater

STEP = sys.argv.pop(1)
carry_out = Updater.carry_out


def die(step: str) -> None:
    if step == STEP:
        os.kill(os.getpid(), signal.SIGKILL)


def carry_out_and_die(self, *arguments):
    self.during = die
    return carry_out(self, *arguments)


Updater.carry_out = carry_out_and_die

if __name__ == "__main__":
    from controller.main import main

    sys.exit(main())
