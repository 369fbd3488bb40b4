"""The energy audit: what computed after its input had arrived, at the values of the hour."""

from __future__ import annotations

import pytest

from corridor.experiments.pages.workloads import audit_section
from corridor.experiments.results.energy_of_run import Sent, energy_audit
from corridor.experiments.scenario.options import Computing
from corridor.experiments.text.energy_text import AT_HUB, audit_text

DAY = {
    "hour": "10s",
    "count": "location",
    "currency": "CNY",
    "wan_kwh_per_gb": 0.05,
    "hubs": [
        {"hub": "west", "pue": 1.2, "g_per_kwh": 100, "green": 0.5, "price": 0.4},
        {"hub": "west", "from_h": 12, "pue": 1.2, "g_per_kwh": 200, "green": 0.5, "price": 0.8},
        {"hub": "coast", "pue": 1.5, "g_per_kwh": 600, "price": 1.0},
    ],
    "runs": [
        {"job": "a", "hub": "west", "data": "open", "brought_by": "in", "awaits": ["in"],
         "mw": [10.0] * 24},
        {"job": "b", "hub": "coast", "data": "secret", "mw": [0.0] * 12 + [2.0] * 12},
        {"job": "a", "hub": "coast", "data": "open", "brought_by": "move",
         "awaits": ["in", "move"], "mw": [0.0] * 20 + [5.0] * 4},
    ],
    "legs": [
        {"workload": "in", "data": "open", "octets": 1000},
        {"workload": "move", "data": "open", "octets": 500},
    ],
}  # fmt: skip
INPUT = Sent("to-west", "coast", "west", 1000.4, 0.0, 0.5)
MOVE = Sent("to-coast", "west", "coast", 500, 20.0, 21.25)


def audit(move: Sent = MOVE):
    return energy_audit(Computing.model_validate(DAY), {"in": INPUT, "move": move})


def of(parts, name):
    return next(one for one in parts if one.name == name)


def test_a_job_computes_from_the_arrival_of_its_input_on():
    west = of(audit().hubs, "west")
    assert (west.planned_it_mwh, west.it_mwh) == pytest.approx((240, 235))
    assert west.mwh == pytest.approx(235 * 1.2)
    assert west.pue == pytest.approx(1.2)


def test_values_of_the_hour_apply():
    west = of(audit().hubs, "west")
    assert west.planned_tco2 == pytest.approx(1.2 * (120 * 100 + 120 * 200) / 1000)
    assert west.tco2 == pytest.approx(1.2 * (115 * 100 + 120 * 200) / 1000)
    assert west.cost == pytest.approx(1.2 * 1000 * (115 * 0.4 + 120 * 0.8))
    assert west.green_mwh == pytest.approx(235 * 1.2 / 2)


def test_a_moved_job_waits_for_its_state_and_for_its_input():
    coast = of(audit().hubs, "coast")
    assert coast.planned_it_mwh == pytest.approx(24 + 20)
    assert coast.it_mwh == pytest.approx(24 + 5 * 2.75)
    assert coast.green_mwh is None


def test_what_never_arrived_whole_does_not_compute():
    coast = of(audit(MOVE._replace(octets=100, arrived_h=None)).hubs, "coast")
    assert coast.it_mwh == pytest.approx(24)
    assert coast.bytes == 1100


def test_energy_and_bytes_are_divided_by_demand_and_class():
    found = audit()
    energy = {one.name: round(one.it_mwh, 6) for one in found.demands}
    assert energy == {"to-west": 235, "to-coast": 13.75, "": 24}
    assert {one.name: one.bytes for one in found.demands} == {
        "to-west": 1000, "to-coast": 500, "": 0
    }  # fmt: skip
    assert {one.name: round(one.it_mwh, 6) for one in found.classes} == {
        "open": 248.75, "secret": 24
    }  # fmt: skip
    for parts in (found.hubs, found.demands, found.classes):
        assert sum(one.it_mwh for one in parts) == pytest.approx(found.total.it_mwh)
        assert sum(one.tco2 for one in parts) == pytest.approx(found.total.tco2)
    assert found.total.bytes == 1500
    assert found.wan_mwh == pytest.approx(1500 / 1e9 * 0.05 / 1000)


def test_an_unknown_factor_leaves_carbon_unknown():
    hubs = [{key: of for key, of in one.items() if key != "g_per_kwh"} for one in DAY["hubs"]]
    found = energy_audit(
        Computing.model_validate({**DAY, "hubs": hubs}), {"in": INPUT, "move": MOVE}
    )
    assert (found.total.tco2, found.total.it_mwh) == (None, pytest.approx(272.75))
    assert "tCO2" not in audit_text(found, None).splitlines()[0]


def test_the_text_and_the_page_say_the_same():
    text, page = audit_text(audit(), None), audit_section(audit())
    assert "272.8 of 284.0 MWh of IT energy computed (-3.96%)" in text
    assert f"demand {AT_HUB}" in text
    assert page is not None
    assert page.said[0] in text
    assert ("demand", AT_HUB) in [row[:2] for row in page.rows]
    assert audit_section(None) is None
    assert audit_text(None, None) == ""
