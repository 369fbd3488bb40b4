"""Schemathesis against the live API: every check it knows, by examples, by cases and by chance."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from control_socket import ApiProcess, SocketController

CONFIGURATION = Path(__file__).resolve().parents[3] / "support" / "reconcile" / "schemathesis.toml"
ENOUGH_S = 900


@pytest.mark.slow
@pytest.mark.timeout(ENOUGH_S + 60)
def test_the_api_does_what_its_document_says_and_nothing_else(tmp_path):
    with (
        SocketController(tmp_path / "control.sock") as reconciler,
        ApiProcess(reconciler.path, tmp_path / "token") as api,
    ):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(CONFIGURATION)),
                *("run", f"{api.url}/openapi.json"),
                *("--header", f"Authorization: Bearer {api.token}"),
                *("--checks", "all", "--max-examples", "4", "--seed", "1"),
                *("--continue-on-failure", "--generation-database", "none"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=ENOUGH_S,
        )
        asked = Counter(one["do"] for one in reconciler.asked)
        code, _, complained = api.end()
    assert done.returncode == 0, done.stdout[-8000:]
    generated, passed = re.search(r"(\d+) generated, (\d+) passed", done.stdout).groups()
    assert generated == passed
    assert int(passed) > 200
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅  {phase}" in done.stdout
    for do in ("status", "policy", "day", "drain", "restore", "audit", "events", "explain"):
        assert asked[do] > 0, asked
    assert code == 0
    assert "Traceback" not in complained
