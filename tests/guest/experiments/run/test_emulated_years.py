"""A sampled year of failures, emulated: what is measured is what was computed."""

import json

import pytest

from corridor.experiments.availability import sampled_year
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import YEAR_FILE, emulate_year
from corridor.experiments.text.risks_text import told_year
from corridor.topologies.analysis.failure_rates import read_failure_rates

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]


def test_measured_unavailability_is_the_computed_one(tmp_path, monkeypatch):
    monkeypatch.setattr(sampled_year, "MOST_STATES", 10)
    options = Options(
        scenario="mini", policies="pan-asia", testbed="uml", out=tmp_path / "out", report=False
    )
    found = emulate_year(options, read_failure_rates(), seed=8)
    assert found.emulated < found.states
    assert found.outages >= 2
    assert found.computed_s > 0
    assert found.measured_s == pytest.approx(found.computed_s)
    assert found.differing == found.forbidden == 0
    assert found.account_closes
    assert 0 < found.reacting_s < found.outages * 5
    assert json.loads((tmp_path / "out" / YEAR_FILE).read_text())["outages"] == found.outages
    assert "0 forbidden packets; the account of all packets closes" in " ".join(
        told_year(found).split()
    )
