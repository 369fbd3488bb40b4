"""``corridor report`` makes results of whatever a run left, and says what it passed over."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import handmade_run
import handmade_workloads
from corridor.experiments import cli
from corridor.experiments.plan.values import PlannedEvent
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.run.recover import RESULT_FILES, recover
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    handmade_run.write_run(tmp_path / "run")
    return tmp_path / "run"


def kill_in_the_middle(run: Path) -> None:
    """As SIGKILL leaves a run: lines, records and reports half written, no summary."""
    lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
    (run / "events.jsonl").write_text("".join(lines[:3]) + lines[3][:25])
    path = run / "raw" / "probes-shanghai.rec"
    path.write_bytes(path.read_bytes()[:-30])
    path = run / "raw" / "flows-guian.json"
    path.write_bytes(path.read_bytes()[:40])
    (run / "raw" / "transfers.json").write_bytes(bytes(100))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_recovered_results_of_a_killed_run_are_marked_incomplete(run: Path) -> None:
    kill_in_the_middle(run)
    summary = recover(run).summary
    assert summary.complete is False
    assert summary.failure == "stopped without a word during measure"
    assert (summary.testbed, summary.testbed_reason) == ("uml", "best")
    assert (summary.wall_s, summary.virtual_s) == (8.0, None)
    assert summary.network.build_s == 5.0


def test_recovered_results_name_what_was_passed_over(run: Path) -> None:
    kill_in_the_middle(run)
    assert recover(run).passed_over == (
        "events.jsonl: 1 torn line",
        "raw/flows-guian.json is torn",
        "raw/probes-shanghai.rec: 1 damaged record",
        "raw/transfers.json is torn",
    )


def test_recovered_results_hold_all_that_was_measured(run: Path) -> None:
    kill_in_the_middle(run)
    near, _silent, far = recover(run).summary.demands
    assert (near.sent, near.received, far.received) == (4, 2, 2)
    (flow,) = near.flows
    assert (flow.offered, flow.delivered, flow.loss) == (12.0, None, None)
    assert flow.lost_at is None
    assert far.flows == ()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("plan.json", "[]", "plan.json: is not a plan of this version: Plan is an object"),
        ("plan.json", "[" * 300_000 + "]" * 300_000, "plan.json: is nested deeper than 64 levels"),
        ("specification.json", '{"topology": {}}', "holds raw data of another version"),
        ("transfers.json", '[{"name": 5}, 7]', "holds raw data of another version"),
        ("transfers.json", "5", "holds raw data of another version"),
    ],
)
def test_a_folder_of_another_shape_is_said_to_be_none_in_one_line(
    run: Path, capsys, name: str, text: str, says: str
) -> None:
    before = contents(run)
    (run / "raw" / name).write_text(text)
    assert cli.main(["report", str(run), "--no-figures"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert says in said
    assert contents(run) == before


@pytest.mark.timeout(30)
def test_files_that_are_none_or_too_large_are_passed_over_and_named(run: Path) -> None:
    for name in ("probes-guian.rec", "flows-guian.json", "transfers.json"):
        (run / "raw" / name).unlink(missing_ok=True)
    os.truncate(os.open(run / "raw" / "probes-guian.rec", os.O_CREAT | os.O_WRONLY), 10 * 2**30)
    os.mkfifo(run / "raw" / "flows-guian.json")
    (run / "raw" / "transfers.json").symlink_to("/dev/zero")
    assert recover(run).passed_over == (
        "raw/flows-guian.json is a pipe, not a file",
        "raw/probes-guian.rec is larger than 4 GiB",
        "raw/transfers.json is a device, not a file",
    )


def test_recovering_leaves_the_raw_files_and_no_scratch(run: Path) -> None:
    kill_in_the_middle(run)
    before, names = contents(run / "raw"), {path.name for path in run.iterdir()}
    recover(run)
    assert contents(run / "raw") == before
    assert {path.name for path in run.iterdir()} == names | set(RESULT_FILES)


def test_what_was_killed_while_it_wrote_the_summary_leaves_a_summary_of_its_own(run: Path) -> None:
    (run / ".summary.json").write_text("{")
    recover(run)
    assert not (run / "summary.json").is_symlink()
    assert json.loads((run / "summary.json").read_text())["complete"] is True


def test_recovering_twice_gives_the_same_bytes(run: Path) -> None:
    kill_in_the_middle(run)
    recover(run)
    first = contents(run)
    recover(run)
    assert contents(run) == first


def test_recovering_a_finished_run_changes_nothing(run: Path) -> None:
    summarise(run, read_plan(run), handmade_run.FACTS)
    before = contents(run)
    recovered = recover(run)
    assert contents(run) == before
    assert recovered.passed_over == ()


def test_recovered_events_of_a_whole_run_make_it_complete(run: Path) -> None:
    summary = recover(run).summary
    assert (summary.complete, summary.failure) == (True, None)
    assert summary.network.teardown_s == 2.5
    assert (summary.wall_s, summary.virtual_s) == (22.5, 11.25)


def test_recovered_failure_is_the_one_the_run_reported(run: Path) -> None:
    with (run / "events.jsonl").open("a") as log:
        event = {"event": "failed", "wall_s": 23, "message": "the controller is gone", "code": 4}
        log.write(json.dumps(event) + "\n")
    summary = recover(run).summary
    assert (summary.complete, summary.failure) == (False, "the controller is gone")


def test_recovering_needs_no_more_than_the_plan(run: Path) -> None:
    for path in run.iterdir():
        if path.is_file():
            path.unlink()
    for path in (run / "raw").iterdir():
        if path.name != "plan.json":
            path.unlink()
    recovered = recover(run)
    assert recovered.summary.testbed == "unknown"
    assert recovered.summary.clock == "virtual"
    assert recovered.summary.failure == "stopped before it began"
    assert recovered.passed_over == ("events.jsonl is missing",)


def test_recovering_passes_over_a_torn_summary(run: Path) -> None:
    (run / "summary.json").write_text('{"schema": 1, "scen')
    assert recover(run).passed_over == ("summary.json is torn",)


def test_recovering_raw_data_of_another_version_is_refused(run: Path) -> None:
    text = (run / "raw" / "transfers.json").read_text()
    (run / "raw" / "transfers.json").write_text(text.replace('"received_mbps"', '"mbps"'))
    with pytest.raises(InputError, match=r"raw data of another version \(KeyError: 'mbps'"):
        recover(run)
    assert not (run / "summary.json").exists()


def test_recovering_a_run_whose_package_is_missing_names_the_package(run: Path) -> None:
    plan = json.loads((run / "raw" / "plan.json").read_text())
    event = PlannedEvent("one", "isolate", "guian", {}, 2, None)
    plan["events"] = [to_plain(event)]
    (run / "raw" / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(InputError, match=r'"isolate" of events is installed; install the'):
        recover(run)
    manifest = json.loads((run / "manifest.json").read_text())
    kinds = {"faults isolate": "corridor-sea 1.2"}
    (run / "manifest.json").write_text(json.dumps({**manifest, "kinds": kinds}))
    with pytest.raises(InputError, match=r"is installed; install corridor-sea 1\.2"):
        recover(run)
    for odd in (["isolate"], {"": "corridor-sea 1.2"}, {"faults isolate": 3}):
        (run / "manifest.json").write_text(json.dumps({**manifest, "kinds": odd}))
        with pytest.raises(InputError, match=r'"isolate" of events is installed; install the'):
            recover(run)


@pytest.mark.parametrize("kind", ["missing", "a file", "empty", "no plan"])
def test_report_of_what_is_no_run_is_one_line_and_exit_code_2(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x"
    if kind == "a file":
        path.write_text("not a folder")
    elif kind != "missing":
        path.mkdir()
    if kind == "no plan":
        (path / "raw").mkdir()
    assert cli.main(["report", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"corridor: {path}")
    assert said.err.count("\n") == 1


def test_report_says_how_far_the_run_came_and_draws(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kill_in_the_middle(run)
    assert cli.main(["report", str(run)]) == 0
    said = capsys.readouterr().out
    assert "skipped: raw/flows-guian.json is torn\n" in said
    assert (
        "handmade, seed 7, virtual clock: not complete (stopped without a word during measure); "
        "4 of 8 probes answered, at least one for 2 of 3 demands\n" in said
    )
    assert "last probes of a demand count as lost if their replies were not written yet\n" in said
    assert (run / "figures/rtt-ecdf.png").exists()


def test_report_as_json_prints_the_summary_and_nothing_else(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(run), "--json", "--no-figures"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said) == json.loads((run / "summary.json").read_text())
    assert not (run / "figures").exists()


def test_report_works_on_a_copy_elsewhere(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "copy of it")
    assert recover(tmp_path / "copy of it").summary == recover(run).summary


def test_tables_of_workloads_are_made_again_too(tmp_path: Path) -> None:
    folder = tmp_path / "workloads"
    handmade_workloads.write_run(folder)
    assert recover(folder).summary.workloads is not None
    tables = [folder / "messages.parquet", folder / "fibre_use.parquet"]
    first = [table.read_bytes() for table in tables]
    recover(folder)
    assert [table.read_bytes() for table in tables] == first
