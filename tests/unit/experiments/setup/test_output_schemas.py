"""What the program writes is as its JSON Schema says, and no key of it is left out there."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

import corridor
import handmade_run
import handmade_workloads
from corridor.experiments import cli
from corridor.experiments.commands.schema import FILES
from corridor.experiments.commands.schema import OUTPUTS as OFFERED
from corridor.experiments.results.results import read_plan, summarise
from corridor.experiments.run.manifest import write_prices_manifest
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.setup.schema_generation import UNIT
from corridor.experiments.setup.schemas_of_outputs import OUTPUTS, output_schema
from corridor.experiments.study.answers import answers
from corridor.experiments.study.cells import cells, conditions
from corridor.experiments.study.folder import StudyFolder
from corridor.experiments.study.load import load_study
from corridor.experiments.study.reading import index_of, read_study
from corridor.experiments.study.worker import Ran
from corridor.experiments.study.writing import write
from described import wrong

STUDY = """name: short
scenario: mini
as_of: 2026-11-24
repeat: 2
matrix: {network.loss: [0%, 5%]}
measures: [{id: rtt, of: "demands[ckpt-karachi].rtt_ms.p50"}]
compare: [{id: price, axis: network.loss, from: 0%, to: 5%}]
expect: [{measure: rtt, is: "< 95 ms"}]
"""


def said(path: Path) -> Any:
    return json.loads(path.read_text())


def test_every_schema_is_one_and_can_be_asked_for(tmp_path: Path) -> None:
    assert set(OUTPUTS) == set(OFFERED)
    assert cli.main(["schema", "--all", str(tmp_path / "schemas")]) == 0
    found = {path.name.partition(".")[0] for path in (tmp_path / "schemas").iterdir()}
    assert found == {*FILES, *OFFERED}
    for path in (tmp_path / "schemas").iterdir():
        Draft202012Validator.check_schema(said(path))


def test_schemas_replace_files_only_when_forced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, elsewhere = tmp_path / "scenario.schema.json", tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    mine.symlink_to(elsewhere)
    assert cli.main(["schema", "--all", str(tmp_path)]) == 2
    assert f"{mine}: exists already; name another folder or add --force" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == [elsewhere, mine]
    assert cli.main(["schema", "--all", str(tmp_path), "--force"]) == 0
    assert (elsewhere.read_text(), mine.is_symlink()) == ("mine", False)


@pytest.mark.parametrize("made", [handmade_run, handmade_workloads], ids=["flows", "workloads"])
def test_a_run_leaves_what_the_schemas_say(tmp_path: Path, made: Any) -> None:
    made.write_run(tmp_path / "run")
    summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    assert wrong("summary", said(tmp_path / "run" / "summary.json")) == []
    for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines():
        assert wrong("event", json.loads(line)) == [], line


def test_a_schema_finds_what_is_wrong(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "run")
    of = summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    summary: Any = of.to_json()
    del summary["seed"]
    summary["demands"][0]["lost"] = "many"
    summary["demands"][1]["new_key"] = 1
    found = wrong("summary", summary)
    assert len(found) == 3, found


def test_the_answers_of_a_scenario_are_as_their_schema_says() -> None:
    found = corridor.answers("mini", policies="pan-asia", as_of=date(2026, 11, 24))
    assert wrong("answers", json.loads(json.dumps(found.to_json()))) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("check-answer", ["check", "mini"]),
        ("explain-answer", ["explain", "ckpt-karachi", "mini", "--sure"]),
        ("explain-answer", ["explain", "ckpt-karachi", "mini", "--policies", "pan-asia"]),
        ("capacity-answer", ["capacity", "examples/customer_pipe.yaml"]),
        ("capacity-answer", ["capacity", "mini", "--rate", "9Tbit", "--cut", "karakoram"]),
        ("cut-answer", ["cut", "kunming-karachi", "--scenario", "mini"]),
        (
            "capacity-each-answer",
            ["capacity", "mini", "--rate", "2Tbit", "--each", "groups", "--growth", "25%"],
        ),
        ("cut-each-answer", ["cut", "--each", "pairs", "--scenario", "mini"]),
        ("price-answer", ["price", "mini", "--sets", "pan-asia"]),
        ("latency-answer", ["topology", "latency", "shanghai", "karachi"]),
        ("list-answer", ["list"]),
        ("plugins-answer", ["plugins"]),
    ],
)
def test_a_command_answers_as_its_schema_says(
    capsys: pytest.CaptureFixture[str], name: str, words: list[str]
) -> None:
    assert cli.main([*words, "--json"]) in (0, 1)
    assert wrong(name, json.loads(capsys.readouterr().out)) == []


def test_the_manifest_is_as_its_schema_says(tmp_path: Path) -> None:
    loaded = load_scenario("mini")
    write_prices_manifest(
        tmp_path / "manifest.json", loaded, [load_scenario("mini", policies="th")]
    )
    assert wrong("manifest", said(tmp_path / "manifest.json")) == []


def test_a_study_leaves_what_the_schemas_say(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    study = load_study(tmp_path / "study.yaml")
    every = cells(study, conditions(study), "p")
    folder = StudyFolder(tmp_path / "out")
    with folder.open(STUDY.encode()):
        folder.write_index(index_of(study, every, "p"))
        folder.keep(every[0], Ran(every[0].id, "failed", "why", 1.0, "here", b""))
    read, runs = read_study(tmp_path / "out")
    runs = [
        run._replace(state="valid", values={"rtt": 90.0 + run.repetition})
        if run.state == "missing"
        else run
        for run in runs
    ]
    write(tmp_path / "out", read, runs, answers(read, runs))
    assert wrong("study-index", said(tmp_path / "out" / "study.json")) == []
    assert wrong("cell", said(tmp_path / "out" / "failed" / f"{every[0].id}.json")) == []
    assert wrong("study-answers", said(tmp_path / "out" / "answers.json")) == []
    table = pq.read_schema(tmp_path / "out" / "values.parquet")
    assert json.loads(table.metadata[b"measures"])["rtt"]["unit"] == "ms"
    assert table.field("value").metadata[b"unit"] == b"as column unit says"


def test_keys_have_their_texts_and_units() -> None:
    summary = output_schema("summary")
    demand = summary["$defs"]["DemandSummary"]["properties"]
    assert demand["predicted_rtt_ms"][UNIT] == "ms"
    assert summary["properties"]["failure"]["description"] == "Why it is not complete."


def test_columns_have_units_in_their_schema(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "run")
    summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    probes = pq.read_schema(tmp_path / "run" / "probes.parquet")
    assert probes.field("t1_ns").metadata == {b"unit": b"ns"}
    assert probes.field("demand").metadata is None
    assert b"corridor_schema" in probes.metadata
    flows = pq.read_schema(tmp_path / "run" / "flows.parquet")
    assert flows.field("offered_mbps").metadata == {b"unit": b"Mbit/s"}
    assert flows.field("lost_packets").metadata == {b"unit": b"packets"}


def test_keys_have_the_texts_of_the_types_that_are_written() -> None:
    known = output_schema("study-answers")["$defs"]
    assert "Cliff" in known["Difference"]["properties"]["greater"]["description"]
    assert known["Condition"]["properties"]["levels"]["type"] == "object"
    assert "description" not in known["Estimate"], "a named tuple's own text is its signature"
    for name in OUTPUTS:
        assert not re.search(r'"description": "\w+\(', json.dumps(output_schema(name))), name


def test_totals_of_an_account_are_told_alike_in_summary_and_account() -> None:
    account, summary = output_schema("account"), output_schema("summary")
    totals = summary["$defs"]["AccountSummary"]["properties"]
    assert account["properties"]["off_by"] == totals["off_by"]
    assert "description" not in account["properties"]["demands"], "it has all of them"
