"""In a guest: a controller whose compiler takes no notice of a policy set called ``unproven``.

``miscompiling_controller.py --port N``. The prover is as it is, and must find it out.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from corridor.controller.reconcile import app_main

NAME = "unproven"
app_to_run = app_main._app


def app_that_miscompiles() -> str:
    """The framework has patched what it must by now, and other modules may be imported."""
    from corridor.controller.openflow import deployments

    following = deployments.following

    def following_nothing(standing, known, wiring):
        new = following(standing, known, wiring)
        if known.specification.policies.name == NAME:
            return replace(new, compiled=standing.compiled)
        return new

    deployments.following = following_nothing
    return app_to_run()


if __name__ == "__main__":
    app_main._app = app_that_miscompiles
    sys.exit(app_main.main())
