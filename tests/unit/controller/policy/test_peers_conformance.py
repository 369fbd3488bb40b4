"""What other policy languages publish as examples, said in this one: the same paths come out.

The examples are data, ``tests/support/policy/peers/*.yaml``, in our words with their sources;
docs/peers.md tells them to people.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError
from peers_lab import PEERS, Example, examples, in_use, stranded, taken

DOCS = Path(__file__).parents[4] / "docs"


def asking(*keys: str) -> list[Example]:
    return [one for one in examples() if any(key in one.given for key in keys)]


@pytest.mark.parametrize("example", asking("count", "paths"), ids=str)
def test_as_many_paths_are_allowed_as_the_peer_says(example: Example, tmp_path: Path) -> None:
    rulings = example.rulings(example.set_of_policies(tmp_path))
    found = [p for r in rulings for p in example.paths(r) if r.verdict(p).allowed]
    if "count" in example.given:
        assert len(found) == example.given["count"], found
    else:
        assert sorted(" ".join(p.hubs) for p in found) == sorted(example.given["paths"])


@pytest.mark.parametrize("example", asking("in_use"), ids=str)
def test_of_weighted_options_the_heaviest_with_a_path_is_in_use(
    example: Example, tmp_path: Path
) -> None:
    (applicable_policies,) = example.rulings(example.set_of_policies(tmp_path))
    found = in_use(example, applicable_policies)
    assert len(found) == example.given["in_use"], found
    assert any(taken(applicable_policies, []) == " ".join(path.hubs) for path in found)


@pytest.mark.parametrize("example", asking("under"), ids=str)
def test_what_is_preferred_is_taken_until_it_fails(example: Example, tmp_path: Path) -> None:
    (applicable_policies,) = example.rulings(example.set_of_policies(tmp_path))
    for step in example.given["under"]:
        assert taken(applicable_policies, step["cut"]) == step.get("takes", ""), step


@pytest.mark.parametrize("example", asking("survives"), ids=str)
def test_packets_arrive_whichever_fibre_is_cut(example: Example, tmp_path: Path) -> None:
    assert stranded(example, example.set_of_policies(tmp_path)) == []


@pytest.mark.parametrize("example", asking("refused"), ids=str)
def test_a_name_that_nobody_knows_is_refused_and_matches_nothing(
    example: Example, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=re.escape(example.given["refused"])) as refused:
        example.set_of_policies(tmp_path)
    assert "policies.yaml" in str(refused.value)


@pytest.mark.parametrize("example", asking("scenario"), ids=str)
def test_what_demands_share_is_said_in_a_scenario(example: Example, tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(yaml.safe_dump(example.given["scenario"], sort_keys=False))
    (shared,) = load_scenario(file).scenario.aggregates
    assert shared.demands == ("x", "y")
    assert (shared.guarantee.cir, shared.guarantee.pir) == (10 * 10**6, 50 * 10**6)


def test_every_example_is_said_or_told_why_not() -> None:
    outcomes = {"count", "paths", "in_use", "under", "refused", "scenario", "why_not"}
    for one in examples():
        assert outcomes & one.given.keys(), one
        said = {"policies", "scenario"} & one.given.keys()
        assert ("why_not" in one.given) == (not said), one


@pytest.mark.parametrize("peer", PEERS)
def test_the_page_counts_the_examples_that_are_tested(peer: str) -> None:
    mine = [one for one in examples() if one.peer == peer]
    whole = sum(one.stands_for for one in mine)
    said = sum(one.stands_for for one in mine if "why_not" not in one.given)
    assert f"{said} of {whole}" in (DOCS / "peers.md").read_text(), (peer, said, whole)
