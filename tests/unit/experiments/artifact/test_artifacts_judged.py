"""How far off a value may be, which runs are repeated, and what a check comes to."""

from __future__ import annotations

import json

import pytest

from corridor.experiments.artifact import description as about_file
from corridor.experiments.artifact.archive import faults, parse, written
from corridor.experiments.artifact.description import About, chosen
from corridor.experiments.artifact.expected import (
    Expected,
    ExpectedRun,
    from_json,
    held,
    of_study,
    parse_tolerance,
    to_json,
)
from corridor.experiments.artifact.verdict import (
    Check,
    Environment,
    RunAgain,
    Verdict,
    difference,
    differences,
    fits,
    lines,
    of_runs,
)
from corridor.experiments.study.answers import RunValues
from corridor.experiments.study.study_file import StudyFile
from corridor.topologies.base.errors import InputError

HERE = Environment("p", "corridor 1", "3.13", {"version": "7", "config_hash": "c"}, {"a": "1"}, {})
MANIFEST = {
    "versions": {"a": "1"},
    "guest_kernel": {"version": "7", "config_hash": "c"},
    "machine": {"python": "3.13"},
}


def study(**more) -> StudyFile:
    measures = [{"id": "rtt", "of": "demands[a].rtt_ms.p50"}, {"id": "lost", "of": "account.lost"}]
    said = {"name": "x", "scenario": "mini", "matrix": {"law": ["none", "th"]}}
    return StudyFile.model_validate({**said, "measures": measures, **more})


def runs(*lost: float) -> list[RunValues]:
    return [
        RunValues(f"c{n}", {"law": "th"}, n, "valid", "", {"rtt": 20.0, "lost": one})
        for n, one in enumerate(lost)
    ]


def expected(of: StudyFile, *lost: float, asked=()) -> list[Expected]:
    took_s = {f"c{n}": 9.0 for n in range(len(lost))}
    found = of_study(of, runs(*lost), took_s, dict(map(parse_tolerance, asked)))
    return found[0].values


def summary(rtt: float | None, lost: float) -> dict:
    return {"demands": [{"id": "a", "rtt_ms": {"p50": rtt}}], "account": {"lost": lost}}


def outcomes(wanted: list[Expected], rtt: float | None, lost: float, *, here: bool) -> list[str]:
    return [one.outcome for one in held(wanted, summary(rtt, lost), here=here)]


def test_in_the_virtual_clock_and_the_same_environment_nothing_may_differ():
    wanted = expected(study(), 10, 12)
    assert outcomes(wanted, 20.0, 10, here=True) == ["exact", "exact"]
    assert outcomes(wanted, 20.000256, 11, here=True) == ["off", "off"]


def test_in_another_environment_ticks_and_other_losses_are_allowed():
    wanted = expected(study(), 10, 12)
    assert outcomes(wanted, 20.0026, 14, here=False) == ["within", "within"]
    assert outcomes(wanted, 20.1, 15, here=False) == ["off", "off"]


def test_in_the_real_clock_milliseconds_are_allowed_also_here():
    wanted = expected(study(clock="real", testbed="native"), 10)
    assert outcomes(wanted, 22.9, 10.9, here=True) == ["within", "within"]
    assert outcomes(wanted, 23.1, 11.1, here=True) == ["off", "off"]


def test_a_value_that_was_there_is_to_be_there_again():
    wanted = expected(study(), 10)
    assert outcomes(wanted, None, 10, here=False) == ["off", "exact"]
    assert held(wanted, {"demands": []}, here=False)[0].outcome == "off"


def test_who_packs_may_say_how_much():
    wanted = expected(study(), 10, asked=["rtt=1", "lost=50%"])
    assert [one.elsewhere for one in wanted] == [1.0, 5.0]
    assert [one.here for one in wanted] == [0.0, 0.0]
    with pytest.raises(InputError, match='no measure is called "rtx"'):
        expected(study(), 10, asked=["rtx=1"])


@pytest.mark.parametrize("text", ["", "rtt", "rtt=", "=1", "rtt=-1", "rtt=inf", "rtt=x%"])
def test_what_is_no_tolerance_is_told(text):
    with pytest.raises(InputError, match="is not a tolerance"):
        parse_tolerance(text)


def test_expectations_come_back_as_they_were_written():
    wanted = [ExpectedRun("c", "t", "q", 1.0, expected(study(), 10))]
    assert from_json(json.loads(json.dumps(to_json(wanted))), "f") == wanted
    with pytest.raises(InputError):
        from_json([{"cell": 1}], "f")


def of(cell: str, condition: str, took_s: float) -> ExpectedRun:
    return ExpectedRun(cell, cell, condition, took_s, [])


def test_each_condition_is_repeated_before_any_twice():
    given = [of("a", "one", 10), of("b", "one", 10), of("c", "two", 10), of("d", "two", 10)]
    assert [one.cell for one in chosen(given, 30)] == ["a", "c", "b"]
    assert chosen(given[::-1], 30) == chosen(given, 30)


