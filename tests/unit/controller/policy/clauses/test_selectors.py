"""Selectors of hubs and fibres: three answers, and names that are looked up."""

from __future__ import annotations

from pathlib import Path as File
from typing import Any

import pytest
from pydantic import ValidationError

from corridor.controller.policy.clauses.elements import Element, Selector, Where
from corridor.controller.policy.clauses.places import shipped_groups
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Match
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from policy_lab import corridor, fibre, hub

ROOT = File(__file__).resolve().parents[5]

COAST = hub("coast", "CN", role="coastal", intl_gateway=True, operated_by="China Telecom")
NOWHERE = hub("nowhere", "XX", confidence="unsure")
CABLE = fibre(
    "coast-nowhere",
    9,
    medium="submarine",
    status="uncertain",
    system="smw4",
    srlgs=("cable:adc", "corridor:red-sea"),
    crosses=("OM",),
    may_cross=({"code": "IN"},),
    operated_by="Alpha / Beta and partners",
    confidence="unsure",
)
LAND = fibre("west-coast", 1)


@pytest.mark.parametrize(
    ("keys", "element", "answer"),
    [
        ({"hubs": ["west", "coast"]}, COAST, True),
        ({"hubs": "west"}, COAST, False),
        ({"role": "coastal"}, COAST, True),
        ({"role": ["western", "core"]}, COAST, False),
        ({"gateway": True}, COAST, True),
        ({"gateway": False}, COAST, False),
        ({"gateway": False}, NOWHERE, True),
        ({"located_in": "sco"}, COAST, True),
        ({"located_in": "PK"}, NOWHERE, None),
        ({"outside": "PK"}, COAST, True),
        ({"outside": "PK"}, NOWHERE, None),
        ({"fibres": "coast-nowhere"}, CABLE, True),
        ({"cables": ["smw5", "smw4"]}, CABLE, True),
        ({"cables": "adc"}, CABLE, True),
        ({"cables": "smw5"}, CABLE, False),
        ({"cables": "smw4"}, LAND, False),
        ({"srlgs": "corridor:red-sea"}, CABLE, True),
        ({"srlgs": "corridor:egypt"}, CABLE, False),
        ({"medium": "submarine"}, CABLE, True),
        ({"status": ["planned", "uncertain"]}, CABLE, True),
        ({"status": "planned"}, CABLE, False),
        ({"crosses": "OM"}, CABLE, True),
        ({"crosses": "IN"}, CABLE, None),
        ({"crosses": ["IN", "OM"]}, CABLE, True),
        ({"crosses": "PK"}, CABLE, False),
        ({"crosses": "PK"}, fibre("a-b", 1, crosses=("XX",)), None),
        ({"operated_by": "Beta"}, CABLE, True),
        ({"operated_by": "Gamma"}, CABLE, None),
        ({"operated_by": "Gamma"}, COAST, False),
        ({"operated_by": "Gamma"}, NOWHERE, None),
        ({"operated_by": "CN"}, COAST, None),
        ({"confidence": "confident"}, COAST, True),
        ({"confidence": "confident"}, LAND, True),
        ({"confidence": "unsure"}, COAST, False),
        ({"confidence": ["unsure"]}, NOWHERE, True),
        ({"confidence": "unsure"}, CABLE, True),
        ({"confidence": ["confident", "unsure"]}, CABLE, True),
        ({"confidence": "confident", "medium": "terrestrial"}, CABLE, False),
        ({"medium": "submarine"}, COAST, False),
        ({"role": "coastal"}, CABLE, False),
        ({"medium": "submarine", "crosses": "IN"}, CABLE, None),
        ({"medium": "terrestrial", "crosses": "IN"}, CABLE, False),
        ({"except": {"hubs": "coast"}}, COAST, False),
        ({"except": {"hubs": "coast"}}, CABLE, True),
        ({"except": [{"hubs": "west"}, {"cables": "adc"}]}, CABLE, False),
        ({"medium": "submarine", "except": {"crosses": "IN"}}, CABLE, None),
        (
            {"medium": "submarine", "except": {"crosses": "OM", "except": {"cables": "adc"}}},
            CABLE,
            True,
        ),
        ({"gateway": True, "except": {"operated_by": "CN"}}, COAST, None),
    ],
    ids=str,
)
def test_a_selector_answers_yes_no_or_not_known(
    keys: dict[str, Any], element: Element, answer: bool | None
) -> None:
    assert Selector.model_validate(keys).selects(element, shipped_groups()) is answer


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ({}, True),
        ({"role": "coastal", "gateway": True}, True),
        ({"except": {"role": "coastal"}}, False),
        ({"except": ["gateways", {"hubs": "west"}]}, False),
        ({"gateway": True, "except": {"operated_by": "CN"}}, None),
    ],
    ids=str,
)
def test_a_selector_of_hubs_answers_so_too(keys: dict[str, Any], answer: bool | None) -> None:
    assert Where.model_validate(keys).selects(COAST, shipped_groups()) is answer


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "a selector names nothing: give located_in, crosses, operated_by, confidence"),
        ({"role": "core", "medium": "submarine"}, "role, which speaks of hubs, and medium, which"),
        ({"rôle": "core"}, "Extra inputs"),
        ({"role": "westrn"}, "'coastal', 'western'"),
        ({"except": [{}]}, "a selector names nothing"),
        ({"except": [{"hubs": "a"}] * 33}, "at most 32"),
    ],
    ids=str,
)
def test_a_selector_that_selects_nothing_is_refused(keys: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Selector.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"hubs": ["kun", "kash", "west"]}, "hub kun, kash or west"),
        ({"role": "western", "located_in": "CN"}, "any hub in CN of role western"),
        ({"medium": "submarine", "status": "uncertain"}, "any submarine uncertain fibre"),
        (
            {"cables": "smw4", "except": {"fibres": "a-b"}},
            "any fibre of cable smw4, but not fibre a-b",
        ),
        ({"operated_by": "SCO"}, "anything run by SCO"),
        ({"confidence": "unsure"}, "anything of confidence unsure"),
        (
            {"confidence": "unsure", "medium": "submarine"},
            "any submarine fibre of confidence unsure",
        ),
        ({"gateway": True}, "any hub with an international gateway"),
        ({"except": {"medium": "submarine"}}, "anything, but not any submarine fibre"),
    ],
    ids=str,
)
def test_a_selector_is_told_in_words(keys: dict[str, Any], said: str) -> None:
    assert str(Selector.model_validate(keys)) == said


