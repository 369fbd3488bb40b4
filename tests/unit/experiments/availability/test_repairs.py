"""``corridor availability --repairs queue``: it agrees with the exact method where both apply."""

from __future__ import annotations

import json

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.text.risks_text import told_repairs
from corridor.topologies.analysis.failure_rates import FILE
from corridor.topologies.base.errors import InputError


@pytest.fixture(scope="module")
def found():
    return corridor.repairs("mini", policies="pan-asia", samples=60, years=40)


def test_without_waiting_the_simulation_is_as_the_exact_method_has_it(found):
    exact = corridor.availability("mini", policies="pan-asia", samples=60, against=None)
    lows = {one.demand: one.replanned.minutes_a_year_low for one in exact.demands}
    for one in found.demands:
        assert one.at_once == pytest.approx(lows[one.demand])
        assert abs(one.simulated.mean - one.at_once) <= 2 * one.simulated.error + 1e-6
    assert any(one.simulated.error > 0.1 for one in found.demands)


def test_demands_that_need_no_ship_are_exact(found):
    (land,) = (one for one in found.demands if one.demand == "train-east-west")
    assert land.simulated.mean == pytest.approx(land.at_once)
    assert land.added.mean == pytest.approx(0, abs=1e-9)


def test_one_slow_ship_makes_demands_wait(found, tmp_path):
    rates = tmp_path / "rates.yaml"
    text = FILE.read_text().replace("\n  ships: 4\n", "\n  ships: 1\n")
    rates.write_text(text.replace("{low: 4, high: 16,", "{low: 40, high: 60,"))
    slow = corridor.repairs("mini", policies="pan-asia", samples=60, years=40, rates=rates)
    assert slow.at_once == pytest.approx(found.at_once)
    assert slow.added.mean > 3 * slow.added.error > 0
    assert slow.queued.mean == pytest.approx(slow.at_once + slow.added.mean)
    assert slow.ships[0].waited > found.ships[0].waited
    assert slow.variance_ratio > 1
    assert "Waiting for ships adds" in told_repairs(slow)


def test_the_command_prints_the_answer(capsys):
    words = ["availability", "mini", "--repairs", "queue", "--years", "1"]
    assert cli.main([*words, "--no-cache"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "200 simulated years, lognormal repair times" in said
    assert "south-east-asia-and-indian-ocean" in said
    assert cli.main([*words, "--repair-times", "constant", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spread"] == 0


def test_bad_input_is_refused():
    with pytest.raises(InputError, match='no distribution of repair times is called "normal"'):
        corridor.repairs("mini", repair_times="normal")
    with pytest.raises(InputError, match="years are 1 to 10,000"):
        corridor.repairs("mini", years=0)
