"""The blocks of the pages work: commands run, files load, programs end well.

What a block is stands behind its three ticks, and why it is not run where it cannot be here:

    ```sh                            run by bash, in one folder for the whole page
    ```yaml topology=lab/sea.yaml    written there and loaded; or scenario=, policies=
    ```python                        run; with file=NAME it is only written, for a command below it
    ```KIND no-run: REASON           shown only; with file= or the like it is written all the same
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import handmade_run
from corridor.controller.policy.load import load_policies
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.formats.load import load_topology

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("sh", "yaml", "python")
LOADERS = {"topology": load_topology, "scenario": load_scenario, "policies": load_policies}
SLOW = (
    *("README.md", "docs/policies.md", "docs/testing-policies.md"),
    *("docs/tutorial.md", "docs/topologies.md"),
)
"""They prove the reference corridor, price it, or ask libraries of maps: more than a second."""
INFO = re.compile(r"^```(\w+)(?: (?:(\w+)=(\S+))?(?: ?no-run: (.+))?)?$")
SHIMS = {
    "bin/corridor": f'exec {sys.executable} -P -m corridor.experiments.cli "$@"',
    "corridor": f'exec {sys.executable} -P -m corridor.experiments.cli "$@"',
    ".venv/bin/python": f'exec {sys.executable} "$@"',
    ".venv/bin/pytest": f"exec {sys.executable} -m pytest -p corridor.controller.pytest_plugin"
    f' -p no:cacheprovider "$@"',
}


@dataclass(frozen=True)
class Block:
    place: str
    kind: str
    use: str | None
    file: str | None
    why_not: str | None
    text: str


def blocks(page: Path) -> Iterator[Block]:
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if line.startswith("```"):
            text = "".join(_until_its_end(lines))
            info = INFO.match(line)
            assert info is not None, f"{page.name}:{number}: {line}"
            yield Block(f"{page.name}:{number}", *info.groups(), text=text)


def _until_its_end(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    for _, line in lines:
        if line == "```":
            return
        yield f"{line}\n"


PAGES = [ROOT / "README.md", ROOT / "examples/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_BLOCKS = [one for one in PAGES if any(block.kind in KINDS for block in blocks(one))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder as a reader has it: commands, the examples, the map, and a run to look at."""
    for name, body in SHIMS.items():
        shim = tmp_path / name
        shim.parent.mkdir(parents=True, exist_ok=True)
        shim.write_text(f"#!/bin/sh\n{body}\n")
        shim.chmod(0o755)
    (tmp_path / "lab").mkdir()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "topologies").symlink_to(ROOT / "topologies")
    first = tmp_path / "results/first"
    handmade_run.write_run(first)
    summarise(first, read_plan(first), handmade_run.FACTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder, words, text):
    done = subprocess.run(
        words,
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / ".package"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, f"{done.stdout}{done.stderr}"


def try_out(block, folder):
    """Do with a block what its first line says."""
    if block.file is not None:
        written = folder / block.file
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(block.text, encoding="utf-8")
    if block.why_not is not None:
        return
    if block.kind == "yaml":
        assert block.use in LOADERS, f"{block.place}: say what loads it"
        LOADERS[block.use](block.file)
    elif block.kind == "sh" or block.file is None:
        words = ["bash", "-euo", "pipefail"] if block.kind == "sh" else [sys.executable, "-"]
        code, said = run(folder, words, block.text)
        assert code == 0, f"{block.place}: exit code {code}\n{block.text}\n{said}"


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(one, marks=pytest.mark.slow) if name_of(one) in SLOW else one
        for one in WITH_BLOCKS
    ],
    ids=name_of,
)
def test_what_a_page_tells_to_do_works(page, folder):
    for block in blocks(page):
        if block.kind in KINDS:
            try_out(block, folder)


def test_what_is_not_run_says_why():
    reasons = {block.why_not for page in WITH_BLOCKS for block in blocks(page)} - {None}
    assert all(len(reason) > 5 for reason in reasons)


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```sh\ncorridor check no-such-scenario\n```\n", "exit code 2"),
        ("```sh\nfalse | true\n```\n", "exit code 1"),
        ("```python\nprint(1 / 0)\n```\n", "ZeroDivisionError"),
        ("```yaml\na: 1\n```\n", "say what loads it"),
    ],
)
def test_a_block_that_does_not_work_is_found(folder, page, complaint):
    (folder / "page.md").write_text(page)
    (block,) = blocks(folder / "page.md")
    with pytest.raises(AssertionError, match=complaint):
        try_out(block, folder)