def test_what_takes_too_long_gives_way_and_one_is_always_repeated():
    assert [one.cell for one in chosen([of("a", "one", 1e9), of("b", "two", 1)])] == ["a"]
    assert [
        one.cell for one in chosen([of("a", "1", 5), of("b", "2", 99), of("c", "3", 5)], 10)
    ] == [
        "a",
        "c",
    ]


def test_environments_differ_by_any_package_or_kernel():
    assert differences(HERE, HERE) == []
    other = HERE._replace(packages={"a": "2"}, kernel=None)
    assert differences(HERE, other) == ["a 2 instead of 1", "guest kernel none instead of 7 c"]
    more = HERE._replace(packages={"a": "1", "b": "1"})
    assert differences(HERE, more) == ["b 1 instead of none"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("versions", {"a": "2"}),
        ("guest_kernel", None),
        ("guest_kernel", {"version": "7", "config_hash": "d"}),
        ("machine", {"python": "3.12"}),
    ],
)
def test_runs_of_elsewhere_do_not_fit_this_environment(key, value):
    assert fits(HERE, [MANIFEST])
    assert not fits(HERE, [MANIFEST, {**MANIFEST, key: value}])


def test_sums_are_those_that_sha256sum_reads():
    digests = {"b": "0" * 64, "a b": "1" * 64}
    assert parse(written(digests)) == digests
    assert written(digests).splitlines()[0] == f"{'1' * 64}  a b"
    for text in ("x\n", f"{'0' * 64} b\n", written(digests) * 2):
        with pytest.raises(InputError):
            parse(text)
    assert [one.state for one in faults({"a": "1", "b": "2"}, {"b": "3", "c": "4"})] == [
        "missing",
        "spoilt",
        "surplus",
    ]


@pytest.mark.parametrize(
    ("name", "one", "other", "says"),
    [
        ("a.json", '{"a": [1, 2]}', '{"a": [1, 3]}', "a[1] is 2, and 3"),
        ("a.json", '{"a": 1}', "{}", "a is not there"),
        ("a.json", '{"a": 1.0000000000001, "version": "1"}', '{"a": 1, "version": "2"}', ""),
        ("a.json", '{"a": true}', '{"a": 1}', "a is true, and 1"),
        ("a.tex", "% by one\nx\n", "% by another\nx\n", ""),
        ("a.csv", "x\ny\n", "x\n", 'has "y", and ""'),
    ],
)
def test_files_that_say_the_same_are_equal_and_others_are_told_apart(
    tmp_path, name, one, other, says
):
    for folder, text in (("one", one), ("other", other)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    found = difference(tmp_path / "one" / name, tmp_path / "other" / name)
    assert found.startswith(says)
    assert bool(found) == bool(says)


def about() -> About:
    lists = {"machines": [], "kernels": [], "left_out": [], "check": [], "answers": []}
    lists |= {"assumptions": [], "sources": []}
    texts = dict.fromkeys(("title", "question", "scenario", "made_by", "program"), "x")
    said = {"kind": "study", "name": "x", "clock": "virtual", "runs": 2, "took_s": 9}
    return about_file.from_json({**said, **texts, **lists, "check_took_s": 9, "schema": 1}, "f")


def verdict(*found: str) -> Verdict:
    names = ("files", "values", "runs")
    checks = [Check(name, state, "said") for name, state in zip(names, found, strict=True)]
    return Verdict(about(), "0", "corridor 1", [], checks, [])


@pytest.mark.parametrize(
    ("found", "code", "says"),
    [
        (("holds", "holds", "holds"), 0, "Verified."),
        (("holds", "holds", "not looked at"), 0, "Verified, without runs."),
        (("holds", "holds", "cannot be told"), 3, "runs cannot be checked on this machine"),
        (("holds", "does not hold", "not looked at"), 1, "Not verified: values."),
        (("does not hold", "cannot be told", "not looked at"), 1, "Not verified: files."),
    ],
)
def test_a_verdict_ends_with_its_code(found, code, says):
    one = verdict(*found)
    assert one.code == code
    assert says in list(lines(one))[-1]


def again(state: str = "valid", outcome: str = "exact") -> RunAgain:
    wanted = expected(study(), 10)
    values = [one._replace(outcome=outcome) for one in held(wanted, summary(20, 10), here=True)]
    return RunAgain("c", "seed 1", state, "why", 1.0, True, values if state == "valid" else [])


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (again(), "holds"),
        (again(outcome="within"), "holds"),
        (again(outcome="off"), "does not hold"),
        (again("failed"), "does not hold"),
        (again("invalid"), "cannot be told"),
        (again("unable"), "cannot be told"),
    ],
)
def test_runs_again_hold_or_not(run, state):
    found = of_runs([again(), run], [], 2)
    assert found.state == state
    assert bool(found.problems) == (state != "holds")


def test_another_environment_is_named():
    assert "the environment is another: numpy 2" in of_runs([again()], ["numpy 2"], 1).said


def test_artifacts_of_another_schema_are_refused():
    with pytest.raises(InputError, match="schema 2"):
        about_file.from_json({"schema": 2}, "f")
    with pytest.raises(InputError, match="not an artifact of this version"):
        about_file.from_json([], "f")
