"""Notebooks of examples run as they are, and say what they promise."""

import subprocess
import sys
from pathlib import Path

import pytest

from corridor_runs import environment

pytestmark = [pytest.mark.guest, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests" / "support" / "run" / "notebook.py"


@pytest.mark.parametrize(
    ("name", "said", "figure"),
    [
        ("one_run", "out 120 ms (expected 120)", "one-run.pdf"),
        ("a_study", "makes a transfer +", "transfers.pdf"),
    ],
)
def test_a_notebook_runs_and_draws_its_figure(name, said, figure, tmp_path, virtual_kernel):
    done = subprocess.run(
        [sys.executable, RUNNER, ROOT / "examples" / "notebooks" / f"{name}.ipynb"],
        cwd=tmp_path,
        env={**environment(), "MPLBACKEND": "agg"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout
    assert (tmp_path / figure).read_bytes().startswith(b"%PDF")
