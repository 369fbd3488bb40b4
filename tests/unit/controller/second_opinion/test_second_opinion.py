"""The second opinion: what it reads, how it follows packets, and its verdict on a proof.

A mistake in the evaluator that compiler and proof share is noticed by the second opinion.
"""

from __future__ import annotations

import ast
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import corridor
from corridor.controller.policy.clauses import CLAUSES
from corridor.controller.policy.clauses.elements import Selector
from corridor.controller.policy.model import Hard
from corridor.controller.second_opinion import OF_A_RUN, Declared, Sample, compare
from corridor.controller.second_opinion.clause_registry import OBJECTIONS
from corridor.controller.second_opinion.evaluator import Evaluator
from corridor.controller.second_opinion.journey import everything, journey_of
from corridor.controller.second_opinion.packet_check import failure_sets
from corridor.controller.second_opinion.packets import Packet, sent_by_host, switches_of
from corridor.controller.second_opinion.selectors import KEYS, Places, selects, speaks_of
from corridor.controller.second_opinion.walker import Walk, Walker
from corridor.experiments.cli import main
from corridor.experiments.lab.dumps import as_compiled
from corridor.experiments.lab.proof import prove_compiled, prove_run
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.memory import forget
from corridor.topologies.model.wiring import wire
from evaluator_mutants import MISTAKES
from policy_lab import fibre, hub, network
from second_opinion_lab import written

ROOM = Path(__file__).parents[4] / "controller" / "second_opinion"
ITS_OWN = (
    "corridor.controller.second_opinion",
    "corridor.topologies.base",
    "corridor.topologies.model",
)
TYPES_ONLY = "corridor.controller.intent.specification"
"""What is declared, as it is given."""
DAY = date(2026, 6, 1)


# The check itself.


def test_it_imports_nothing_that_it_judges() -> None:
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else ""
            if module and module.startswith("corridor") and module != TYPES_ONLY:
                assert module.startswith(ITS_OWN), f"{path.name} imports {module}"


def test_it_knows_every_clause_that_policies_may_have() -> None:
    assert set(OBJECTIONS) == {kind.kind for kind in CLAUSES.values()} | {"max_one_way"}
    assert set(OBJECTIONS) == set(Hard.model_fields)


def test_it_knows_every_key_that_selectors_may_have() -> None:
    assert set(Selector.keys()) == KEYS
    for element in (hub("a", "CN"), fibre("a-b", 1)):
        for name, key in Selector.keys().items():
            assert speaks_of(name, element) == (type(element) in key.of), name


def test_data_of_a_class_that_nobody_describes_goes_nowhere_where_policies_ask_for_it() -> None:
    demand = {"id": "d", "class": "y", "src": "a", "dst": "b"}
    for match, why in (({}, ""), ({"origin": "CN"}, "no policy defines data class y")):
        said = {"policies": [{"id": "P", "effect": "permit"}], "outside": "deny"}
        said["policies"] += [{"id": "R", "effect": "restrict", "match": match, "hard": {"hops": 9}}]
        assert Evaluator(said, LINE, DAY).rules_of(demand).allows_nothing == why


def test_what_it_has_no_word_for_is_broken() -> None:
    line = network([hub("a", "CN"), hub("b", "PK")], [fibre("a-b", 1)])
    journey = journey_of(line, ["a", "b"], ["a-b"])
    for hard in (
        {"newer": 1},
        {"avoid": {"weather": "rain"}},
        {"confine": {"within": "CN", "by": "x"}},
    ):
        verdict = _rules(line, [{"id": "P", "effect": "permit", "hard": hard}]).verdict(journey)
        assert not verdict.lawful
        assert "knows no" in verdict.reason
    newer = {"id": "D", "effect": "deny", "match": {"src": {"weather": "rain"}}}
    assert _rules(line, [{"id": "P", "effect": "permit"}, newer]).allows_nothing == "D denies it"


# Whole paths.

