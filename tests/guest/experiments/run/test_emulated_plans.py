"""``corridor plan --emulate``: a plan's RTTs are those that packets need on both maps."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from corridor_runs import ROOT, corridor, environment

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("virtual_kernel"),
]
TOLERANCE_MS = 0.020


@pytest.mark.promise("a plan's RTTs are measured before and after it is built")
def test_a_plan_is_measured_on_the_map_today_and_on_the_map_with_it(tmp_path: Path) -> None:
    ran = subprocess.run(
        corridor(
            "plan", "mini", "--candidates", ROOT / "examples" / "candidates.yaml",
            "--emulate", "--out", tmp_path / "results", "--json", "--no-cache",
        ),
        env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    emulated = found["emulated"]
    assert [one["map"] for one in emulated["runs"]] == ["today", "planned"]
    saved = {}
    for one in emulated["demands"]:
        for when in ("today", "planned"):
            predicted, measured = one[f"{when}_predicted_ms"], one[f"{when}_measured_ms"]
            assert (measured is None) == (predicted is None), one
            if measured is not None:
                assert measured == pytest.approx(predicted, abs=TOLERANCE_MS), one
        if one["today_measured_ms"] is not None:
            saved[one["demand"]] = one["today_measured_ms"] - one["planned_measured_ms"]
    changed = {one["demand"]: one for one in found["changed"]}
    assert {name for name, ms in saved.items() if ms > TOLERANCE_MS} == set(changed)
    assert sum(saved.values()) == pytest.approx(found["singles"][0]["saves_ms"], abs=0.3)
    for name in ("today", "planned"):
        summary = json.loads((tmp_path / "results" / name / "summary.json").read_text())
        account = summary["account"]
        assert (account["closes"], account["sent"] - account["delivered"]) == (True, 0)
