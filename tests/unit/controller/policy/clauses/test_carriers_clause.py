"""``carriers``: operators that may run the ends of the fibres of a path."""

from __future__ import annotations

from pathlib import Path as File

import pytest

from corridor.controller.policy.load import load_policies
from corridor.controller.policy.permitted_paths import lawful_route
from corridor.controller.second_opinion.clause_registry import OBJECTIONS
from corridor.controller.second_opinion.journey import journey_of
from corridor.controller.second_opinion.selectors import Places
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.operators import WrittenDomains
from corridor.topologies.model.routing import Path
from policy_lab import applicable_policies, demand, fibre, hub, network, permit

WRITTEN = WrittenDomains.model_validate(
    {
        "operators": [
            {"id": "north", "name": "North Telecom", "country": "CN"},
            {"id": "south", "name": "South Telecom", "country": "PK"},
            {"id": "guest", "name": "Guest", "country": "RU"},
        ],
        "hubs": {"a": "north@CN", "b": "north@CN", "z": "south@PK"},
        "fibres": [
            {"id": "a-m", "ends": {"a": "guest@CN", "m": "guest@CN"}},
            {"id": "a-b", "ends": {"a": "north@CN", "b": "north@CN"}},
            {"id": "b-m", "ends": {"b": "north@CN", "m": "north@CN"}},
            {"id": "m-z", "ends": {"m": "south@PK", "z": "south@PK"}},
            {"id": "b-y", "ends": {"b": "north@CN"}, "basis": "derived"},
            {"id": "y-z", "ends": {"z": "south@PK"}},
        ],
    }
)
LINE = network(
    [hub("a", "CN"), hub("b", "CN"), hub("m", "CN"), hub("y", "CN"), hub("z", "PK")],
    [
        fibre("a-m", 1),
        fibre("a-b", 2),
        fibre("b-m", 2),
        fibre("m-z", 1),
        fibre("b-y", 9),
        fibre("y-z", 9),
    ],
).model_copy(update={"domains": WRITTEN})
"""From a to z: by the guest's fibre to m, by b and m, or by b and y, whose carrier is not stated.
At m, North Telecom hands over to South Telecom."""
GUEST, OWN, UNSTATED = ("a-m", "m-z"), ("a-b", "b-m", "m-z"), ("a-b", "b-y", "y-z")
CASES = {
    "all named": (["north", "south", "guest"], GUEST),
    "by names": (["North Telecom", "South Telecom"], OWN),
    "by home": (["CN", "PK"], OWN),
    "one of a country": ({"operators": "north", "within": "CN"}, OWN),
    "next to the border, the guest at m": (
        {"operators": "north", "at": "border", "within": "CN"},
        OWN,
    ),
    "next to the border, the customers' end of z is inland": (
        {"operators": ["guest", "south"], "at": "border"},
        GUEST,
    ),
    "another country is not concerned": ({"operators": "guest", "within": "RU"}, GUEST),
    "nobody": ({"operators": "ptcl"}, None),
    "not known is refused": ({"operators": ["CN", "south"], "within": ["CN", "PK"]}, OWN),
}


def route(asked: object, dead: str = "") -> tuple[str, ...] | None:
    on = LINE.without([dead]) if dead else LINE
    found = lawful_route(
        applicable_policies(
            permit(hard={"carriers": asked}), about=demand("general", "a", "z"), on=on
        )
    )
    return found.path.fibres if found else None


@pytest.mark.parametrize(("asked", "expected"), CASES.values(), ids=CASES)
def test_the_shortest_path_whose_ends_only_allowed_operators_run(
    asked: object, expected: tuple[str, ...] | None
) -> None:
    assert route(asked) == expected


@pytest.mark.parametrize(("unstated", "expected"), [("refuse", None), ("accept", UNSTATED)])
def test_an_end_that_no_source_names_is_used_only_where_a_policy_accepts_it(
    unstated: str, expected: tuple[str, ...] | None
) -> None:
    asked = {"operators": ["north", "south"], "unstated": unstated}
    assert route(asked, dead="b-m") == expected


@pytest.mark.parametrize(("asked", "_"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("path", [GUEST, OWN, UNSTATED])
def test_the_second_opinion_agrees_on_every_path(
    asked: object, _: object, path: tuple[str, ...]
) -> None:
    hubs = ["a"]
    for name in path:
        hubs.append(LINE.fibre(name).other_end(hubs[-1]))
    rules = applicable_policies(
        permit(hard={"carriers": asked}), about=demand("general", "a", "z"), on=LINE
    )

    judged = rules.verdict(Path(tuple(hubs), path)).allowed
    objection = OBJECTIONS["carriers"].objection(asked, journey_of(LINE, hubs, path), Places({}))
    assert judged == (objection == "")


def test_an_unknown_operator_is_refused_with_its_line(tmp_path: File) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(
        "schema: 1\nname: p\npolicies:\n- id: X\n  effect: restrict\n  hard: {carriers: [ptcll]}\n"
    )
    with pytest.raises(InputError, match="ptcl") as refused:
        load_policies(file, load_topology("mini"))
    assert "6" in str(refused.value)


def test_licensed_carriers_of_the_shipped_map_carry_what_leaves_the_mainland() -> None:
    """Khunjerab is China Telecom's; no source names who runs Guangzhou to Hong Kong."""
    asked = {"operators": ["ct", "cu", "cm"], "at": "border", "within": "CN"}
    topology = load_topology("pan-asia")
    rules = applicable_policies(
        permit(hard={"carriers": asked}), about=demand("general", "kashgar", "gilgit"), on=topology
    )
    found = lawful_route(rules)
    assert found is not None
    assert found.path.hubs == ("kashgar", "khunjerab", "gilgit")
    hongkong = applicable_policies(
        permit(hard={"carriers": asked}),
        about=demand("general", "guangzhou", "hongkong"),
        on=topology,
    )
    other = lawful_route(hongkong)
    assert other is not None
    assert other.path.hubs == ("guangzhou", "shenzhen", "hongkong")
