"""Studies and runs as one file: the same bytes each time, and what was changed is named."""

from __future__ import annotations

import json
import os
import shutil
import stat
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from artifact_case import (
    OWN,
    STUDY,
    a_sample,
    flip,
    names_of_handmade_runs,  # noqa: F401 - for all tests of this file
    summed_again,
    summed_up,
    unpacked,
    write_run,
    write_study,
)
from corridor.experiments import cli
from corridor.experiments.answers.document import document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.artifact import archive, verifying
from corridor.experiments.artifact.archive import SUMS
from corridor.experiments.artifact.packing import pack_artifact, verify_artifact
from corridor.experiments.artifact.verdict import to_json
from corridor.experiments.artifact.verifying import How, verify
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.study.cells import Cell, cells, conditions
from corridor.experiments.study.load import load_study
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.model.delay_model import load_delay_model
from described import wrong


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def study(made, tmp_path) -> Path:
    """A copy that a test may corrupt."""
    copy = tmp_path / "results"
    shutil.copytree(made, copy)
    return copy


@pytest.fixture(scope="module")
def packed(made, tmp_path_factory) -> Path:
    return pack_artifact(made, tmp_path_factory.mktemp("packed") / "a.zip", authors=['A, "B"']).file


@pytest.fixture
def root(packed, tmp_path) -> Path:
    return unpacked(packed, tmp_path / "unpacked")


def states(verdict) -> list[str]:
    return [one.state for one in verdict.checks]


def test_one_folder_gives_the_same_bytes_each_time(made, packed, tmp_path):
    again = pack_artifact(made, tmp_path / "b.zip", authors=['A, "B"'])
    assert again.file.read_bytes() == packed.read_bytes()
    assert verify_artifact(packed, runs=False).identity == again.identity


def test_what_was_packed_holds_as_archive_and_as_folder(packed, root):
    for place in (packed, root):
        verdict = verify_artifact(place, runs=False)
        assert states(verdict) == ["holds", "holds", "not looked at"]
        assert verdict.holds
    assert "4 runs come from samples" in verdict.checks[1].said


def test_an_artifact_holds_all_that_a_reader_needs(root):
    for name in (
        *("README.md", "CITATION.cff", "SHA256SUMS", "requirements.lock", "environment.json"),
        *("study/inputs/study.yaml", "study/inputs/own.yaml", "study/values.parquet"),
        "study/tables/conditions.tex",
    ):
        assert (root / name).exists(), name
    assert not (root / "study/.lock").exists()
    readme = (root / "README.md").read_text()
    assert "corridor artifact verify FILE" in readme
    assert "0123" in readme, "the kernel"
    assert "What does loss cost?" in readme


def test_the_citation_is_one(root):
    said = yaml.safe_load((root / "CITATION.cff").read_text())
    assert said["authors"] == [{"name": 'A, "B"'}]
    assert {"cff-version", "message", "title"} <= said.keys()