def test_naming_a_hub_is_the_most_specific_path_to_select_one() -> None:
    asked = ("any", {"role": "western"}, {"except": {"hubs": "a"}}, {"hubs": "a", "role": "core"})
    ranks = [Match.model_validate({"src": one}).src.specificity for one in asked]
    assert ranks == [0, 1, 1, 2]


def load(tmp_path: File, hard: str, topology: Any = None, match: str = "{}") -> Any:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "schema: 1\nname: mine\npolicies:\n- {id: ANY, effect: permit}\n"
        f"- id: TRY\n  effect: restrict\n  match: {match}\n  hard: {hard}\n",
        encoding="utf-8",
    )
    return load_policies(file, topology)


@pytest.mark.parametrize(
    ("hard", "says"),
    [
        ("{avoid: {hubs: karchi}}", 'no hub is called "karchi"; did you mean "karachi"?'),
        (
            "{avoid: {fibres: guian-kunmin}}",
            'no fibre is called "guian-kunmin"; did you mean "guian',
        ),
        ("{avoid: {cables: [peace, smw44]}}", 'no cable system is called "smw44"'),
        ("{avoid: {srlgs: corridor:redsea}}", 'did you mean "corridor:red-sea"?'),
        (
            "{avoid: {any_of: [{crosses: VN}, {located_in: VNM}]}}",
            "no jurisdiction or group is called",
        ),
        ("{confine: {within: CN, except: [{cables: smw3}]}}", 'no cable system is called "smw3"'),
        ("{via: [{hubs: guian}, {any_of: {hubs: shangai}}]}", 'did you mean "shanghai"?'),
        ("{waypoints: [{any_of: {gateway: true, except: {hubs: shangai}}}]}", '"shanghai"'),
        ("{no_return: CHN}", 'no jurisdiction or group is called "CHN"'),
        (
            "{path: '.* (karachi|lahor) .*'}",
            'no hub, jurisdiction or group is called "lahor", character 13',
        ),
        ("{path: '.* <peac>.*'}", 'called "peac", character 4 of the path; did you mean'),
        ("{avoid: {role: westen}}", '"westen" is not known; did you mean "western"?'),
        ("{via: kunming}", "not kunming; known keys: located_in, crosses, operated_by, "),
        ("{avoid: {medium: [terestrial]}}", 'did you mean "terrestrial"?'),
        ("{avoid: {status: in-servce}}", 'did you mean "in-service"?'),
        ("{confine: {confidence: confidant}}", 'did you mean "confident"?'),
        ("{avoid: {cabels: smw4}}", 'unknown key "cabels"; did you mean "cables"?'),
    ],
    ids=str,
)
@pytest.mark.parametrize("topology", [None, "pan-asia"])
def test_a_name_that_nobody_knows_is_told_with_its_line_and_a_near_match(
    hard: str, says: str, topology: str | None, tmp_path: File
) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, hard, load_topology(topology) if topology else None)
    assert caught.value.line == 8
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_selectors_of_a_match_are_looked_up_too(tmp_path: File) -> None:
    with pytest.raises(InputError, match='"shangai"'):
        load(tmp_path, "{hops: 3}", match="{dst: {gateway: true, except: [{hubs: shangai}]}}")


def test_fibres_are_those_of_the_topology_that_policies_are_for(tmp_path: File) -> None:
    load(tmp_path, "{avoid: {fibres: kash-gilgit}}", corridor())
    load(tmp_path, "{avoid: {cables: smw4, status: planned}}")
    with pytest.raises(InputError, match='no cable system is called "smw4"'):
        load(tmp_path, "{avoid: {cables: smw4}}", corridor())
