"""Data of which a set says nothing is bound by what it forbids to any data, and never permitted."""

from pathlib import Path

import pytest

from corridor.controller.policy.load import check_policies, load_policies
from corridor.controller.policy.model import DataClass, Policy, PolicySet
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.semantics import NOT_JUDGED, ApplicablePolicies, rule
from corridor.topologies.base.errors import InputError
from policy_lab import TODAY, corridor, demand, permit, policy

OWN = DataClass(id="own", origin=("CN",), sensitivity="general", basis="exempt")
OTHER = DataClass(id="other", origin=("PK",), sensitivity="general", basis="exempt")
LAB = corridor()


def ruled(
    *policies: Policy, data_class: str = "other", outside: str = "not-judged"
) -> ApplicablePolicies:
    read = PolicySet.model_validate(
        {"name": "lab", "classes": [OWN], "policies": policies, "outside": outside}
    )
    asked = demand(data_class, "west", "karachi")
    return rule(read.beside([OTHER]), LAB, asked, TODAY)


def hubs(found: ApplicablePolicies) -> tuple[str, ...]:
    route = best_permitted_path(found)
    assert isinstance(route, PermittedPath), route
    return route.path.hubs


def test_data_outside_goes_its_shortest_path_and_is_not_judged() -> None:
    found = ruled(permit(match={"class": "own"}))
    assert not found.is_judged
    assert found.permits == (NOT_JUDGED,)
    assert hubs(found) == ("west", "kash", "gilgit", "karachi")


def test_what_is_forbidden_to_any_data_is_forbidden_to_it() -> None:
    avoid = policy("restrict", "NO-PK", hard={"avoid": {"located_in": "IN"}})
    gilgit = policy("restrict", "BY-COAST", hard={"waypoints": [{"any_of": {"hubs": "coast"}}]})
    assert hubs(ruled(avoid)) == ("west", "kash", "gilgit", "karachi")
    assert "coast" in hubs(ruled(gilgit))
    assert isinstance(best_permitted_path(ruled(policy("deny", "NOTHING"))), NoPermittedPath)


def test_a_restrict_on_another_class_leaves_it_alone() -> None:
    mine = policy("restrict", "MINE", match={"class": "own"}, hard={"confine": "CN"})
    assert hubs(ruled(mine)) == ("west", "kash", "gilgit", "karachi")


def test_a_permit_that_speaks_of_it_judges_it() -> None:
    by_coast = {"waypoints": [{"any_of": {"hubs": "coast"}}]}
    found = ruled(permit(match={"origin": "PK"}, hard=by_coast))
    assert found.is_judged
    assert "coast" in hubs(found)


def test_a_class_of_the_set_itself_is_denied_by_default() -> None:
    found = ruled(data_class="own")
    assert found.is_judged
    assert isinstance(best_permitted_path(found), NoPermittedPath)


@pytest.mark.parametrize("data_class", ["other", "unclassified"])
def test_a_set_that_denies_what_is_outside_permits_none_of_it(data_class: str) -> None:
    found = ruled(data_class=data_class, outside="deny")
    assert found.is_judged
    assert isinstance(best_permitted_path(found), NoPermittedPath)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(f"schema: 1\nname: mine\n{text}")
    return path


NARROWS = (
    "policies:\n- {id: R, effect: restrict, match: {origin: TH}, hard: {avoid: {crosses: VN}}}\n"
)
PERMITS = "policies:\n- {id: P, effect: permit, match: {origin: TH}}\n"


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("", "deny"),
        (NARROWS, "deny"),
        (f"include: [th]\n{NARROWS}", "not-judged"),
        ("include: [pan-asia]\nswitch_off: [CN-CORE]\n", "not-judged"),
        (f"include: [th]\n{PERMITS}", "deny"),
        (f"include: [th]\noutside: not-judged\n{PERMITS}", "not-judged"),
        (f"include: [th]\noutside: deny\n{NARROWS}", "deny"),
        (f"include: [th, none]\n{NARROWS}", "deny"),
    ],
)
def test_a_file_that_permits_nothing_is_read_as_what_it_includes(
    tmp_path: Path, text: str, outside: str
) -> None:
    assert load_policies(written(tmp_path, text)).outside == outside


def test_no_policy_may_be_called_what_stands_for_none(tmp_path: Path) -> None:
    text = "policies:\n- {id: NOT-JUDGED, effect: permit}\n"
    with pytest.raises(InputError, match=r"mine.yaml:4: .*stands for what no set judges"):
        load_policies(written(tmp_path, text))


def test_a_set_with_classes_described_elsewhere_is_checked_as_any_other() -> None:
    th = load_policies("th").beside(load_policies("pan-asia").classes)
    assert "cn-core-none" in th.class_ids
    assert not {one.id for one in th.described} & {one.id for one in th.classes}
    check_policies(PolicySet.model_validate_json(th.model_dump_json(by_alias=True)), LAB)
