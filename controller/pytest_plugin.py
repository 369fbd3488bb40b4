"""The pytest plugin: the fixture ``corridor_network`` and the marker ``corridor_live``.

See docs/testing-policies.md. Pytest loads this in every session of its environment, so the rest is
imported where it is used. Networks that run are no business of the controller's: another plugin
has them, and is asked by a hook.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from corridor.controller.testing import CorridorNetwork
    from corridor.controller.testing.demand import DemandUnderTest
    from corridor.controller.testing.packets import Live

MARKER = "corridor_live"
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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{MARKER}: judge policies on a network that runs, by its switches and packets"
    )


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
