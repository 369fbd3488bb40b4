"""``corridor plugins`` without any installed package, and the groups that it knows."""

import importlib
import json
import pkgutil
import re
from importlib.util import find_spec
from pathlib import Path

import corridor
from corridor.experiments import cli
from corridor.experiments.commands import plugins
from corridor.experiments.setup.plugins import GROUPS, registry_of
from corridor.topologies.base.registry import Registry

MADE = re.compile(r"^[A-Z]+ = Registry\b", re.MULTILINE)


def makes_a_registry(module: str) -> bool:
    return bool(MADE.search(Path(find_spec(module).origin).read_text(encoding="utf-8")))


def test_without_packages_it_says_so(capsys):
    assert cli.main(["plugins"]) == 0
    assert capsys.readouterr().out == "no installed package offers a kind\n"
    assert cli.main(["plugins", "clauses", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "plugins": []}


def test_every_registry_of_kinds_is_a_group():
    names = [one.name for one in pkgutil.walk_packages(corridor.__path__, "corridor.")]
    found = {
        value.group
        for module in filter(makes_a_registry, names)
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, Registry)
    }
    assert found == {f"corridor.{group}" for group in GROUPS}
    assert tuple(GROUPS) == plugins.GROUPS


def test_the_registry_of_each_group_has_its_kinds():
    for group in GROUPS:
        kinds = registry_of(group)
        assert isinstance(kinds, Registry)
        assert kinds.group == f"corridor.{'events' if group == 'faults' else group}"
