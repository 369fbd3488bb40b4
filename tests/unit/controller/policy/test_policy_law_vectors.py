"""The rules of law as shipped, and what the classifier makes of flows."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from corridor.controller.policy.classifier import Finding, classify, one_of
from corridor.controller.policy.clauses.places import shipped_groups
from corridor.controller.policy.data_flow import DataFlow, Sensitivity
from corridor.controller.policy.law import DATA, Rule, load_law
from corridor.controller.policy.law_calendar import policy_confidence
from corridor.controller.policy.model import Policy
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.catalogue import shipped_hubs

VECTORS = read_document(DATA / "law_vectors.yaml").data
AS_OF = date.fromisoformat(VECTORS["as_of"])
DOCS = Path(__file__).resolve().parents[4] / "docs"


def _id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def flow_of(vector: dict[str, Any], *, with_assumptions: bool = True) -> DataFlow:
    facts = vector["flow"] | (vector.get("assumed", {}) if with_assumptions else {})
    if "route" in vector:
        hubs = [shipped_hubs()[name] for name in vector["route"]]
        facts["gateway_on_route"] = any(hub.intl_gateway for hub in hubs)
    return DataFlow.model_validate(facts)


def day_of(vector: dict[str, Any]) -> date:
    return date.fromisoformat(vector["day"]) if "day" in vector else AS_OF


def compared(finding: Finding, expected: dict[str, Any]) -> dict[str, object]:
    """What a vector speaks of, as it was found."""
    found = {
        "outcome": finding.outcome,
        "basis": finding.basis,
        "confidence": finding.confidence,
        "kind": finding.kind,
        "requires": [one_of(item) for item in finding.requires],
        "owes": list(finding.owes),
        "keep_in": list(finding.keep_in),
        "missing": list(finding.missing),
        "by": [name for name in finding.decided_by if name in expected["by"]],
        "open": [name for name in finding.open_rules if name in expected.get("open", ())],
    }
    return {key: found[key] for key in expected}


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=_id)
def test_each_vector_is_classified_as_expected(vector: dict[str, Any]) -> None:
    expected = vector["expect"]
    law = load_law().under(vector.get("reading", {}))
    finding = classify(flow_of(vector), law, day_of(vector))
    in_order = [rule.id for rule in load_law().rules]
    wanted = dict(expected)
    for key in ("by", "open"):
        if key in wanted:
            wanted[key] = sorted(wanted[key], key=in_order.index)
    assert compared(finding, expected) == wanted, finding


def test_there_are_vectors_enough_and_each_names_its_article() -> None:
    vectors = VECTORS["vectors"]
    assert len({vector["id"] for vector in vectors}) == len(vectors) >= 150
    for vector in vectors:
        assert vector["article"], vector["id"]
        if vector["article"] == "none":
            assert vector["expect"]["outcome"] in ("not-researched", "undecided"), vector["id"]


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS["vectors"] if "assumed" in v and v["id"] != "T24"], ids=_id
)
def test_a_vector_says_what_it_assumes_and_nothing_more(vector: dict[str, Any]) -> None:
    finding = classify(flow_of(vector, with_assumptions=False), load_law(), AS_OF)
    assert finding.outcome == "undecided", finding
    assert set(finding.missing) >= set(vector["assumed"]) - {"persons_since_jan1"}, finding


def test_a_draft_decides_only_once_switched_on() -> None:
    vectors = [v for v in VECTORS["vectors"] if "if_switched_on" in v]
    assert vectors
    for vector in vectors:
        switch = vector["if_switched_on"]
        enacted = load_law().switched(on=switch["rules"])
        assert classify(flow_of(vector), enacted, AS_OF).outcome == switch["outcome"], vector


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
        one, other = (classify(flow_of(vector), each, day_of(vector)) for each in (law, backwards))
        assert (one.outcome, one.requires, set(one.decided_by)) == (
            other.outcome,
            other.requires,
            set(other.decided_by),
        )


def test_nothing_that_is_not_enacted_is_in_force() -> None:
    rules = [one for one in load_law().rules if one.status in ("not-in-force", "draft")]
    assert len(rules) > 5
    assert [one.id for one in rules if one.applies_on(AS_OF) is not False] == []
    with pytest.raises(ValidationError, match="so in_force must be false"):
        Rule.model_validate(rules[0].model_dump() | {"in_force": True})


def test_what_nobody_researched_is_never_allowed() -> None:
    """Of every jurisdiction and kind of data: an answer that allows names a rule that allows."""
    law = load_law()
    for origin in (code for code in shipped_groups().members if code.isupper()):
        for sensitivity in get_args(Sensitivity):
            told = {"origin": origin, "destination": "CN", "sensitivity": sensitivity}
            finding = classify(DataFlow.model_validate(told), law, AS_OF)
            if finding.outcome == "allow":
                rules = [law.by_id[name] for name in finding.decided_by]
                assert any(rule.speaks_of(origin) for rule in rules), (told, finding)
    for origin in ("AE", "IN", "VN", "JP"):
        told = {"origin": origin, "destination": "CN", "sensitivity": "general"}
        assert classify(DataFlow.model_validate(told), law, AS_OF).not_researched == (origin,)


def test_a_rule_that_allows_an_export_asks_whose_data_it_is() -> None:
    for rule in load_law().rules:
        for case in rule.cases:
            if case.then == "allow" and "export" in case.when.values("operation"):
                origins = shipped_groups().codes(case.when.values("origin"))
                assert origins, rule.id
                assert all(rule.speaks_of(code) for code in origins), rule.id


def test_nothing_that_rests_on_memory_is_confident() -> None:
    for rule in load_law().rules:
        assert not (rule.from_memory and rule.confidence == "confident"), rule.id
        assert rule.confidence == "unsure" or rule.addresses, rule.id
        assert rule.says, rule.id


def test_only_what_was_read_is_confident() -> None:
    rules = [rule for rule in load_law().rules if rule.confidence == "confident"]
    assert len(rules) > 60
    assert {rule.official.read for rule in rules} == {"text", "copy"}


def test_the_pages_count_rules_and_what_was_read_of_them_as_the_file_has_them() -> None:
    rules = load_law().rules
    read = Counter(rule.official.read for rule in rules)
    pages = {
        name: " ".join((DOCS / name).read_text(encoding="utf-8").split())
        for name in ("law.md", "limitations.md", "../README.md")
    }
    jurisdictions = {name for rule in rules for name in rule.jurisdiction}
    assert f"holds {len(rules)} rules of {len(jurisdictions)} jurisdictions" in pages["law.md"]
    assert f"as of {load_law().as_of}" in pages["law.md"]
    assert f"holds {len(VECTORS['vectors'])} flows with expected answers" in pages["law.md"]
    for name, number in read.items():
        assert re.search(rf"\| {name} \| [^|]+ \| {number} \|", pages["law.md"]), name
    of = f"Of {len(rules)} rules, {read['text']} were read in stored copies of the official page"
    assert f"{of}, and {read['copy']} in copies" in pages["limitations.md"]
    assert f"For {read['address']} rules, the official address" in pages["limitations.md"]
    assert f"For {read['home-page'] + read['none']} rules, only" in pages["limitations.md"]
    assert f"evaluates {len(rules)} legal rules" in pages["../README.md"]


def test_limitations_count_the_demands_that_rest_on_rules_that_nobody_found() -> None:
    nothing = re.compile(r"(pk|sa|th)-general-exempt|pk-(critical-)?personal-exempt")
    file = DATA.parents[1] / "experiments/scenario/shipped/sovereignty.yaml"
    demands = read_document(file).data["demands"]
    own = [one for one in demands if nothing.fullmatch(one.get("data", ""))]
    answers = [
        one for one in demands if one not in own and nothing.fullmatch(one.get("returns", ""))
    ]
    said = " ".join((DOCS / "limitations.md").read_text(encoding="utf-8").split())
    assert (len(own), len(answers)) == (9, 11)
    assert "nine demands of `sovereignty`, and the return traffic of eleven more" in said


COPIED_WITHOUT_LEAVE = (
    *("17nai.com", "gqvideo.com", "yanyu31692.cn", "drinkingbuddies.cn", "bvlgranites.com"),
    *("ttkx8.com", "wumasheying.com", "zzhuanghui.com", "fensifuwu.com", "stackscity.com"),
    *("mjy618.com", "handmsg.com", "xinwen163.cn", "news18a.com", "bestao-consulting.com"),
    *("enread.com", "flfgsc.cn", "jiaohuiyun.com", "chinasem.cn", "webnewswire.com"),
    *("ebookservicepro.com", "dhirubhai.net", "0xkaz.com", "heylefty.com", "bg3.co"),
    *("newsbreak.com", "newsbeep.com", "hh1001.com", "asiaott.com", "peopleofinternet.com"),
    *("jservo.com", "esploralegal.com", "nurilla.com", "adminpanel.samaa.tv"),
)
"""Domains that were hijacked, or show scraped copies: no address of theirs may ship."""


@pytest.mark.parametrize("folder", ["controller", "topologies", "traffic", "experiments"])
def test_no_shipped_data_names_a_hijacked_or_scraping_domain(folder: str) -> None:
    files = [
        file
        for suffix in ("yaml", "csv", "json", "md")
        for file in (DATA.parents[1] / folder).rglob(f"*.{suffix}")
    ]
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8").lower()
        assert [one for one in COPIED_WITHOUT_LEAVE if one in text] == [], file


def test_no_answer_is_confident_past_the_review_of_what_it_rests_on() -> None:
    law = load_law()
    for vector in VECTORS["vectors"]:
        finding = classify(flow_of(vector), law, date(2031, 1, 1))
        assert finding.confidence == "unsure", (vector["id"], finding)


def test_a_rule_whose_status_is_unclear_binds_or_not_and_nobody_can_tell() -> None:
    law = load_law()
    open_rule = {"status": "unclear", "in_force": None}
    rules = [
        rule.model_copy(update=open_rule) if rule.id == "QA-13" else rule for rule in law.rules
    ]
    told = {"origin": "QA", "destination": "CN", "sensitivity": "personal"}
    unclear = law.model_copy(update={"rules": tuple(rules)})
    finding = classify(DataFlow.model_validate(told), unclear, AS_OF)
    assert (finding.outcome, finding.open_rules, finding.missing) == ("undecided", ("QA-13",), ())
    assert str(finding) == "undecided (qa-personal-none) by QA-13"


def test_each_disputed_reading_decides_some_flow_and_the_default_is_among_its_answers() -> None:
    law = load_law()
    for reading in law.readings:
        assert reading.default in reading.answers
        laws = [law.under({reading.id: answer}) for answer in reading.answers]
        outcomes = (
            {classify(flow_of(vector), one, day_of(vector)).outcome for one in laws}
            for vector in VECTORS["vectors"]
        )
        assert any(len(found) > 1 for found in outcomes), reading.id


def test_readings_that_no_law_disputes_are_refused() -> None:
    with pytest.raises(KeyError, match='did you mean "path"'):
        load_law().under({"pth": "confine"})
    with pytest.raises(KeyError, match='path is never "both": recipient or confine'):
        load_law().under({"path": "both"})


def test_no_exemption_waives_the_storage_of_critical_infrastructure() -> None:
    law = load_law()
    lifted = {name for rule in law.rules for case in rule.cases for name in case.lifts}
    storing = {rule.id for rule in law.rules if any(case.then == "keep" for case in rule.cases)}
    assert storing == {"CN-CSL-37", "CN-CSL-39", "CN-PIPL-40"}
    assert not storing & lifted


def test_jurisdictions_beside_the_corridor_have_an_entry() -> None:
    codes = "YE ER SD IL JO IQ BD NP MV JP KR TW PH TJ TM MN EE LV LT PL FI SE FR"
    for code in codes.split():
        assert any(rule.speaks_of(code) for rule in load_law().rules), code


RULE = """as_of: 2026-01-01
authorities: [example.org]
mechanisms: [{id: scc, basis: contract, title: Clauses}]
rules:
- id: PK-ONE
  jurisdiction: PK
  instrument: Bill
  status: draft
  in_force: false
  confidence: unsure
  official: {url: "https://example.org/bill", read: address}
  looked_up: 2025-12-31
  review_by: 2026-06-30
  cases:
  - when: {origin: PK, sensitivity: personal}
    then: require
    requires: [scc]
