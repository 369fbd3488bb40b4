"""What tests in several rooms have in common."""

import pytest

from control_socket import ApiProcess, SocketController


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
