"""What tests of commands have in common."""

import pytest

from corridor.experiments import cli


@pytest.fixture
def corridor(capsys):
    """What a command says, and with which exit code it ends."""

    def run(*words):
        code = cli.main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