LINE = network(
    [
        hub("a", "CN", role="western"),
        hub("b", "HK", intl_gateway=True),
        hub("c", "XX"),
        hub("d", "PK", role="foreign"),
    ],
    [
        fibre("a-b", 1, system="one", srlgs=["cable:one"], operated_by="Delta"),
        fibre("b-c", 1, may_cross=[{"code": "IN"}]),
        fibre("c-d", 1, crosses=["TH"], operated_by="Alpha and partners"),
        fibre("a-d", 1, operated_by="Beta", status="planned", confidence="unsure"),
    ],
)
LONG, SHORT = (("a", "b", "c", "d"), ("a-b", "b-c", "c-d")), (("a", "d"), ("a-d",))


@pytest.mark.parametrize(
    ("hard", "long_is", "short_is"),
    [
        ({}, True, True),
        ({"confine": ["CN", "PK"]}, False, True),
        ({"confine": {"status": "in-service"}}, True, False),
        ({"avoid": {"located_in": "SG"}}, False, True),
        ({"avoid": {"located_in": "SG", "except": {"hubs": "c"}}}, True, True),
        ({"avoid": {"crosses": "IN"}}, False, True),
        ({"avoid": {"cables": "one"}}, False, True),
        ({"avoid": {"confidence": "unsure"}}, True, False),
        ({"via": [{"confidence": "unsure"}]}, False, True),
        ({"avoid": {"any_of": {"medium": "terrestrial", "operated_by": "Beta"}}}, False, False),
        ({"avoid": {"operated_by": "Gamma"}}, False, True),
        ({"avoid": {"operated_by": "Gamma", "unknown_operator": "accept"}}, True, True),
        ({"avoid": {"operated_by": "Alpha", "unknown_operator": "accept"}}, False, True),
        ({"terminate": {"only": "PK"}}, True, True),
        ({"terminate": {"only": "HK"}}, False, False),
        ({"waypoints": [{"any_of": "gateways"}]}, True, False),
        ({"waypoints": [{"any_of": "gateways", "before": "border"}]}, False, False),
        ({"via": [{"hubs": "b"}]}, True, False),
        ({"via": ["gateways", {"operated_by": "Alpha"}]}, True, False),
        ({"via": [{"operated_by": "Alpha"}, "gateways"]}, False, False),
        ({"via": [{"any_of": {"role": "western"}, "before": "border"}]}, True, True),
        ({"no_return": "HK"}, False, True),
        ({"no_return": "PK"}, False, True),
        ({"path": "a .* d"}, True, True),
        ({"path": "CN <one>@gateway . d"}, True, False),
        ({"path": "(. !HK|a HK . .)"}, True, True),
        ({"path": ".{2}"}, False, True),
        ({"path": ". .? (!CN)+ d"}, False, False),
        ({"hops": 2}, False, True),
        ({"borders": 0}, False, False),
        ({"borders": {"most": 1}}, False, True),
        ({"borders": 4}, False, True),
        ({"borders": 5}, True, True),
        ({"max_one_way": "2ms"}, False, True),
    ],
)
def test_a_whole_path_is_lawful_or_not(hard: dict[str, Any], long_is: bool, short_is: bool) -> None:
    rules = _rules(LINE, [{"id": "P", "effect": "permit", "hard": hard}])
    for (hubs, fibres), lawful in ((LONG, long_is), (SHORT, short_is)):
        journey = journey_of(LINE, hubs, fibres).through_every_gateway()
        verdict = rules.verdict(journey)
        assert verdict.lawful == lawful, f"{journey}: {verdict}"
        assert verdict.permits == (("P",) if lawful else ())


def test_a_gateway_that_is_not_passed_serves_no_waypoint() -> None:
    asks = {"id": "P", "effect": "permit", "hard": {"waypoints": [{"any_of": "gateways"}]}}
    rules = _rules(LINE, [asks])
    assert rules.verdict(journey_of(LINE, *LONG, inspected=[1])).lawful
    assert not rules.verdict(journey_of(LINE, *LONG, inspected=[0, 2, 3])).lawful


def test_what_a_path_on_may_mend_is_not_held_against_a_path() -> None:
    hard = {
        "waypoints": [{"any_of": "gateways"}],
        "terminate": {"only": "PK"},
        "path": ". @gateway . d",
    }
    rules = _rules(LINE, [{"id": "P", "effect": "permit", "hard": hard}])
    begun = journey_of(LINE, ["a", "b"], ["a-b"]).going_on()
    assert rules.verdict(begun).lawful
    assert not rules.verdict(begun.delivered()).lawful
    assert not rules.verdict(journey_of(LINE, *SHORT).going_on()).lawful


