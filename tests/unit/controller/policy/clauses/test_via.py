"""What is special to ``via``: nothing has to stand at a stop, and phases are for people."""

from __future__ import annotations

from typing import Any

import pytest

from corridor.controller.forwarding.labels import label_graph
from corridor.controller.policy.model import Hard
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.policy.phase import Phase
from corridor.controller.policy.semantics import Failures
from paths_lab import graph
from policy_lab import corridor, permit, route, verdict

SEA, BURMA_ROAD = "west coast karachi", "west kun mandalay mumbai karachi"
BY_COAST = {"via": [{"any_of": {"hubs": "coast"}, "before": "border", "then": "ASHORE"}]}


def test_a_stop_is_gone_by_though_its_gateway_is_down() -> None:
    by_gateway = permit(hard={"via": ["gateways"]})
    closed = Failures(gateways=frozenset({"coast", "kun"}))
    found = route(by_gateway, failures=closed)
    assert isinstance(found, PermittedPath)
    assert found.path.hubs == ("west", "kun", "mandalay", "mumbai", "karachi")
    inspected = permit(hard={"waypoints": [{"any_of": "gateways"}]})
    assert not isinstance(route(inspected, failures=closed), PermittedPath)


def test_the_border_is_closed_as_long_as_any_stop_before_it_is_left() -> None:
    stops: list[Any] = [{"hubs": "mandalay"}, {"any_of": {"hubs": "kun"}, "before": "border"}]
    back = "west kun mandalay kun mandalay mumbai karachi"
    answer = verdict(permit(hard={"via": stops}), on=back)
    assert not answer.allowed
    assert "the path is outside CN at mandalay before hub kun" in str(answer)
    stops[1] = {"hubs": "kun"}
    assert verdict(permit(hard={"via": stops}), on=back).allowed


def test_what_would_serve_beyond_the_border_does_not_serve_before_it() -> None:
    stop = {"any_of": {"crosses": "OM"}, "before": "border"}
    answer = verdict(permit(hard={"via": stop}), on=SEA)
    assert [died.element for died in answer.violations] == ["coast-karachi"]


@pytest.mark.parametrize(
    ("stops", "phases"),
    [
        (BY_COAST["via"], ("PRE", "ASHORE", "ASHORE")),
        ([{"hubs": "coast"}], ("EXEMPT", "EXEMPT", "EXEMPT")),
        (
            [{"hubs": "west"}, {"any_of": {"hubs": "coast"}, "then": "ASHORE"}],
            ("PRE", "ASHORE", "ASHORE"),
        ),
        ([{"any_of": {"hubs": "west"}, "then": "SENT"}, {"hubs": "coast"}], ("SENT",) * 3),
    ],
)
def test_a_stop_may_name_the_phase_behind_it(stops: Any, phases: tuple[str, ...]) -> None:
    assert verdict(permit(hard={"via": stops}), on=SEA).phases == phases


def test_labels_say_nothing_of_stops() -> None:
    """No gateway assesses there, so no label may state an assessment."""
    made = graph(corridor(), permit(hard=BY_COAST))
    labelling = label_graph(made)
    assert {use.phase for use in labelling.uses()} == {Phase.EXEMPT}


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ({"hubs": "kun"}, [{"hubs": ["kun"]}]),
        ("gateways", [{"any_of": {"gateway": True}}]),
        ([{"any_of": "gateways"}], ["gateways"]),
    ],
)
def test_one_stop_may_stand_for_a_list(written: Any, same: Any) -> None:
    assert Hard.model_validate({"via": written}) == Hard.model_validate({"via": same})
