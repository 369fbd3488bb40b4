"""The pytest plugin that has marked tests of policies judged on a network that runs.

Pytest loads this in every session of its environment, so the rest is imported where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from corridor.controller.testing.network import DemandUnderTest
    from corridor.controller.testing.packets import Live

LABORATORY = pytest.StashKey["Live[DemandUnderTest] | str"]()


@pytest.hookimpl(optionalhook=True)
def pytest_corridor_live(request: pytest.FixtureRequest) -> Live[DemandUnderTest] | str:
    """One laboratory for a session, which remembers; or what is missing on this machine."""
    stash = request.config.stash
    if LABORATORY not in stash:
        stash[LABORATORY] = _laboratory(request)
    return stash[LABORATORY]


def _laboratory(request: pytest.FixtureRequest) -> Live[DemandUnderTest] | str:
    from corridor.experiments.run.policy_test_lab import Laboratory, find_testbed
    from corridor.experiments.testbeds.probe import probe
    from corridor.topologies.base.errors import EnvironmentUnsupported

    try:
        choice, kernel = find_testbed(probe())
    except EnvironmentUnsupported as lacking:
        return str(lacking)
    folders: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    laboratory = Laboratory(choice, kernel, folders.mktemp("corridor"))
    request.config.add_cleanup(laboratory.close)
    return laboratory
