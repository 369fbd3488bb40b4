"""What a run under a controller of the user's own refuses beforehand, and how it is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import corridor
from corridor.experiments.account.proof_document import ProofDocument
from corridor.experiments.account.transit_check import ALWAYS, TransitChecker, judge
from corridor.experiments.answers.document import Answers
from corridor.experiments.artifact.verifying import _problem_of_inputs
from corridor.experiments.pages.claims import broken_or_unproven, claims_of
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.run.options import Options
from corridor.experiments.run.own_controller import own_app, steered_by_own, warned_of
from corridor.experiments.run.runner import replay, run_scenario
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.comparison_text import told_runs
from corridor.experiments.text.verdict import holds
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError
from corridor.traffic.agents.transits import Seen, SeenFlow
from typed_summary import changed, made, typed

EXAMPLES = Path(__file__).resolve().parents[4] / "examples"
EVENT = """
extends: mini
name: asked
timeline:
- {{id: one, at: 500ms, {event}}}
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.py", r"nowhere\.py: no such file"),
        ("my app", 'no app of a controller can be called "my app"; name a module'),
        ("bad.py", r"bad\.py:1: is not Python: '\(' was never closed; correct it"),
    ],
)
def test_what_is_no_app_is_refused_before_anything_runs(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.py").write_text("x = (", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said):
        run_scenario(Options(scenario="mini", controller=name))
    assert [path.name for path in tmp_path.iterdir()] == ["bad.py"], "a result folder was made"


def test_python_names_an_app_too() -> None:
    with pytest.raises(InputError, match=r"nowhere\.py: no such file"):
        corridor.Lab("mini", controller="nowhere.py").run("1s")


@pytest.mark.parametrize("event", ["for: 1s, drain: guian-kunming", "for: 1s, kill: controller"])
def test_events_that_ask_the_controller_are_refused(event: str, tmp_path: Path) -> None:
    scenario = tmp_path / "asked.yaml"
    scenario.write_text(EVENT.format(event=event), encoding="utf-8")
    with pytest.raises(InputError, match="is asked of the product's controller; leave it out"):
        steered_by_own(load_scenario(str(scenario)))


def test_faults_are_not_followed(tmp_path: Path) -> None:
    scenario = tmp_path / "asked.yaml"
    scenario.write_text(EVENT.format(event="for: 1s, cut: guian-kunming"), encoding="utf-8")
    loaded = load_scenario(str(scenario))
    assert loaded.scenario.follows
    assert not steered_by_own(loaded).scenario.follows


def test_learning_switches_are_refused_where_floods_go_round() -> None:
    loaded = load_scenario("mini")
    with pytest.raises(InputError, match="for ever; take a topology without loops"):
        warned_of(loaded, own_app("ryu.app.simple_switch_13"))
    assert "has loops" in str(warned_of(loaded, own_app(str(EXAMPLES / "shortest_paths.py"))))


def _flow(**more: Any) -> Any:
    seen = {"interface": "c0s1p2", "label": None, "traffic_class": None, "depth": 0, "vlan": None}
    ip = {"eth_type": 0x0800, "src": "10.0.0.1", "dst": "10.0.0.2", "protocol": 17}
    counts = {"packets": 3, "bytes": 300, "first_ns": 1, "last_ns": 2}
    return SeenFlow(**{**seen, **ip, "src_port": None, "dst_port": None, **counts, **more})


def test_packets_without_labels_are_strange_only_if_they_are_no_demands() -> None:
    loaded = load_scenario("mini")
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    judges = [(TransitChecker(specify(loaded), plan.wiring), ALWAYS)]
    probe = _flow(src_port=20000, dst_port=862)
    known = [one for one in specify(loaded).intents() if one.pair == ("shanghai", "guian")]
    selector = known[0].selectors[0]
    probe = _flow(src_port=selector.src_port, dst_port=selector.dst_port)
    arp = _flow(eth_type=0x0806, protocol=None)
    stray = _flow(dst="10.0.0.5", src_port=1, dst_port=2)

    def strange(*flows: Any, labelled: bool) -> int:
        seen = Seen(schema=1, frames=3, lost=0, flows=flows)
        return len(judge(seen, judges, labelled=labelled).strange)

    assert strange(probe, arp, labelled=False) == 0
    assert strange(stray, labelled=False) == 1
    assert strange(probe, arp, stray, labelled=True) == 3


def _proof(**status: str) -> ProofDocument:
    counts = {"entries": 9, "switches": 5}
    verdicts = [{"claim": one, "sentence": one, "status": said} for one, said in status.items()]
    return made(ProofDocument, {"proofs": {"before": {"verdicts": verdicts, "counts": counts}}})


def test_what_is_not_proven_is_never_told_as_holding() -> None:
    answers = made(Answers, {"protect": 0})
    summary = typed({"controller": "app.py"})
    unproven = _proof(C1="proven", C5="not proven")
    said = holds(answers, summary, unproven)
    assert said == (
        "Not verified: 1 of 2 properties verified on the tables of app.py, "
        "C5 not verified (proof.json)."
    )
    assert (
        claims_of(unproven, summary)
        .said[0]
        .startswith("1 property is not verified, on 9 rules of 5 switches of app.py")
    )
    assert broken_or_unproven(unproven, summary) == (
        "A property is not verified on the tables of app.py (C5): see the verified properties."
    )
    assert holds(answers, typed({}), unproven).startswith("Not verified: 1 of 2 properties")


def test_what_is_violated_and_what_is_not_proven_are_told_apart_by_number() -> None:
    answers = made(Answers, {"protect": 0})
    summary = typed({"controller": "app.py"})
    both = _proof(C0="not claimed", C16="violated", C5="violated", C10="not proven", T0="proven")
    assert holds(answers, summary, both) == (
        "Verification failed: 1 of 4 properties verified on the tables of app.py, C5 and C16 "
        "violated, C10 not verified (proof.json)."
    )
    first, second, *_ = claims_of(both, summary).said
    assert first.startswith("2 properties are violated")
    assert second.startswith("1 property is not verified")
    assert broken_or_unproven(both, summary) == (
        "Properties are violated on the tables of app.py (C5 and C16): see the verified properties."
    )


def test_what_holds_of_its_tables_is_told_with_the_name_of_the_app() -> None:
    answers = made(Answers, {"protect": 0})
    summary = typed({"controller": "app.py"})
    assert holds(answers, summary, _proof(C1="proven")) == (
        "Verified: 1 of 1 property verified on the tables of app.py (proof.json)."
    )
    seen = {"frames": 9, "lost": 0, "forbidden": [{"packets": 3}], "strange": []}
    assert holds(answers, changed(summary, crossings=seen), _proof(C1="proven")) == (
        "Policy violated on the network, although 1 of 1 property verified on the tables of app.py "
        "(proof.json). Monitored: 9 fibre crossings, 3 policy violations."
    )


def test_claims_of_the_products_own_tables_are_listed_by_number() -> None:
    answers = made(Answers, {"protect": 0})
    assert holds(answers, typed({}), _proof(C10="violated", C9="violated", C1="violated")) == (
        "Verification failed: C1, C9 and C10 violated (proof.json)."
    )


def test_runs_under_somebodys_controller_are_not_repeated_for_him(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load_scenario("mini")
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)

    def read_plan(_folder: Path) -> Any:
        from dataclasses import replace

        return replace(plan, controller="controller_app.py")

    monkeypatch.setattr("corridor.experiments.run.runner.read_plan", read_plan)
    with pytest.raises(
        InputError, match="a controller of its author, which is not started automatically"
    ):
        replay(tmp_path, tmp_path / "again", "uml", print)


def test_a_plan_under_the_products_controller_says_nothing_of_others() -> None:
    plan = make_plan(load_scenario("mini"), clock="virtual", run_id="c0", seed=1)
    assert "controller" not in to_plain(plan)


def test_no_objective_is_carried_out_where_an_artifact_is_verified(tmp_path: Path) -> None:
    (tmp_path / "own_objective.py").write_text("raise SystemExit", encoding="utf-8")
    text = (EXAMPLES / "own_objective.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")

    class Condition:
        loaded = load_scenario(str(tmp_path / "own.yaml"))

    class Cell:
        condition = Condition

    cell: Any = Cell
    assert _problem_of_inputs(tmp_path, cell, "uml") == ""


def test_runs_that_are_compared_say_who_steered_and_what_was_verified() -> None:
    verdicts = [
        "Verified on the installed flow tables: 1 property.",
        "Verification failed: C1 violated (proof.json).",
        "Not verified: 1 of 2 properties verified on the tables of app.py.",
        "Policy violated on the network, nothing was verified.",
        "Nothing was verified.",
    ]
    plain = typed({"scenario": "mini", "policies": "none", "seed": 1, "verdict": [verdicts[0]]})
    assert len(told_runs(plain, plain, ("a", "b")).splitlines()) == 2
    for said in verdicts:
        own = changed(plain, controller="app.py", verdict=["6 demands.", said])
        assert told_runs(plain, own, ("a", "b")).splitlines() == [
            "a: mini, policy set none, seed 1",
            "-> b: mini, policy set none, seed 1, controlled by app.py (user-supplied)",
            f"a: {verdicts[0]}",
            f"b: {said}",
        ]
