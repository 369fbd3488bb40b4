"""What is special to ``no_return``: a region left for good, where some of it is doubtful."""

from __future__ import annotations

from typing import Any

import pytest

from corridor.controller.policy.semantics import PolicyDecision
from policy_lab import along, applicable_policies, demand, fibre, hub, network, permit


def passing(*path: Any, region: Any = "CN") -> PolicyDecision:
    """Of a line of hubs, by jurisdiction, and of the fibres between them, by what they cross."""
    places = [one for one in path if isinstance(one, str)]
    hubs = [hub(f"h{number}", place) for number, place in enumerate(places)]
    fibres, count = [], -1
    for one in (*path, {}):
        if isinstance(one, str):
            count += 1
        elif count < len(places) - 1:
            fibres.append(fibre(f"h{count}-h{count + 1}", 1, **one))
    line = network(hubs, fibres)
    asked = permit(hard={"no_return": region})
    about = demand(src="h0", dst=f"h{len(hubs) - 1}")
    names = [one.id for one in hubs]
    return applicable_policies(asked, about=about, on=line).verdict(along(*names, topology=line))


PLAIN: dict[str, Any] = {}
CROSSES_CN, MAY_CROSS_CN = {"crosses": ("CN",)}, {"may_cross": ({"code": "CN"},)}
CROSSES_MM, MAY_CROSS_MM = {"crosses": ("MM",)}, {"may_cross": ({"code": "MM"},)}
NOWHERE = {"crosses": ("XX",)}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (("CN", PLAIN, "CN", PLAIN, "PK", PLAIN, "IN"), True),
        (("PK", PLAIN, "CN", PLAIN, "CN", PLAIN, "PK"), True),
        (("CN", PLAIN, "PK", PLAIN, "CN"), False),
        (("CN", PLAIN, "PK", CROSSES_CN, "IN"), False),
        (("CN", PLAIN, "PK", MAY_CROSS_CN, "IN"), False),
        (("PK", PLAIN, "IN", MAY_CROSS_CN, "IN"), True),
        (("CN", CROSSES_MM, "CN"), False),
        (("CN", MAY_CROSS_MM, "CN"), False),
        (("CN", CROSSES_MM, "PK"), True),
        (("CN", MAY_CROSS_CN, "CN", PLAIN, "PK"), True),
        (("XX", PLAIN, "CN", PLAIN, "PK"), True),
        (("XX", PLAIN, "PK", PLAIN, "CN"), False),
        (("CN", PLAIN, "XX", PLAIN, "CN"), False),
        (("CN", PLAIN, "XX", PLAIN, "XX"), False),
        (("PK", PLAIN, "XX", PLAIN, "PK"), True),
        (("PK", PLAIN, "XX", PLAIN, "PK", PLAIN, "XX"), False),
        (("CN", NOWHERE, "CN"), False),
        (("PK", NOWHERE, "PK"), True),
        (("CN", {**CROSSES_CN, **MAY_CROSS_MM}, "CN", PLAIN, "PK"), True),
    ],
    ids=str,
)
def test_what_may_be_inside_outside_and_inside_again_is_refused(path: Any, allowed: bool) -> None:
    assert passing(*path).allowed is allowed


def test_several_names_are_one_region() -> None:
    path = ("CN", PLAIN, "HK", PLAIN, "CN", PLAIN, "MM", PLAIN, "IN")
    assert passing(*path, region=["CN", "HK"]).allowed
    assert not passing(*path, region="CN").allowed
    assert not passing(*path, region=["CN", "IN"]).allowed


def test_the_element_that_is_inside_again_is_told() -> None:
    said = passing("CN", PLAIN, "PK", MAY_CROSS_CN, "IN", region=["CN", "HK"])
    assert "h1-h2 may cross CN, and the path had left CN, HK" in str(said)
    said = passing("CN", PLAIN, "PK", PLAIN, "XX")
    assert "h2 is in XX, which may be CN, and the path had left CN" in str(said)
