"""``corridor export``: what it writes, from what, and its messages about mistakes and answers."""

from __future__ import annotations

import json

import pytest

from corridor import answers as answers_of
from corridor import export as export_from_python
from corridor.controller.explain.export_registry import FORMATS
from corridor.experiments.commands import export
from corridor.experiments.lab.dumps import as_compiled
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.run.exporting import GEOJSON
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError
from described import wrong


@pytest.fixture
def run_folder(tmp_path):
    """What a run leaves that an export reads."""
    loaded = load_scenario("mini")
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    folder = tmp_path / "run"
    for part in ("raw", "tables"):
        (folder / part).mkdir(parents=True)
    (folder / "raw/plan.json").write_text(json.dumps(to_plain(plan)))
    (folder / "raw/specification.json").write_text(specify(loaded).to_json())
    (folder / "tables/before.json").write_text(json.dumps(as_compiled(plan).said))
    return folder


@pytest.fixture
def asked(corridor, tmp_path):
    """An export of mini to AalWiNes, and a function that writes answers to it."""
    folder = tmp_path / "asked"
    assert corridor("export", "mini", "--to", "aalwines", "--out", str(folder))[0] == 0
    expected = json.loads((folder / "expected.json").read_text())["questions"]

    def answer(results, name="answers.json"):
        answers = {f"Q{n}": {"query": q, "result": r} for n, (q, r) in enumerate(results.items())}
        (folder / name).write_text(json.dumps({"answers": answers}))

    return folder, {one["query"]: one for one in expected}, answer


def test_the_command_offers_every_format():
    assert tuple(sorted((*FORMATS, GEOJSON))) == export.FORMATS
    with pytest.raises(InputError, match='did you mean "walker"'):
        export_from_python("mini", "walkers")


@pytest.mark.parametrize(
    ("form", "files"),
    [("aalwines", ["expected.json", "network.json", "queries.q"]), ("walker", ["walker.json"])],
)
def test_a_scenario_is_written_and_what_is_left_out_is_said(corridor, tmp_path, form, files):
    folder = tmp_path / "out"
    code, said, _ = corridor("export", "mini", "--to", form, "--out", str(folder))
    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == files
    assert said.index("not in them:") < said.index("rates")
    again = tmp_path / "again"
    code, said, _ = corridor("export", "mini", "--to", form, "--out", str(again), "--json")
    told = json.loads(said)
    assert sorted(told["files"]) == [str(again / name) for name in files]
    assert any("rates" in one for one in told["left_out"])
    for name in files:
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_from_python_it_is_the_same(corridor, tmp_path):
    assert corridor("export", "mini", "--to", "walker", "--out", str(tmp_path / "one"))[0] == 0
    exported = export_from_python("mini", "walker", tmp_path / "two")
    assert (tmp_path / "two/walker.json").read_text() == exported.files["walker.json"]
    assert (tmp_path / "one/walker.json").read_text() == exported.files["walker.json"]
    assert export_from_python("mini", "walker") == exported
    with pytest.raises(InputError, match="there are aalwines, geojson, walker"):
        export_from_python("mini", "batfish", tmp_path / "three")
    assert not (tmp_path / "three").exists()


def test_what_a_runs_switches_held_is_written(corridor, run_folder, tmp_path):
    folder = tmp_path / "out"
    assert corridor("export", str(run_folder), "--to", "walker", "--out", str(folder))[0] == 0
    held = json.loads((folder / "walker.json").read_text())
    assert (held["scenario"], held["tables"]) == ("mini", "before.json")
    dump = json.loads((run_folder / "tables/before.json").read_text())
    dump["switches"]["guian"] = dump["switches"]["guian"][1:]
    after = run_folder / "tables/after.json"
    after.write_text(json.dumps(dump))
    for words in ((str(run_folder),), ("mini", "--tables", str(after))):
        out = tmp_path / words[0].rpartition("/")[2]
        out = out.with_name(f"{out.name}-out")
        assert corridor("export", *words, "--to", "walker", "--out", str(out))[0] == 0
        later = json.loads((out / "walker.json").read_text())
        assert later["tables"] == "after.json"
        counts = [len(one["hubs"][1]["entries"]) for one in (held, later)]
        assert counts[0] - counts[1] == 1


def test_answers_of_a_scenario_or_run_are_written_as_geojson(corridor, run_folder, tmp_path):
    out = tmp_path / "layers"
    code, said, _ = corridor("export", "mini", "--to", "geojson", "--out", str(out))
    assert code == 0
    assert "5 hubs, 7 fibres, 12 paths, 7 cuts" in said
    assert "loads: no demand has a committed rate" in said
    answers = json.dumps(answers_of("mini").to_json())
    to = ("--to", "geojson", "--out", str(tmp_path / "again"))
    assert "contains no answers.json of this version" in refused(corridor, str(run_folder), *to)
    (run_folder / "answers.json").write_text(answers)
    assert corridor("export", str(run_folder), *to)[0] == 0
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    without = json.loads(answers)
    without["map"]["fibres"] = without["map"]["fibres"][1:]
    (run_folder / "answers.json").write_text(json.dumps(without))
    lost = refused(corridor, str(run_folder), *to[:2], "--out", str(tmp_path / "x"))
    assert "answers.json: its map has no fibre " in lost
    tables = refused(corridor, "mini", *to[:2], "--out", str(tmp_path / "x"), "--tables", "t.json")
    assert "GeoJSON contains answers, not flow tables; leave out --tables" in tables
    own = refused(
        corridor, str(run_folder), "--policies", "th", *to[:2], "--out", str(tmp_path / "x")
    )
    assert "a run has its own policies and day" in own


