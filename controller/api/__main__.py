"""``python -m corridor.controller.api --control SOCKET --token-file FILE [--port N]``

Says one JSON line on standard output: ``{"ready": {"url": ..., "pid": ...}}`` once it listens, or
``{"failed": {"reason": ...}}`` with exit code 3. Ends by SIGTERM, and with its parent.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.controller.api.process import Application, run
from corridor.topologies.base.child_process import die_with_parent

if TYPE_CHECKING:
    from corridor.controller.api.link import ControllerLink


def main(arguments: Sequence[str] | None = None) -> int:
    die_with_parent()
    parser = argparse.ArgumentParser(prog="python -m corridor.controller.api", description=__doc__)
    parser.add_argument(
        "--control", type=Path, required=True, help="the controller's control socket"
    )
    parser.add_argument("--token-file", type=Path, required=True, help="made if it is not there")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; by default a free one")
    given = parser.parse_args(arguments)

    def application(link: ControllerLink) -> Application:
        from corridor.controller.api.app import make_app

        return Application(make_app(link))

    return run(given.control, given.token_file, given.port, application)


if __name__ == "__main__":
    sys.exit(main())
