"""Every command says which of several hubs serves a demand, and among which."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import corridor
from corridor.experiments.answers.demand_parts import AnycastSummary, anycast_lines
from corridor.experiments.answers.price import price
from corridor.experiments.answers.price_sets import PricedScenario
from corridor.experiments.cli import main
from corridor.experiments.commands.schema import _schema
from corridor.experiments.live_network.up import _opening_lines
from corridor.experiments.pages.demands import of_answers
from corridor.experiments.pages.page import live_page
from corridor.experiments.pages.run_page import network_page
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.testbeds.choice import Choice
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.documents import parse_document
from corridor.topologies.base.errors import InputError

HEAD = """\
schema: 1
name: anywhere
topology: mini
policies: own.yaml
as_of: 2026-11-24
demands:
"""
DEMAND = "- {{id: one, class: infer, data: calls, returns: same-class, src: {src}, dst: {dst}}}\n"
OWN = """\
schema: 1
name: own
classes:
- {id: calls, origin: CN, sensitivity: general, basis: exempt}
policies:
- {id: CALLS, effect: permit, match: {class: calls}}
- {id: NOT-BY-KUNMING, effect: restrict, match: {class: calls, dst: {hubs: guian}},
   hard: {avoid: {located_in: TH}, confine: [CN, PK]}}
