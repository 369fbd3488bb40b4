"""A live network for tests of commands: switches of a test behind the real API."""

import pytest

from corridor.experiments import cli
from corridor.experiments.live_network import session
from corridor.experiments.study import cells
from reconciler_lab import policies

FIBRE = "kunming-karachi"
MADE_BY_HAND = ("test_artifacts_packed", "test_study_arrays", "test_show_command")


@pytest.fixture(autouse=True, scope="module")
def names_of_runs_made_by_hand(request):
    """Runs that these tests make by hand have demands that their scenario has not."""
    with pytest.MonkeyPatch.context() as patch:
        if request.module.__name__.rpartition(".")[2] in MADE_BY_HAND:
            patch.setattr(cells, "check", lambda *_: None)
        yield


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


@pytest.fixture
def corridor(capsys):
    """What a command says, and with which exit code it ends."""

    def run(*words):
        code = cli.main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
