"""The machine of this checkout: its image is built once, and each errand boots it once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from corridor.experiments.machines import boot
from corridor.experiments.machines.boot import Wanted
from corridor.experiments.machines.build import build_image
from corridor.experiments.machines.handover import Handover
from corridor.experiments.machines.recipe import Image, architecture_named

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 3600
KEPT = "CORRIDOR_VM_RESULTS"
"""A folder for what errands bring back, instead of one that pytest removes."""


@dataclass(frozen=True)
class Errand:
    code: int
    said: list[str]
    folder: Path
    """What it brought back."""

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def summary(self, name: str) -> dict:
        return json.loads(self.text(f"{name}/summary.json"))


@pytest.fixture(scope="session")
def image() -> Image:
    return build_image(architecture_named(""), print)


@pytest.fixture(scope="session")
def errand_of(image, tmp_path_factory) -> Callable[..., Errand]:
    """``errand_of("name", "bash", "tests/vm/...")``: run in the machine, by the virtual clock."""
    done: dict[str, Errand] = {}

    def run(name: str, *command: str) -> Errand:
        if name not in done:
            kept = os.environ.get(KEPT)
            folder = Path(kept) / name if kept else tmp_path_factory.mktemp(name)
            folder.mkdir(parents=True, exist_ok=True)
            said: list[str] = []
            handed = Handover(ROOT, errand=boot.errand_script(command))
            code = boot.run_errand(
                image,
                handed,
                results=folder,
                wanted=Wanted(virtual=True, seed=0),
                say=said.append,
                limit_s=LIMIT_S,
            )
            (folder / "said").write_text("\n".join((*said, "")), encoding="utf-8")
            done[name] = Errand(code, said, folder)
        return done[name]

    return run
