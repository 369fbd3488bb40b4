"""Run the controller app: ``python -m corridor.controller.reconcile.app_main --port 6653``.

Switches of an emulator come by ``--socket PATH``, a Unix socket in Open vSwitch's own folder, which
no other user of the machine comes through to.

Reads the same environment as the app (``CORRIDOR_FRAMEWORK``, ``CORRIDOR_PROGRAM``,
``CORRIDOR_STATUS``); with a ``CORRIDOR_SPECIFICATION`` the app is that of
``following_app.py``. With ``--app`` it runs someone else's: a module or a file, and its options, as
a shell has them. os-ken 4 has no command of its own, so this serves both.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from corridor.controller.openflow import framework
from corridor.controller.openflow.switch_connections import guard
from corridor.topologies.base.errors import CorridorError, InputError
from corridor.topologies.base.memory import collecting_later, map_when_reserved

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
    arguments.add_argument(
        "--app", help="another app: a module or a file of Python, then options of Ryu or of the app"
    )
    arguments.add_argument("--beside", help="one that runs next to it")
    options = arguments.parse_args()
    level = logging.INFO if options.app else logging.WARNING
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    if framework.FRAMEWORK == "ryu":
        framework.hub.patch()
    listens = ["--ofp-listen-host", options.host, "--ofp-tcp-listen-port", str(options.port)]
    guard(framework, options.socket)
    app, *words = shlex.split(options.app) if options.app else [_app()]
    try:
        beside = [options.beside] if options.beside else []
        with collecting_later():
            _load([app, *beside, framework.OFP_HANDLER])
        gc.freeze()  # what was imported stays
        # Only now: modules of apps may register options, which is refused once these are parsed.
        framework.cfg.CONF(args=[*listens, *words], project=framework.NAMES[framework.FRAMEWORK])
        if options.patient:
            framework.cfg.CONF.set_override("socket_timeout", PATIENT_S)
        # os-ken and apps of others may start many threads; by the virtual clock computing takes no
        # time, and each fault a few ticks, which samples depend on
        if framework.FRAMEWORK == "ryu" and not options.app and not options.patient:
            map_when_reserved()
        framework.app_manager.AppManager.run_apps([])
    except CorridorError as error:
        print(f"controller: {error}", file=sys.stderr)
        return error.exit_code
    except ImportError as error:
        print(f"controller: {app}: {error}", file=sys.stderr)
        return InputError.exit_code
    except OSError as error:
        where = options.socket or f"port {options.port}"
        print(f"controller: {where}: {error.strerror}", file=sys.stderr)
        return 3
    return 0


def _load(apps: Sequence[str]) -> None:
    """Import the modules of apps, without starting one. Raises InputError for an app that supports
    no OpenFlow 1.3, the only version of the switches."""
    manager = framework.app_manager.AppManager.get_instance()
    manager.load_apps(list(apps))
    for app in manager.applications_cls.values():
        versions = app.OFP_VERSIONS
        if versions is not None and framework.ofproto.OFP_VERSION not in versions:
            names = " and ".join(f"1.{version - 1}" for version in versions) or "no version"
            raise InputError(
                f"{app.__name__} supports OpenFlow {names}, and the switches use OpenFlow 1.3",
                "set its OFP_VERSIONS to [ofproto_v1_3.OFP_VERSION]",
            )


def _app() -> str:
    """The app that holds a network to a specification, that of a domain, or the one that installs
    a program."""
    if os.environ.get("CORRIDOR_SPECIFICATION"):
        return "corridor.controller.reconcile.following_app"
    if os.environ.get("CORRIDOR_DOMAIN"):
        return "corridor.controller.reconcile.domain_app"
    return "corridor.controller.reconcile.static_app"


if __name__ == "__main__":
    sys.exit(main())
