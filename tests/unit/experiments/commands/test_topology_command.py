"""``corridor topology`` prints tables or JSON, and fails with the exit code it promises."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from corridor.experiments.commands import schema
from corridor.experiments.topology_commands import topology
from corridor.topologies.analysis import fit
from corridor.topologies.analysis.measurements import CALIBRATE, Measurement
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.delay_model import Layer
from described import wrong

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"


def corridor(*words: str) -> int:
    parser = argparse.ArgumentParser()
    topology.add_parser(parser.add_subparsers(required=True))
    return topology.run(parser.parse_args(["topology", *words]))


def test_show_prints_hubs_fibres_delays_and_rates(capsys: pytest.CaptureFixture[str]) -> None:
    assert corridor("show", "mini") == 0
    shown = capsys.readouterr().out
    for words in ("karachi", "PK", "kunming-bangkok", "96Mbit", "126Tbit", "LA"):
        assert words in shown


def test_show_lists_hosts_behind_hubs_with_both_addresses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert corridor("show", str(EXAMPLES / "several_hosts.yaml")) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["web2", "shanghai", "10.9.0.1", "fd00:c0da::a09:1"] in shown


def test_show_marks_what_may_not_be_in_service(capsys: pytest.CaptureFixture[str]) -> None:
    corridor("show", "pan-asia")
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in shown if line.startswith("smw6-")] == [
        ["smw6-singapore-karachi", "?", "singapore"]
    ]
    (legend,) = (line for line in shown if line.startswith("service:"))
    assert "4 fibres are so, and paths use them unless a scenario leaves them" in legend
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
    assert "320Mbit*" in rows["guian-kunming"]
    for legend in ("capacity: * assumed", "capacity: = shared", "crosses: ? not known"):
        assert any(line.startswith(legend) for line in shown)


def test_check_says_why_something_is_assumed_shared_or_not_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    corridor("check", "pan-asia")
    shown = capsys.readouterr().out
    assert "1Tbit assumed for 7: border-land: median of the published land cables" in shown
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
    found = json.loads(capsys.readouterr().out)
    assert set(found["rtt_ms"]) == {"optical", "ip", "cloud", "public"}
    assert found["no_answer"] == {}
    assert wrong("latency-answer", found) == []
    low_ms, high_ms = found["layers"]["cloud"]["interval_ms"]
    assert low_ms < found["rtt_ms"]["cloud"] < high_ms
    with pytest.raises(InputError, match='did you mean "karachi"'):
        corridor("latency", "karachy", "singapore")


def test_latency_says_which_layers_do_not_answer_and_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert corridor("latency", "lahore", "newdelhi") == 0
    shown = capsys.readouterr().out.splitlines()
    answers = [line for line in shown if "ms round trip" in line]
    assert [line.split()[3] for line in answers] == ["cloud"]
    assert "along the great circle" in answers[0]
    assert sum("no answer: the nearest hub of pan-asia, lahore" in line for line in shown) == 3
    with pytest.raises(InputError, match="ask for --layer cloud"):
        corridor("latency", "lahore", "newdelhi", "--layer", "ip")
    corridor("latency", "lahore", "newdelhi", "--json")
    found = json.loads(capsys.readouterr().out)
    assert set(found["no_answer"]) == {"optical", "ip", "public"}
    assert wrong("latency-answer", found) == []


def test_latency_says_why_the_cloud_may_be_faster_than_fibre(
    capsys: pytest.CaptureFixture[str],
) -> None:
    corridor("latency", "singapore", "dubai")
    shown = capsys.readouterr().out
    assert "cloud is faster than optical (92.8 ms), because it takes a path that" in shown
    assert "estimated range: not validated" in shown


def test_validate_leaves_cities_and_operators_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: dict[str, fit.FittedLayer] = {}

    def fit_once(layer: Layer, rows: Sequence[Measurement]) -> fit.FittedLayer:
        if layer.layer not in fits:
            fits[layer.layer] = fit_layer(layer, rows)
        return fits[layer.layer]

    fit_layer = fit.fit_layer
    monkeypatch.setattr(fit, "fit_layer", fit_once)
    words = ("validate", str(CALIBRATE), "--leave-out")
    assert corridor(*words) == 0
    shown = capsys.readouterr().out
    for words_shown in (
        "fitted cloud over cloud-backbone: ends 5.63 ms, slope 1.000; 2 constants on 59 rows",
        "all over cloud-backbone                59     6.6   8.4  17.7   -1.0    88 (80-94)",
        "Gulf - South Asia",
        "of other operators without either of its cities",
    ):
        assert words_shown in shown
    corridor(*words, "--json")
    found = json.loads(capsys.readouterr().out)
    assert wrong("topology-validate-answer", found) == []
    assert found["rows_left_out"]["cloud over cloud-backbone"][0]["rows"] == 59


def test_the_schema_of_topology_files_knows_what_they_may_override() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    judge = jsonschema.Draft202012Validator(schema._schema("topology"))
    for path in (EXAMPLES / "planned_changes.yaml", EXAMPLES / "own_topology.yaml"):
        assert list(judge.iter_errors(read_document(path).data)) == []
    for mistaken in (
        {"override": {"fibres": {"x": {"capcity": "1Gbit"}}}},
        {"override": {"fibers": {}}},
        {"without": ["x"]},
        {"fibres": [{"id": "x", "a": "y", "z": "w", "may_cross": {"IN": 3}}]},
    ):
        assert list(judge.iter_errors({"name": "x", **mistaken}))


def test_latency_says_when_no_measurement_lies_near(capsys: pytest.CaptureFixture[str]) -> None:
    corridor("latency", "kunming", "karachi", "--layer", "cloud")
    shown = capsys.readouterr().out
    assert "no measurement lies near its route: cloud" in shown
    assert "within 500 km" in shown
    corridor("latency", "hongkong", "mumbai", "--layer", "cloud")
    shown = capsys.readouterr().out
    assert "measured near: cloud (L016" in shown
    assert "no measurement" not in shown


MEASURED = "id,a,b,layer,value_ms\n" + "".join(
    f"R{number},{a},{z},cloud,{ms}\n"
    for number, (a, z, ms) in enumerate(
        [
            ("hongkong", "tokyo", 60),
            ("hongkong", "seoul", 50),
            ("hongkong", "singapore", 45),
            ("singapore", "mumbai", 70),
            ("singapore", "jakarta", 30),
            ("mumbai", "dubai", 40),
            ("dubai", "frankfurt", 130),
            ("paris", "london", 15),
            ("hongkong", "nowhere", 15),
        ]
    )
)


def test_validate_tells_errors_by_layer_and_region_and_what_was_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "measured.csv"
    table.write_text(MEASURED)
    assert corridor("validate", str(table), "--rows") == 0
    shown = capsys.readouterr().out
    for words in ("8 rows of", "cloud, China - East Asia", "covered", 'no hub "nowhere"', "R4"):
        assert words in shown
    assert corridor("validate", str(table), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "corridor/delay-validation/1"
    assert wrong("topology-validate-answer", found) == []
    assert found["by_layer"][0]["rows"] == 8


def test_validate_fits_and_latency_uses_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = tmp_path / "measured.csv", tmp_path / "model.yaml"
    table.write_text(MEASURED)
    assert corridor("validate", str(table), "--fit", str(out)) == 0
    assert "fitted cloud" in capsys.readouterr().out
    words = ("latency", "hongkong", "tokyo", "--layer", "cloud", "--json")
    corridor(*words)
    shipped = json.loads(capsys.readouterr().out)["rtt_ms"]["cloud"]
    corridor(*words, "--delay-model", str(out))
    own = json.loads(capsys.readouterr().out)
    assert own["rtt_ms"]["cloud"] > shipped + 2
    assert "8 rows of measured.csv" in own["layers"]["cloud"]["source"]
    with pytest.raises(InputError, match="is there already"):
        corridor("validate", str(table), "--fit", str(out))


def test_validate_refuses_a_table_with_nothing_in_it(tmp_path: Path) -> None:
    table = tmp_path / "measured.csv"
    table.write_text("a,b,layer,value_ms\n")
    with pytest.raises(InputError, match="no row"):
        corridor("validate", str(table))


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


def trace_of(*hops: tuple[str, float]) -> str:
    plain = [{"addr": addr, "probe_ttl": ttl, "rtt": rtt} for ttl, (addr, rtt) in enumerate(hops)]
    return json.dumps({"type": "trace", "src": "192.0.2.1", "hops": plain})


def test_evidence_of_traceroutes_is_a_table_or_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    traces, places = tmp_path / "traces.json", tmp_path / "places.csv"
    traces.write_text(trace_of(("10.0.0.1", 1.0), ("10.1.0.1", 35.0)))
    places.write_text("prefix,hub\n10.0.0.0/16,singapore\n10.1.0.0/16,hongkong\n")
    words = ("evidence", "cloud-backbone", str(traces), "--places", str(places))
    assert corridor(*words) == 0
    said = capsys.readouterr().out
    assert "cloud-backbone: 1 trace, 2 of 2 hops located, 0 in MPLS tunnels" in said
    (row,) = (line for line in said.splitlines() if line.startswith("hongkong-singapore"))
    assert row.split()[1:] == ["confirmed", "33.9", "25.7-44.9", "34.0", "1", "0", "0"]
    assert "note: A response may return by another path" in said
    assert corridor(*words, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert wrong("topology-evidence-answer", found) == []
    assert found["fibres"][0]["verdict"] == "confirmed"
    with pytest.raises(InputError, match="tolerance 1 has no unit"):
        corridor(*words, "--tolerance", "1")
