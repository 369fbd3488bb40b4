"""``corridor plugins`` without any installed package, and the groups that it knows."""

import importlib
import json
import pkgutil

import corridor
from corridor.experiments import cli
from corridor.experiments.commands import plugins
from corridor.experiments.setup.plugins import GROUPS, registry_of
from corridor.topologies.base.registry import Registry


def test_without_packages_it_says_so(capsys):
    assert cli.main(["plugins"]) == 0
    assert capsys.readouterr().out == "no installed package offers a kind\n"
    assert cli.main(["plugins", "clauses", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "plugins": []}


def test_every_registry_of_kinds_is_a_group():
    names = [one.name for one in pkgutil.walk_packages(corridor.__path__, "corridor.")]
    modules = [importlib.import_module(one) for one in names if one.endswith("registry")]
    found = {
        value.group
        for module in (*modules, importlib.import_module("corridor.topologies.formats.load"))
        for value in vars(module).values()
        if isinstance(value, Registry)
    }
    assert found == {f"corridor.{group}" for group in GROUPS}
    assert tuple(GROUPS) == plugins.GROUPS


def test_the_registry_of_each_group_has_its_kinds():
    for group in GROUPS:
        kinds = registry_of(group)
        assert isinstance(kinds, Registry)
        assert kinds.group == f"corridor.{'events' if group == 'faults' else group}"
