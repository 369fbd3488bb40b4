"""Policies for packets of one family: the other family is as if they were not written."""

from corridor.controller.policy.model import Match, PolicySet
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.semantics import PolicyLookup, data_of, unmet
from policy_lab import TODAY, corridor, demand, permit, policy

LAB = corridor()
DATA = {"id": "own", "origin": "CN", "sensitivity": "general", "basis": "exempt"}
BY_COAST = {"waypoints": [{"any_of": {"hubs": "coast"}}]}


def taken(*policies: object) -> dict[str, tuple[str, ...] | None]:
    """By family, the hubs of the permitted path of one demand, asked for in one lookup."""
    read = PolicySet.model_validate({"name": "lab", "classes": [DATA], "policies": policies})
    lookup = PolicyLookup(read, LAB, TODAY)
    found = {}
    for family in ("ipv4", "ipv6"):
        asked = demand("own", "west", "karachi").model_copy(update={"family": family})
        route = best_permitted_path(lookup.on(asked))
        assert isinstance(route, PermittedPath | NoPermittedPath)
        found[family] = route.path.hubs if isinstance(route, PermittedPath) else None
    return found


DIRECT = ("west", "kash", "gilgit", "karachi")


def test_a_policy_without_a_family_is_for_both() -> None:
    assert taken(permit()) == {"ipv4": DIRECT, "ipv6": DIRECT}


def test_a_deny_of_one_family_blocks_that_one() -> None:
    no_ipv6 = policy("deny", "NO-IPV6", match={"family": "ipv6"})
    assert taken(permit(), no_ipv6) == {"ipv4": DIRECT, "ipv6": None}


def test_a_restrict_of_one_family_moves_the_path_of_that_one() -> None:
    found = taken(permit(), policy("restrict", "BY-COAST", match={"family": "ipv4"}, hard=BY_COAST))
    assert found["ipv4"] is not None
    assert "coast" in found["ipv4"]
    assert found["ipv6"] == DIRECT


def test_a_permit_of_one_family_permits_only_that_one() -> None:
    assert taken(permit(match={"family": "ipv6"})) == {"ipv4": None, "ipv6": DIRECT}


def test_a_permit_of_one_family_is_tried_before_one_for_both() -> None:
    found = taken(permit("A"), permit("B", match={"family": "ipv6"}, hard=BY_COAST))
    assert found["ipv4"] == DIRECT
    assert found["ipv6"] is not None
    assert "coast" in found["ipv6"]


def test_the_unmet_family_is_named_and_a_match_without_one_is_written_as_before() -> None:
    read = PolicySet.model_validate({"name": "lab", "classes": [DATA]})
    asked = demand("own", "west", "karachi")
    trip = PolicyLookup(read, LAB, TODAY).on(asked).trip
    assert trip is not None
    assert unmet(permit(match={"family": "ipv6"}), data_of(read, asked), trip) == ("family",)
    assert "family" not in Match().model_dump()
