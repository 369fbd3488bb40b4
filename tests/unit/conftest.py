"""A live network for tests of its API and commands: switches of a test behind the real API."""

import pytest

from control_socket import ApiProcess, SocketController
from corridor.experiments.live_network import session
from reconciler_lab import policies

FIBRE = "kunming-karachi"


@pytest.fixture(scope="module")
def reconciler(tmp_path_factory):
    """On a real socket, with switches of a test."""
    with SocketController(tmp_path_factory.mktemp("controller") / "control.sock") as made:
        yield made


@pytest.fixture(scope="module")
def api(reconciler):
    """The real process in front of it."""
    with ApiProcess(reconciler.path, reconciler.path.with_name("token")) as made:
        yield made


@pytest.fixture
def kept(api, reconciler, tmp_path, monkeypatch):
    """The network is the only one that is up, and is put back afterwards."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    noted = session.session_of_this_process(
        "lab",
        url=api.url,
        token_file=api.token_file,
        scenario="mini",
        testbed="uml",
        clock="real",
    )
    session.write(noted)
    yield
    reconciler.instead = None
    reconciler.lab.connect("bangkok")
    reconciler.lab.run(5)
    assert reconciler.lab.do("set_policies", policies=policies())["ok"]
    assert reconciler.lab.do("set_drained", fibre=FIBRE, drained=False)["ok"]
