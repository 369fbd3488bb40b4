"""The price of a rule of your own, held to what its author may accept.

.venv/bin/pytest examples/test_priced_rule.py
"""

from pathlib import Path

import pytest

from corridor.experiments.answers.price import price
from corridor.experiments.answers.price_sets import PricedScenario
from corridor.experiments.scenario.scenario import load_scenario

RULE = Path(__file__).with_name("priced_rule.yaml")


@pytest.fixture(scope="module")
def priced():
    base = load_scenario("sovereignty", policies="pan-asia")
    mine = load_scenario("sovereignty", policies=str(RULE))
    return price(PricedScenario.of(base), mine.policies, base.policies)


@pytest.fixture(scope="module")
def to_guian(priced):
    return next(one for one in priced.demands if one.demand == "infer-bangkok-guian")


def test_nothing_is_kept_back_or_delayed(priced):
    total = priced.with_readings
    assert (total.kept_back, total.delayed) == (0, 0)


def test_it_costs_every_way_around_the_railway_route(to_guian):
    lost = to_guian.with_readings.lost
    assert {"link:vientiane-bangkok", "link:mengla-vientiane", "link:kunming-mengla"} <= set(lost)


def test_it_costs_no_other_data_anything(priced):
    paying = {row.data for row in priced.rows if row.is_costly}
    assert paying == {"th-personal-contract", "th-personal-certification"}


def test_one_more_fibre_would_help(priced):
    row = next(row for row in priced.rows if row.data == "th-personal-contract")
    assert {one.kind for one in row.changes} >= {"lift", "fibre"}