def refused(corridor, *words):
    code, said, error = corridor("export", *words)
    assert (code, said, error.count("\n")) == (2, "", 1)
    return error


def test_mistakes_are_told_in_a_line(corridor, run_folder, tmp_path):
    to = ("--to", "walker", "--out", str(tmp_path / "new"))
    assert "say --to aalwines or geojson or walker, and --out DIR" in refused(corridor, "mini")
    assert "say --to" in refused(corridor, "mini", "--to", "walker")
    assert 'no scenario is called "mino"' in refused(corridor, "mino", *to)
    (tmp_path / "empty").mkdir()
    assert "contains no run: raw/plan.json is missing" in refused(
        corridor, str(tmp_path / "empty"), *to
    )
    own = refused(corridor, str(run_folder), "--policies", "th", *to)
    assert "a run has its own policies and day; export its scenario" in own
    (run_folder / "tables/before.json").unlink()
    said = refused(corridor, str(run_folder), *to)
    assert "run: contains no tables: tables/after.json and tables/before.json are missing" in said
    (run_folder / "raw/specification.json").write_text("{}")
    assert "is not a specification of this version" in refused(corridor, str(run_folder), *to)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_left_as_it_is(corridor, tmp_path):
    (tmp_path / "kept").write_text("mine")
    said = refused(corridor, "mini", "--to", "walker", "--out", str(tmp_path))
    assert "is not empty; name a new one" in said
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_equal_answers_are_counted(corridor, asked):
    folder, expected, answer = asked
    answer({query: one["by_our_prover"] for query, one in expected.items()})
    code, said, _ = corridor("export", "--compare", str(folder))
    assert code == 0
    total = said.splitlines()[-1].split()
    assert total == ["all", str(len(expected)), "0", "0", "0"]


def test_answers_that_differ_are_named_and_end_with_1(corridor, asked):
    folder, expected, answer = asked
    results = {query: one["by_our_prover"] for query, one in expected.items()}
    host = next(query for query, one in expected.items() if one["kind"] == "wrong host")
    answer(results | {host: True})
    code, said, _ = corridor("export", "--compare", str(folder))
    assert code == 1
    demand = expected[host]["demand"]
    line = f"differs: wrong host of {demand} (C2, C6), with up to 0 dead: ours False, theirs True"
    assert line in said
    document = json.loads(corridor("export", "--compare", str(folder), "--json")[1])
    assert document["total"]["differ"] == 1
    assert wrong("export-answer", document) == []
    assert document["differ"][0]["query"] == host


def test_undecided_and_missing_answers_are_no_difference(corridor, asked):
    folder, expected, answer = asked
    first, second, *_ = expected
    answer({first: None}, "answers-1.json")
    answer({second: expected[second]["by_our_prover"]}, "answers-2.json")
    code, said, _ = corridor("export", "--compare", str(folder))
    assert code == 0
    assert said.splitlines()[-1].split() == ["all", "1", "1", "0", str(len(expected) - 2)]


def test_a_breach_that_both_find_is_named(corridor, asked):
    folder, expected, answer = asked
    document = json.loads((folder / "expected.json").read_text())
    for one in document["questions"]:
        if one["kind"] == "wrong host" and one["demand"] == expected[one["query"]]["demand"]:
            one["by_our_prover"] = one["k"] > 0
    (folder / "expected.json").write_text(json.dumps(document))
    answer({one["query"]: one["by_our_prover"] for one in document["questions"]})
    code, said, _ = corridor("export", "--compare", str(folder))
    assert code == 0
    demands = {one["demand"] for one in document["questions"]}
    found = [line for line in said.splitlines() if line.startswith("found by both: ")]
    assert len(found) == len(demands)
    assert all("(C2, C6), with up to 1 dead" in line for line in found)


def test_a_folder_without_export_or_answers_is_refused(corridor, asked, tmp_path):
    folder, _, answer = asked
    assert "contains no answers.json" in refused(corridor, "--compare", str(folder))
    answer({})
    (folder / "expected.json").write_text('{"questions": [1]}')
    assert "is not what an export to aalwines expects" in refused(
        corridor, "--compare", str(folder)
    )
    assert "contains no export: expected.json is missing" in refused(
        corridor, "--compare", str(tmp_path)
    )