"""


@pytest.mark.parametrize(
    ("wrong", "right", "line", "said"),
    [
        ("confidence: confident", "confidence: unsure", 5, "of its official text was read"),
        (
            "requires: [scc]\n    reading: {path: both}",
            "requires: [scc]",
            17,
            "no disputed reading",
        ),
        ("then: keep", "then: require\n    requires: [scc]", 14, 'needs "keep_in"'),
        ("https://m.example.com/bill", "https://example.org/bill", 11, "no domain of an authority"),
        ("in_force: true", "in_force: false", 4, "must be false"),
        ("sensitivty: personal", "sensitivity: personal", 14, 'did you mean "sensitivity"?'),
        ("sensitivity: persona", "sensitivity: personal", 14, 'did you mean "personal"?'),
        ("origin: PX", "origin: PK", 14, 'never "PX"'),
        ("requires: [sccc]", "requires: [scc]", 16, 'did you mean "scc"?'),
        ("owes: [scc]", "requires: [scc]", 14, "belongs to"),
        ("jurisdiction: PX", "jurisdiction: PK", 5, 'no jurisdiction "PX"'),
        ("confidence: confident\n  from_memory: all", "confidence: unsure", 4, "rests on memory"),
        ("official: {}", 'official: {url: "https://example.org/bill", read: address}', 4, "opened"),
        ("read: none}", "read: address}", 10, "no address"),
        ("review_by: 2025-06-30", "review_by: 2026-06-30", 4, "before looked_up"),
        ("looked_up: 2026-02-01", "looked_up: 2025-12-31", 11, "after as_of"),
        ("review_by: soon", "review_by: 2026-06-30", 12, "not a date"),
        ("status: repealed\n  in_force: true", "status: draft\n  in_force: false", 4, "last day"),
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


@pytest.mark.parametrize("fact", [{"stored_in": "CN"}, {"processed_in": "CN"}, {"onward": ("CN",)}])
def test_what_may_be_sent_somewhere_may_not_therefore_end_elsewhere(fact):
    law = load_law()
    within = {"origin": "FR", "destination": "DE", "sensitivity": "personal"}
    assert classify(DataFlow(**within), law, AS_OF).outcome == "allow"
    farther = classify(DataFlow(**within, **fact), law, AS_OF)
    assert (farther.outcome, farther.decided_by) == ("require", ("EU-44",))
    general = {**within, "sensitivity": "general"}
    assert classify(DataFlow(**general, **fact), law, AS_OF).outcome == "not-researched"


def test_general_data_holds_no_personal_data():
    with pytest.raises(ValidationError, match="general data holds no personal data"):
        DataFlow(origin="CN", destination="PK", sensitivity="general", holds_personal_data=True)


def test_a_policy_is_no_surer_than_any_rule_that_it_names():
    law = load_law()
    sure = Policy(id="MINE", effect="restrict", match={}, hard={"confine": "CN"})
    for cited, confidence in ((("CN-24-8",), "confident"), (("CN-24-8", "CN-GATEWAY"), "unsure")):
        citing = sure.model_copy(update={"legal_ref": cited})
        assert policy_confidence(citing, law, AS_OF) == confidence


def test_a_switched_rule_is_switched_whoever_looks_it_up():
    law = load_law()
    rule = law.rules[0]
    assert law.by_id[rule.id] is rule
    switched = law.switched(off=[rule.id]).by_id[rule.id]
    assert switched.in_force is False
