"""``corridor topology`` prints tables or JSON, and fails with the exit code it promises."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from corridor.experiments.commands import schema, topology
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.errors import InputError

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def corridor(*words: str) -> int:
    parser = argparse.ArgumentParser()
    topology.add_parser(parser.add_subparsers(required=True))
    return topology.run(parser.parse_args(["topology", *words]))


def test_show_prints_hubs_fibres_delays_and_rates(capsys: pytest.CaptureFixture[str]) -> None:
    assert corridor("show", "mini") == 0
    shown = capsys.readouterr().out
    for words in ("karachi", "PK", "kunming-bangkok", "96Mbit", "126Tbit", "LA"):
        assert words in shown


def test_show_marks_what_may_not_be_in_service(capsys: pytest.CaptureFixture[str]) -> None:
    corridor("show", "pan-asia")
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in shown if line.startswith("smw6-")] == [
        ["smw6-singapore-karachi", "?", "singapore"]
    ]
    (legend,) = (line for line in shown if line.startswith("service:"))
    assert "2 fibres are so, and paths use them like any other" in legend
    corridor("show", "mini")
    assert "service:" not in capsys.readouterr().out


def test_show_marks_what_is_shared_assumed_and_not_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    corridor("show", "pan-asia")
    shown = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in shown if line}
    assert rows["smw6-singapore-karachi"].endswith("IN? LK? MV? BD? ID? MY?")
    assert "4.77Tbit=" in rows["aae-1-karachi-fujairah"]
    assert "96Mbit*" in rows["guian-kunming"]
    for legend in ("capacity: * assumed", "capacity: = shared", "crosses: ? not known"):
        assert any(line.startswith(legend) for line in shown)


def test_check_says_why_something_is_assumed_shared_or_not_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    corridor("check", "pan-asia")
    shown = capsys.readouterr().out
    assert "1Tbit assumed for 6: border-land: median of the published land cables" in shown
    assert "4.77Tbit at karachi (aae-1-karachi) for aae-1-satun-karachi, aae-1-karachi" in shown
    assert "IN? reports of 2022 name India a core landing" in shown


def test_show_marks_a_length_without_a_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stated = tmp_path / "stated.yaml"
    stated.write_text(
        "name: s\nhubs: [shanghai, karachi]\n"
        "fibres: [{id: one, a: shanghai, z: karachi, length: 9000km}]\n"
    )
    corridor("show", str(stated))
    assert "^9000" in capsys.readouterr().out


def test_import_says_how_many_lengths_were_derived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corridor("import", "topohub:topozoo/Abilene", "--out", str(tmp_path / "abilene.yaml"))
    shown = capsys.readouterr().out
    assert "Lengths: 14 of 14 are derived, the straight line" in shown


def test_show_json_is_the_node_link_export(capsys: pytest.CaptureFixture[str]) -> None:
    assert corridor("show", "mini", "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "corridor/topology/1"
    assert len(data["nodes"]) == 5


def test_check_exits_1_only_when_an_invariant_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert corridor("check", "pan-asia") == 0
    split = tmp_path / "split.yaml"
    split.write_text("name: split\nhubs: [shanghai, karachi]\n")
    assert corridor("check", str(split), "--json") == 1
    assert '"ok": false' in capsys.readouterr().out


def test_import_converts_and_a_second_time_needs_force(tmp_path: Path) -> None:
    target = tmp_path / "mini.graphml"
    assert corridor("import", "mini", "--out", str(target)) == 0
    with pytest.raises(InputError, match="--force"):
        corridor("import", "mini", "--out", str(target))
    assert corridor("import", str(target), "--out", str(target), "--force", "--json") == 0


def test_latency_compares_the_layers(capsys: pytest.CaptureFixture[str]) -> None:
    assert corridor("latency", "hongkong", "singapore", "--json") == 0
    rtt_ms = json.loads(capsys.readouterr().out)["rtt_ms"]
    assert set(rtt_ms) == {"optical", "ip", "cloud", "straight"}
    with pytest.raises(InputError, match='did you mean "karachi"'):
        corridor("latency", "karachy", "singapore")


def test_the_schema_of_topology_files_knows_what_they_may_override() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    judge = jsonschema.Draft202012Validator(schema._schema("topology"))
    for path in (EXAMPLES / "planned_changes.yaml", EXAMPLES / "own_topology.yaml"):
        assert list(judge.iter_errors(read_document(path).data)) == []
    for wrong in (
        {"override": {"fibres": {"x": {"capcity": "1Gbit"}}}},
        {"override": {"fibers": {}}},
        {"without": ["x"]},
        {"fibres": [{"id": "x", "a": "y", "z": "w", "may_cross": {"IN": 3}}]},
    ):
        assert list(judge.iter_errors({"name": "x", **wrong}))
