"""Run the controller app: ``python -m corridor.controller.apps.main --port 6653``.

Switches of an emulator come by ``--socket PATH``, a Unix socket in Open vSwitch's own folder, which
no other user of the machine comes through to.

Reads the same environment as the app (``CORRIDOR_FRAMEWORK``, ``CORRIDOR_PROGRAM``,
``CORRIDOR_STATUS``); with a ``CORRIDOR_SPECIFICATION`` the app is that of
``following.py``. With ``--app`` it runs somebody else's, which is a module or a file.
os-ken 4 has no command of its own, so this serves both.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from corridor.controller.openflow import framework
from corridor.controller.openflow.switch_connections import guard
from corridor.topologies.base.errors import CorridorError, InputError

PATIENT_S = 86_400.0


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=6653)
    arguments.add_argument("--socket", type=Path, help="a Unix socket, instead of a port")
    arguments.add_argument(
        "--patient",
        action="store_true",
        help="wait for switches without looking up in between, which costs a long run time",
    )
    arguments.add_argument("--app", help="another app than ours: a module, or a file of Python")
    arguments.add_argument("--beside", help="one that runs beside it")
    options = arguments.parse_args()
    level = logging.INFO if options.app else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    if framework.FRAMEWORK == "ryu":
        framework.hub.patch()
    words = ["--ofp-listen-host", options.host, "--ofp-tcp-listen-port", str(options.port)]
    guard(framework, options.socket)
    framework.cfg.CONF(args=words, project=framework.NAMES[framework.FRAMEWORK])
    if options.patient:
        framework.cfg.CONF.set_override("socket_timeout", PATIENT_S)
    try:
        beside = [options.beside] if options.beside else []
        apps = [options.app or _app(), *beside, framework.OFP_HANDLER]
        framework.app_manager.AppManager.run_apps(apps)
    except CorridorError as error:
        print(f"controller: {error}", file=sys.stderr)
        return error.exit_code
    except ImportError as error:
        print(f"controller: {options.app or _app()}: {error}", file=sys.stderr)
        return InputError.exit_code
    except AssertionError as error:
        if "OpenFlow version" not in str(error):
            raise
        said = "it speaks no OpenFlow 1.3, which switches do: see OFP_VERSIONS"
        print(f"controller: {options.app or _app()}: {said}", file=sys.stderr)
        return InputError.exit_code
    except OSError as error:
        where = options.socket or f"port {options.port}"
        print(f"controller: {where}: {error.strerror}", file=sys.stderr)
        return 3
    return 0


def _app() -> str:
    """The app that holds a network to a specification, or the one that installs a program."""
    return (
        "corridor.controller.apps.following"
        if os.environ.get("CORRIDOR_SPECIFICATION")
        else "corridor.controller.apps.static"
    )


if __name__ == "__main__":
    sys.exit(main())
