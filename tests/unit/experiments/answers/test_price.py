"""The cost of a policy set is reported against the same demands under another set."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from corridor.controller.policy.certainty import Lawful
from corridor.controller.policy.load import load_policies, shipped_policies
from corridor.controller.policy.product import Product
from corridor.experiments.answers.price import measured, price
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.experiments.answers.price_sets import PricedScenario, with_fibre, with_gateway
from corridor.experiments.cli import main
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.price_text import change, document, extra, prices_of, told
from corridor.topologies.analysis.monte_carlo import draw
from corridor.topologies.base.errors import InputError

SCENARIO = """\
schema: 1
name: priced
topology: mini
policies: own.yaml
as_of: 2026-11-24
service: leased-circuit
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
THAI = """\
schema: 1
name: thai
include: [pan-asia]
policies:
- {id: BY-LAND, effect: restrict, match: {class: th-personal-contract},
   hard: {confine: [TH, LA, MM, CN]}}
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("price")
    (folder / "own.yaml").write_text(OWN)
    (folder / "thai.yaml").write_text(THAI)
    (folder / "priced.yaml").write_text(SCENARIO)
    return folder / "priced.yaml"


def under(path, name, service=None):
    return load_scenario(str(path), policies=name, service=service)


def priced(path, name, against="none", service=None, **more):
    loaded, base = (under(path, one, service) for one in (name, against))
    return price(PricedScenario.of(base), loaded.policies, base.policies, **more)


def by_class(of):
    return {row.data: row for row in of.rows}


def by_demand(of):
    return {one.demand: one for one in of.demands}


@pytest.fixture(scope="module")
def own(path):
    return priced(path, str(path.parent / "own.yaml"))


@pytest.fixture(scope="module")
def thai(path):
    rule = str(path.parent / "thai.yaml")
    return by_demand(priced("sovereignty", rule, "pan-asia", search_changes=False))


def test_extra_round_trip_is_that_of_the_detour_to_the_waypoint(path, own):
    there = {}
    for name in ("none", str(path.parent / "own.yaml")):
        loaded = under(path, name)
        there[name] = PricedScenario.of(loaded).under(loaded.policies)[1].round_trip_ns
    least_ns, detour_ns = there.values()
    found = by_demand(own)["out"]
    assert found.with_readings.extra_ms == pytest.approx((detour_ns - least_ns) / 1e6)
    assert found.with_readings.extra_ms > 1
    first = found.causes[0]
    assert (first.policy, first.costs, first.basis) == (
        "BY-SHANGHAI",
        "delay",
        "set",
    )


def test_what_is_kept_back_is_counted_beside_the_others_and_in_no_median(own):
    row = by_class(own)["cn-core-none"]
    assert (row.demands, row.kept_back, row.extra_ms) == (2, 1, (0.0,))
    causes = {(one.policy, one.basis) for one in by_demand(own)["kept"].causes}
    assert causes == {
        ("default deny", "no permit"),
        ("CN-CORE", "assumption"),
        ("CN-CORE-PATH", "assumption"),
    }


def test_a_set_leaves_alone_what_it_does_not_speak_of_and_says_so(path):
    found = priced(path, "sa")
    assert not any(row.is_costly for row in found.rows)
    assert found.not_judged == 3
    assert by_demand(found)["out"].not_judged == ("data", "answers")


def test_the_answer_for_a_set_depends_on_nothing_beside_it(path, capsys):
    mine = str(path.parent / "own.yaml")
    answers = []
    for sets in ("cn-outbound", f"{mine},cn-outbound", "cn-outbound,th"):
        assert main(["price", str(path), "--sets", sets, "--json", "--no-changes"]) == 0
        found = json.loads(capsys.readouterr().out)["sets"]
        answers.append(next(one for one in found if one["policies"] == "cn-outbound"))
    assert answers[0] == answers[1] == answers[2]


def test_lost_protection_is_a_price(thai):
    found = thai["infer-bangkok-guian"]
    lost = {"link:vientiane-bangkok", "link:mengla-vientiane", "link:kunming-mengla"}
    assert lost | {"hub:vientiane", "srlg:corridor:china-laos"} <= set(found.with_readings.lost)
    assert found.with_readings.extra_ms == 0
    assert found.with_readings.is_costly
    assert {one.costs for one in found.causes} == {"no way around"}
    assert found.causes[0].policy == "BY-LAND"
    assert not thai["train-songkhla-chongqing"].with_readings.is_costly


def test_a_rule_is_held_against_any_other_set(thai):
    assert not any(
        one.with_readings.is_costly for name, one in thai.items() if name != "infer-bangkok-guian"
    )


def test_a_price_is_told_by_certain_rules_and_with_readings():
    found = priced("sovereignty", "gateway-cities", search_changes=False)
    certain, whole = found.by_certain_rules, found.with_readings
    assert (certain.kept_back, certain.delayed, certain.extra_ms) == (5, 0, 0.0)
    assert whole.delayed == 16
    assert whole.extra_ms > 400
    assert "CN-GATEWAY-OUT" in found.readings
    assert "CN-GATEWAY-INTERNET-OUT" not in found.readings
    records = by_demand(found)["records-urumqi-lahore"]
    assert {one.basis for one in records.causes} == {"interpretation"}
    assert records.by_certain_rules.extra_ms == 0


def test_the_service_decides_what_the_gateway_rule_costs():
    by = {
        service: priced("sovereignty", "pan-asia", service=service, search_changes=False)
        for service in ("leased-circuit", "internet")
    }
    assert by["leased-circuit"].with_readings.delayed == 2
    assert by["internet"].by_certain_rules.delayed == 18


def test_what_would_lower_a_price_most_is_tried(path):
    found = by_class(priced("sovereignty", "pan-asia", service="internet"))
    kinds = {one.kind: one for one in found["cn-personal-contract"].changes}
    assert kinds["gateway"].what == "urumqi"
    assert kinds["gateway"].saves_ms == pytest.approx(86.02, abs=0.01)
    assert "CN-GATEWAY-INTERNET-OUT waypoints" in kinds["lift"].what
    (basis,) = found["cn-important-none"].changes
    assert (basis.kind, basis.opens) == ("basis", 1)
    assert change(basis) == (
        "add legal basis assessment (class cn-important-assessment) (permits 1 of 1)"
    )


def test_a_change_that_is_tried_leaves_the_map_as_it_was():
    topology = load_scenario("mini").topology
    more = with_gateway(topology, "guian")
    assert more.hub("guian").intl_gateway
    assert not topology.hub("guian").intl_gateway
    assert len(with_fibre(topology, "guian", "karachi").fibres) == len(topology.fibres) + 1


def test_few_values_are_told_one_by_one():
    row = SimpleNamespace(certainty=(), extra_ms=(0.0, 86.02), median_ms=None, kept_back=0)
    assert extra(row) == "+0.0 ms and +86.0 ms"
    row = SimpleNamespace(certainty=(), extra_ms=(0.0, 1.0, 2.0), median_ms=1.0, kept_back=1)
    assert extra(row) == "median +1.0 ms (3 served), maximum +2.0 ms"
    row = SimpleNamespace(certainty=(), extra_ms=(), median_ms=None, kept_back=1)
    assert extra(row) == "all blocked"


def test_measured_prices_are_differences_of_measured_round_trips(own):
    found = by_demand(measured(own, {"out": 94.0}, {"out": 110.5}))
    assert found["out"].measured_extra_ms == 16.5
    assert found["home"].measured_extra_ms is None


def test_the_command_prints_a_row_for_each_class_that_pays(path, capsys):
    assert main(["price", str(path), "--sets", "own.yaml"]) == 2
    assert "own.yaml" in capsys.readouterr().err
    assert main(["price", str(path), "--policies", str(path.parent / "own.yaml")]) == 0
    said = capsys.readouterr().out
    assert "Policy set own, baseline none: 3 demands" in said
    assert "cn-general-exempt" in said
    assert "1 of 2" in said
    assert "confident rules only:" in said


def test_policies_names_the_set_to_price(capsys):
    assert main(["price", "mini", "--policies", "th", "--json", "--no-changes"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["policies"] for one in found["sets"]] == ["th"]
    assert main(["price", "mini", "--policies", "th", "--against", "th"]) == 2
    assert "no policy set is named to compare with th" in capsys.readouterr().err


def test_the_command_keeps_json_that_a_report_draws(path, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["price", str(path), "--sets", "cn-outbound", "--out", str(out), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert json.loads((out / "price.json").read_text()) == printed
    assert printed["schema"] == 3
    (only,) = printed["sets"]
    assert only["policies"] == "cn-outbound"
    kept = next(one for one in only["demands"] if one["demand"] == "kept")
    assert kept["with_readings"]["kept_back"]
    assert [one["basis"] for one in kept["causes"]] == ["assumption", "assumption", "no permit"]
    assert not (out / "figures").exists()
    assert prices_of(printed) == prices_of(json.loads((out / "price.json").read_text()))
    assert main(["report", str(out), "--format", "svg", "--width", "text,column"]) == 0
    assert {one.name for one in (out / "figures").iterdir()} == {"price.svg", "price-column.svg"}
    assert main(["report", str(out), "--format", "pdf", "--width", "column"]) == 0
    assert {one.name for one in (out / "figures").iterdir()} == {"price-column.pdf"}


def test_the_help_of_width_shows_how_both_are_written(capsys):
    with pytest.raises(SystemExit):
        main(["report", "--help"])
    assert "or text,column (default: text)" in " ".join(capsys.readouterr().out.split())


def test_a_set_that_costs_nothing_has_no_figure(path, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["price", str(path), "--policies", "none", "--against", "cn-outbound", "--no-changes"]
    assert main([*words, "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["report", str(out)]) == 0
    assert "no figures: no policy set has a cost" in capsys.readouterr().out
    assert not (out / "figures").exists()
    assert main(["report", str(out), "--no-figures"]) == 0
    assert "no figures" not in capsys.readouterr().out


def test_prices_of_another_schema_are_refused_before_a_page_is_written(path, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["price", str(path), "--policies", "cn-outbound", "--out", str(out)]) == 0
    plain = json.loads((out / "price.json").read_text())
    (out / "price.json").write_text(json.dumps(plain | {"schema": 2}))
    (out / "report.html").write_text("as it was")
    for options in ((), ("--html",), ("--no-figures",)):
        capsys.readouterr()
        assert main(["report", str(out), *options]) == 2
        assert (
            "its schema is 2, not 3; run corridor price again, with --out"
            in capsys.readouterr().err
        )
        assert (out / "report.html").read_text() == "as it was"


def test_prices_come_back_from_their_file(path):
    lawful = Lawful(draw(under(path, "none").topology, draws=100))
    own = str(path.parent / "own.yaml")
    found = [priced(path, name, lawful=lawful) for name in ("cn-outbound", own)]
    plain = json.loads(json.dumps(document("priced", "2026-11-25", "none", found)))
    assert prices_of(plain).sets == tuple(found)
    with pytest.raises(InputError, match="its schema is 99, not 3"):
        prices_of(plain | {"schema": 99})


def test_every_shipped_set_is_priced_by_default(capsys):
    assert main(["price", "mini", "--no-changes"]) == 0
    said = capsys.readouterr().out
    for name in set(shipped_policies()) - {"none"}:
        assert f"Policy set {name}, baseline none: 6 demands" in said


def test_nothing_is_no_price():
    assert told([]) == ""


def test_draws_of_the_map_say_how_sure_an_extra_round_trip_is(path):
    base = under(path, "none")
    lawful = Lawful(draw(base.topology, draws=100))
    own = priced(path, str(path.parent / "own.yaml"), lawful=lawful)
    found = by_demand(own)
    out = found["out"]
    assert out.certainty.interval.low_ms < out.with_readings.extra_ms
    assert out.with_readings.extra_ms < out.certainty.interval.high_ms
    assert out.certainty.noticeable == 1.0
    assert found["kept"].certainty is None
    assert found["home"].certainty.noticeable == 0.0
    assert own.certainty.interval == out.certainty.interval
    text = told([own])
    between = out.certainty.interval
    interval = f"in total, 90 % interval {round(between.low_ms)}-{round(between.high_ms)} ms)"
    assert "higher RTT for 1 of 2 demands served under both sets (" in text
    assert interval in text
    assert "quantile of Monte Carlo samples of the map" in text
    assert "90 %" not in told([priced(path, "cn-outbound")])


def test_a_set_is_laid_over_the_demands_once_and_samples_share_what_it_expanded(path, monkeypatch):
    against, policies = load_policies("none"), load_policies("th")
    laid = PricedScenario.of(under(path, "none"))
    assert laid.under(against) is laid.under(against)
    before, after = laid.under(against), laid.under(policies)
    ensemble = draw(laid.paths.topology, draws=20)
    alone, together = Lawful(ensemble), Lawful(ensemble, laid.paths.product)
    expanded, expand = [], Product._expand

    def counted(product, place):
        expanded.append(place)
        return expand(product, place)

    monkeypatch.setattr(Product, "_expand", counted)
    asked = [one for of in (*before, *after) for one in of.rulings]
    shared = [together.least_ns(one) for one in asked]
    more, expanded[:] = len(expanded), ()
    np.testing.assert_array_equal(shared, [alone.least_ns(one) for one in asked])
    assert more < len(expanded) / 2


def test_each_interpretation_is_priced_under_each_of_its_values(path):
    """Compares with prices of the set as if it were read so, each loaded separately."""
    found = priced("sovereignty", "pan-asia", search_changes=False)
    totals = {(one.interpretation, one.value): one.total for one in found.by_value}
    chosen = {(one.interpretation, one.value) for one in found.by_value if one.is_chosen}
    assert ("cn-transfer", "path") in chosen
    assert all(totals[key] == found.with_readings for key in chosen)
    laid = PricedScenario.of(load_scenario("sovereignty"))
    for (name, value), total in totals.items():
        policies = load_policies("pan-asia").interpreted({name: value})
        alone = price(laid, policies, load_policies("none"), search_changes=False)
        assert alone.with_readings == total, (name, value)
    assert totals["cn-assessed-export", "anywhere"].extra_ms < found.with_readings.extra_ms
    assert totals["cn-gateway", "every-service"].extra_ms > found.with_readings.extra_ms
    kept = totals["sa-government-transfer", "recipient"]
    assert kept.losing == found.with_readings.losing == 0  # two routes are in Saudi Arabia


def test_a_value_is_chosen_on_the_command_line_and_in_a_scenario(path, capsys):
    words = ["price", "sovereignty", "--policies", "sa", "--no-changes", "--json"]
    assert main([*words, "--interpret", "sa-government-transfer=recipient"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["sets"]
    assert found["with_readings"]["losing"] == 0
    (chosen,) = (one for one in found["by_value"] if one["is_chosen"])
    assert chosen["value"] == "recipient"
    assert main([*words, "--interpret", "sa-goverment-transfer=recipient"]) == 2
    assert 'did you mean "sa-government-transfer"' in capsys.readouterr().err
    assert main([*words, "--interpret", "sa-government-transfer=both"]) == 2
    assert "its values are path, recipient" in capsys.readouterr().err
    path.write_text(path.read_text() + "interpret: {cn-transfer: recipient}\n")
    read = load_scenario(str(path), policies="cn-outbound").policies
    other = load_policies("cn-outbound").interpreted({"cn-transfer": "recipient"})
    assert read.policies == other.policies


def test_the_widest_path_is_as_wide_as_capacities_are_known_or_assumed():
    topology = load_scenario("pan-asia").topology
    paths = PricedPaths(topology)
    shared = topology.fibre("aae-1-satun-karachi")
    assert paths._rates[shared.id] == shared.known_gbps < shared.capacity_gbps
    assumed = topology.fibre("tsr-almaty-frankfurt")
    assert paths._rates[assumed.id] == assumed.assumed_gbps