def test_every_key_of_a_selector_speaks_of_hubs_or_of_fibres() -> None:
    values = {"gateway": True, "crosses": "TH", "operated_by": "Beta", "status": "planned"}
    for key in KEYS:
        answers = [
            selects({key: values.get(key, "a-d")}, element, Places({}))
            for element in (*LINE.hubs, *LINE.fibres)
        ]
        assert False in answers, key


def _rules(topology: Any, policies: list[dict[str, Any]]) -> Any:
    said = {"id": "x", "origin": "CN"}
    demand = {"id": "d", "class": "x", "src": topology.hubs[0].id, "dst": topology.hubs[-1].id}
    policies_of = {"classes": [said], "outside": "deny", "policies": policies}
    return Evaluator(policies_of, topology, DAY).rules_of(demand)


# Packets.

PAIR = network(
    [hub("a", "CN"), hub("b", "CN"), hub("c", "PK")],
    [fibre("a-b", 1), fibre("b-c", 1), fibre("a-c", 1)],
)
WIRING = wire(PAIR, gateways=frozenset({"b"}))


def _flow(table: int, actions: list[list[Any]], goto: int | None = None, **match: Any) -> Any:
    done = [{"kind": kind, "arguments": list(rest)} for kind, *rest in actions]
    priority = match.pop("priority", 100)
    return {
        "table": table,
        "priority": priority,
        "match": sorted(match.items()),
        "actions": done,
        "goto": goto,
    }


PUSH = _flow(0, [["push_label", 7], ["group", 1]], in_port=1)
BACKED = {
    "id": 1,
    "buckets": [
        {"watch_port": 3, "watch_group": None, "actions": [{"kind": "output", "arguments": [3]}]},
        {"watch_port": 2, "watch_group": None, "actions": [{"kind": "output", "arguments": [2]}]},
    ],
}
DELIVER = _flow(0, [["pop_label"], ["output", 1]], mpls_label=7, eth_type=0x8847)
INSPECT = [
    _flow(0, [["output", 1001]], in_port=2),
    _flow(0, [["decrement_label_ttl"], ["output", 3]], in_port=1002),
]


def _walk(held: dict[str, Any], *dead: tuple[str, int]) -> Walk:
    said = {
        "switches": {"a": [PUSH], "b": INSPECT, "c": [DELIVER], **held},
        "groups": {"a": [BACKED]},
    }
    packet = sent_by_host(WIRING.hub("a"), WIRING.hub("c"), {})
    return Walker(switches_of(said), WIRING).walk(("a", 1), packet, frozenset(dead))


def test_a_packet_takes_the_first_live_bucket() -> None:
    assert (_walk({}).hubs, _walk({}).delivered_to) == (["a", "c"], "c")
    assert ("a", 3) in _walk({}).relied_on


def test_a_packet_goes_round_what_is_dead_and_through_a_gateway() -> None:
    walk = _walk({}, ("a", 3))
    assert (walk.hubs, walk.fibres, walk.inspected) == (["a", "b", "c"], ["a-b", "b-c"], {1})
    assert (walk.visits, walk.delivered_to) == (["a", "b", "b", "c"], "c")


