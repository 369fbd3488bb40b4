"""``corridor topology`` prints tables or JSON, and fails with the exit code it promises."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from corridor.experiments.commands import topology
from corridor.topologies.base.errors import InputError


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
    assert [line.split()[:3] for line in shown if line.startswith("2africa-karachi")] == [
        ["2africa-karachi-dammam", "?", "karachi"]
    ]
    (legend,) = (line for line in shown if line.startswith("service:"))
    assert "1 fibre is so, and paths use them like any other" in legend
    corridor("show", "mini")
    assert "service:" not in capsys.readouterr().out


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


def test_import_states_lengths_and_units_that_a_graph_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = tmp_path / "ring.edgelist"
    graph.write_text("a b 12\nb c 20\nc a 30\nc c 1\n")
    out = str(tmp_path / "ring.yaml")
    with pytest.raises(InputError, match="--default-length 100km or --default-delay 1ms"):
        corridor("import", str(graph), "--out", out)
    assert corridor("import", str(graph), "--out", out, "--default-length", "100km") == 0
    shown = capsys.readouterr().out
    assert "3 of 3 have the stated default of 100km" in shown
    assert "1 link (c)" in shown
    assert corridor("show", str(graph), "--attribute", "weight=km") == 0
    assert "^20" in capsys.readouterr().out
    assert corridor("check", str(graph), "--default-delay", "1ms") == 0


@pytest.mark.parametrize("written", ["weight", "=km", "weight="])
def test_an_attribute_without_a_name_or_a_unit_is_refused(tmp_path: Path, written: str) -> None:
    graph = tmp_path / "ring.edgelist"
    graph.write_text("a b 12\n")
    with pytest.raises(InputError):
        corridor("show", str(graph), "--attribute", written)
