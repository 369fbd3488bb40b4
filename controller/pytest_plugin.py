"""The pytest plugin: the fixture ``corridor_network``, the marker ``corridor_live``, and reports of
failed tests with file and line of the policy.

See docs/testing-policies.md. Pytest loads this in every session of its environment, so the rest is
imported where it is used. Networks that run are no business of the controller's: another plugin
has them, and is asked by a hook.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from corridor.controller.testing import CorridorNetwork
    from corridor.controller.testing.network import DemandUnderTest
    from corridor.controller.testing.packets import Live

MARKER = "corridor_live"
SARIF, CODE_QUALITY = "corridor_sarif", "corridor_code_quality"
ASSERTIONS = "corridor.controller.testing.assertions"
NO_PLUGIN = "nothing here runs networks: remove .venv, then ./corridor setup"


class Hooks:
    """What the plugin asks others for."""

    @pytest.hookspec(firstresult=True)
    def pytest_corridor_live(
        self, request: pytest.FixtureRequest
    ) -> Live[DemandUnderTest] | str | None:
        """Networks that run; or why none can, in a line."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("corridor", "tests of policies")
    for name, what in ((SARIF, "SARIF 2.1.0"), (CODE_QUALITY, "a Code Quality report of GitLab")):
        said = f"write failed tests to FILE as {what}, with file and line of the policy"
        group.addoption(_option(name), dest=name, metavar="FILE", type=Path, help=said)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{MARKER}: judge policies on a network that runs, by its switches and packets"
    )
    if hasattr(config, "workerinput"):  # what runs the workers writes the files
        return
    if config.getoption(SARIF) or config.getoption(CODE_QUALITY):
        from corridor.controller.testing.findings import FailedTests, check_files
        from corridor.topologies.base.errors import InputError

        files = {name: config.getoption(name) for name in (SARIF, CODE_QUALITY)}
        try:
            check_files({_option(name): file for name, file in files.items()})
        except InputError as error:
            raise pytest.UsageError(str(error)) from error
        plugin = FailedTests(files[SARIF], files[CODE_QUALITY], config.rootpath)
        config.pluginmanager.register(plugin)


@pytest.fixture
def corridor_network(
    request: pytest.FixtureRequest,
) -> Callable[[str | Path, str | Path, date | str], CorridorNetwork]:
    """Makes networks: ``corridor_network(topology, policies, as_of)``.

    Shipped names, or files: those in the folder of the test before those of the working directory.
    In a test that is marked ``corridor_live`` they run; it is skipped where none can.
    """
    from corridor.controller.testing import load_network
    from corridor.topologies.base.bounded_file import is_file

    folder = request.path.parent
    live = _live(request) if request.node.get_closest_marker(MARKER) else None

    def beside(name: str | Path) -> str | Path:
        return folder / name if is_file(folder / name) else name

    def make(topology: str | Path, policies: str | Path, as_of: date | str) -> CorridorNetwork:
        return replace(load_network(beside(topology), beside(policies), as_of), live=live)

    return make


def _live(request: pytest.FixtureRequest) -> Live[DemandUnderTest]:
    live: Live[DemandUnderTest] | str | None = request.config.hook.pytest_corridor_live(
        request=request
    )
    if live is None or isinstance(live, str):
        pytest.skip(live or NO_PLUGIN)
    return live


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note what a failed test of policies is about, before pytest makes its report."""
    failure = call.excinfo
    if failure is None or call.when == "teardown" or ASSERTIONS not in sys.modules:
        return  # nothing else in this session is to import what policies need
    from corridor.controller.testing.findings import properties_of

    line = item.location[1] or 0
    item.user_properties += properties_of(failure, item.path, line + 1)