def test_the_crate_describes_every_file_at_the_top_and_the_results(root, made):
    said = json.loads((root / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    entities = {one["@id"]: one for one in said["@graph"]}
    assert len(entities) == len(said["@graph"])
    about = entities["ro-crate-metadata.json"]
    assert about["conformsTo"]["@id"] == "https://w3id.org/ro/crate/1.1"
    top = entities[about["about"]["@id"]]
    assert {"name", "description", "datePublished", "license", "author"} <= top.keys()
    parts = {one["@id"] for one in top["hasPart"]}
    there = {f"{one.name}/" if one.is_dir() else one.name for one in root.iterdir()}
    assert parts == there - {"ro-crate-metadata.json"}
    linked = [one["@id"] for one in (*top["hasPart"], top["author"], top["license"])]
    assert set(linked) <= entities.keys()
    assert entities[top["author"]["@id"]]["name"] == 'A, "B"'
    assert entities[top["license"]["@id"]]["name"] == "No licence stated"
    last = max(one.stat().st_mtime for one in made.rglob("manifest.json"))
    assert top["datePublished"] == datetime.fromtimestamp(last, UTC).date().isoformat()


def test_a_crate_has_the_licence_and_the_day_that_are_given(made, tmp_path):
    given = {"licence": "CC-BY-4.0", "published": date(2026, 11, 24)}
    packed = pack_artifact(made, tmp_path / "a.zip", **given)
    with zipfile.ZipFile(packed.file) as archive:
        top = packed.about.name
        said = json.loads(archive.read(f"{top}/ro-crate-metadata.json"))
        assert "license: CC-BY-4.0" in archive.read(f"{top}/CITATION.cff").decode()
    entities = {one["@id"]: one for one in said["@graph"]}
    assert entities["./"]["datePublished"] == "2026-11-24"
    assert entities["./"]["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    with pytest.raises(InputError, match="is not an SPDX id"):
        pack_artifact(made, tmp_path / "b.zip", licence="CC BY: 4")


def test_a_corrupt_sample_is_named_with_its_conditions(root, made):
    name = f"study/{a_sample(made)}"
    flip(root / name)
    verdict = verify_artifact(root, runs=False)
    assert states(verdict) == ["does not hold", "not looked at", "not looked at"]
    (problem,) = verdict.checks[0].problems
    assert problem.startswith(f"{name} is not as it was packed (network.loss ")
    assert verdict.code == 1


def test_a_corrupt_octet_of_the_archive_affects_one_file(packed, made, tmp_path):
    name = f"handmade/study/{a_sample(made)}"
    with zipfile.ZipFile(packed) as one:
        entry = one.getinfo(name)
        at = entry.header_offset + 30 + len(name) + entry.compress_size // 2
    hurt = tmp_path / "hurt.zip"
    hurt.write_bytes(packed.read_bytes())
    flip(hurt, at)
    (problem,) = verify_artifact(hurt, runs=False).checks[0].problems
    assert problem.startswith(name.removeprefix("handmade/"))


def test_missing_and_surplus_samples_are_named(root, made):
    (root / "study" / a_sample(made)).rename(root / "study/raw-of-mine.rec")
    os.symlink("/etc/passwd", root / "study/link")
    problems = verify_artifact(root, runs=False).checks[0].problems
    assert len(problems) == 3
    assert "is missing" in problems[0]
    assert problems[1:] == ["study/link was not packed", "study/raw-of-mine.rec was not packed"]


def test_samples_changed_together_with_their_sums_do_not_give_the_values(root, made):
    name = a_sample(made)
    flip(root / "study" / name, -9)
    summed_again(root)
    verdict = verify_artifact(root)
    assert states(verdict) == ["holds", "does not hold", "not looked at"]
    assert any("probes.parquet" in one for one in verdict.checks[1].problems)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("answers.json", "3.0", "4.0", "answers.json"),
        ("tables/conditions.csv", "all equal", "very narrow", "conditions.csv"),
        ("inputs/own.yaml", "mini", "reference", "other cells"),
        ("../expected.json", "3.0", "4.0", "expected.json"),
    ],
    ids=["an answer", "a table", "an input", "an expectation"],
)
def test_derived_values_that_were_changed_with_their_sums_are_named(root, name, old, new, says):
    path = root / "study" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    summed_again(root)
    verdict = verify_artifact(root)
    assert verdict.checks[1].state == "does not hold"
    assert any(says in one for one in verdict.checks[1].problems), verdict.checks[1].problems


def test_a_study_whose_results_do_not_fit_its_samples_is_not_packed(study, tmp_path):
    flip(study / a_sample(study), -9)
    with pytest.raises(InputError, match="results that differ from its samples"):
        pack_artifact(study, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_study_that_did_not_run_to_its_end_is_not_packed(study, tmp_path):
    cell = next((study / "cells").iterdir())
    cell.rename(tmp_path / "away")
    with pytest.raises(InputError, match="1 cell of 4 did not run yet"):
        pack_artifact(study, tmp_path / "a.zip")


def test_failed_cells_are_left_out_and_named(study, tmp_path):
    cell = next((study / "cells").iterdir())
    cell.rename(tmp_path / "away")
    said = {"state": "failed", "message": "its worker died", "wall_s": 1.0}
    (study / f"failed/{cell.name}.json").write_text(json.dumps(said))
    summed_up(study)
    packed = pack_artifact(study, tmp_path / "a.zip")
    assert "its worker died" in packed.about.left_out[0]
    assert verify_artifact(packed.file, runs=False).holds


def test_links_are_not_packed(study, tmp_path):
    os.symlink("/etc/passwd", study / "tables/passwords")
    with pytest.raises(InputError, match="is not a regular file"):
        pack_artifact(study, tmp_path / "a.zip")


def test_a_run_by_itself_is_packed_and_holds(tmp_path):
    write_run(tmp_path / "run")
    packed = pack_artifact(tmp_path / "run", tmp_path / "a.zip")
    assert packed.about.kind == "run"
    assert verify_artifact(packed.file, runs=False).holds
    root = unpacked(packed.file, tmp_path / "unpacked")
    expected = json.loads((root / "expected.json").read_text())["runs"][0]["values"]
    assert {"demands[near].rtt_ms.min": 10.00075, "demands[near].sent": 4}.items() <= {
        one["of"]: one["value"] for one in expected
    }.items()


@pytest.mark.parametrize("kind", ["empty", "nothing there"])
def test_a_folder_of_neither_is_refused(tmp_path, kind):
    folder = tmp_path / "folder"
    if kind == "empty":
        folder.mkdir()
    with pytest.raises(InputError):
        pack_artifact(folder)


def test_another_version_says_so_and_ends_with_3(packed, monkeypatch):
    monkeypatch.setattr(verifying, "program_digest", lambda: "another")
    verdict = verify_artifact(packed)
    assert states(verdict) == ["holds", "cannot be told", "cannot be told"]
    assert verdict.code == 3
    verdict = verify_artifact(packed, runs=False, any_version=True)
    assert verdict.code == 0


def written_zip(file: Path, *names: str, mode: int = stat.S_IFREG | 0o644, body=b"{}") -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name in (*names, f"top/{SUMS}"):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(info, body)
    return file


@pytest.mark.parametrize(
    "name",
    ["top/../../x", "/etc/x", "top//x", "top/./x", "other/x", "top/a\\b", "x", "top/\x1b[31m"],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    file = written_zip(tmp_path / "a.zip", name)
    with pytest.raises(InputError, match="is not an artifact"):
        verify(file, How())
    assert sorted(tmp_path.iterdir()) == [file]


def test_links_and_bombs_in_archives_are_refused(tmp_path):
    link = written_zip(tmp_path / "link.zip", "top/x", mode=stat.S_IFLNK | 0o777)
    with pytest.raises(InputError, match="is not a regular file"):
        verify(link, How())
    bomb = written_zip(tmp_path / "bomb.zip", "top/x", body=bytes(50_000_000))
    with pytest.raises(InputError, match="compressed more"):
        verify(bomb, How())


def test_archives_without_room_for_them_are_refused_before_anything_is_written(packed, monkeypatch):
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((512, 512, 9, 1, 1, *[0] * 5)))
    with pytest.raises(EnvironmentUnsupported, match="no room"):
        verify_artifact(packed)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", bytes(1000)])
def test_what_is_no_archive_is_told(tmp_path, content):
    file = tmp_path / "a.zip"
    file.write_bytes(content)
    with pytest.raises(InputError, match="is damaged, or is not an artifact"):
        verify_artifact(file)


def test_a_folder_without_sums_is_no_artifact(tmp_path):
    with pytest.raises(InputError, match="is not an artifact"):
        verify_artifact(tmp_path)


@pytest.fixture
def ran_again(monkeypatch):
    """Runs come to what is in a folder, instead of running."""

    def let(source: Path, state: str = "valid", corrupt=lambda _folder: None) -> None:
        def carried_out(_recorded, folder, _testbed, _processes):
            shutil.copytree(source, folder / "run")
            corrupt(folder / "run")
            return state, "the machine was too busy" if state != "valid" else ""

        monkeypatch.setattr(verifying, "_carried_out", carried_out)
        monkeypatch.setattr(verifying, "_problem_of_inputs", lambda *_: "")

    return let


def test_runs_that_come_to_the_same_hold(packed, made, ran_again):
    ran_again(next((made / "cells").iterdir()))
    verdict = verify_artifact(packed)
    assert states(verdict) == ["holds", "holds", "holds"]
    assert len(verdict.runs) == 4
    assert all(one.same_samples for one in verdict.runs)


def test_a_value_that_is_off_is_named(packed, made, ran_again):
    def corrupt(folder: Path) -> None:
        summary = json.loads((folder / "summary.json").read_text())
        summary["demands"][0]["rtt_ms"]["min"] += 1
        (folder / "summary.json").write_text(json.dumps(summary))

    ran_again(next((made / "cells").iterdir()), corrupt=corrupt)
    verdict = verify_artifact(packed, whole=True)
    assert verdict.code == 1
    assert "rtt is 11.00075 instead of 10.00075 ms" in verdict.checks[2].problems[0]


@pytest.mark.parametrize(("state", "code"), [("invalid", 3), ("unable", 3), ("failed", 1)])
def test_what_the_machine_cannot_do_is_no_fault_of_the_artifact(
    packed, made, ran_again, state, code
):
    ran_again(next((made / "cells").iterdir()), state)
    verdict = verify_artifact(packed)
    assert verdict.code == code
    assert "too busy" in verdict.checks[2].problems[0]


def test_the_command_packs_verifies_and_says_so(made, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["artifact", "pack", str(made)]) == 0
    said = capsys.readouterr().out
    assert "handmade.artifact.zip" in said
    assert cli.main(["artifact", "pack", str(made), "--out", "again.zip", "--json"]) == 0
    assert wrong("artifact-packed-answer", json.loads(capsys.readouterr().out)) == []
    assert cli.main(["artifact", "verify", "handmade.artifact.zip", "--no-runs"]) == 0
    assert "Verified, without runs." in capsys.readouterr().out
    assert cli.main(["artifact", "verify", "handmade.artifact.zip", "--no-runs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True
    assert cli.main(["artifact", "verify", "nowhere.zip"]) == 2


def test_what_is_written_is_as_its_schemas_say(root, packed, made, ran_again):
    ran_again(next((made / "cells").iterdir()))
    assert wrong("artifact", json.loads((root / "artifact.json").read_text())) == []
    assert wrong("artifact-expected", json.loads((root / "expected.json").read_text())) == []
    said = json.dumps(to_json(verify_artifact(packed)))
    assert wrong("artifact-verdict", json.loads(said)) == []


def test_an_interrupted_packing_leaves_nothing(made, tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_add", full)
    with pytest.raises(Exception, match="no space left"):
        pack_artifact(made, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def planned(tmp_path_factory) -> tuple[Path, Cell]:
    """What a cell of a study leaves before it runs."""
    folder = tmp_path_factory.mktemp("planned")
    (folder / "study.yaml").write_text(STUDY)
    (folder / "own.yaml").write_text(OWN)
    study = load_study(folder / "study.yaml")
    cell = cells(study, conditions(study), "p")[0]
    loaded = cell.condition.loaded
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=cell.seed)
    (folder / "raw").mkdir()
    (folder / "raw/plan.json").write_text(json.dumps(to_plain(plan)))
    (folder / "raw/specification.json").write_text(specify(loaded).to_json())
    computed = document(gather(loaded, load_delay_model(None)), "")
    (folder / "answers.json").write_text(json.dumps(computed.to_json()))
    return folder, cell


def test_a_study_comes_to_what_its_cells_were_planned_from(planned):
    assert verifying._problem_of_inputs(*planned, "uml") == ""


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("raw/plan.json", '"seed": ', '"seed": 1', "another plan"),
        (
            "raw/specification.json",
            "shanghai",
            "shanghaj",
            "another specification",
        ),
        ("answers.json", "shanghai", "shanghaj", "another answers.json"),
    ],
)
def test_a_cell_that_was_planned_from_something_else_is_told(
    planned, tmp_path, name, old, new, says
):
    folder, cell = planned
    copy = shutil.copytree(folder, tmp_path / "copy")
    text = (copy / name).read_text()
    (copy / name).write_text(text.replace(old, new, 1))
    assert says in verifying._problem_of_inputs(copy, cell, "uml")
