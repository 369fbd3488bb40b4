"""What a run was made from: the resolved scenario and the versions of everything it used."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import yaml

from corridor.experiments.machines.debian_kernel import DebianKernel
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.run.version import this_code, version_line, version_of
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.testbeds.choice import Choice
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.registry import Used

MANIFEST_SCHEMA = 1
OBJECTIVE_FILE = "objective.py"
"""What a scenario's author chose paths by, as it was carried out."""
PACKAGES = ("ryu", "os-ken", "eventlet", "scapy", "networkx", "numpy", "pyarrow")
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write_scenario(path: Path, loaded: LoadedScenario) -> None:
    """The scenario with every default filled in, and the topology it resolved to; an objective of
    its author's next to it."""
    resolved = {
        "resolved": loaded.scenario.model_dump(mode="json", by_alias=True),
        "topology": loaded.topology.model_dump(mode="json"),
        "policies": loaded.policies.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    }
    path.write_text(yaml.dump(resolved, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
    if loaded.own_objective is not None:
        source = loaded.own_objective.source
        path.with_name(OBJECTIVE_FILE).write_text(source, encoding="utf-8")


def write_manifest(
    path: Path,
    loaded: LoadedScenario,
    choice: Choice,
    kernel: Kernel | DebianKernel | None,
    *,
    seed: int,
    **computed: Any,
) -> None:
    """``computed`` are values computed from the scenario, recorded by their hashes."""
    own = loaded.own_objective
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "scenario": loaded.scenario.name,
        "seed": seed,
        "testbed": choice._asdict(),
        "framework": loaded.scenario.framework,
        "hashes": {
            "topology": _digest(loaded.topology.model_dump(mode="json")),
            **({} if own is None else {"objective": own.digest}),
            **{name: _digest(to_plain(value)) for name, value in computed.items()},
        },
        "guest_kernel": None if kernel is None else _told(kernel),
        **_made_with(loaded.installed),
    }
    path.write_text(json.dumps(manifest, indent=1) + "\n")


def _told(kernel: Kernel | DebianKernel) -> dict[str, Any]:
    """Without where it lies."""
    if isinstance(kernel, DebianKernel):
        return {"path": kernel.path.name, "version": kernel.version, "emulated": True}
    return {**to_plain(kernel), "path": kernel.path.name}


def write_prices_manifest(
    path: Path, loaded: LoadedScenario, others: Iterable[LoadedScenario] = ()
) -> None:
    """Of prices, for which nothing runs: the map and the sets are recorded by their hashes.

    ``others`` are the same scenario under other policy sets.
    """
    every = (loaded, *others)
    policies = {one.policies.name: one.policies for one in every}
    manifest = {
        "schema": MANIFEST_SCHEMA,
        "scenario": loaded.scenario.name,
        "hashes": {
            "topology": _digest(loaded.topology.model_dump(mode="json")),
            **{
                f"set {name}": _digest(one.model_dump(mode="json"))
                for name, one in policies.items()
            },
        },
        **_made_with({used for one in every for used in one.installed}),
    }
    path.write_text(json.dumps(manifest, indent=1) + "\n")


def _made_with(installed: Collection[Used]) -> dict[str, Any]:
    code = this_code()
    kinds = {f"{one.group} {one.name}": one.source for one in sorted(installed)}
    return {
        "version": version_line(code),
        "versions": _versions() | {one.package: one.version for one in installed},
        **({"kinds": kinds} if kinds else {}),
        "machine": {
            "kernel": platform.release(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "code": code,
        "arguments": sys.argv[1:],
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version_of(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    openvswitch = _first_line("ovs-vswitchd", "--version")
    return found | {"openvswitch": openvswitch}


def _first_line(*command: str) -> str:
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=5
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return "not installed"
    return said.partition("\n")[0].rpartition(" ")[2]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
