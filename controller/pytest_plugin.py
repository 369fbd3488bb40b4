"""The pytest plugin: the fixture ``corridor_network``. See docs/testing-policies.md.

Pytest loads this in every session of its environment, so the rest is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from controller.testing import CorridorNetwork


@pytest.fixture
def corridor_network(
    request: pytest.FixtureRequest,
) -> Callable[[str | Path, str | Path, date | str], CorridorNetwork]:
    """Makes networks: ``corridor_network(topology, policies, as_of)``.

    Shipped names, or files: those beside the test before those of the working directory.
    """
    from controller.testing import load_network

    folder = request.path.parent

    def beside(name: str | Path) -> str | Path:
        return folder / name if (folder / name).is_file() else name

    def make(topology: str | Path, policies: str | Path, as_of: date | str) -> CorridorNetwork:
        return load_network(beside(topology), beside(policies), as_of)

    return make
