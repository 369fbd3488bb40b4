"""Studies whose cells compute an answer: no guest, the same folder, and every mistake in a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.artifact.packing import pack
from corridor.experiments.brief.written_brief import write_brief
from corridor.experiments.study import one_cell, running
from corridor.experiments.study.cells import Cell, cells, conditions
from corridor.experiments.study.load import load_study
from corridor.experiments.study.results import StudyResults
from corridor.experiments.study.worker import Bundle, Ran, _archive, bundle_of
from corridor.topologies.analysis.failure_rates import FILE
from corridor.topologies.base.errors import InputError

WRITTEN = """name: law
scenario: mini
as_of: 2026-11-24
computes: availability
ask: {samples: 20, against: none}
seeds: [1]
matrix:
  law:
    none: {policies: none}
    th: {policies: pan-asia}
  ask.climate: [record, peace]
measures:
  - {id: minutes, of: replanned_minutes.high, unit: min}
  - {id: worst, of: "min(demands.replanned.nines)"}
  - {id: backup, of: "demands[backup-east-west].price.nines"}
  - {id: bulk, of: "services[dr].nines"}
compare:
  - {id: of-law, axis: law, from: none, to: th, measures: [minutes]}
"""


def written(folder: Path, text: str = WRITTEN) -> Path:
    path = folder / "study.yaml"
    path.write_text(text)
    return path


def in_this_process(bundle: Bundle) -> Ran:
    """As a worker does it, without a process."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cell.log").write_text("")
        state, message = one_cell._run(bundle, folder)
        return Ran(bundle.id, state, message, 1.0, "here", _archive(folder))


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> StudyResults:
    folder = tmp_path_factory.mktemp("study")
    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr(running, "run_cell", in_this_process)
        words = ["study", "run", str(written(folder)), "--out", str(folder / "out")]
        assert cli.main([*words, "--array", "1/1"]) == 0
    return StudyResults(folder / "out")


def test_cells_are_what_the_command_computes(found):
    for law, climate in (("none", "peace"), ("th", "record")):
        policies = {"none": "none", "th": "pan-asia"}[law]
        answer = corridor.availability(
            "mini", policies=policies, as_of="2026-11-24", climate=climate, samples=20
        )
        where = {"law": law, "ask.climate": climate}
        minutes = found.estimate("minutes", where).mean
        assert minutes == pytest.approx(answer.replanned_minutes.high)
        worst = min(one.replanned.nines for one in answer.demands)
        assert found.estimate("worst", where).mean == pytest.approx(worst)
        (bulk,) = (one.nines for one in answer.services if one.application == "dr")
        assert found.estimate("bulk", where).mean == pytest.approx(bulk)


def test_the_price_of_the_baseline_itself_has_no_value(found):
    by_law = {one.levels["law"]: one for one in found.answers.conditions if one.measure == "backup"}
    assert by_law["none"].estimate is None
    assert by_law["none"].without == 1
    assert by_law["th"].estimate.mean > 0
    assert found.difference("of-law", "minutes", {"ask.climate": "record"}).mean > 0
    assert not found.answers.unresolved


def test_the_folder_has_answers_and_no_runs(found, capsys):
    (cell, *_) = found.runs
    answer = json.loads((found.folder / "cells" / cell.cell / "answer.json").read_text())
    assert answer["samples"] == 20
    assert not list(found.folder.glob("cells/*/summary.json"))
    assert cli.main(["study", "show", str(found.folder), "--no-figures"]) == 0
    assert "minutes" in capsys.readouterr().out
    with pytest.raises(InputError, match="its cells are computed, and an artifact repeats runs"):
        pack(found.folder)
    with pytest.raises(InputError, match="a study of computed answers has no brief"):
        write_brief(found.folder)


def test_a_demand_that_law_blocks_has_no_value_and_is_no_mistake():
    from corridor.experiments.study.measures import parse, value_of

    answer = {"demands": [{"demand": "a", "nines": 3.0}], "unserved": ["b"]}
    assert value_of(parse("demands[a].nines"), answer) == 3
    assert value_of(parse("demands[b].nines"), answer) is None
    assert value_of(parse("sum(demands[a, b].nines)"), answer) == 3
    with pytest.raises(InputError, match='"demands" has nothing called "c"'):
        value_of(parse("demands[c].nines"), answer)


def test_a_cell_is_known_by_its_question_and_the_files_that_it_names(tmp_path):
    def ids(ask: str) -> set[str]:
        study = load_study(written(tmp_path, WRITTEN.replace("samples: 20", ask)))
        return {one.id for one in cells(study, conditions(study), "program")}

    rates = tmp_path / "rates.yaml"
    rates.write_text(FILE.read_text())
    first = ids("samples: 20, rates: rates.yaml")
    assert len(first) == 4
    assert first == ids("samples: 20, rates: rates.yaml")
    assert first.isdisjoint(ids("samples: 30, rates: rates.yaml"))
    rates.write_text(FILE.read_text().replace("low: 30, high: 45", "low: 30, high: 46"))
    assert first.isdisjoint(ids("samples: 20, rates: rates.yaml"))


