"""A study whose workers and command are killed comes to the same as one that was let alone."""

import json
import os
import signal
import subprocess
from pathlib import Path
from random import Random

import pyarrow.parquet as pq
import pytest
from tests.chaos.studies import CrewByHand, Where, differing, disturbed, moments

from corridor_runs import corridor, environment
from described import wrong, wrong_of_run

pytestmark = [pytest.mark.guest, pytest.mark.timeout(900)]
STUDY = """name: short
scenario: own.yaml
as_of: 2026-11-24
repeat: 2
matrix:
  network.loss: [0%, 5%]
  probe.count: [20]
measures:
  - {id: rtt, of: "demands[ckpt-karachi].rtt_ms.p50"}
  - {id: lost, of: "sum(demands.lost)"}
compare:
  - {id: price, axis: network.loss, from: 0%, to: 5%}
expect:
  - {measure: lost, of: each, is: "< 30"}
"""
OWN = """schema: 1
name: own
topology: mini
probe: {interval: 20ms, count: 20}
demands:
  - {id: train-east-west, class: ai_bulk, src: shanghai, dst: guian}
  - {id: ckpt-karachi, class: ckpt, src: guian, dst: karachi}
"""
CELLS, TIMEOUT_S, KILLS = 4, 600, 5
SPAWNED = b"multiprocessing.spawn"


def started(folder: Path, out: str, *more: str) -> subprocess.Popen[str]:
    words = ("study", "run", "study.yaml", "--out", out, "--workers", "2", "--no-figures", *more)
    return subprocess.Popen(
        corridor(*words),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_cell(command: subprocess.Popen[str]) -> None:
    for line in command.stdout:
        if line.startswith("1 of "):
            return
    raise AssertionError(command.stderr.read())


def workers(command: subprocess.Popen[str]) -> list[int]:
    threads = Path(f"/proc/{command.pid}/task").glob("*/children")
    found = [int(one) for thread in threads for one in thread.read_text().split()]
    return [one for one in found if SPAWNED in Path(f"/proc/{one}/cmdline").read_bytes()]


@pytest.fixture(scope="module")
def folders(tmp_path_factory, virtual_kernel) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("studies")
    (folder / "study.yaml").write_text(STUDY)
    (folder / "own.yaml").write_text(OWN)
    with started(folder, "hurt") as command:
        first_cell(command)
        os.kill(workers(command)[0], signal.SIGKILL)
        said, complained = command.communicate(timeout=TIMEOUT_S)
    assert command.returncode == 0, said + complained
    with started(folder, "resumed") as command:
        first_cell(command)
        command.kill()
        command.wait()
    with started(folder, "resumed") as command:
        said, complained = command.communicate(timeout=TIMEOUT_S)
    assert command.returncode == 0, said + complained
    assert f"{CELLS} cells, " in said
    return {"hurt": folder / "hurt", "resumed": folder / "resumed", "all": folder}


def test_all_cells_are_there_and_whole(folders):
    for name in ("hurt", "resumed"):
        cells = list((folders[name] / "cells").iterdir())
        assert len(cells) == CELLS
        assert {json.loads((one / "cell.json").read_text())["state"] for one in cells} == {"valid"}


def test_all_that_is_left_is_as_its_schemas_say(folders):
    out = folders["hurt"]
    for name, file in (("study-index", "study.json"), ("study-answers", "answers.json")):
        assert wrong(name, json.loads((out / file).read_text())) == []
    cell = next((out / "cells").iterdir())
    assert wrong("cell", json.loads((cell / "cell.json").read_text())) == []
    assert wrong_of_run(cell) == []


def test_what_they_come_to_is_equal_to_the_byte(folders):
    for name in ("values.parquet", "answers.json", "tables/conditions.tex", "study.json"):
        one, other = ((folders[which] / name).read_bytes() for which in ("hurt", "resumed"))
        assert one == other, name
    for cell in (folders["hurt"] / "cells").iterdir():
        beside = folders["resumed"] / "cells" / cell.name
        assert (cell / "probes.parquet").read_bytes() == (beside / "probes.parquet").read_bytes()


def test_a_scheduler_and_workers_by_hand_that_are_killed_at_random_come_to_the_same(folders):
    place = folders["all"] / "by-hand"
    crew = CrewByHand(Where(folders["all"] / "study.yaml", place / "study"), place / "processes")
    try:
        random = Random(2)
        killed = disturbed(crew, moments(random, KILLS, CELLS), random)
    finally:
        crew.close()
    assert {"scheduler", "worker"} <= {one.what for one in killed}
    assert differing(place / "study", folders["hurt"]) == []
    assert crew.left() == []


def test_the_same_seeds_ran_in_both_conditions(folders):
    rows = pq.read_table(folders["hurt"] / "values.parquet").to_pylist()
    seeds = {row["network.loss"]: set() for row in rows}
    for row in rows:
        seeds[row["network.loss"]].add(row["seed"])
    assert seeds["0%"] == seeds["5%"]
    assert len(seeds["0%"]) == 2
    lost = {(row["network.loss"], row["measure"]): row["value"] for row in rows}
    assert lost["0%", "lost"] == 0 < lost["5%", "lost"]


def test_a_study_that_does_not_hold_what_it_expects_fails(folders):
    text = STUDY.replace("< 30", "< 1")
    (folders["all"] / "study.yaml").write_text(text)
    with started(folders["all"], "hurt", "--force") as command:
        said, _ = command.communicate(timeout=TIMEOUT_S)
    assert command.returncode == 1
    unmet = "Expectation not met: each of lost < 1 (network.loss 5%, probe.count 20); found "
    assert unmet in said
    assert f"{CELLS} cells, {CELLS} of them done before" in said
