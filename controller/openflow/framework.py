"""The one place that knows which controller framework runs: Ryu, or its fork os-ken.

The choice comes from the environment variable ``CORRIDOR_FRAMEWORK`` (``ryu`` or ``os-ken``; by
default what is installed, Ryu first), because frameworks patch sockets when first imported.
Everything else imports these names from here.
"""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any

from corridor.controller.openflow.frameworks import framework_here
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import installation

NAMES = {"ryu": "ryu", "os-ken": "os_ken"}
FRAMEWORK = os.environ.get("CORRIDOR_FRAMEWORK") or framework_here()


def shim_eventlet() -> None:
    """Give Ryu 4.34 the name that eventlet dropped in 0.30.3; without it Ryu does not import.

    Eventlet goes without its own resolver: nothing here asks for a name, and it is a third of
    what is imported.
    """
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eventlet announces its retirement to every user
        import eventlet.wsgi

    if not hasattr(eventlet.wsgi, "ALREADY_HANDLED"):
        eventlet.wsgi.ALREADY_HANDLED = object()


def order_listeners() -> None:
    """Have eventlet hear what is ready in the same order every time.

    It puts listeners into a set, whose order would follow from where they lie in memory: in which
    order switches are heard would then change with the length of any file that is imported.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from eventlet.hubs.hub import FdListener

    FdListener.__hash__ = _by_number


def _by_number(listener: Any) -> int:
    return int(listener.fileno)


def _module(name: str) -> Any:
    try:
        with warnings.catch_warnings():  # Python's about Ryu's code, where it is compiled
            warnings.simplefilter("ignore", SyntaxWarning)
            return importlib.import_module(f"{NAMES[FRAMEWORK]}.{name}")
    except ImportError as error:
        raise EnvironmentUnsupported(
            f"{FRAMEWORK} does not import here: {error}",
            installation("ryu" if FRAMEWORK == "ryu" else "emulate"),
        ) from error


if FRAMEWORK not in NAMES:
    raise EnvironmentUnsupported(
        f"CORRIDOR_FRAMEWORK is {FRAMEWORK!r}", f"use one of {', '.join(sorted(NAMES))}"
    )
if FRAMEWORK == "ryu":
    shim_eventlet()
order_listeners()

app_manager = _module("base.app_manager")
App: Any = app_manager.RyuApp if FRAMEWORK == "ryu" else app_manager.OSKenApp
cfg = _module("cfg")
controller = _module("controller.controller")
handler = _module("controller.handler")
hub = _module("lib.hub")
lldp = _module("lib.packet.lldp")
ofp_event = _module("controller.ofp_event")
ofproto = _module("ofproto.ofproto_v1_3")
parser = _module("ofproto.ofproto_v1_3_parser")

OFP_HANDLER = f"{NAMES[FRAMEWORK]}.controller.ofp_handler"
"""The app of the framework that answers hellos and echoes; must be loaded next to ours."""
