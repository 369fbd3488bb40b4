"""What is special to ``borders``: an unknown place is a border, and detours count in both
directions.

From west to karachi the Karakoram path crosses one border, the sea path two, the Burma path three.
"""

from __future__ import annotations

import itertools
from pathlib import Path as File
from typing import Any

import pytest

from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.permitted_paths import NoPermittedPath, PermittedPath
from corridor.experiments.cli import main
from corridor.topologies.base.errors import InputError
from policy_lab import (
    along,
    applicable_policies,
    corridor,
    demand,
    fibre,
    hub,
    network,
    permit,
    restrict,
    route,
)
from prover_worlds import compiled


def borders(*hubs: str, **between: Any) -> int:
    """The fewest borders that a line of hubs, one in each of these jurisdictions, is allowed by;
    ``between`` is what every fibre has."""
    names = "abcdefg"[: len(hubs)]
    line = network(
        [hub(name, code) for name, code in zip(names, hubs, strict=True)],
        [fibre(f"{a}-{z}", 1, **between) for a, z in itertools.pairwise(names)],
    )
    about = demand(src=names[0], dst=names[-1])
    return next(
        most
        for most in range(17)
        if applicable_policies(permit(hard={"borders": most}), about=about, on=line)
        .verdict(along(*names, topology=line))
        .allowed
    )


def doubtful(*codes: str) -> dict[str, Any]:
    return {"may_cross": [{"code": code} for code in codes]}


@pytest.mark.parametrize(
    ("hubs", "between", "most"),
    [
        (("CN", "CN", "CN"), {}, 0),
        (("CN", "PK", "PK", "CN"), {}, 2),
        (("CN", "HK"), {}, 1),
        (("CN", "XX"), {}, 1),
        (("XX", "XX"), {}, 1),
        (("CN", "XX", "CN"), {}, 2),
        (("CN", "PK"), {"crosses": ["OM"]}, 2),
        (("CN", "CN"), {"crosses": ["OM"]}, 2),
        (("CN", "CN"), {"crosses": ["XX"]}, 2),
        (("CN", "CN"), {"crosses": ["OM", "IN"]}, 3),
        (("CN", "PK"), doubtful("OM"), 2),
        (("CN", "PK"), {"crosses": ["IN"], **doubtful("OM")}, 3),
        (("XX", "PK"), {"crosses": ["IN"]}, 2),
        (("CN", "CN", "CN"), {"crosses": ["OM"]}, 4),
    ],
    ids=str,
)
def test_borders_of_a_path_are_counted(
    hubs: tuple[str, ...], between: dict[str, Any], most: int
) -> None:
    assert borders(*hubs, **between) == most


@pytest.mark.parametrize(
    ("most", "hubs"),
    [
        (1, ("west", "kash", "gilgit", "karachi")),
        (16, ("west", "kash", "gilgit", "karachi")),
    ],
)
def test_the_quickest_path_of_few_enough_borders_is_taken(most: int, hubs: tuple[str, ...]) -> None:
    found = route(permit(hard={"borders": most}))
    assert isinstance(found, PermittedPath)
    assert found.path.hubs == hubs


def test_a_demand_is_blocked_where_every_path_crosses_too_many() -> None:
    found = route(permit(), restrict("FEW", hard={"borders": 0}))
    assert isinstance(found, NoPermittedPath)
    assert found.status == "BLOCKED"
    assert "FEW borders: gilgit would be past border 1 of at most 0" in str(found)


@pytest.mark.parametrize("most", range(1, 6))
def test_detours_keep_to_it_and_every_claim_is_proven(most: int) -> None:
    rules = permit(), restrict("FEW", hard={"borders": most})
    intents = [
        Intent(
            applicable_policies(*rules, about=demand(src=src, dst=dst)),
            protection=Protection(1, ("link",)),
        )
        for src, dst in (("west", "karachi"), ("karachi", "west"), ("kun", "mumbai"))
    ]
    assert compiled(corridor(), intents).prove().holds


def test_data_that_may_cross_no_border_is_domestic() -> None:
    at_home = applicable_policies(permit(hard={"borders": 0}), about=demand(dst="kun"))
    assert at_home.verdict(along("west", "kun")).phases == ("DOMESTIC", "DOMESTIC")


@pytest.mark.parametrize("most", ["-1", "17", "2.0", "true", '"2"', "two", "[2]", "{}"])
def test_a_limit_that_is_no_small_whole_number_is_refused_with_its_line(
    most: str, tmp_path: File
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "schema: 1\nname: mine\npolicies:\n- id: TRY\n  effect: restrict\n"
        f"  hard: {{borders: {most}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_policies(file, corridor())
    assert caught.value.line == 6


def test_explain_says_what_the_limit_forbids(
    tmp_path: File, capsys: pytest.CaptureFixture[str]
) -> None:
    """By Laos to bangkok is two borders; the cable comes from the coast and may touch others."""
    (tmp_path / "rules.yaml").write_text(
        "schema: 1\nname: rules\npolicies:\n- {id: ANY, effect: permit}\n"
        "- {id: FEW, effect: restrict, hard: {borders: 1}}\n",
        encoding="utf-8",
    )
    scenario = tmp_path / "asked.yaml"
    scenario.write_text(
        "schema: 1\nname: asked\ntopology: mini\npolicies: rules.yaml\ndemands:\n"
        "- {id: asked, class: dr, src: shanghai, dst: bangkok}\n",
        encoding="utf-8",
    )
    assert main(["explain", "asked", str(scenario)]) == 0
    said = capsys.readouterr().out
    assert "FEW borders: " in said
    assert "of at most 1" in said
