"""Which modules of a kernel must be loaded, in which order, for others to be. Pure.

A kernel package says so nowhere: ``modules.dep`` is made where it is installed. So what a module
needs is read from the module itself.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from corridor.topologies.base.errors import EnvironmentUnsupported

SIGNED = b"~Module signature appended~\n"
SIGNATURE_INFO_BYTES = 12
"""What lies before it, of which the last four bytes say how long the signature is (the kernel's
``struct module_signature``)."""
_DEPENDS = re.compile(rb"\0depends=([\w,-]*)\0")


def module_name(path: str) -> str:
    """The kernel takes a dash in the name of a file for an underscore."""
    return PurePosixPath(path).name.partition(".ko")[0].replace("-", "_")


def is_known(name: str) -> bool:
    """Whether a module has a format that ``unpacked`` reads."""
    return name.endswith((".ko", ".ko.xz"))


def unpacked(name: str, packed: bytes) -> bytes:
    """A module as the kernel loads it; EnvironmentUnsupported for a packing that is not known."""
    if name.endswith(".ko"):
        return packed
    if name.endswith(".ko.xz"):
        return lzma.decompress(packed)
    raise EnvironmentUnsupported(f"{name}: this module has an unknown compression")


def unsigned(module: bytes) -> bytes:
    """A module without the signature that is appended to it.

    The kernel checks one for as long as it loads the module: a tenth of a second of an emulated
    machine, for each. It takes a module that has none, unless it was told not to.
    """
    if not module.endswith(SIGNED):
        return module
    signature_bytes = int.from_bytes(module[-len(SIGNED) - 4 : -len(SIGNED)])
    return module[: -len(SIGNED) - SIGNATURE_INFO_BYTES - signature_bytes]


def needed_by(module: bytes) -> tuple[str, ...]:
    """The names of the modules that an unpacked one needs, as its section ``.modinfo`` has them."""
    found = _DEPENDS.search(module)
    names = found.group(1).decode() if found else ""
    return tuple(name.replace("-", "_") for name in names.split(",") if name)


def in_order(
    wanted: Iterable[str],
    needs: Callable[[str], Iterable[str]],
    built_in: Iterable[str],
) -> list[str]:
    """Names of modules, each once and after all that it needs; without those that are built in."""
    found: dict[str, None] = {}
    known = frozenset(built_in)

    def visit(name: str) -> Iterator[str]:
        if name not in known and name not in found:
            for other in needs(name):
                yield from visit(other)
            yield name

    for name in wanted:
        found |= dict.fromkeys(visit(name))
    return list(found)


def built_in(listing: str) -> frozenset[str]:
    """Names from the text of ``modules.builtin``."""
    return frozenset(module_name(line) for line in listing.splitlines() if line)


def by_name(paths: Iterable[str]) -> Mapping[str, str]:
    """Where a module lies, by its name."""
    return {module_name(path): path for path in paths}
