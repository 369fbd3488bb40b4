"""A run at a terminal shows its progress in lines that move, and leaves plain ones."""

import pytest

from terminals import at_a_terminal, screen

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]


def test_a_run_at_a_terminal_moves_and_ends_plain(tmp_path):
    words = ("run", "mini", "--no-figures", "--out", str(tmp_path / "run"))
    code, said = at_a_terminal(*words, columns=100)
    assert code == 0
    assert "compiling and proving" in said
    assert " of 5 switches" in said
    left = screen(said)
    phases = [line.partition("] ")[2] for line in left if line.startswith("[")]
    assert phases[:2] == ["building the network", "installing tables and checking the wiring"]
    assert "measuring" in phases
    assert not any("compiling and proving" in line or " of 5 switches" in line for line in left)
    assert max(map(len, left)) <= 100