@pytest.mark.parametrize("name", ["own.yaml", "sets/own.yaml"])
def test_a_cell_is_known_by_what_its_baseline_includes(tmp_path, name):
    own = tmp_path / name
    own.parent.mkdir(exist_ok=True)
    own.write_text("name: own\ntitle: own\ninclude: [other.yaml]\n")
    study = written(tmp_path, WRITTEN.replace("against: none", f"against: {name}"))

    def found() -> list[Cell]:
        of = load_study(study)
        return cells(of, conditions(of), "program")

    other = own.with_name("other.yaml")
    other.write_text("name: other\ntitle: other\n")
    (first, *_), before = found(), {one.id for one in found()}
    assert len(before) == 4
    other.write_text("name: other\ntitle: another\n")
    assert before.isdisjoint(one.id for one in found())
    of = load_study(study)
    assert {*bundle_of(first, of.of, of.folder, "").files} >= {
        name,
        str(Path(name).with_name("other.yaml")),
    }


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("computes: availability", "computes: availabilty", 'computes no "availabilty"; did', 4),
        ("computes: availability\n", "", "a study of runs asks nothing", 4),
        ("samples: 20", "sample: 20", "sample", 5),
        ("samples: 20", "samples: 5", "samples are 20 to 5,000, not 5", 5),
        ("samples: 20", "samples: lots", "samples must be a whole number, not lots", 5),
        ("samples: 20", "questions: 0", "questions are 1 or more", 5),
        ("samples: 20", "rates: no.yaml", ": no.yaml: no such file", 5),
        ("against: none", "against: nosuchset", 'no policy set "nosuchset"', 5),
        ("against: none", "against: no.yaml", ": no.yaml: no such file", 5),
        ("[record, peace]", "[record, pease]", 'no climate is called "pease"', 11),
        ("{policies: none}", "{ask: peace}", "ask contains no keys, it is peace", 11),
        ("ask.climate: [record, peace]", "b: {c: {ask: peace}}", "ask must be a mapping", 11),
        ("ask.climate: [record, peace]", "b: {c: {ask: {samples: 5}}}", "samples are 20", 11),
        ("ask.climate: [record, peace]", "b: {c: {ask: {samples: a}}}", "samples must be", 11),
        ("  ask.climate: [record, peace]", "  b:\n    c:\n      ask.samples: 5", "not 5", 13),
        ("[record, peace]", "\n  - record\n  - pease", 'no climate is called "pease"', 13),
        ("of: replanned_minutes.high", "of: replaned.high", 'the answer has no key "replaned"', 13),
        ("min(demands.replanned.nines)", "demands.replanned.nines", "leads to 6 numbers", 14),
        ("demands[backup-east-west]", "demands[backup]", "nothing called", 15),
    ],
)
def test_a_mistake_is_one_line_of_the_study(tmp_path, old, new, said, line):
    assert old in WRITTEN
    with pytest.raises(InputError) as caught:
        conditions(load_study(written(tmp_path, WRITTEN.replace(old, new, 1))))
    assert said in str(caught.value)
    assert caught.value.line == line


PLACED = """name: places
scenario: mini
as_of: 2026-11-24
computes: place
ask: {jobs: jobs.yaml, count: location, state: {mw: {tianfu: 60}}}
seeds: [1]
matrix:
  policies: [none, pan-asia]
  ask.state.mw.tianfu: [60, 0]
measures:
  - {id: emitted, of: with_law.value, unit: tCO2}
  - {id: tianfu, of: "sum(hubs[tianfu].it_mwh)", unit: MWh}
"""
JOBS = """name: jobs
hubs: [shanghai, tianfu]
state: {mw: {shanghai: 60, tianfu: 1}, pue: {shanghai: 1.2, tianfu: 1.2}}
jobs:
  - {id: train, origin: shanghai, data: cn-general-exempt, returns: same-class, it_mw: 10,
     window_h: [0, 24], hours: 24, input: 1TB, output: 1TB}
"""


def place_study(folder: Path, text: str = PLACED) -> Path:
    (folder / "jobs.yaml").write_text(JOBS)
    mini = "name: mini\nextends: sovereignty\ndemands: [{id: a, class: dr, data: cn-general-exempt,"
    mini += " returns: same-class, src: shanghai, dst: guian}]\n"
    (folder / "mini.yaml").write_text(mini)
    return written(folder, text.replace("scenario: mini", "scenario: mini.yaml"))


