"""README's first block is what the first of its two commands prints, run to its end."""

import re
import subprocess

import pytest

from corridor_runs import ROOT, corridor, environment

pytestmark = [pytest.mark.guest, pytest.mark.timeout(900)]


def words(text):
    return " ".join(text.split())


def test_readmes_result_is_what_the_default_run_prints(tmp_path, virtual_kernel):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^```text\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)[1]
    ran = subprocess.run(
        corridor("run", "--no-figures", "--out", tmp_path / "out"),
        env=environment(COLUMNS="120"),
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert words(shown) in words(ran.stdout), ran.stdout[-4000:]
