"""Examples run as a reader runs them: each in a separate process."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
TIMEOUT_S = 110


def run(*words: str | Path, cwd: Path = ROOT, **environment: str) -> tuple[int, str]:
    """Return the exit code of a command, and what it printed."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / ".package"), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    return done.returncode, f"{done.stdout}{done.stderr}"
