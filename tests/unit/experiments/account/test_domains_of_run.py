"""Volumes that domains hand over and carry for others, from readings of an account."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from corridor.experiments.account.domains_of_run import domains_of_run
from corridor.experiments.account.domains_summary import DomainsOfRun, TransitFor, Volume
from corridor.experiments.account.packet_classes import classes_of
from corridor.experiments.account.readings import Reading, Readings, write_readings
from corridor.experiments.pages.run_page import domains_of
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.run_text import domains_section
from corridor.topologies.base.codec import from_plain

MAP = """name: chain
extends: [mini]
domains:
  hubs: {shanghai: east@CN, guian: mid@CN, kunming: mid@CN, bangkok: south@TH, karachi: south@PK}
"""
SCENARIO = """schema: 1
name: chain
topology: chain.yaml
controller: {domains: operators}
demands:
- {id: through, class: dr, src: shanghai, dst: karachi}
- {id: near, class: dr, src: guian, dst: karachi}
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "chain.yaml").write_text(MAP)
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    return make_plan_unsent(load_scenario(str(tmp_path / "scenario.yaml")))


def reading(*passed):
    return Reading(
        at_ns=0, name="x", passed=passed, fibres={}, losing={}, off=(), meters={}, machine=0
    )


@pytest.fixture
def found(plan, tmp_path):
    """``through`` has sent 10 packets into ``mid`` and on, ``near`` 5; 3 came before."""
    wires = {one.fibre: one for one in plan.wiring.fibres}
    in_guian = next(
        end.interface
        for end in (wires["shanghai-guian"].a, wires["shanghai-guian"].z)
        if end.hub == "guian"
    )
    wire = wires["kunming-karachi"]
    in_karachi, at_kunming = (
        next(end.interface for end in (wire.a, wire.z) if end.hub == hub)
        for hub in ("karachi", "kunming")
    )
    number = {
        one.demand: one.number
        for one in classes_of(plan)
        if (one.kind, one.direction) == ("probe", "forward")
    }
    through, near = number["through"], number["near"]
    first = reading([0, 0, through, 3, 3, 300], [1, 0, through, 3, 3, 300])
    last = reading(
        [0, 0, through, 13, 13, 1300],
        [1, 0, through, 13, 13, 1300],
        [1, 0, near, 5, 5, 700],
        [2, 1, near, 5, 5, 700],  # sent, not received: no second count
        [1, 0, 99, 8, 8, 800],  # of no demand
    )
    interfaces = (in_guian, in_karachi, at_kunming)
    write_readings(tmp_path, Readings(1, "", interfaces, (first, last)))
    told = [
        {
            "domain": "mid@CN", "messages": 4, "octets": 900, "requests": 2, "delays": 3,
            "refused": 1,
        }
    ]  # fmt: skip
    (tmp_path / "domains.json").write_text(json.dumps(told))
    return domains_of_run(tmp_path, plan)


def test_transit_is_what_a_domain_receives_of_demands_of_others(found):
    by_id = {one.domain: one for one in found.domains}
    assert by_id["mid@CN"].received == by_id["mid@CN"].transit == Volume(10, 1000)
    assert by_id["mid@CN"].transit_for == (TransitFor("through", Volume(10, 1000)),)
    assert by_id["south@PK"].received == Volume(15, 1700)
    assert by_id["south@PK"].transit == by_id["east@CN"].received == Volume(0, 0)
    assert by_id["mid@CN"].told.delays == 3
    assert by_id["east@CN"].told is None


def test_hand_overs_are_counted_where_they_arrive(found):
    assert [(one.by, one.to, one.fibre, one.volume) for one in found.handed_over] == [
        ("east@CN", "mid@CN", "shanghai-guian", Volume(10, 1000)),
        ("mid@CN", "south@PK", "kunming-karachi", Volume(15, 1700)),
    ]


def test_the_document_is_read_back_and_both_faces_show_it(found):
    assert from_plain(DomainsOfRun, json.loads(json.dumps(found.to_json()))) == found
    text = domains_section(found, None)
    assert "3 delays (minimum" in text
    row = next(line for line in text.splitlines() if line.startswith("mid@CN"))
    assert row.split() == ["mid@CN", "2", "4", "3", "1.0", "1.0", "through"]
    assert "east@CN > mid@CN > south@PK" in text
    page = domains_of(found)
    assert [one.id for one in page.tables] == [
        "settlement-table", "handed-over-table", "carrying-domains-table"
    ]  # fmt: skip
    assert ("through", "mid@CN") in {(row[-1], row[0]) for row in page.tables[0].rows}


def test_a_run_with_one_controller_has_no_domains(plan, tmp_path):
    assert domains_of_run(tmp_path, replace(plan, domains=None)) is None
    assert domains_section(None, None) == ""
    assert domains_of(None) is None


def test_without_readings_no_volume_is_stated(plan, tmp_path):
    found = domains_of_run(tmp_path / "nothing", plan)
    assert found.handed_over == ()
    assert all(one.received is one.transit is one.told is None for one in found.domains)
    row = next(line for line in domains_section(found, None).splitlines() if "mid@CN" in line)
    assert row.split() == ["mid@CN", "2", "-", "-", "-", "-", "-"]
    assert [one.domains for one in found.directions[:1]] == [("east@CN", "mid@CN", "south@PK")]
