"""No command executes code of a scenario without a line that names the file."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def test_code_of_a_scenario_is_named_before_it_runs(tmp_path):
    (tmp_path / "mine.py").write_text((ROOT / "examples" / "own_objective.py").read_text())
    text = (ROOT / "examples" / "own_objective.yaml").read_text()
    (tmp_path / "own.yaml").write_text(text.replace("own_objective.py\n", "mine.py\n"))
    for verb in (["check"], ["explain"]):
        words = [sys.executable, "-m", "corridor.experiments.cli", *verb]
        words += ["training"] * (verb == ["explain"])
        done = subprocess.run(
            [*words, "own.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        said = [line for line in done.stderr.splitlines() if "mine.py" in line]
        assert len(said) == 1, done.stderr
        assert "running code of" in said[0]
