"""Studies as they are written: what they come to, and every mistake with its line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.controller.openflow import frameworks
from corridor.experiments import cli
from corridor.experiments.study.cells import cells, conditions
from corridor.experiments.study.load import load_study
from corridor.experiments.study.worker import BESIDE, bundle_of, opened, program_digest
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import PACKAGE

SHIPPED = Path(__file__).resolve().parents[4] / "controller" / "data" / "policies"
WRITTEN = """name: buffers
scenario: mini
as_of: 2026-11-24
repeat: 2
matrix:
  network.buffer: [5ms, 40ms]
  law:
    none: {policies: none}
    th: {policies: th}
measures:
  - {id: rtt, of: "demands[ckpt-karachi].rtt_ms.p50"}
compare:
  - {id: price, axis: law, from: none, to: th}
"""


def written(tmp_path: Path, text: str = WRITTEN) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return path


def test_a_cell_is_known_by_what_it_is(tmp_path):
    study = load_study(written(tmp_path))
    found = cells(study, conditions(study), "program")
    assert len({one.id for one in found}) == 8
    assert [one.condition.levels["law"] for one in found[:4]] == ["none", "th", "none", "th"]
    assert {one.seed for one in found[:4]} == {found[0].seed}
    assert found[4].seed != found[0].seed
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = load_study(written(elsewhere, WRITTEN.replace("name: buffers", "name: other")))
    assert [one.id for one in cells(again, conditions(again), "program")] == [
        one.id for one in found
    ]
    assert not {one.id for one in cells(study, conditions(study), "new")} & {
        one.id for one in found
    }


def test_a_cell_is_of_the_framework_that_auto_means_here(tmp_path, monkeypatch):
    def cell(name, framework):
        (tmp_path / name).mkdir(exist_ok=True)
        text = WRITTEN.replace("law:\n", f"framework: [{framework}]\n  law:\n")
        study = load_study(written(tmp_path / name, text))
        return study, cells(study, conditions(study), program_digest())[0]

    study, of_auto = cell("auto", "auto")
    assert of_auto.id == cell("ryu", "ryu")[1].id
    bundle = bundle_of(of_auto, study.of, study.folder, program_digest())
    monkeypatch.setattr(frameworks, "missing", lambda _extra: ("ryu",))
    assert cell("auto", "auto")[1].id == cell("os-ken", "os-ken")[1].id != of_auto.id
    with pytest.raises(EnvironmentUnsupported, match="the same framework"):
        opened(bundle, tmp_path)


def test_a_cell_is_the_same_in_another_process():
    """Workloads hold kinds, which hold functions, whose places in memory differ."""
    study = load_study("queues")
    here = [one.digest for one in conditions(study)]
    ask = (
        "from corridor.experiments.study.cells import conditions\n"
        "from corridor.experiments.study.load import load_study\n"
        "print(*(one.digest for one in conditions(load_study('queues'))))"
    )
    said = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "PYTHONPATH": str(SHIPPED.parents[2] / ".package")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == here


def test_levels_change_the_scenario_and_nothing_else(tmp_path):
    study = load_study(written(tmp_path))
    short, lawful, long, _ = conditions(study)
    assert short.loaded.scenario.network.buffer == 5_000_000
    assert long.loaded.scenario.network.buffer == 40_000_000
    assert lawful.loaded.policies.name == "th"
    assert short.loaded.scenario.demands == long.loaded.scenario.demands


def test_days_topologies_cuts_and_loads_are_axes_too(tmp_path):
    text = """name: axes
scenario: mini
matrix:
  as_of: [2025-12-31, 2026-01-02]
  topology: [mini]
  cut: {no: {}, yes: {cuts: {fibres: [kunming-karachi]}}}
  load: {no: {}, yes: {workloads: by-class}}
