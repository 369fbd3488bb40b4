"""Odd folders and closed streams end with one line and a specific exit code."""

import subprocess
import sys

import pytest

from corridor.experiments import cli


@pytest.mark.parametrize("text", ["[]", "{}", '{"demands": 5}', "3"])
@pytest.mark.parametrize("verb", [["show"], ["artifact", "verify"], ["report", "--html"]])
def test_a_summary_of_another_shape_is_bad_input(tmp_path, capsys, verb, text):
    (tmp_path / "summary.json").write_text(text)
    assert cli.main([*verb, str(tmp_path)]) == 2
    assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing(tmp_path, closed):
    words = f'"{sys.executable}" -m corridor.experiments.cli topology show mini {closed}'
    done = subprocess.run(["sh", "-c", words], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"internal error" not in done.stderr
