"""A laboratory of switches for tests of the controller."""

import pytest

from corridor.topologies.base.seconds import NS_PER_S
from fake_switches import Lab
from lab_views import KNOWN, NETWORK


@pytest.fixture
def lab(tmp_path):
    made = Lab(KNOWN, NETWORK, tmp_path / "state.json", audit_ns=1000 * NS_PER_S)
    made.connect()
    made.run(0.5)
    return made
