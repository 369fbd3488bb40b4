"""Interpretations: questions that the law leaves open, answered by a value that one may choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.controller.explain.explanation import other_values
from corridor.controller.policy.load import load_policies, shipped_policies
from corridor.controller.policy.permitted_paths import (
    NoPermittedPath,
    PermittedPath,
    best_permitted_path,
)
from corridor.controller.policy.semantics import rule
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from policy_lab import TODAY, demand

OWN = """schema: 1
name: own
interpretations:
- id: by-land
  question: Does the draft bind the path?
  default: bound
  values: {bound: [LAND], free: []}
policies:
- {id: ANY, effect: permit}
- {id: LAND, effect: restrict, hard: {confine: {medium: terrestrial}}}
"""


def enabled(policies, *names: str) -> list[bool]:
    by_id = {one.id: one.enabled for one in policies.policies}
    return [by_id[name] for name in names]


@pytest.mark.parametrize("name", shipped_policies())
def test_every_shipped_set_is_read_by_the_default_unless_it_says_otherwise(name: str) -> None:
    policies = load_policies(name)
    for one in policies.interpretations:
        other = name == "gateway-cities" and one.id == "cn-gateway"
        assert policies.value_of(one) == ("every-service" if other else one.default)


def test_a_value_switches_its_policies_on_and_those_of_other_values_off() -> None:
    policies = load_policies("pan-asia")
    path = ("CN-DOMESTIC-PATH", "CN-NO-BASIS-PATH", "CN-CORE-PATH")
    assert enabled(policies, *path, "CN-NO-BASIS") == [True, True, True, True]
    recipient = policies.interpreted({"cn-transfer": "recipient"})
    assert enabled(recipient, *path, "CN-NO-BASIS") == [False, False, False, True]
    assert recipient.interpreted({"cn-transfer": "path"}) == policies
    assert policies.interpreted({"of-another-set": "x"}) == policies
    with pytest.raises(KeyError, match='has no value "paht"; did you mean "path"'):
        policies.interpreted({"cn-transfer": "paht"})


def test_text_of_law_binds_the_recipient_and_only_an_interpretation_binds_the_path() -> None:
    policies = {one.id: one for one in load_policies("cn-outbound").policies}
    for name in ("CN-NO-BASIS", "CN-CORE"):
        assert policies[name].hard.terminate is not None
        assert policies[name].hard.confine is None
        assert policies[f"{name}-PATH"].hard.confine is not None
    assert policies["CN-NO-BASIS"].kind == "text"
    assert policies["CN-NO-BASIS-PATH"].kind == "interpretation"
    assert policies["CN-DOMESTIC-PATH"].kind == "interpretation"
    assert policies["CN-DOMESTIC"].hard.confine is None


def test_a_file_that_includes_a_set_chooses_a_value(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text(
        "schema: 1\nname: mine\ninclude: [pan-asia]\ninterpret: {cn-transfer: recipient}\n"
    )
    assert enabled(load_policies(own), "CN-DOMESTIC-PATH") == [False]
    assert load_policies("gateway-cities").policies == (
        load_policies("pan-asia").interpreted({"cn-gateway": "every-service"}).policies
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("default: bound", "default: bund"), 'by-land has no value "bund"; its values are bound'),
        (("bound: [LAND]", "bound: [LND]"), 'no policy is called "LND"'),
        (("policies:\n", "interpret: {by-sea: free}\npolicies:\n"), 'no interpretation "by-sea"'),
        (("policies:\n", "interpret: {by-land: fre}\npolicies:\n"), 'by-land has no value "fre"'),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, change, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    load_policies(path)
    path.write_text(OWN.replace(*change))
    with pytest.raises(InputError, match=message) as caught:
        load_policies(path)
    assert caught.value.file == str(path)
    assert caught.value.line


def test_explain_names_the_values_that_would_change_the_path() -> None:
    policies, topology = load_policies("pan-asia"), load_topology("pan-asia")
    assessed = demand("cn-important-assessment", "zhongwei", "jeddah")
    assessed = assessed.model_copy(update={"service": "leased-circuit"})
    applicable_policies = rule(policies, topology, assessed, TODAY)
    (other,) = (
        one for one in other_values(applicable_policies, policies, TODAY) if one.value == "anywhere"
    )
    now = best_permitted_path(applicable_policies)
    read = policies.interpreted({"cn-assessed-export": "anywhere"})
    then = best_permitted_path(rule(read, topology, assessed, TODAY))
    assert isinstance(now, PermittedPath)
    assert isinstance(then, PermittedPath)
    assert other.chosen == "at-gateway"
    assert (other.chosen_one_way_ns, other.one_way_ns) == (now.one_way_ns, then.one_way_ns)
    blocked = demand("cn-important-none", "zhongwei", "islamabad")
    kept = rule(policies, topology, blocked, TODAY)
    assert isinstance(best_permitted_path(kept), NoPermittedPath)
    assert other_values(kept, policies, TODAY) == ()
