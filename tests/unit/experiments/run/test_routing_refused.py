"""Plain routing that cannot be run is refused in one line, before a guest boots."""

from __future__ import annotations

import pytest

from corridor.experiments.machines import system_packages
from corridor.experiments.run.routing import routing
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError


def test_without_bird_the_error_names_the_package(monkeypatch):
    monkeypatch.setattr(system_packages, "find", lambda _program: None)
    with pytest.raises(EnvironmentUnsupported, match="needs BIRD 2") as refused:
        routing("mini")
    assert "bird2" in refused.value.hint or "by hand" in refused.value.hint


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no-such-fibre", "no fibre or shared-risk group is called"),
        ("hub:guian", '"hub:guian" is not a fibre or shared-risk group'),
    ],
)
def test_a_cut_of_something_else_than_fibres_is_refused(what, message):
    with pytest.raises(InputError, match=message):
        routing("mini", cuts=[what])


def test_probes_closer_than_the_least_interval_are_refused():
    with pytest.raises(InputError, match="9 ms between probes are too few"):
        routing("mini", probe_interval_ms=9)


def test_more_cuts_than_a_guest_makes_are_refused():
    with pytest.raises(InputError, match="51 cuts are too many"):
        routing("mini", cuts=["guian-kunming"] * 51)
