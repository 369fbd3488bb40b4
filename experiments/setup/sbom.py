"""The software bill of materials of a release.

    python -m corridor.experiments.setup.sbom FILE VERSION

Writes CycloneDX 1.6 as JSON: the package, what its extra ``all`` installs, Ryu, which is in the
wheel, and the source of the guest's kernel, whose version is ``VERSION``. Versions and licences of
packages are those of the environment, which has the versions of ``requirements.lock``. The same
environment and ``SOURCE_DATE_EPOCH`` give the same octets.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from corridor.topologies.base.errors import CorridorError, InputError

type Json = dict[str, object]

PRODUCT = "corridor-emulator"
BUNDLED = ("ryu",)
"""Distributions inside the wheel, whose own requirements are those of the extra ``ryu``."""


class Component(NamedTuple):
    """A package or program of the release. ``licence`` is empty, or its entry in the document."""

    name: str
    version: str
    reference: str
    """Its package URL."""
    licence: Json
    kind: str = "library"

    def document(self) -> Json:
        return {
            "type": self.kind,
            "bom-ref": self.reference,
            "name": self.name,
            "version": self.version,
            **({"licenses": [self.licence]} if self.licence else {}),
            "purl": self.reference,
        }


def bill(kernel_version: str) -> Json:
    """Return the document. Raises InputError if a required package is not installed."""
    product, *libraries = _needed()
    purl = f"pkg:deb/debian/linux@{kernel_version}?arch=source"
    licence: Json = {"license": {"id": "GPL-2.0-only"}}
    kernel = Component("linux", kernel_version, purl, licence, "operating-system")
    components = [one.document() for one in (*libraries, kernel)]
    made = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    references = [one.reference for one in (*libraries, kernel)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components))}",
        "version": 1,
        "metadata": {
            "timestamp": made.isoformat().replace("+00:00", "Z"),
            "component": product._replace(kind="application").document(),
        },
        "components": components,
        "dependencies": [{"ref": product.reference, "dependsOn": references}],
    }


def _needed() -> list[Component]:
    """The product, then what it needs with its extra ``all``, by name."""
    found: dict[str, Component] = {}
    waiting = [Requirement(f"{PRODUCT}[all]"), *map(Requirement, BUNDLED)]
    seen = set[tuple[str, str]]()
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        installed = _installed(asked)
        found[name] = _component(installed) if installed else _pinned(asked)
        for extra in ("", *sorted(asked.extras)):
            if installed and (name, extra) not in seen:
                seen.add((name, extra))
                waiting += _requirements(installed, extra)
    return [found.pop(PRODUCT), *(found[name] for name in sorted(found))]


def _requirements(installed: Distribution, extra: str) -> Iterator[Requirement]:
    """Those that apply here, with the extra or without any."""
    for line in installed.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def _installed(asked: Requirement) -> Distribution | None:
    """None for one that the system provides without metadata: Debian's Mininet."""
    try:
        return distribution(asked.name)
    except ModuleNotFoundError:
        if str(asked.specifier).startswith("=="):
            return None
        raise InputError(f"{asked.name} is not installed", "./corridor setup installs it") from None


def _pinned(asked: Requirement) -> Component:
    return _named(asked.name, str(asked.specifier).removeprefix("=="), {})


def _component(installed: Distribution) -> Component:
    return _named(installed.name, installed.version, _licence(installed))


def _named(name: str, version: str, licence: Json) -> Component:
    name = canonicalize_name(name)
    return Component(name, version, f"pkg:pypi/{name}@{version}", licence)


def _licence(installed: Distribution) -> Json:
    """An SPDX expression where the package states one, else the words of its metadata."""
    expression = installed.metadata.get("License-Expression")
    if expression:
        return {"expression": expression}
    named = [
        line.rpartition(" :: ")[2]
        for line in installed.metadata.get_all("Classifier", [])
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    stated = ", ".join(named) or (installed.metadata.get("License") or "").partition("\n")[0]
    return {"license": {"name": stated}} if stated else {}


def main() -> int:
    try:
        text = json.dumps(bill(sys.argv[2]), indent=2, ensure_ascii=False) + "\n"
    except CorridorError as error:
        print(f"sbom: {error}", file=sys.stderr)
        return error.exit_code
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
