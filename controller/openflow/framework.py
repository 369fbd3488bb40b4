"""The one place that knows which controller framework runs: Ryu, or its fork os-ken.

The choice comes from the environment variable ``CORRIDOR_FRAMEWORK`` (``ryu`` or ``os-ken``; by
default what is installed, Ryu first), because frameworks patch sockets when first imported.
Everything else imports these names from here.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from types import ModuleType
from typing import Any

from corridor.controller.openflow.frameworks import framework_here
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import installation
from corridor.topologies.base.memory import collecting_later

NAMES = {"ryu": "ryu", "os-ken": "os_ken"}
FRAMEWORK = os.environ.get("CORRIDOR_FRAMEWORK") or framework_here()

ONLY_OURS = os.environ.get("CORRIDOR_APPS") == "ours"
"""Whether this process runs no app of others."""
OTHER_VERSIONS = {"1_2": 3, "1_4": 5, "1_5": 6}
"""Of OpenFlow, with the numbers that messages have for them."""
NOT_USED = (
    *(f"{{}}.ofproto.ofproto_v{version}" for version in OTHER_VERSIONS),
    *(f"{{}}.ofproto.ofproto_v{version}_parser" for version in OTHER_VERSIONS),
    *("{}.lib.packet.bgp", "{}.lib.packet.zebra"),
    *("asyncio", "rfc3986", "stevedore"),
)
"""``{}`` stands for the framework."""


class Later(ModuleType):
    """A module that is imported once something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def import_later() -> None:
    """Have what our apps do not use, most of what the framework imports, imported when it is.

    They speak OpenFlow 1.3, and of protocols LLDP. Not for apps of others: events are only made of
    messages of the versions that are imported.
    """
    package = NAMES[FRAMEWORK]
    for name in NOT_USED:
        module = Later(name.format(package))
        sys.modules.setdefault(module.__name__, module)
    for version, number in OTHER_VERSIONS.items():
        numbered = sys.modules[f"{package}.ofproto.ofproto_v{version}"]
        numbered.__dict__.setdefault("OFP_VERSION", number)
    if FRAMEWORK == "ryu":
        pages = Later("ryu.app.wsgi")
        pages.__dict__["start_service"] = lambda _manager: None  # no app of ours has pages
        sys.modules.setdefault(pages.__name__, pages)


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
if ONLY_OURS:
    import_later()
if FRAMEWORK == "ryu":
    shim_eventlet()
order_listeners()

with collecting_later():
    app_manager = _module("base.app_manager")
    cfg = _module("cfg")
    controller = _module("controller.controller")
    handler = _module("controller.handler")
    hub = _module("lib.hub")
    lldp = _module("lib.packet.lldp")
    ofp_event = _module("controller.ofp_event")
    ofproto = _module("ofproto.ofproto_v1_3")
    parser = _module("ofproto.ofproto_v1_3_parser")
App: Any = app_manager.RyuApp if FRAMEWORK == "ryu" else app_manager.OSKenApp

OFP_HANDLER = f"{NAMES[FRAMEWORK]}.controller.ofp_handler"
"""The app of the framework that answers hellos and echoes; must be loaded next to ours."""
