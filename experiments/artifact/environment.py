"""What runs depend on next to their scenario: program, packages, kernel. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from corridor.topologies.base.errors import InputError

MOST_NAMED = 6


class Environment(NamedTuple):
    program: str
    """The hash of all files by which a run could come to other results."""
    version: str
    """As ``corridor --version`` has it."""
    python: str
    kernel: dict[str, Any] | None
    """Of guests, without where it lies: version and hash of its configuration."""
    packages: dict[str, str]
    """Of Python, all that are installed: the bytes of a run depend on each."""
    system: dict[str, str]
    """Of the system, those that runs use."""

    def named(self) -> dict[str, str]:
        """What is compared, by a name for people."""
        kernel = self.kernel or {}
        return {
            "program": self.program[:12],
            "python": self.python,
            "guest kernel": " ".join(
                str(kernel[key]) for key in ("version", "config_hash") if kernel.get(key)
            )
            or "none",
            **self.packages,
            **{f"{name} (system)": version for name, version in self.system.items()},
        }


def differences(there: Environment, here: Environment) -> list[str]:
    """``numpy 2.5.5 instead of 2.5.4``; empty where runs are to come to the same bytes."""
    one, other = there.named(), here.named()
    return [
        f"{name} {other.get(name, 'is missing')} instead of {one.get(name, 'none')}"
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]


def fits(here: Environment, manifests: Iterable[Mapping[str, Any]]) -> bool:
    """Whether runs with these manifests took place in an environment such as this, as far as they
    say: they name the kernel and some packages."""
    return all(_fits(here, one) for one in manifests)


def _fits(here: Environment, manifest: Mapping[str, Any]) -> bool:
    known = {**here.packages, "openvswitch": manifest["versions"].get("openvswitch")}
    versions = all(known.get(name) == said for name, said in manifest["versions"].items())
    kernel = manifest["guest_kernel"]
    same = ("version", "config_hash")
    kernels = (kernel is None) == (here.kernel is None) and (
        kernel is None
        or here.kernel is None
        or all(kernel.get(key) == here.kernel.get(key) for key in same)
    )
    return versions and kernels and manifest["machine"]["python"] == here.python


def from_json(said: object, file: str) -> Environment:
    """Raises InputError for what is none."""
    try:
        return TypeAdapter(Environment).validate_python(said)
    except ValidationError as error:
        raise InputError("is of another version, or damaged", "pack it again", file) from error


def shown(found: list[str]) -> str:
    more = f", and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return f"{'; '.join(found[:MOST_NAMED])}{more}"


def kernels(manifests: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Those of guests, each once, in words."""
    said = {
        "no guest: the machine's own kernel"
        if one["guest_kernel"] is None
        else f"Linux {one['guest_kernel'].get('version')}, "
        f"configuration {one['guest_kernel'].get('config_hash') or 'of the distribution'}"
        for one in manifests
    }
    yield from sorted(said)