def test_cells_compute_placements_with_what_the_levels_state(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "run_cell", in_this_process)
    words = ["study", "run", str(place_study(tmp_path)), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--array", "1/1"]) == 0
    found = StudyResults(tmp_path / "out")
    for policies, mw in (("none", 60), ("pan-asia", 0)):
        answer = corridor.place(
            tmp_path / "jobs.yaml", count="location", mw={"tianfu": mw}, policies=policies
        )
        where = {"policies": policies, "ask.state.mw.tianfu": str(mw)}
        assert found.estimate("emitted", where).mean == pytest.approx(answer.with_law.value)
        assert found.estimate("tianfu", where).mean == (240 if mw else 0)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("count: location", "count: all", "name one of location, market, marginal"),
        ("jobs: jobs.yaml", "jobs: none.yaml", "none.yaml: no such file"),
        ("{mw: {tianfu: 60}}", "{mw: {tianfu: 60}}, hubs: [guian]", "power limit of guian"),
    ],
)
def test_a_question_of_a_placement_that_has_no_answer_is_refused(tmp_path, capsys, old, new, said):
    path = place_study(tmp_path, PLACED.replace(old, new))
    assert cli.main(["study", "plan", str(path)]) == 2
    assert said in capsys.readouterr().err


PLANNED = """name: plans
scenario: mini
as_of: 2026-11-24
computes: plan
ask: {candidates: mine.yaml, samples: 8, only: [guian-karachi, guian-bangkok]}
seeds: [1, 2]
matrix:
  ask.next: [1, 2]
  law:
    none: {policies: none}
    cities: {policies: gateway-cities}
measures:
  - {id: saved, of: plan.saves_ms}
  - {id: cost, of: "singles[guian-karachi].cost.high_musd"}
  - {id: best, of: "certainty.choices[guian-karachi].best_share"}
  - {id: nothing, of: "certainty.choices[nothing].mean_regret"}
"""
CANDIDATES = Path("examples/candidates.yaml")


def plan_study(folder: Path, text: str = PLANNED) -> Path:
    (folder / "mine.yaml").write_text(CANDIDATES.read_text())
    return written(folder, text)


def test_cells_compute_plans_under_the_law_and_limits_of_the_levels(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "run_cell", in_this_process)
    words = ["study", "run", str(plan_study(tmp_path)), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--array", "1/1"]) == 0
    found = StudyResults(tmp_path / "out")
    for most, policies in ((1, "none"), (2, "gateway-cities")):
        answers = [
            corridor.plan(
                "mini",
                most=most,
                candidates=CANDIDATES,
                only=["guian-karachi", "guian-bangkok"],
                policies=policies,
                as_of="2026-11-24",
                samples=8,
                seed=seed,
            )
            for seed in (1, 2)
        ]
        law = {"none": "none", "gateway-cities": "cities"}[policies]
        where = {"ask.next": str(most), "law": law}
        assert found.estimate("saved", where).mean == answers[0].plan.saves_ms
        assert found.estimate("cost", where).mean == 640
        shares = [
            next(each.best_share for each in one.certainty.choices if each.id == "guian-karachi")
            for one in answers
        ]
        assert found.estimate("best", where).mean == pytest.approx(sum(shares) / 2)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mine.yaml", "none.yaml", "none.yaml: no such file"),
        ("only: [guian-karachi", "only: [guian-karaci", "guian-karachi"),
        ("samples: 8", "leave_out: [x]", 'no candidate is called "x"'),
        ("samples: 8", "samples: 8, vary: [rates]", "latency does not depend on rates"),
        ("samples: 8", "by: delay", 'by "delay" is not known'),
        ("ask.next: [1, 2]", "ask.next: [1, 99]", "a plan of 99 candidates"),
    ],
)
def test_a_question_of_a_plan_that_has_no_answer_is_refused(tmp_path, capsys, old, new, said):
    assert old in PLANNED
    path = plan_study(tmp_path, PLANNED.replace(old, new))
    assert cli.main(["study", "plan", str(path)]) == 2
    complained = capsys.readouterr().err
    assert said in complained
    assert "study.yaml:" in complained


ROUTED = """name: routed
scenario: mini
as_of: 2026-11-24
computes: routing
ask: {cuts: [guian-kunming]}
seeds: [1]
matrix:
  ask.protocols: [ospf, ospf-bgp]
measures:
  - {id: forbidden, of: verdicts.forbidden}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[guian-kunming]", "[guian-kuming]", '"guian-kuming"'),
        ("[guian-kunming]", "[hub:guian]", "is not a fibre or shared-risk group"),
        ("[ospf, ospf-bgp]", "[ospf, rip]", "ask.protocols rip"),
        ("ask: {", "ask: {probe_interval_ms: 1, ", "1 ms between probes are too few"),
    ],
)
def test_a_question_of_plain_routing_that_has_no_answer_is_refused(
    tmp_path, capsys, old, new, said
):
    assert old in ROUTED
    assert cli.main(["study", "plan", str(written(tmp_path, ROUTED.replace(old, new)))]) == 2
    complained = capsys.readouterr().err
    assert said in complained
    assert "study.yaml:" in complained
