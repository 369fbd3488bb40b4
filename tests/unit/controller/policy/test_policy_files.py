"""Policy files: what they may say, the line of what they may not, and the shipped sets."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from corridor.controller.policy.classifier import classify
from corridor.controller.policy.data_flow import DataFlow
from corridor.controller.policy.law import load_law
from corridor.controller.policy.law_calendar import policy_kind
from corridor.controller.policy.load import SHIPPED, load_policies, shipped_policies
from corridor.controller.policy.model import DataClass, Demand, Policy, PolicySet
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.schema import schema
from corridor.controller.policy.semantics import rule
from corridor.experiments import cli
from corridor.topologies.base.documents import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.installation import CHECKOUT
from corridor.topologies.formats.load import load_topology
from policy_lab import TODAY, corridor, demand

COMPLETE = """schema: 1
name: mine
title: An example
include: [pk]
switch_on: [PK-BILL-CRITICAL]
groups:
  five: [AU, GB, sco]
classes:
- id: cn-important-assessment
  origin: CN
  sensitivity: important
  basis: assessment
  valid_until: 2027-06-30
bindings:
- {hub: guian, class: cn-important-assessment, dst: karachi, protocol: udp, dst_port: 5000}
- {hub: guian, class: pk-personal-exempt}
demands:
- {id: ckpt, class: cn-important-assessment, src: guian, dst: karachi, returns: pk-personal-exempt}
policies:
- id: OUT
  effect: permit
  match: {class: cn-important-assessment, origin: CN, src: any, dst: {located_in: [PK, SA]}}
  preference: 10
  hard:
    avoid: {located_in: five, operated_by: [PTCL], crosses: [VN], unknown_operator: accept}
    terminate: {only: [PK, SA]}
    waypoints:
    - {any_of: gateways, before: border, then: ASSESSED}
    max_one_way: 120ms
  soft:
    one_way: 80ms
    bandwidth: {cir: 20Mbit, pir: 40Mbit}
    protect: {k: 1, over: [link, srlg, gateway], immediate: true}
  on_soft_failure: [drop_protect, drop_pir, exceed_latency]
  valid_from: 2024-03-22
  valid_until: 2027-06-30
  legal_ref: [CN-24-7b, "file 12 of our counsel"]
- {id: HOME, effect: permit, match: {origin: CN, dst: {located_in: CN}}, hard: {confine: CN}}
- {id: NO, effect: deny, match: {src: {hubs: [hongkong]}}}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_complete_file_loads(tmp_path: Path) -> None:
    mine = load_policies(written(tmp_path, COMPLETE), load_topology("pan-asia"))
    (out,) = [policy for policy in mine.policies if policy.id == "OUT"]
    assert out.hard.max_one_way == 120_000_000
    assert out.soft.bandwidth is not None
    assert out.soft.bandwidth.cir == 20_000_000
    assert mine.known_groups.codes(["five"]) >= {"AU", "GB", "PK", "CN"}
    (bill,) = [policy for policy in mine.policies if policy.id == "PK-BILL-CRITICAL"]
    assert bill.enabled


