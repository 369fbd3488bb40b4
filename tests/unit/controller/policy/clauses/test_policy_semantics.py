"""What policies allow, as tables whose names read as sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from corridor.controller.policy.clauses.avoid import Avoid
from corridor.controller.policy.model import Policy
from policy_lab import (
    TODAY,
    along,
    applicable_policies,
    corridor,
    demand,
    deny,
    fibre,
    hub,
    network,
    permit,
    restrict,
    verdict,
)

KARAKORAM = "west kash gilgit karachi"
BURMA_ROAD = "west kun mandalay mumbai karachi"
SEA = "west coast karachi"
GATEWAY = {"waypoints": [{"any_of": "gateways", "before": "border", "then": "ASSESSED"}]}


@dataclass
class Case:
    """Policies, and which of the three paths from west to karachi they permit."""

    policies: list[Policy]
    allowed: set[str]
    about: dict[str, str] = field(default_factory=dict)


ALL = {KARAKORAM, BURMA_ROAD, SEA}
CASES: dict[str, Case] = {
    "nothing is allowed without a permit": Case([], set()),
    "a permit without clauses allows every path": Case([permit()], ALL),
    "a restrict alone allows nothing": Case([restrict(hard={"avoid": {"crosses": "OM"}})], set()),
    "a deny beats any permit": Case([permit(), permit("P2"), deny()], set()),
    "a deny that speaks of another class changes nothing": Case(
        [permit(), deny(match={"class": "important"})], ALL
    ),
    "permits add up": Case(
        [
            permit("P1", hard={"avoid": {"located_in": ["MM", "PK"]}}),
            permit("P2", hard={"avoid": {"crosses": "OM", "located_in": "PK"}}),
        ],
        {SEA, BURMA_ROAD},
    ),
    "a restrict narrows every permit": Case(
        [permit("P1"), permit("P2"), restrict(hard={"avoid": {"located_in": "IN"}})],
        {KARAKORAM, SEA},
    ),
    "restricts add up": Case(
        [
            permit(),
            restrict("R1", hard={"avoid": {"located_in": "IN"}}),
            restrict("R2", hard={"avoid": {"crosses": "OM"}}),
        ],
        {KARAKORAM},
    ),
    "avoid located_in looks at hubs, not at what fibres cross": Case(
        [permit(hard={"avoid": {"located_in": "OM"}})], ALL
    ),
    "avoid crosses looks at fibres, not at hubs": Case(
        [permit(hard={"avoid": {"crosses": ["OM", "IN"]}})], {KARAKORAM, BURMA_ROAD}
    ),
    "avoid leaves the ends alone, but not other hubs in their country": Case(
        [permit(hard={"avoid": {"located_in": "PK"}})], {BURMA_ROAD, SEA}
    ),
    "avoid takes a group": Case(
        [permit(hard={"avoid": {"located_in": "asean"}})], {KARAKORAM, SEA}
    ),
    "avoid operated_by finds one operator among several and refuses unknown ones": Case(
        [permit(hard={"avoid": {"operated_by": "CAT"}})], {KARAKORAM}
    ),
    "avoid operated_by accepts unknown operators where told to": Case(
        [permit(hard={"avoid": {"operated_by": "CAT", "unknown_operator": "accept"}})],
        {KARAKORAM, SEA},
    ),
    "avoid takes fibres by id, cable, risk, medium and status, each one alone": Case(
        [
            permit(
                "P1", hard={"avoid": {"fibres": "coast-karachi", "srlgs": "corridor:karakoram"}}
            ),
            permit("P2", hard={"avoid": {"status": "uncertain", "medium": "terrestrial"}}),
            permit("P3", hard={"avoid": {"cables": ["peace", "smw4"], "hubs": "gilgit"}}),
        ],
        {BURMA_ROAD, SEA},
    ),
    "avoid hubs and role leave the ends alone": Case(
        [permit(hard={"avoid": {"hubs": ["west", "karachi", "coast"]}})], {KARAKORAM, BURMA_ROAD}
    ),
    "avoid any_of asks all keys of one selector together": Case(
        [permit(hard={"avoid": {"any_of": {"located_in": "CN", "gateway": True}}})], {KARAKORAM}
    ),
    "avoid any_of takes several selectors": Case(
        [permit(hard={"avoid": {"any_of": [{"hubs": "coast"}, {"srlgs": "corridor:karakoram"}]}})],
        {BURMA_ROAD},
    ),
    "avoid excepts what is certainly selected": Case(
        [permit(hard={"avoid": {"located_in": ["CN", "MM"], "except": {"gateway": True}}})], {SEA}
    ),
    "what is not known is not excused": Case(
        [permit(hard={"avoid": {"fibres": "mandalay-mumbai", "except": {"operated_by": "CAT"}}})],
        {KARAKORAM, SEA},
    ),
    "avoid any_of forbids what may be selected": Case(
        [permit(hard={"avoid": {"any_of": {"operated_by": "CAT"}}})], {KARAKORAM}
    ),
    "confine by a key needs to be sure": Case(
        [permit(hard={"confine": {"operated_by": ["China Telecom", "SCO", "PTCL"]}})], set()
    ),
    "what may be excused is not": Case(
        [
            permit(
                hard={
                    "confine": {
                        "within": "CN",
                        "except": [{"located_in": "PK"}, {"operated_by": "X"}],
                    }
                }
            )
        ],
        {KARAKORAM},
    ),
    "avoid confidence speaks of hubs and of fibres": Case(
        [permit(hard={"avoid": {"confidence": "unsure"}})], {SEA}
    ),
    "confine to confident elements excepts the listed ones": Case(
        [permit(hard={"confine": {"confidence": "confident", "except": {"hubs": "mumbai"}}})],
        {BURMA_ROAD, SEA},
    ),
    "confine by a key binds what it speaks of, the ends too": Case(
        [
            permit("P1", hard={"confine": {"hubs": ["west", "coast", "karachi"]}}),
            permit("P2", hard={"confine": {"hubs": ["coast"]}}),
            permit("P3", hard={"confine": {"operated_by": ["China Telecom"]}}),
        ],
        {SEA},
    ),
    "confine excepts what is certainly selected": Case(
        [permit(hard={"confine": {"within": "CN", "except": {"located_in": ["PK", "IN", "MM"]}}})],
        {KARAKORAM, BURMA_ROAD},
    ),
    "confine includes the ends": Case([permit(hard={"confine": ["CN"]})], set()),
    "confine includes what fibres cross": Case(
        [permit(hard={"confine": ["CN", "PK"]})], {KARAKORAM}
    ),
    "confine takes groups": Case(
        [permit(hard={"confine": ["sco", "asean"]})], {KARAKORAM, BURMA_ROAD}
    ),
    "terminate binds the end and not the path": Case(
        [permit(hard={"terminate": {"only": "PK"}})], ALL
    ),
    "terminate elsewhere leaves nothing": Case([permit(hard={"terminate": {"only": "SG"}})], set()),
    "a gateway before the border closes the border that has none": Case(
        [permit(hard=GATEWAY)], {BURMA_ROAD, SEA}
    ),
    "a waypoint need not be before the border": Case(
        [permit(hard={"waypoints": [{"any_of": {"located_in": "IN"}}]})], {BURMA_ROAD}
    ),
    "waypoints in order": Case(
        [permit(hard={"waypoints": [{"any_of": "gateways"}, {"any_of": {"hubs": "mumbai"}}]})],
        {BURMA_ROAD},
    ),
    "waypoints in the wrong order": Case(
        [permit(hard={"waypoints": [{"any_of": {"hubs": "mumbai"}}, {"any_of": "gateways"}]})],
        set(),
    ),
    "one hub may serve two waypoints that follow each other": Case(
        [permit(hard={"waypoints": [{"any_of": "gateways"}, {"any_of": {"hubs": "coast"}}]})],
        {SEA},
    ),
    "the last hub may be a waypoint": Case(
        [permit(hard={"waypoints": [{"any_of": {"hubs": "karachi"}}]})], ALL
    ),
    "via goes by hubs or fibres, in order": Case(
        [permit(hard={"via": [{"fibres": "west-kun"}, {"hubs": "mumbai"}]})], {BURMA_ROAD}
    ),
    "via in the wrong order": Case(
        [permit(hard={"via": [{"hubs": "mumbai"}, {"fibres": "west-kun"}]})], set()
    ),
    "one element may serve two stops that follow each other": Case(
        [permit(hard={"via": ["gateways", {"hubs": "coast"}, {"crosses": "OM"}]})], {SEA}
    ),
    "the ends serve as stops": Case(
        [permit(hard={"via": [{"hubs": "west"}, {"hubs": "karachi"}]})], ALL
    ),
    "via before the border closes the border that has no such hub": Case(
        [permit(hard={"via": {"any_of": {"hubs": ["kun", "gilgit"]}, "before": "border"}})],
        {BURMA_ROAD},
    ),
    "via needs to be sure": Case(
        [permit(hard={"via": {"medium": "terrestrial", "operated_by": ["CAT"]}})], {BURMA_ROAD}
    ),
    "a selector of hubs takes a role and exceptions": Case(
        [
            permit("P1", match={"src": {"role": "transit", "except": {"hubs": "west"}}}),
            permit("P2", match={"dst": {"except": [{"located_in": "IN"}]}}, hard={"hops": 2}),
        ],
        {SEA},
    ),
    "a waypoint takes a role and exceptions": Case(
        [permit(hard={"waypoints": [{"any_of": {"gateway": True, "except": {"hubs": "kun"}}}]})],
        {SEA},
    ),
    "no_return lets a region be left once": Case([permit(hard={"no_return": "CN"})], ALL),
    "no_return takes a list as one region": Case(
        [permit(hard={"no_return": ["CN", "IN"]})], {KARAKORAM, SEA}
    ),
    "no_return looks at what fibres cross": Case(
        [permit(hard={"no_return": ["PK", "MM"]})], {KARAKORAM, SEA}
    ),
    "path fits the whole path": Case(
        [permit("P1", hard={"path": "west coast"}), permit("P2", hard={"path": "west coast ."})],
        {SEA},
    ),
    "path takes jurisdictions and groups": Case(
        [permit(hard={"path": "CN+ asean* IN? PK"})], {BURMA_ROAD, SEA}
    ),
    "path asks by which fibre a hub was entered": Case(
        [permit(hard={"path": ".* <corridor:karakoram>PK .*"})], {KARAKORAM}
    ),
    "path takes what certainly does not match": Case(
        [permit(hard={"path": "!PK* !<gilgit-karachi>karachi"})], {BURMA_ROAD, SEA}
    ),
    "path counts": Case([permit(hard={"path": ".{1,3} karachi"})], {KARAKORAM, SEA}),
    "borders counts where jurisdictions change, those of the ends too": Case(
        [permit(hard={"borders": 1})], {KARAKORAM}
    ),
    "borders counts coming to what a fibre crosses, and leaving it": Case(
        [permit(hard={"borders": 2})], {KARAKORAM, SEA}
    ),
    "the fewest borders count": Case(
        [permit(hard={"borders": 9}), restrict(hard={"borders": {"most": 3}})], ALL
    ),
    "without a border nothing leaves": Case([permit(hard={"borders": 0})], set()),
    "hops counts fibres": Case([permit(hard={"hops": 3})], {KARAKORAM, SEA}),
    "the fewest hops count": Case(
        [permit(hard={"hops": 3}), restrict(hard={"hops": {"most": 2}})], {SEA}
    ),
    "a budget is on one-way delay": Case(
        [permit(hard={"max_one_way": "15ms"})], {KARAKORAM, BURMA_ROAD}
    ),
    "the tightest budget counts": Case(
        [permit(hard={"max_one_way": "15ms"}), restrict(hard={"max_one_way": "12ms"})], {KARAKORAM}
    ),
    "a permit speaks of the origins it names": Case([permit(match={"origin": "PK"})], set()),
    "a permit must cover every origin of mixed data": Case(
        [permit(match={"origin": "PK"})], set(), {"data_class": "mixed"}
    ),
    "a permit that covers both origins allows mixed data": Case(
        [permit(match={"origin": ["CN", "PK"]})], ALL, {"data_class": "mixed"}
    ),
    "a deny needs one origin of mixed data": Case(
        [permit(), deny(match={"origin": "CN"})], set(), {"data_class": "mixed"}
    ),
    "origin belongs to the data, not to the sender": Case(
        [permit(match={"origin": "PK"})], ALL, {"data_class": "foreign"}
    ),
    "src and dst are selected by jurisdiction": Case(
        [permit(match={"src": {"located_in": "CN"}, "dst": {"outside": "CN"}})], ALL
    ),
    "every key of a selector must hold": Case(
        [permit(match={"src": {"located_in": "CN", "gateway": True}})], set()
    ),
    "a policy that is switched off says nothing": Case([permit(), deny(enabled=False)], ALL),
    "an expired permit is gone": Case([permit(valid_until="2025-12-31")], set()),
    "a permit holds through its last day": Case([permit(valid_until="2026-01-01")], ALL),
    "a permit does not hold before its first day": Case([permit(valid_from="2026-01-02")], set()),
    "a class whose basis has lapsed has no permits": Case(
        [permit()], set(), {"data_class": "lapsed"}
    ),
    "an unknown class is denied": Case([permit()], set(), {"data_class": "nonsense"}),
}


@pytest.mark.parametrize("name", CASES)
def test_policies_leave_open_exactly_these_paths(name: str) -> None:
    case = CASES[name]
    found = applicable_policies(*case.policies, about=demand(**case.about))
    verdicts = {path: found.verdict(along(*path.split())) for path in sorted(ALL)}
    allowed = {path for path, answer in verdicts.items() if answer.allowed}
    assert allowed == case.allowed, {path: str(answer) for path, answer in verdicts.items()}


def test_a_verdict_names_the_clause_the_element_and_the_law() -> None:
    answer = verdict(permit(hard=GATEWAY, legal_ref=["CN-GATEWAY"]), on=KARAKORAM)
    (died,) = answer.violations
    assert (died.policy, died.clause, died.element) == ("P", "waypoints", "gilgit")
    assert str(answer) == (
        "refused: P waypoints: the path is outside CN at gilgit before an international gateway"
        " [CN-GATEWAY]"
    )


def test_a_verdict_on_an_allowed_path_names_the_permit_and_the_phases() -> None:
    answer = verdict(permit(hard=GATEWAY), on=SEA)
    assert (answer.permit, answer.phases) == ("P", ("PRE", "ASSESSED", "ASSESSED"))


def test_phases_without_waypoints_are_domestic_or_exempt() -> None:
    inside = applicable_policies(permit(hard={"confine": "CN"}), about=demand(dst="kun"))
    assert inside.verdict(along("west", "kun")).phases == ("DOMESTIC", "DOMESTIC")
    assert verdict(permit(), on=SEA).phases == ("EXEMPT", "EXEMPT", "EXEMPT")


def test_permits_are_tried_by_preference_then_by_how_specific_they_are() -> None:
    plain, by_class = permit("A"), permit("B", match={"class": "general"})
    preferred = permit("C", preference=1)
    assert verdict(plain, by_class, on=SEA).permit == "B"
    assert verdict(plain, by_class, preferred, on=SEA).permit == "C"


def test_what_is_not_known_never_helps_a_permit_and_always_a_restrict() -> None:
    unknown = network([hub("west", "CN"), hub("karachi", "XX")], [fibre("west-karachi", 1)])
    path = along("west", "karachi", topology=unknown)
    for selector in ({"located_in": "PK"}, {"outside": "CN"}):
        there: dict[str, Any] = {"match": {"dst": selector}}
        assert not applicable_policies(permit(**there), on=unknown).verdict(path).allowed
        assert not applicable_policies(permit("P"), deny(**there), on=unknown).verdict(path).allowed
    for hard in ({"confine": ["CN", "PK"]}, {"terminate": {"only": "PK"}}, GATEWAY):
        assert not applicable_policies(permit(hard=hard), on=unknown).verdict(path).allowed


def test_where_an_element_is_unknown_it_may_be_where_it_must_not() -> None:
    line = network(
        [hub("west", "CN"), hub("kun", "XX"), hub("karachi", "PK")],
        [fibre("west-kun", 1), fibre("kun-karachi", 1, crosses=("XX",))],
    )
    path = along("west", "kun", "karachi", topology=line)
    for avoided, element in ({"located_in": "IN"}, "kun"), ({"crosses": "IN"}, "kun-karachi"):
        answer = applicable_policies(permit(hard={"avoid": avoided}), on=line).verdict(path)
        assert [died.element for died in answer.violations] == [element]
        assert "so it may be IN" in str(answer)


MAY_BE_INDIA = network(
    [hub("west", "CN"), hub("karachi", "PK")],
    [fibre("west-karachi", 1, may_cross=({"code": "IN", "why": "sources differ"},))],
)


@pytest.mark.parametrize(
    ("hard", "allowed"),
    [
        ({}, True),
        ({"avoid": {"crosses": "IN"}}, False),
        ({"avoid": {"crosses": "sco"}}, False),
        ({"avoid": {"crosses": "MM"}}, True),
        ({"avoid": {"located_in": "IN"}}, True),
        ({"confine": ["CN", "PK"]}, False),
        ({"confine": ["CN", "PK", "IN"]}, True),
        ({"terminate": {"only": "IN"}}, False),
        ({"waypoints": [{"any_of": {"located_in": "IN"}}]}, False),
    ],
)
def test_what_a_fibre_may_cross_counts_against_a_policy_and_never_for_it(
    hard: dict[str, Any], allowed: bool
) -> None:
    path = along("west", "karachi", topology=MAY_BE_INDIA)
    answer = applicable_policies(permit(hard=hard), on=MAY_BE_INDIA).verdict(path)
    assert answer.allowed is allowed
    if not allowed and {"avoid", "confine"} & hard.keys():
        assert "west-karachi may cross IN" in str(answer)


def test_before_the_border_is_before_what_may_be_past_it() -> None:
    line = network(
        [hub("west", "CN"), hub("kun", "CN", intl_gateway=True), hub("karachi", "PK")],
        [fibre("west-kun", 1, may_cross=({"code": "HK"},)), fibre("kun-karachi", 1)],
    )
    path = along("west", "kun", "karachi", topology=line)
    answer = applicable_policies(permit(hard=GATEWAY), on=line).verdict(path)
    assert not answer.allowed
    assert [died.element for died in answer.violations] == ["west-kun"]


@pytest.mark.parametrize(
    "path",
    [
        along("west", "coast"),
        along("kash", "gilgit", "karachi"),
        along("west", "kun", "mandalay"),
        type(along("west"))(("west", "karachi"), ("kash-gilgit",)),
        type(along("west"))(("west", "karachi"), ("no-such",)),
        type(along("west"))(("west", "karachi"), ()),
        type(along("west"))((), ()),
    ],
    ids=str,
)
def test_what_is_no_path_of_the_demand_is_refused_and_not_an_exception(path: Any) -> None:
    answer = applicable_policies(permit()).verdict(path)
    assert not answer.allowed
    assert answer.violations[0].clause == "error"


def test_a_clause_that_fails_to_evaluate_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(Avoid, "enter", fails)
    answer = verdict(permit(hard={"avoid": {"crosses": "OM"}}), on=KARAKORAM)
    assert not answer.allowed
    assert "planted" in str(answer)


def test_a_policy_that_fails_to_match_denies_although_a_permit_would_do() -> None:
    broken = deny().model_copy(update={"match": None})
    answer = verdict(permit(), broken, on=KARAKORAM)
    assert not answer.allowed
    assert "cannot be evaluated" in str(answer)


def test_answers_go_back_only_as_a_demand_of_their_own() -> None:
    assert demand().returning() is None
    asks = demand().model_copy(update={"returns": "same-class"})
    back = asks.returning()
    assert back is not None
    assert (back.src, back.dst, back.data_class) == ("karachi", "west", "general")
    other = asks.model_copy(update={"returns": "foreign"}).returning()
    assert other is not None
    assert other.data_class == "foreign"


def test_expiry_takes_effect_on_the_day_asked_about() -> None:
    lasting = permit(valid_until="2026-06-30")
    path = along(*SEA.split())
    assert applicable_policies(lasting, day=date(2026, 6, 30)).verdict(path).allowed
    assert not applicable_policies(lasting, day=date(2026, 7, 1)).verdict(path).allowed
    assert applicable_policies(lasting, day=TODAY).topology == corridor()
