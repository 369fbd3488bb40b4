"""Whatever is done to a file of a run, its folder is reported, or called corrupt in one line."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import handmade_run
from corridor.experiments.run.recover import recover
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import CorridorError
from spoilt_files import a_bit, spoilt

FILES = (
    *("raw/plan.json", "events.jsonl", "raw/flows-shanghai.json"),
    *("raw/transfers.json", "raw/probes-shanghai.rec", "raw/specification.json"),
    *("raw/crossings.json", "summary.json", "raw/intervals-shanghai.json"),
    "raw/intervals-guian.json",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "run"
    handmade_run.write_run(folder)
    handmade_run.write_series(folder / "raw")
    (folder / "raw" / "specification.json").write_text(specify(load_scenario("mini")).to_json())
    (folder / "raw" / "crossings.json").write_text(
        '{"schema": 1, "frames": 3, "lost": 0, "flows": []}'
    )
    recover(folder)
    return folder


@given(data=st.data())
@a_bit(80)
def test_results(run: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    text = data.draw(spoilt(((run / name).read_bytes(),)))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        shutil.copytree(run, folder)
        (folder / name).write_bytes(text)
        with suppress(CorridorError):
            recover(folder)
