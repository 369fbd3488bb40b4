"""What a policy set costs is told against the same demands without policies."""

import json

import pytest

from corridor.experiments.cli import main
from corridor.experiments.results.price import alone, prices, serve
from corridor.experiments.scenario.scenario import load_scenario

SCENARIO = """\
schema: 1
name: priced
topology: mini
policies: own.yaml
as_of: 2026-11-24
demands:
  - {id: home, class: dr, data: cn-core-none, returns: same-class, src: shanghai, dst: guian}
  - {id: out, class: dr, data: cn-general-exempt, returns: pk-data, src: guian, dst: karachi}
  - {id: kept, class: dr, data: cn-core-none, returns: same-class, src: guian, dst: bangkok}
"""
OWN = """\
schema: 1
name: own
include: [cn-outbound]
classes:
- {id: pk-data, origin: PK, sensitivity: general, basis: exempt}
policies:
- {id: PK-HOME, effect: permit, match: {class: pk-data}}
- {id: BY-SHANGHAI, effect: restrict, match: {class: cn-general-exempt, dst: {located_in: PK}},
   hard: {waypoints: [{any_of: {hubs: shanghai}}]}}
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("price")
    (folder / "own.yaml").write_text(OWN)
    (folder / "priced.yaml").write_text(SCENARIO)
    return folder / "priced.yaml"


@pytest.fixture(scope="module")
def loaded(path):
    return load_scenario(str(path))


def priced(loaded, name, measured_ms=None):
    classes = [demand.data for demand in loaded.scenario.demands]
    without, under = serve(alone(loaded, "none")), serve(alone(loaded, name))
    return {one.data: one for one in prices(name, classes, without, under, measured_ms)}


def test_extra_round_trip_is_that_of_the_detour_to_the_waypoint(loaded):
    price = priced(loaded, "own")["cn-general-exempt"]
    without = serve(alone(loaded, "none"))[1].demand.predicted_rtt_ns
    under = serve(alone(loaded, "own"))[1].demand.predicted_rtt_ns
    assert price.permitted == price.demands == 1
    assert price.extra_ms_median == pytest.approx((under - without) / 1e6)
    assert price.stretch_median == pytest.approx(under / without)
    assert price.extra_ms_median > 1


def test_what_is_kept_back_is_counted_and_not_averaged(loaded):
    price = priced(loaded, "own")["cn-core-none"]
    assert (price.permitted, price.demands) == (1, 2)
    assert price.extra_ms_max == 0


def test_a_set_leaves_data_free_that_it_does_not_speak_about(loaded):
    found = priced(loaded, "sa")
    assert all(price.permitted == price.demands for price in found.values())
    assert all(price.extra_ms_max == 0 for price in found.values())


def test_single_points_are_fibres_without_which_nothing_lawful_is_left(loaded):
    price = priced(loaded, "own")["cn-core-none"]
    # Shanghai and Guian are joined by one fibre, and by another over Kunming.
    assert price.single_points == price.single_points_without == 0


def test_measured_prices_are_differences_of_measured_round_trips(loaded):
    measured = ({"out": 94.0}, {"out": 110.5})
    assert priced(loaded, "own", measured)["cn-general-exempt"].measured_extra_ms_median == 16.5


def test_the_command_prints_a_row_for_each_class_that_pays(path, capsys):
    assert main(["price", str(path), "--sets", "own.yaml"]) == 2
    assert "own.yaml" in capsys.readouterr().err
    assert main(["price", str(path), "--sets", str(path.parent / "own.yaml")]) == 0
    said = capsys.readouterr().out
    assert "cn-general-exempt" in said
    assert "1 of 2" in said
    assert "pk-data" not in said


def test_the_command_keeps_json_and_a_figure(path, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["price", str(path), "--sets", "cn-outbound", "--out", str(out), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert json.loads((out / "price.json").read_text()) == printed
    assert {row["policies"] for row in printed["prices"]} == {"cn-outbound"}
    assert (out / "price.png").stat().st_size > 1000