measures: [{id: rtt, of: "demands[ckpt-karachi].rtt_ms.p50"}]
"""
    found = conditions(load_study(written(tmp_path, text)))
    assert len({one.digest for one in found}) == 8
    days = {one.levels["as_of"]: one.loaded.as_of.isoformat() for one in found}
    assert days == {"2025-12-31": "2025-12-31", "2026-01-02": "2026-01-02"}
    both = conditions(load_study(written(tmp_path, text + "as_of: 2026-11-24\n")))
    assert [one.digest for one in both] == [one.digest for one in found]


def test_another_day_is_another_cell(tmp_path):
    days = ("2025-12-31", "2026-11-24")
    found = [
        conditions(load_study(written(tmp_path, WRITTEN.replace("2026-11-24", day))))
        for day in days
    ]
    assert found[0][0].digest != found[1][0].digest


def test_a_cell_travels_with_the_files_it_names(tmp_path):
    own = "schema: 1\nname: own\nextends: mini\npolicies: mine.yaml\n"
    (tmp_path / "own.yaml").write_text(own)
    (tmp_path / "mine.yaml").write_text((SHIPPED / "th.yaml").read_text())
    text = WRITTEN.replace("scenario: mini", "scenario: own.yaml").replace(
        "    none: {policies: none}\n", "    none: {policies: none}\n    mine: {}\n"
    )
    study = load_study(written(tmp_path, text))
    cell = next(
        one for one in cells(study, conditions(study), "p") if one.condition.levels["law"] == "mine"
    )
    bundle = bundle_of(cell, study.of, study.folder, program_digest())
    assert set(bundle.files) == {"mine.yaml"}
    there = tmp_path / "there"
    loaded = opened(bundle, there)
    assert loaded.policies.name == cell.condition.loaded.policies.name
    with pytest.raises(EnvironmentUnsupported, match="has other values here"):
        opened(bundle._replace(digest="0"), there)
    with pytest.raises(EnvironmentUnsupported, match="not the version that began"):
        opened(bundle._replace(program="0"), there)


def test_what_does_not_lie_below_the_study_cannot_travel(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "mine.yaml").write_text((SHIPPED / "th.yaml").read_text())
    text = WRITTEN.replace("{policies: none}", "{policies: ../mine.yaml}")
    study = load_study(written(inside, text))
    first = cells(study, conditions(study), "p")[0]
    with pytest.raises(InputError, match="is not below the study"):
        bundle_of(first, study.of, study.folder, "p")


def test_a_file_that_is_too_large_to_travel_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "mine.yaml").write_text((SHIPPED / "th.yaml").read_text())
    study = load_study(
        written(tmp_path, WRITTEN.replace("{policies: none}", "{policies: mine.yaml}"))
    )
    first = cells(study, conditions(study), "p")[0]
    with (tmp_path / "mine.yaml").open("ab") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(InputError, match="64 MiB") as refused:
        bundle_of(first, study.of, study.folder, "p")
    assert "each cell takes it along" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("scenario: mini", "scenario: minni", ':2: no scenario is called "minni"'),
        ("as_of: 2026-11-24\n", "", ':2: scenario "mini" runs as of the day of the run'),
        ("[5ms, 40ms]", "[5ms, 5ms]", ':6: axis "network.buffer" has level "5ms" twice'),
        ("[5ms, 40ms]", "[]", 'axis "network.buffer" has no levels'),
        ("[5ms, 40ms]", "[5, 40]", ":6: network.buffer 5, law none: "),
        ("network.buffer:", "network.bufer:", 'unknown key "bufer"'),
        ("network.buffer:", "seed:", ":6: seeds are not an axis"),
        ("policies: th}", "policies: thh}", ":9: network.buffer 5ms, law th: "),
        ("to: th", "to: pk", ':13: no level of "law" is called "pk"'),
        ("axis: law", "axis: lawn", ':13: no axis is called "lawn"'),
        ("rtt_ms.p50", "rtt_ms..p50", "is not a key"),
        ("repeat: 2", "repeat: 0", ":4: repeat must be at least 1"),
        ("repeat: 2", "zip: [[law, buffer]]", ':4: no axis is called "buffer"'),
        ("repeat: 2", "exclude: [{law: none}, {law: th}]", ":4: all combinations are excluded"),
        ("repeat: 2", "include: [{law: th}]", ':4: includes no level of axis "network.buffer"'),
        ("repeat: 2", "expect: [{measure: rt, is: '< 5'}]", ':4: no measure is called "rt"'),
        ("repeat: 2", "expect: [{measure: rtt, is: '5'}]", '"5" is not a bound'),
        ("repeat: 2", "seeds: [3, 3]", ":4: a seed is there twice"),
        ("repeat: 2", "expect: [{measure: rtt, is: '< 1 s'}]", ':4: "rtt" is in ms, not in s'),
        (
            "repeat: 2",
            "expect: [{measure: rtt, is: '< 1', where: {law: th}}]\nexclude: [{law: th}]",
            ":4: no combination has these levels",
        ),
        (
            "repeat: 2",
            "until: {measure: rtt, compare: prize, within: 1%, most: 9}",
            ':4: no comparison is called "prize"; did you mean "price"',
        ),
        ("repeat: 2", "tables: [{id: conditions}]", ':4: "conditions" is the name of one that'),
        ("repeat: 2", "tables: [{id: a, measures: [rt]}]", ':4: no measure is called "rt"'),
        (
            "repeat: 2",
            "figures: [{id: rtt-differences, measure: rtt}]",
            ':4: "rtt-differences" is the name of one that is always there',
        ),
        ("repeat: 2", "figures: [{id: a, measure: rt}]", ':4: no measure is called "rt"'),
        (
            "repeat: 2",
            "figures: [{id: a, measure: rtt, compare: [prize]}]",
            ':4: no comparison is called "prize"',
        ),
        ("repeat: 2", "tables: [{id: a, where: {law: pk}}]", ':4: no level of "law" is called'),
        ("repeat: 2", "repeet: 2", ':4: unknown key "repeet"; did you mean "repeat"'),
    ],
)
def test_a_mistake_is_told_where_it_stands(tmp_path, old, new, said):
    assert old in WRITTEN
    path = written(tmp_path, WRITTEN.replace(old, new, 1))
    with pytest.raises(InputError) as told:
        conditions(load_study(path))
    assert said in str(told.value)
    assert str(told.value).startswith(str(path))


EVENTFUL = WRITTEN.replace(
    "th: {policies: th}",
    "th: {policies: th, timeline: [{id: dig, at: 300ms, for: 500ms, cut: guian-kunming}]}",
)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("demands[ckpt-karachi].rtt_m.p50", 'has no key "rtt_m"; did you mean "rtt_ms"?'),
        ("demands[ckpt-karachi].rtt_ms.p5", 'has no key "p5"; '),
        ("demands[ckpt-karachi].one_way_ms.forward.p5", 'has no key "p5"; '),
        ("demands[ckp].lost", 'has nothing called "ckp"; '),
        (
            "demands[ckpt-karachi].rtt_ms",
            '"demands.rtt_ms" is not a number; keys are min, mean, p50',
        ),
        ("demands.lost", " numbers; put one of sum(...)"),
        ("answers.demands[ckpt-karachi].extra", 'has no key "extra"; '),
        ("max(events[dug].hits.out_ms)", '"events" has nothing called "dug"; there are dig'),
        ("max(events[dig].hits[pisa].out_ms)", 'has nothing called "pisa"; '),
        ("account.lost.queu", 'has no key "queu"; did you mean "queue"?'),
        ("workloads.classes[ckpt].completion_ms.mean", "it has no workloads"),
    ],
)
def test_a_measure_that_no_run_can_have_is_refused_before_any_runs(tmp_path, path, said):
    text = EVENTFUL.replace("demands[ckpt-karachi].rtt_ms.p50", path)
    with pytest.raises(InputError) as told:
        conditions(load_study(written(tmp_path, text)))
    assert 'study.yaml:11: measure "rtt": ' in str(told.value)
    assert said in str(told.value)


@pytest.mark.parametrize(
    "path",
    [
        "demands[ckpt-karachi].one_way_ms.forward.p95",
        "demands[ckpt-karachi].certainty.rtt_ms.high",
        "count(demands.rtt_ms.p50 <= 20)",
        "count(events[dig].hits)",
        "max(events[dig].hits[ckpt-karachi].out_ms)",
        "account.lost.dig",
        "answers.totals.with_readings.extra_ms",
        "min(answers.demands[ckpt-karachi].extra_interval_ms)",
    ],
)
def test_a_measure_that_some_runs_can_have_is_not_refused(tmp_path, path):
    text = EVENTFUL.replace("demands[ckpt-karachi].rtt_ms.p50", path)
    assert len(conditions(load_study(written(tmp_path, text)))) == 4


def test_a_plan_lists_measures_that_only_some_conditions_can_have(tmp_path, capsys):
    text = EVENTFUL.replace("demands[ckpt-karachi].rtt_ms.p50", "count(events[dig].hits)")
    assert cli.main(["study", "plan", str(written(tmp_path, text))]) == 0
    (told,) = (line for line in capsys.readouterr().out.splitlines() if "measure" in line)
    assert told == (
        'measure "rtt" has no value in 2 of 4 conditions: '
        'a summary has no key "events": its timeline is empty'
    )


def test_what_runs_cells_is_part_of_the_program_and_what_is_left_out_is_there():
    folder = PACKAGE / "experiments"
    assert [one for one in BESIDE if not (folder / one).exists()] == []
    runs = ("one_cell", "worker", "running", "results")
    assert not any(f"study/{name}.py".startswith(BESIDE) for name in runs)
    assert all((folder / f"study/{name}.py").exists() for name in runs)
