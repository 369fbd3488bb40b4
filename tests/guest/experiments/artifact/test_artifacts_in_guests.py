"""A study of two cells is packed and reproduced; one corrupt sample is named."""

import json
import subprocess
from pathlib import Path

import pytest

from artifact_case import a_sample, flip, unpacked
from corridor_runs import corridor, environment

pytestmark = [pytest.mark.guest, pytest.mark.timeout(600)]
STUDY = """name: two
scenario: own.yaml
as_of: 2026-11-24
repeat: 1
matrix:
  network.loss: [0%, 5%]
measures:
  - {id: rtt, of: "demands[ckpt-karachi].rtt_ms.min"}
  - {id: lost, of: "sum(demands.lost)"}
"""
OWN = """schema: 1
name: own
topology: mini
probe: {interval: 20ms, count: 20}
demands:
  - {id: train-east-west, class: ai_bulk, src: shanghai, dst: guian}
  - {id: ckpt-karachi, class: ckpt, src: guian, dst: karachi}
"""
TIMEOUT_S = 300


def said(folder: Path, *arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        corridor(*arguments),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory, virtual_kernel) -> Path:
    """With a study that ran, and its artifact; the files that it was made of are gone."""
    folder = tmp_path_factory.mktemp("artifacts")
    (folder / "study.yaml").write_text(STUDY)
    (folder / "own.yaml").write_text(OWN)
    code, told = said(folder, "study", "run", "study.yaml", "--out", "results", "--no-figures")
    assert code == 0, told
    (folder / "study.yaml").unlink()
    (folder / "own.yaml").unlink()
    code, told = said(folder, "artifact", "pack", "results")
    assert code == 0, told
    return folder


@pytest.mark.promise("a study and its artifact are repeated to the same bytes")
def test_runs_of_an_artifact_come_to_the_same_bytes_again(folder):
    code, told = said(folder, "artifact", "verify", "two.artifact.zip", "--json")
    assert code == 0, told
    verdict = json.loads(told[told.index('{"schema"') :].splitlines()[0])
    assert [one["state"] for one in verdict["checks"]] == ["holds"] * 3
    assert verdict["environment_differs"] == []
    assert len(verdict["runs"]) == 2
    for run in verdict["runs"]:
        assert run["same_samples"]
        assert {value["outcome"] for value in run["values"]} == {"exact"}


def test_a_spoilt_sample_is_named(folder):
    root = unpacked(folder / "two.artifact.zip", folder / "unpacked")
    sample = a_sample(root / "study")
    flip(root / "study" / sample)
    code, told = said(folder, "artifact", "verify", root)
    assert code == 1
    assert f"study/{sample} is not as it was packed (network.loss " in told