MISTAKES: dict[str, tuple[str, str, str]] = {
    "an unknown jurisdiction": ("dst: {located_in: [PK, SA]}", "dst: {located_in: [PK, ZY]}", "ZY"),
    "an unknown group": ("located_in: five", "located_in: fife", 'did you mean "five"?'),
    "an unknown member of a group": ("[AU, GB, sco]", "[AU, GB, scoo]", 'did you mean "sco"?'),
    "a group that exists": ("  five: [AU, GB, sco]", "  asean: [AU, GB, sco]", "exists"),
    "an unknown class": (
        "match: {class: cn-important-assessment,",
        "match: {class: cn-importnt-assessment,",
        'did you mean "cn-important-assessment"?',
    ),
    "an unknown class of a demand": ("ckpt, class: cn-", "ckpt, class: zz-", "no data class"),
    "an unknown class of answers": ("returns: pk-p", "returns: p", "no data class"),
    "an unknown hub of a demand": ("src: guian, dst", "src: guiann, dst", 'did you mean "guian"?'),
    "a selector where a hub is due": ("src: guian, dst", "src: any, dst", 'no hub is called "any"'),
    "an unknown hub of a selector": ("[hongkong]", "[honkong]", 'did you mean "hongkong"?'),
    "an unknown operator": ("[PTCL]", "[PTCX]", 'did you mean "PTCL"?'),
    "an unknown rule of law": ("[CN-24-7b,", "[CN-24-7z,", 'did you mean "CN-24-7'),
    "an unknown basis": ("basis: assessment", "basis: assesment", 'did you mean "assessment"?'),
    "an unknown include": ("include: [pk]", "include: [pq]", "no policy set"),
    "an unknown switch": ("[PK-BILL-CRITICAL]", "[PK-BILL-CRIT]", "did you mean"),
    "an unknown key": ("preference: 10", "preferense: 10", 'did you mean "preference"?'),
    "an unknown effect": ("effect: deny", "effect: denny", 'did you mean "deny"?'),
    "a budget without a unit": ("max_one_way: 120ms", "max_one_way: 120", "has no unit"),
    "a rate without a unit": ("cir: 20Mbit", "cir: 20", "has no unit"),
    "a peak below the committed rate": ("pir: 40Mbit", "pir: 4Mbit", "pir is below"),
    "a soft target above the hard budget": ("one_way: 80ms", "one_way: 180ms", "is above"),
    "an avoid that names nothing": (
        "{located_in: five, operated_by: [PTCL], crosses: [VN], unknown_operator: accept}",
        "{unknown_operator: accept}",
        "avoid names nothing",
    ),
    "a deny with clauses": ("effect: deny,", "effect: deny, hard: {confine: CN},", "denies"),
    "a restrict without clauses": (
        "NO, effect: deny,",
        "NO, effect: restrict,",
        "restricts nothing",
    ),
    "a ladder step without its clause": (
        "    protect: {k: 1",
        "#   protect: {k: 1",
        "drop_protect",
    ),
    "an id used twice": ("id: HOME", "id: OUT", "is used twice"),
    "an id that an included set uses": ("id: HOME", "id: PK-DATA", "is used twice"),
    "a hard failure other than block": (
        "effect: deny,",
        "effect: deny, on_hard_failure: x,",
        '"x"',
    ),
    "two bindings that match alike": (
        "- {hub: guian, class: pk-personal-exempt}",
        "- {hub: guian, class: pk-personal-exempt, dst: karachi, protocol: udp, dst_port: 5000}",
        "match the same packets equally well",
    ),
    "a port without a protocol": ("protocol: udp, ", "", "needs a protocol"),
    "a demand to itself": (
        "src: guian, dst: karachi, returns",
        "src: guian, dst: guian, returns",
        "starts and ends",
    ),
    "an expiry before the beginning": (
        "  valid_until: 2027-06-30\n  legal",
        "  valid_until: 2023-06-30\n  legal",
        "before valid_from",
    ),
    "a date that is none": ("valid_from: 2024-03-22", "valid_from: 2024-13-22", "valid_from"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_an_error_with_its_line(tmp_path: Path, mistake: str) -> None:
    right, wrong, said = MISTAKES[mistake]
    assert COMPLETE.count(right) == 1 or mistake == "an unknown basis", right
    text = COMPLETE.replace(right, wrong, 1)
    with pytest.raises(InputError) as caught:
        load_policies(written(tmp_path, text), load_topology("pan-asia"))
    assert said in str(caught.value)
    line = COMPLETE[: COMPLETE.index(right)].count("\n") + 1
    # What one value cannot show to be wrong is reported at the entry that holds it.
    assert -1 <= line - (caught.value.line or 0) <= 16, caught.value


def test_names_are_reported_on_the_very_line(tmp_path: Path) -> None:
    text = COMPLETE.replace("crosses: [VN]", "crosses: [VX]")
    with pytest.raises(InputError) as caught:
        load_policies(written(tmp_path, text))
    assert "crosses: [VX]" in text.splitlines()[(caught.value.line or 0) - 1]


def test_files_that_include_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\ninclude: [b.yaml]\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("name: b\ninclude: [a.yaml]\n", encoding="utf-8")
    with pytest.raises(InputError, match="in a circle"):
        load_policies(tmp_path / "a.yaml")


def test_one_set_included_by_two_ways_counts_once(tmp_path: Path) -> None:
    path = written(tmp_path, "name: both\ninclude: [pk, pan-asia]\n")
    policies = load_policies(path).policies
    assert set(policies) == set(load_policies("pan-asia").policies)


def test_an_unknown_set_names_a_near_one() -> None:
    with pytest.raises(InputError, match='did you mean "cn-outbound"'):
        load_policies("cn-outbond")


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_sets_fit_the_schema_and_every_shipped_topology(name: str) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    data = read_document(SHIPPED / f"{name}.yaml").data
    assert [error.message for error in validator.iter_errors(data)] == []
    for topology in ("mini", "pan-asia"):
        load_policies(name, load_topology(topology))


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_cite_the_law_and_restrain_only_by_what_is_in_force(name: str) -> None:
    law = load_law().by_id
    for policy in load_policies(name).policies:
        if policy.id == "ANYTHING":
            continue
        assert policy.legal_ref, policy.id
        rules = [law[ref] for ref in policy.legal_ref if ref in law]
        if policy.effect != "permit":
            assert rules, policy.id
            in_force = all(rule.in_force is True for rule in rules)
            is_other_reading = not policy.enabled and policy.confidence == "unsure"
            assert policy.enabled == in_force or is_other_reading, policy.id
        if policy.effect != "permit" and policy.enabled:
            assert policy.confidence == "unsure" or any(
                rule.confidence == "confident" for rule in rules
            ), policy.id
        else:
            assert policy.confidence == "unsure" or any(
                rule.confidence == "confident" for rule in rules
            ), policy.id
        begins = [rule.effective[:4] for rule in rules if rule.effective and rule.in_force]
        if policy.valid_from is not None:
            assert str(policy.valid_from)[:4] in begins, policy.id


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_restricts_state_whether_they_are_text_interpretation_or_assumption(
    name: str,
) -> None:
    law = load_law().by_id
    for policy in load_policies(name).policies:
        if policy.effect != "permit":
            assert policy.kind is not None, policy.id
        if policy.kind == "assumption" and policy.valid_from is not None:
            days = [law[ref].effective or "" for ref in policy.legal_ref if ref in law]
            assert str(policy.valid_from) >= max(days), f"{policy.id} begins before what it cites"


def test_the_models_of_ours_are_assumptions_and_not_law() -> None:
    law = load_law()
    kinds = {one.id: policy_kind(one, law) for one in load_policies("pan-asia").policies}
    for name in ("CN-ASSESSED-AT-GATEWAY", "SA-GOVERNMENT-PATH", "CN-CORE"):
        assert kinds[name] == "assumption"
    (core,) = law.by_id["CN-DSL-CORE"].cases
    assert core.kind == "assumption"


@pytest.mark.parametrize("kind", ["interpretation", "assumption"])
def test_what_no_text_says_is_never_confident(kind: str) -> None:
    told = {"id": "MINE", "effect": "permit", "kind": kind, "legal_ref": ["CN-24-4"]}
    with pytest.raises(ValidationError, match=f"MINE is an {kind}, so its confidence must be"):
        Policy.model_validate(told)
    Policy.model_validate({**told, "confidence": "unsure"})


def test_a_text_is_cited_and_a_policy_without_a_kind_has_that_of_its_weakest_rule() -> None:
    with pytest.raises(ValidationError, match="MINE is the text of a law: name it in legal_"):
        Policy.model_validate({"id": "MINE", "effect": "permit", "kind": "text"})
    law = load_law()
    own = Policy.model_validate({"id": "MINE", "effect": "permit"})
    assert policy_kind(own, law) is None
    cites = own.model_copy(update={"legal_ref": ("CN-24-4", "CN-PIPL-38")})
    assert policy_kind(cites, law) == "text"
    weak = law.by_id["CN-PIPL-38"].model_copy(update={"kind": "interpretation"})
    changed = tuple(weak if rule.id == weak.id else rule for rule in law.rules)
    weaker = law.model_copy(update={"rules": changed})
    vars(weaker).pop("by_id")
    assert policy_kind(cites, weaker) == "interpretation"


def test_shipped_classes_are_named_as_the_classifier_names_them() -> None:
    for data in load_policies("pan-asia").classes:
        origin = "-".join(data.origin).lower()
        assert data.id == f"{origin}-{data.sensitivity}-{data.basis}"


def test_what_the_classifier_finds_is_a_class_that_policies_know() -> None:
    told = {"origin": "CN", "destination": "PK", "sensitivity": "important", "actor": "private"}
    for held, name in (
        ((), "cn-important-none"),
        (("cac_security_assessment",), "cn-important-assessment"),
    ):
        flow = DataFlow.model_validate({**told, "mechanisms": held})
        found = classify(flow, load_law(), TODAY)
        assert found.data_class == name
        assert load_policies("cn-outbound").data_class(name)


PAN_ASIA = load_topology("pan-asia")
SHIPPED_STORIES: dict[str, tuple[str, str, str, str, str]] = {
    "general data leaves by a gateway": ("pan-asia", "cn-general-exempt", "guian", "karachi", "by"),
    "assessed data leaves by a gateway": (
        "pan-asia",
        "cn-important-assessment",
        "zhongwei",
        "islamabad",
        "by",
    ),
    "important data without a basis does not leave": (
        "pan-asia",
        "cn-important-none",
        "zhongwei",
        "islamabad",
        "no",
    ),
    "core data stays": ("pan-asia", "cn-core-none", "guian", "singapore", "no"),
    "core data moves inside": ("pan-asia", "cn-core-none", "guian", "shanghai", "yes"),
    "Bay Area data reaches Hong Kong": (
        "gba",
        "cn-personal-gba-contract",
        "shenzhen",
        "hongkong",
        "yes",
    ),
    "Bay Area data goes no further": (
        "pan-asia",
        "cn-personal-gba-contract",
        "shenzhen",
        "singapore",
        "no",
    ),
    "Shaoguan is outside the contract": (
        "gba",
        "cn-personal-gba-contract",
        "shaoguan",
        "hongkong",
        "no",
    ),
    "Pakistani personal data is free": ("pk", "pk-personal-exempt", "islamabad", "zhongwei", "yes"),
    "the bill is not law": ("pk", "pk-critical-personal-exempt", "islamabad", "zhongwei", "yes"),
    "restricted public data stays in Pakistan": (
        "pan-asia",
        "pk-restricted-none",
        "islamabad",
        "zhongwei",
        "no",
    ),
    "foreign data goes back": ("cn-outbound", "pk-personal-exempt", "guian", "karachi", "by"),
    "mixed data needs a basis": ("pan-asia", "pk-cn-personal-none", "guian", "karachi", "no"),
    "mixed data with a basis leaves": (
        "pan-asia",
        "pk-cn-personal-contract",
        "guian",
        "karachi",
        "by",
    ),
    "Saudi government data stays, also in transit": (
        "pan-asia",
        "sa-secret-none",
        "jeddah",
        "guian",
        "no",
    ),
    "Saudi personal data under clauses leaves": (
        "pan-asia",
        "sa-personal-contract",
        "riyadh",
        "guian",
        "yes",
    ),
    "Thai data without safeguards ends in Thailand": (
        "pan-asia",
        "th-personal-none",
        "bangkok",
        "guian",
        "no",
    ),
    "Thai data under clauses leaves": (
        "pan-asia",
        "th-personal-contract",
        "bangkok",
        "guian",
        "yes",
    ),
}


@pytest.mark.parametrize("story", SHIPPED_STORIES)
def test_shipped_sets_on_the_reference_corridor(story: str) -> None:
    name, data_class, src, dst, expected = SHIPPED_STORIES[story]
    policies = load_policies(name, PAN_ASIA)
    if name == "cn-outbound":
        extra = load_policies("pk").classes
        policies = policies.model_copy(update={"classes": (*policies.classes, *extra)})
    found = best_permitted_path(rule(policies, PAN_ASIA, demand(data_class, src, dst), TODAY))
    if expected == "no":
        assert isinstance(found, NoPermittedPath), found
        assert found.status == "BLOCKED"
        assert found.because
        return
    assert isinstance(found, PermittedPath), found
    if expected == "by":
        assert found.phases[0] == "PRE" or PAN_ASIA.hub(src).intl_gateway
        abroad = [PAN_ASIA.hub(hub).located_in != "CN" for hub in found.path.hubs]
        before = found.path.hubs[: abroad.index(True)]
        assert any(PAN_ASIA.hub(hub).intl_gateway for hub in before), found


def test_the_set_none_takes_the_shortest_path_for_any_class() -> None:
    anything = load_policies("none").model_copy(
        update={"classes": load_policies("pan-asia").classes}
    )
    found = best_permitted_path(
        rule(anything, PAN_ASIA, demand("cn-core-none", "guian", "karachi"), TODAY)
    )
    assert isinstance(found, PermittedPath)
    assert found.one_way_ns == 46_653_710


def test_the_draft_bill_switched_on_keeps_critical_data_home(tmp_path: Path) -> None:
    path = written(tmp_path, "name: bill\ninclude: [pk]\nswitch_on: [PK-BILL-CRITICAL]\n")
    asked = demand("pk-critical-personal-exempt", "islamabad", "zhongwei")
    found = best_permitted_path(rule(load_policies(path), PAN_ASIA, asked, TODAY))
    assert isinstance(found, NoPermittedPath)
    assert found.because[0].legal_ref == ("PK-PDPB",)


def graph_of(name: str, service: str | None) -> tuple[int, tuple[str, ...]]:
    asked = demand("cn-general-exempt", "zhongwei", "islamabad").model_copy(
        update={"service": service}
    )
    known = {"classes": load_policies("pan-asia").classes}
    policies = load_policies(name, PAN_ASIA).model_copy(update=known)
    found = best_permitted_path(rule(policies, PAN_ASIA, asked, TODAY))
    assert isinstance(found, PermittedPath)
    return found.one_way_ns, found.path.hubs


def test_circuits_pass_the_border_and_the_internet_a_gateway_city() -> None:
    shortest = graph_of("none", None)
    assert graph_of("pan-asia", "leased-circuit") == graph_of("pan-asia", "wave") == shortest
    city = graph_of("pan-asia", "internet")
    assert "beijing" in city[1]
    assert city == graph_of("pan-asia", "ip-vpn")


def test_a_service_that_is_not_stated_may_be_any() -> None:
    assert graph_of("pan-asia", None) == graph_of("pan-asia", "internet")


def test_the_stricter_reading_has_every_service_pass_a_city() -> None:
    assert graph_of("gateway-cities", "leased-circuit") == graph_of("pan-asia", "internet")


@pytest.mark.parametrize("policy", ["CN-GATEWAY-CIRCUIT-OUT", "CN-GATEWAY-CIRCUIT-IN"])
@pytest.mark.parametrize("topology", ["mini", "pan-asia"])
def test_every_hub_where_a_fibre_from_abroad_ends_is_a_channel_gateway(
    policy: str, topology: str
) -> None:
    known = load_topology(topology)
    (asked,) = (one for one in load_policies("cn-outbound").policies if one.id == policy)
    named = {hub for stop in asked.hard.waypoints for hub in stop.any_of.hubs}  # type: ignore[attr-defined]
    for fibre in known.fibres:
        homes = {end: known.hub(end).located_in for end in fibre.ends}
        if len(set(homes.values())) == 2 and "CN" in homes.values():
            assert {end for end, home in homes.items() if home == "CN"} <= named, fibre.id


def test_before_the_provisions_nothing_was_permitted_by_them() -> None:
    asked = demand("cn-general-exempt", "guian", "karachi")
    day = date(2024, 3, 21)
    found = best_permitted_path(rule(load_policies("pan-asia"), PAN_ASIA, asked, day))
    assert isinstance(found, NoPermittedPath)


@pytest.mark.parametrize("file", ["policy", "scenario", "topology"])
def test_corridor_schema_prints_a_schema_that_shipped_files_fit(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["schema", file]) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(printed)
    root = SHIPPED.parent.parent.parent
    shipped = {
        "policy": SHIPPED / "pan-asia.yaml",
        "scenario": root / "experiments/scenario/shipped/mini.yaml",
        "topology": root / "topologies/data/mini.yaml",
    }
    errors = jsonschema.Draft202012Validator(printed).iter_errors(read_document(shipped[file]).data)
    assert [error.message for error in errors] == []


def test_the_schema_wants_units_and_refuses_unknown_keys(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    assert validator.is_valid(read_document(written(tmp_path, COMPLETE)).data)
    for right, wrong in (("120ms", "120"), ("preference", "preferense"), ("deny", "denny")):
        text = COMPLETE.replace(right, wrong)
        assert not validator.is_valid(read_document(written(tmp_path, text)).data), wrong


def page() -> str:
    return (CHECKOUT / "docs/policies.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_loads(tmp_path: Path) -> None:
    example = page().split("```yaml policies=my-policies.yaml\n")[1].split("```")[0]
    mine = load_policies(written(tmp_path, example), PAN_ASIA)
    for asked in mine.demands:
        assert isinstance(best_permitted_path(rule(mine, PAN_ASIA, asked, TODAY)), PermittedPath), (
            asked
        )


def test_a_policy_set_is_a_value(tmp_path: Path) -> None:
    one, two = load_policies("pan-asia"), load_policies("pan-asia", corridor())
    assert one == two
    assert isinstance(one, PolicySet)
    assert isinstance(demand(), Demand)


def test_a_set_that_was_told_as_json_is_a_file_again(tmp_path):
    other = DataClass(id="abroad", origin=("PK",), sensitivity="general", basis="exempt")
    policies = load_policies("th").beside([other])
    told = tmp_path / "told.json"
    told.write_text(policies.model_dump_json(by_alias=True))
    assert load_policies(told) == policies
    assert "abroad" in {one.id for one in policies.described}