@pytest.mark.parametrize(
    ("held", "dead", "why"),
    [
        ({}, [("a", 2), ("a", 3)], "a has no live bucket in group 1"),
        ({}, [("a", 3), ("b", 1001)], "b sends it to port 1001, which is dead"),
        ({"c": []}, [], "c table 0 has no entry for it"),
        ({"c": [_flow(0, [], in_port=3)]}, [], "c table 0 drops it"),
        ({"c": [DELIVER, _flow(0, [], in_port=3)]}, [], "c table 0 chooses by chance"),
        ({"c": [_flow(0, [["output", 3]])]}, [], "c would send it back by port 3"),
        ({"c": [_flow(0, [["output", 9]])]}, [], "c sends it to port 9, which is dead"),
        ({"c": [_flow(0, [["output", 1], ["output", 2]])]}, [], "c makes 2 packets of it"),
        (
            {"c": [_flow(0, [["pop_label"], ["pop_label"]])]},
            [],
            "c has an action that would pop what is not there",
        ),
        (
            {"c": [_flow(0, [["set_field", "ipv4_src", "1.1.1.1"]])]},
            [],
            "c has an action that would set ipv4_src",
        ),
        ({"c": [_flow(0, [["flood"]])]}, [], "c has an action flood"),
        ({"c": [_flow(0, [["output", 1]])]}, [], "with a label"),
        (
            {"c": [_flow(0, [["in_port"]])], "a": [PUSH, _flow(0, [["in_port"]], in_port=3)]},
            [],
            "it loops",
        ),
    ],
)
def test_a_packet_that_goes_no_further_says_why(held: Any, dead: Any, why: str) -> None:
    walk = _walk(held, *dead)
    assert why in walk.end


def test_a_label_is_spent() -> None:
    aged = Packet({"eth_type": 0x0800}).pushed(7)
    for _ in range(254):
        aged = aged.aged()
    with pytest.raises(Exception, match="TTL"):
        aged.aged()


def test_a_higher_priority_goes_before_a_lower() -> None:
    low = _flow(0, [["output", 1]], priority=1)
    assert _walk({"c": [DELIVER, low]}).end == ""


# What is tried.


def test_nothing_fails_first_then_all_single_failures_then_some_sets() -> None:
    names = everything(PAIR, ["b"], ("link", "hub", "gateway"))
    assert names == (
        *("link:a-b", "link:b-c", "link:a-c", "hub:a", "hub:b", "hub:c"),
        "gateway:b",
    )
    sets = list(failure_sets(names, 1, Sample(sets=5)))
    assert sets[:8] == [(), *((name,) for name in names)]
    assert [len(one) for one in sets[8:]] == [2] * 5
    assert sets == list(failure_sets(names, 1, Sample(sets=5)))
    assert sets != list(failure_sets(names, 1, Sample(sets=5, seed=2)))
    assert len(list(failure_sets(names, 1, Sample(singles=2, sets=0)))) == 3


# What a proof tells.


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    loaded = load_scenario(str(written(tmp_path_factory.mktemp("lab"))))
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    judged_by = specify(loaded)
    proof = prove_compiled(plan, judged_by)
    return Declared.of(judged_by), as_compiled(plan).said, plan.wiring, proof.to_json()


def test_a_proof_that_tells_the_truth_is_agreed_with(laid: tuple[Any, ...]) -> None:
    opinion = compare(*laid)
    assert opinion.agrees, str(opinion)
    assert (opinion.demands, opinion.witnesses, opinion.counterexamples) == (50, 2, 0)
    assert opinion.walks > 500
    assert opinion.paths > 50
    assert "independent check: agrees" in str(opinion)


def test_a_witness_that_is_lawful_is_none(laid: tuple[Any, ...]) -> None:
    declared, said, wiring, proof = laid
    other = {
        "policy": "NO-RU",
        "demand": "restricted",
        "hubs": ["west", "kar"],
        "fibres": ["by-ru"],
    }
    for change, reason in (
        (
            {"hubs": ["west", "gate", "kar"], "fibres": ["west-gate", "gate-kar"]},
            "does not forbid it",
        ),
        ({"demand": "mixed"}, "without NO-RU still"),
        ({"hubs": [], "fibres": []}, "NO-RU does not deny it"),
    ):
        told = {**proof, "witnesses": [other | change]}
        found = compare(declared, said, wiring, told, OF_A_RUN).disagreements
        assert found[0].kind == "witness"
        assert any(reason in one.reason for one in found), found


