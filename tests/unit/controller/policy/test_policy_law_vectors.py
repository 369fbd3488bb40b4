"""The rules of law as shipped, and what the classifier makes of flows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from corridor.controller.policy.classifier import classify, one_of
from corridor.controller.policy.law import DATA, DataFlow, load_law
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.catalogue import shipped_hubs

VECTORS = read_document(DATA / "law_vectors.yaml").data
AS_OF = date.fromisoformat(VECTORS["as_of"])


def _id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def flow_of(vector: dict[str, Any], *, with_assumptions: bool = True) -> DataFlow:
    facts = vector["flow"] | (vector.get("assumed", {}) if with_assumptions else {})
    if "route" in vector:
        hubs = [shipped_hubs()[name] for name in vector["route"]]
        facts["gateway_on_route"] = any(hub.intl_gateway for hub in hubs)
    return DataFlow.model_validate(facts)


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=_id)
def test_each_vector_is_classified_as_expected(vector: dict[str, Any]) -> None:
    finding, expected = classify(flow_of(vector), load_law(), AS_OF), vector["expect"]
    assert finding.outcome == expected["outcome"], finding
    assert set(expected["by"]) <= set(finding.decided_by), finding
    assert finding.confidence == expected.get("confidence", finding.confidence), finding
    if "requires" in expected:
        assert [one_of(item) for item in finding.requires] == expected["requires"], finding
    if "basis" in expected:
        assert finding.basis == expected["basis"], finding
    if "open" in expected:
        assert set(expected["open"]) <= set(finding.open_rules), finding


def test_there_are_28_vectors() -> None:
    assert len({vector["id"] for vector in VECTORS["vectors"]}) == 28


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS["vectors"] if "assumed" in v and v["id"] != "T24"], ids=_id
)
def test_a_vector_says_what_it_assumes_and_nothing_more(vector: dict[str, Any]) -> None:
    finding = classify(flow_of(vector, with_assumptions=False), load_law(), AS_OF)
    assert finding.outcome == "undecided", finding
    assert set(finding.missing) >= set(vector["assumed"]) - {"persons_since_jan1"}, finding


def test_a_draft_decides_only_once_switched_on() -> None:
    (vector,) = [v for v in VECTORS["vectors"] if "if_switched_on" in v]
    switch = vector["if_switched_on"]
    enacted = load_law().switched(on=switch["rules"])
    assert classify(flow_of(vector), enacted, AS_OF).outcome == switch["outcome"]


def test_a_clause_contract_alone_leaves_the_risk_assessment_outstanding() -> None:
    (vector,) = [v for v in VECTORS["vectors"] if v["id"] == "T24"]
    finding = classify(flow_of(vector, with_assumptions=False), load_law(), AS_OF)
    assert finding.outcome == "require"
    assert [one_of(item) for item in finding.outstanding] == ["transfer_risk_assessment"]


def test_what_is_not_told_never_helps() -> None:
    told = {"origin": "CN", "destination": "TH", "sensitivity": "personal", "actor": "private"}
    finding = classify(DataFlow.model_validate(told), load_law(), AS_OF)
    assert finding.outcome == "undecided"
    assert finding.missing == ("persons_since_jan1", "sensitive_persons_since_jan1")
    assert finding.basis == "none"


def test_a_rule_does_not_reach_back_before_its_first_day() -> None:
    few = {"persons_since_jan1": 5, "sensitive_persons_since_jan1": 0, "actor": "private"}
    flow = DataFlow.model_validate(
        {"origin": "CN", "destination": "TH", "sensitivity": "personal", **few}
    )
    before = classify(flow, load_law(), date(2024, 3, 21))
    after = classify(flow, load_law(), date(2024, 3, 22))
    assert (before.outcome, after.outcome) == ("require", "allow")


def test_the_class_of_a_flow_is_named_after_origin_sensitivity_and_basis() -> None:
    contract = {"mechanisms": ("standard_contract",), "actor": "private"}
    counts = {"persons_since_jan1": 100000, "sensitive_persons_since_jan1": 0}
    told = {"origin": "CN", "destination": "TH", "sensitivity": "personal", **counts, **contract}
    finding = classify(DataFlow.model_validate(told), load_law(), AS_OF)
    assert finding.data_class == "cn-personal-contract"
    assert str(finding) == "allow (cn-personal-contract) by CN-24-8"


def test_the_order_of_rules_means_nothing() -> None:
    law = load_law()
    backwards = law.model_copy(update={"rules": law.rules[::-1]})
    for vector in VECTORS["vectors"]:
        one, other = (classify(flow_of(vector), each, AS_OF) for each in (law, backwards))
        assert (one.outcome, one.requires, set(one.decided_by)) == (
            other.outcome,
            other.requires,
            set(other.decided_by),
        )


def test_nothing_that_is_not_enacted_is_in_force() -> None:
    for rule in load_law().rules:
        if rule.status in ("draft", "not-in-force", "not-researched"):
            assert not rule.in_force, rule.id
        assert rule.sources
        assert all(source.strip() for source in rule.sources)


RULE = """as_of: 2026-01-01
mechanisms: [{id: scc, basis: contract, title: Clauses}]
rules:
- id: PK-ONE
  jurisdiction: PK
  instrument: Bill
  status: draft
  in_force: false
  confidence: unsure
  sources: [somebody]
  cases:
  - when: {origin: PK, sensitivity: personal}
    then: require
    requires: [scc]
"""


@pytest.mark.parametrize(
    ("wrong", "right", "line", "said"),
    [
        ("in_force: true", "in_force: false", 4, "must be False"),
        ("sensitivty: personal", "sensitivity: personal", 12, 'did you mean "sensitivity"?'),
        ("sensitivity: persona", "sensitivity: personal", 12, 'did you mean "personal"?'),
        ("origin: PX", "origin: PK", 12, 'never "PX"'),
        ("requires: [sccc]", "requires: [scc]", 14, 'did you mean "scc"?'),
        ("jurisdiction: PX", "jurisdiction: PK", 5, 'no jurisdiction "PX"'),
    ],
)
def test_a_mistake_in_a_rule_names_its_line_and_a_way_out(
    tmp_path: Path, wrong: str, right: str, line: int, said: str
) -> None:
    file = tmp_path / "law.yaml"
    file.write_text(RULE.replace(right, wrong), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_law(file)
    assert said in str(caught.value)
    assert abs((caught.value.line or 0) - line) <= 1, caught.value
