"""A scenario may require disjoint paths of demands: they are proven or refused, with their cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corridor.controller.intent.specification import Specification
from corridor.experiments.cli import main
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError

HEAD = """\
schema: 1
name: apart
topology: mini
demands:
- {id: one, class: dr, src: shanghai, dst: bangkok}
- {id: two, class: dr, src: shanghai, dst: bangkok}
- {id: far, class: dr, src: guian, dst: karachi}
"""
LINES = HEAD.count("\n")


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> str:
        path = tmp_path / "disjoint.yaml"
        path.write_text(HEAD + text)
        return str(path)

    return write


def test_check_proves_it_and_says_what_it_costs(written, capsys):
    assert main(["check", written("disjoint:\n- {demands: [one, two], over: [link]}\n")]) == 0
    said = capsys.readouterr().out
    assert "C18 verified     Disjoint demands share nothing without failures." in said
    assert "19 properties verified" in said
    assert " ms RTT for disjointness" in said


def test_without_it_nothing_is_said_of_it(written, capsys):
    main(["check", written("")])
    said = capsys.readouterr().out
    assert "C18" not in said
    assert "18 properties verified" in said


def test_explain_says_what_being_disjoint_costs(written, capsys):
    path = written("disjoint:\n- {demands: [one, two], over: [link]}\n")
    main(["explain", "two", path])
    said = capsys.readouterr().out
    assert "Disjointness adds " in said
    assert "Policies add no delay" not in said
    main(["explain", "two", path, "--json"])
    assert json.loads(capsys.readouterr().out)["apart_ns"] > 0


def test_paths_in_the_plan_share_no_fibre(written):
    loaded = load_scenario(written("disjoint:\n- {demands: [one, two], over: [link]}\n"))
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    one, two, _ = plan.demands
    assert not set(one.fibres) & set(two.fibres)
    assert one.apart_ns == 0 < two.apart_ns


def test_what_is_impossible_is_refused_with_the_smallest_shared_set(written):
    disjoint = "disjoint:\n- {demands: [two, far], over: [gateway]}\n- {demands: [one, two, far]}\n"
    loaded = load_scenario(written(disjoint))
    with pytest.raises(InputError, match="to share no link, srlg, hub, gateway, and no such") as e:
        make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    assert "the smallest shared set found is" in str(e.value)
    assert "remove a kind from over" in e.value.hint
    assert (e.value.file, e.value.line) == (loaded.file, LINES + 3)


def test_one_kind_need_not_be_a_list(written):
    for over in ("link", "[link]"):
        loaded = load_scenario(written(f"disjoint:\n- {{demands: [one, two], over: {over}}}\n"))
        assert loaded.scenario.disjoint[0].over == ("link",)


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("{demands: [one, tow]}", 'no demand is called "tow"; did you mean "two"?'),
        ("{demands: [one, one.return]}", "name demands by their id; answers go with them"),
        ("{demands: [one]}", "must have at least 2 items, not"),
        ("{demands: [one, one]}", "one is given twice: name each demand once"),
        ("{demands: [one, two], over: [cable]}", '"cable" is not known; use one of link, srlg'),
        ("{demands: [one, two], over: cable}", '"cable" is not known; use one of link, srlg'),
        ("{demands: [one, two], above: [link]}", 'unknown key "above"'),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_way_out(written, group, said):
    with pytest.raises(InputError) as told:
        load_scenario(written(f"disjoint:\n- {group}\n"))
    assert told.value.line == LINES + 2
    assert said in str(told.value)


def test_it_crosses_into_a_guest_with_the_rest(written):
    loaded = load_scenario(written("disjoint:\n- {demands: [one, two], over: [link]}\n"))
    specification = specify(loaded)
    again = Specification.from_json(specification.to_json())
    assert again.disjoint == loaded.scenario.disjoint
    assert [bool(one.disjoint) for one in again.intents()] == [True] * 4 + [False] * 2
