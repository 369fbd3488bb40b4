"""Any shipped scenario under any shipped set has an answer, which says what it rests on."""

from types import SimpleNamespace
from typing import get_args

import pytest

from corridor.controller.policy.clauses.places import Service
from corridor.controller.policy.load import shipped_policies
from corridor.experiments.answers import compared
from corridor.experiments.answers.outcome import not_judged_line, statuses_counted, with_coverage
from corridor.experiments.answers.price_sets import PricedScenario
from corridor.experiments.cli import main
from corridor.experiments.commands.arguments import SERVICES
from corridor.experiments.scenario.extending import shipped_scenarios
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError

OUTSIDE_TH = """\
schema: 1
name: outside
topology: mini
policies: {policies}
as_of: 2026-11-24
demands:
  - {{id: known, class: dr, data: th-general-exempt, returns: same-class, src: bangkok, dst: guian}}
  - {{id: other, class: dr, data: {data}, returns: same-class, src: shanghai, dst: guian}}
  - {{id: bare, class: dr, src: guian, dst: karachi}}
"""


@pytest.mark.parametrize("scenario", shipped_scenarios())
@pytest.mark.parametrize("policies", shipped_policies())
def test_every_pair_serves_something_and_calls_nothing_permitted_that_is_not(scenario, policies):
    loaded = load_scenario(scenario, policies=policies)
    served = PricedScenario.of(loaded).under(loaded.policies)
    answered = [one for one in served if one.is_answered]
    assert len(answered) > len(served) / 2
    own = {entry.id for entry in loaded.policies.classes}
    for one in answered:
        for applicable_policies, taken in zip(one.rulings, one.paths, strict=True):
            by = taken.automaton.permit
            assert (by.id == "NOT-JUDGED") == (not applicable_policies.is_judged)
            if not applicable_policies.is_judged:
                assert applicable_policies.demand.data_class not in own


def write(folder, policies="th", data="cn-core-none"):
    path = folder / "outside.yaml"
    path.write_text(OUTSIDE_TH.format(policies=policies, data=data))
    return str(path)


def test_check_counts_what_is_not_judged_and_says_what_the_proof_covers(tmp_path, capsys):
    assert main(["check", write(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "outside, policy set th, as of 2026-11-24: 1 UP, 2 not covered" in said
    assert "not covered by th, in one or both directions: 2 demands" in said
    assert "1 demand states no data class, and no rule" in said


def test_check_says_which_demands_no_rule_can_cover_for_lack_of_a_class(capsys):
    assert main(["check", "mini", "--policies", "th", "--no-cache"]) == 0
    assert '6 demands state no data class, and no rule covers such data: add "data" (' in (
        capsys.readouterr().out
    )
    assert main(["check", "mini", "--no-cache"]) == 0
    assert "no data class" not in capsys.readouterr().out


def test_strict_readings_stay_to_be_had(tmp_path, capsys):
    with pytest.raises(InputError, match="--outside not-judged here"):
        load_scenario(write(tmp_path), outside="deny")
    path = write(tmp_path, data="th-general-exempt")
    assert main(["check", path, "--outside", "deny"]) == 0
    assert "2 UP, 1 BLOCKED" in capsys.readouterr().out


def test_a_class_that_nobody_describes_is_a_mistake(tmp_path):
    with pytest.raises(InputError, match='did you mean "cn-core-none"'):
        load_scenario(write(tmp_path, data="cn-cor-none"))


def test_classes_of_the_scenarios_own_set_are_known_under_any_other(tmp_path):
    own = "schema: 1\nname: own\nclasses:\n"
    own += "- {id: mine, origin: CN, sensitivity: general, basis: exempt}\n"
    (tmp_path / "own.yaml").write_text(f"{own}outside: not-judged\n")
    path = write(tmp_path, policies="own.yaml", data="mine")
    assert load_scenario(path, policies="th").policies.data_class("mine").origin == ("CN",)


def test_explain_says_that_nobody_judged_it(tmp_path, capsys):
    assert main(["explain", "other", write(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "UP, not covered: the policy set does not cover this data" in said
    assert "Reverse demand: UP, not covered, " in said
    assert "by permit" not in said


def test_statuses_are_marked_and_counted():
    assert with_coverage("UP", ()) == "UP"
    assert with_coverage("UP", ("data", "answers")) == "UP, not covered"
    assert with_coverage("ALT", ("answers",)) == "ALT, reverse demand not covered"
    each = [("UP", ()), ("UP", ("data",)), ("BLOCKED", ()), ("UP", ())]
    assert statuses_counted(each) == "2 UP, 1 not covered, 1 BLOCKED"
    assert not not_judged_line("th", [("a", ())])


def test_services_of_the_command_line_are_those_of_policies():
    assert get_args(Service) == SERVICES


def test_a_demands_own_service_comes_before_that_of_the_scenario(tmp_path):
    text = OUTSIDE_TH.format(policies="th", data="cn-core-none")
    text = text.replace("as_of:", "service: wave\nas_of:").replace(
        "{id: bare,", "{id: bare, service: internet,"
    )
    path = tmp_path / "carried.yaml"
    path.write_text(text)
    carried = [one[0].service for one in PricedScenario.of(load_scenario(str(path))).pairs]
    assert carried == ["wave", "wave", "internet"]
    asked = load_scenario(str(path), service="ip-vpn")
    assert [one[1].service for one in PricedScenario.of(asked).pairs] == [
        "ip-vpn",
        "ip-vpn",
        "internet",
    ]


def test_delays_that_are_equal_under_both_sets_are_neither_slower_nor_faster():
    both = [(10.0, 10.0), (10.0, 12.0), (12.0, 10.0), (10.0, None)]
    found = [SimpleNamespace(one_ms=a, other_ms=b, differs=a != b) for a, b in both]
    assert compared._sets_sentence(found) == (
        "4 demands: 1 then blocked, 1 slower (by up to 2 ms), 1 faster (by up to 2 ms), 1 the same"
    )
