"""What tests in several rooms have in common."""

import pytest

from keeper_socket import ApiProcess, SocketKeeper


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    """On a real socket, with switches of a test."""
    with SocketKeeper(tmp_path_factory.mktemp("keeper") / "control.sock") as made:
        yield made


@pytest.fixture(scope="module")
def api(keeper):
    """The real process in front of it."""
    with ApiProcess(keeper.path, keeper.path.with_name("token")) as made:
        yield made