"""
WEST = DEMAND.format(src="bangkok", dst="[guian, shanghai]")


@pytest.fixture
def written(tmp_path: Path):
    (tmp_path / "own.yaml").write_text(OWN)

    def write(demands: str = WEST, head: str = HEAD) -> str:
        path = tmp_path / "anywhere.yaml"
        path.write_text(head + demands)
        return str(path)

    return write


def test_a_scenario_is_loaded_with_the_hub_that_serves_it(written):
    (one,) = load_scenario(written()).scenario.demands
    assert one.dst == "shanghai"
    assert one.anycast is not None
    assert one.anycast.among == ("guian", "shanghai")
    assert "nearer by fibre is guian: NOT-BY-KUNMING" in one.anycast.why


def test_another_set_may_have_another_hub_serve_it(written):
    (one,) = load_scenario(written(), policies="none").scenario.demands
    assert one.dst == "guian"


@pytest.mark.parametrize(
    ("dst", "said"),
    [
        ("{role: westrn}", 'demands[0].dst.role "westrn" is not known; did you mean "western"?'),
        ("[guian, kunmin]", 'by hubs "kunmin", which is not known; did you mean "kunming"?'),
        ("{located_in: China}", 'by located_in "China", which is not known; did you mean "CN"?'),
        ("{operated_by: Acme}", 'by operated_by "Acme", which is not known'),
        ("{roles: western}", 'unknown key "roles"; did you mean "role"?'),
        ("{role: western, except: {hubs: gian}}", 'by hubs "gian", which is not known; did you'),
        ("[]", "dst names no hub: name one, or a selector of hubs"),
        ("[bangkok]", "no hub of mini but its source certainly is that"),
        ("5", 'demands[0].dst must be text, not 5; put it in quotes: "5"'),
    ],
)
def test_a_mistake_in_a_selector_is_told_with_its_line_and_a_way_out(written, dst, said):
    with pytest.raises(InputError) as told:
        load_scenario(written(DEMAND.format(src="bangkok", dst=dst)))
    assert told.value.line == HEAD.count("\n") + 1
    assert said in str(told.value)


def test_names_in_a_policy_files_selector_are_looked_up(tmp_path):
    demand = "demands:\n- {id: one, class: calls, src: guian, dst: {hubs: [shangai]}}\n"
    (tmp_path / "own.yaml").write_text(OWN + demand)
    (tmp_path / "s.yaml").write_text(HEAD + WEST)
    with pytest.raises(InputError, match=r'no hub is called "shangai"; did you mean "shanghai"'):
        load_scenario(str(tmp_path / "s.yaml"))


def test_the_plan_says_so_and_is_read_back_with_it(written):
    plan = make_plan(load_scenario(written()), clock="virtual", run_id="c0", seed=1)
    plain = to_plain(plan)
    told = plain["demands"][0]["anycast"]
    assert {**told, "why": ""} == {"among": ["guian", "shanghai"], "chosen": "shanghai", "why": ""}
    assert from_plain(Plan, json.loads(json.dumps(plain))) == plan


def test_a_demand_to_one_hub_has_nothing_of_it(written):
    asked = load_scenario(written(DEMAND.format(src="bangkok", dst="guian")))
    plan = make_plan(asked, clock="virtual", run_id="c0", seed=1)
    assert "anycast" not in to_plain(plan)["demands"][0]


def test_check_and_explain_say_which_hub_and_among_which(written, capsys):
    assert main(["check", written()]) == 0
    assert (
        "one is served by shanghai (candidates: guian, shanghai): the nearest, "
        in capsys.readouterr().out
    )
    main(["check", written(), "--json"])
    assert json.loads(capsys.readouterr().out)["anycast"]["one"]["chosen"] == "shanghai"
    main(["explain", "one", written()])
    assert "Anycast: served by shanghai" in capsys.readouterr().out
    main(["explain", "one.return", written(), "--json"])
    assert json.loads(capsys.readouterr().out)["anycast"]["among"] == ["guian", "shanghai"]


def test_answers_and_pages_say_so(written):
    answers = corridor.answers(written())
    assert answers.demands[0].anycast.chosen == "shanghai"
    assert of_answers(answers, None)[0].anycast.startswith(
        "served by shanghai (candidates: guian, shanghai)"
    )


def test_a_price_is_that_of_the_nearest_lawful_hub_under_each_set(written):
    own, base = load_scenario(written()), load_scenario(written(), policies="none")
    found = price(PricedScenario.of(base), own.policies, base.policies, search_changes=False)
    (one,) = found.demands
    assert (one.dst, one.against_dst) == ("shanghai", "guian")
    assert one.anycast is not None
    assert one.with_readings.extra_ms == pytest.approx(
        one.round_trip_ms - PricedScenario.of(base).under(base.policies)[0].round_trip_ns / 1e6
    )
    assert not one.with_readings.kept_back
    assert {(cause.costs, cause.policy) for cause in one.causes} >= {("delay", "NOT-BY-KUNMING")}


def test_prices_are_the_same_whichever_set_the_scenario_was_loaded_with(written):
    own, base = load_scenario(written()), load_scenario(written(), policies="none")
    first, second = (
        price(PricedScenario.of(one), own.policies, base.policies, search_changes=False)
        for one in (own, base)
    )
    assert first == second


def test_price_tells_who_goes_elsewhere(written, capsys):
    own = Path(written()).with_name("own.yaml")
    main(["price", written(), "--policies", str(own), "--no-changes"])
    said = capsys.readouterr().out
    assert "nearest permitted hub recomputed for 1 demand; it differs" in said
    assert "one to shanghai, not guian: " in said


def test_a_cut_says_which_hub_would_serve_once_planned_again(written, capsys):
    path = written(DEMAND.format(src="bangkok", dst="[kunming, shanghai]"))
    main(["cut", "hub:kunming", "--scenario", path])
    said = " ".join(capsys.readouterr().out.split())
    assert "Source or destination failed: one." in said
    assert "A running network keeps the hub, because packets carry its address" in said
    assert "one: shanghai instead of kunming (the nearest, " in said
    found = corridor.cut("hub:kunming", scenario=path)
    assert found.to_json()["other_hubs"][0]["chosen"] == "shanghai"
    assert corridor.cut("hub:bangkok", scenario=path).other_hubs == ()


def test_where_none_is_lawful_it_is_blocked_and_the_run_says_why(written, capsys):
    path = written(DEMAND.format(src="shanghai", dst="[guian]"))
    never = "- {id: NEVER, effect: deny, match: {class: calls, dst: {hubs: guian}}}\n"
    Path(path).with_name("own.yaml").write_text(OWN + never)
    assert main(["check", path]) == 0
    said = capsys.readouterr().out
    assert "one: BLOCKED" in said
    assert "policies allow none of 1, and it is the nearest by fibre" in said


def test_only_so_many_lines_are_printed():
    many = {f"d{n}": AnycastSummary(among=("a",) * 9, chosen="a", why="why") for n in range(20)}
    lines = anycast_lines(many).splitlines()
    assert lines[0].endswith("a and 3 more): why")
    assert lines[-1] == "and 8 more such demands"
    assert anycast_lines({"one": None}) == ""


@pytest.mark.parametrize("dst", ["guian", "[guian]", "{role: western}", "{hubs: guian}"])
def test_editors_take_what_the_program_takes(dst):
    schema = _schema("scenario")
    (demand,) = parse_document(DEMAND.format(src="bangkok", dst=dst), "x").data
    jsonschema.validate(demand, {**schema["$defs"]["DemandEntry"], "$defs": schema["$defs"]})
    policy = _schema("policy")
    ruled = {"id": "one", "class": "calls", "src": "bangkok", "dst": demand["dst"]}
    jsonschema.validate(ruled, {**policy["$defs"]["DemandEntry"], "$defs": policy["$defs"]})


def test_a_page_names_the_hub_below_the_demand(written):
    page = live_page(network_page(corridor.answers(written()), []))
    assert "served by shanghai (candidates: guian, shanghai): the nearest, " in page


def test_a_live_network_says_it_when_it_begins(written):
    said = _opening_lines(load_scenario(written()), Choice("uml", "real", "asked for"), None)
    assert "\none is served by shanghai (candidates: guian, shanghai): " in said
