"""One mutant at a time, in a child process that knows only this code."""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import select
import signal
import sys
import types
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORWARDING = "controller/forwarding"
PATIENCE_S = 60.0
ALIKE = ("corridor.topologies", "corridor.controller.policy", "corridor.controller.intent", "numpy")
"""What no mutant changes: read once for all."""


def prepare() -> None:
    """Read in what all children share."""
    for name in (
        "corridor.controller.intent.intent",
        "corridor.controller.intent",
        "corridor.topologies.model.wiring",
        "corridor.topologies.model.routing",
    ):
        importlib.import_module(name)


def _is_alike(name: str) -> bool:
    return name.startswith(ALIKE)


def noticed(file: str, code: ast.Module) -> set[str]:
    """The claims that do not hold where a file says something else; "late" where that does not
    end."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        os.close(out)
        os.write(into, json.dumps(sorted(_broken(file, code))).encode())
        os._exit(0)
    os.close(into)
    try:
        ready, _, _ = select.select([out], [], [], PATIENCE_S)
        said = os.read(out, 1 << 16) if ready else b'["late"]'
    finally:
        os.close(out)
        if not ready:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return set(json.loads(said or b'["raises"]'))


def _broken(file: str, code: ast.Module) -> set[str]:
    for known in [one for one in sys.modules if one.startswith("corridor.") and not _is_alike(one)]:
        del sys.modules[known]
    name = "corridor." + file.removesuffix(".py").replace("/", ".")
    sys.meta_path.insert(0, _Spoilt(name, code))
    try:
        worlds = importlib.import_module("tests.mutation.worlds")
        found: set[str] = worlds.broken()
    except BaseException:  # noqa: BLE001 - code that cannot be read is noticed
        return {"raises"}
    return found


class _Spoilt(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module that says something else than its file."""

    def __init__(self, name: str, code: ast.Module) -> None:
        self._name, self._code = name, code

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        found = fullname == self._name
        return importlib.machinery.ModuleSpec(fullname, self) if found else None

    def exec_module(self, module: types.ModuleType) -> None:
        exec(compile(self._code, self._name, "exec"), module.__dict__)