def test_a_counterexample_of_a_broken_claim_is_agreed_with(tmp_path: Path) -> None:
    """Tables of a map without crossings, held against the map with them."""
    scenario = written(tmp_path)
    topology = tmp_path / "lab-topology.yaml"
    whole = topology.read_text()
    topology.write_text(
        whole.replace(", crosses: [RU]", "").replace(", may_cross: {RU: a strait}", "")
    )
    plan = make_plan(load_scenario(str(scenario)), clock="virtual", run_id="c0", seed=1)
    topology.write_text(whole)
    judged_by = specify(load_scenario(str(scenario)))
    proof = prove_compiled(plan, judged_by).to_json()
    opinion = compare(Declared.of(judged_by), as_compiled(plan).said, plan.wiring, proof, OF_A_RUN)
    assert opinion.counterexamples > 0
    assert {one.kind for one in opinion.disagreements} >= {"unlawful path"}
    assert "counterexample" not in {one.kind for one in opinion.disagreements}
    told = next(one for one in proof["verdicts"] if one["claim"] == "C5")
    for change, reason in (
        ({"demand": "ends.return from kar to west"}, "calls it forbidden"),
        ({"hops": [*told["counterexample"]["hops"], {"hub": "lost"}]}, "reported is"),
    ):
        other = {**told, "counterexample": {**told["counterexample"], **change}}
        given = {"verdicts": [other], "witnesses": []}
        found = compare(
            Declared.of(judged_by), as_compiled(plan).said, plan.wiring, given, OF_A_RUN
        )
        wrong = [one for one in found.disagreements if one.kind == "counterexample"]
        assert wrong, (change, told)
        assert reason in wrong[0].reason


# Asking for it.


def test_check_says_so_and_so_does_its_json(tmp_path: Path, capsys: Any) -> None:
    scenario = str(written(tmp_path))
    assert main(["check", scenario, "--second-opinion", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["second_opinion"]
    assert said["agrees"]
    assert said["disagreements"] == []
    assert main(["check", scenario, "--json"]) == 0
    assert "second_opinion" not in json.loads(capsys.readouterr().out)
    assert main(["check", scenario, "--second-opinion"]) == 0
    assert "independent check: agrees" in capsys.readouterr().out


def test_every_run_keeps_one_beside_its_proofs(tmp_path: Path) -> None:
    loaded = load_scenario(str(written(tmp_path)))
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    (tmp_path / "tables").mkdir()
    said = as_compiled(plan).said
    for name in ("before", "after"):
        (tmp_path / "tables" / f"{name}.json").write_text(json.dumps(said))
        prove_run(tmp_path, plan, specify(loaded))
        kept = json.loads((tmp_path / "proof.json").read_text())["second_opinion"]
        assert kept["agrees"]
        assert OF_A_RUN.sets < kept["failure_sets"] <= 1 + OF_A_RUN.singles + OF_A_RUN.sets
    said["switches"].pop("kar")
    (tmp_path / "tables" / "before.json").write_text(json.dumps(said))
    prove_run(tmp_path, plan, specify(loaded))
    differs = json.loads((tmp_path / "proof.json").read_text())["second_opinion"]
    assert not differs["agrees"]
    assert {"kind", "demand", "failures", "path", "reason"} == differs["disagreements"][0].keys()


def test_check_judges_a_dump_too(tmp_path: Path, capsys: Any) -> None:
    scenario = written(tmp_path)
    plan = make_plan(load_scenario(str(scenario)), clock="virtual", run_id="c0", seed=1)
    said = as_compiled(plan).said
    said["switches"]["kar"] = [one for one in said["switches"]["kar"] if one["table"] != 4]
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps(said))
    assert main(["check", str(scenario), "--second-opinion", "--tables", str(dump)]) == 1
    told = capsys.readouterr().out
    assert "not blocked, restricted" in told
    assert "kar table 4 has no entry for it" in told


def test_python_asks_for_the_same(tmp_path: Path) -> None:
    opinion = corridor.second_opinion(written(tmp_path), sample=OF_A_RUN)
    assert opinion.agrees


@pytest.fixture
def nothing_remembered():
    """Of what was ruled with a mistake, or without."""
    forget()
    yield
    forget()


@pytest.mark.usefixtures("nothing_remembered")
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_that_a_proof_shares_is_noticed(name, tmp_path, capsys, monkeypatch):
    scenario = written(tmp_path)
    MISTAKES[name](monkeypatch)
    code = main(["check", str(scenario), "--second-opinion"])
    said = capsys.readouterr().out
    assert " violated  " not in said, said
    assert "independent check: differs" in said, said
    assert code == 1
