"""Paths into a run's summary."""

import pytest

from corridor.experiments.answers.document import internet_of
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.study.measures import parse, value_of
from corridor.experiments.study.resolving import check
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError

SUMMARY = {
    "invalid": None,
    "account": {"lost": {"fault": 4}},
    "demands": [
        {"id": "ckpt", "class": "bulk", "rtt_ms": {"p50": 20.0, "p99": None}, "lost": 3},
        {"id": "infer", "class": "infer", "rtt_ms": {"p50": 30.0, "p99": 31.0}, "lost": 0},
        {"id": "dark", "class": "infer", "rtt_ms": None, "lost": 9},
    ],
    "answers": {
        "totals": {"extra_ms": 7.5},
        "interval_ms": [1.0, 2.0],
        "internet": [
            {
                "event": "red-sea",
                "cut": {
                    "countries": [{"country": "PK", "after": [{"reaction": "own", "lost": 3.0}]}],
                    "unknown": [{"country": "CN", "why": "no figures"}],
                },
            }
        ],
    },
    "fibre_use": [
        {"fibre": "f", "from": "a", "utilization": 0.5, "congested_s": 0.0},
        {"fibre": "f", "from": "z", "utilization": 0.95, "congested_s": 1.5},
    ],
    "events": [{"id": "red-sea", "hits": [{"out_ms": 10.0}, {"out_ms": 25.0}]}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("demands[ckpt].rtt_ms.p50", 20.0),
        ("demands[ckpt].rtt_ms.p99", None),
        ("demands[dark].rtt_ms.p50", None),
        ("sum(demands.lost)", 12.0),
        ("sum(demands[ckpt, dark].lost)", 12.0),
        ("sum(demands[infer].lost)", 9.0),
        ("mean(demands[ckpt].rtt_ms.p50)", 20.0),
        ("mean(demands.rtt_ms.p50)", None),
        ("max(demands.rtt_ms.p99)", None),
        ("account.lost.red-sea", 0.0),
        ("max(events[red-sea].hits.out_ms)", 25.0),
        ("account.lost.fault", 4.0),
        ("account.lost.queue", 0.0),
        ("count(events.hits.out_ms)", 2.0),
        ("count(events.hits)", 2.0),
        ("count(demands.rtt_ms.p50)", 2.0),
        ("count(demands.rtt_ms.p50 <= 20)", 1.0),
        ("count(demands.rtt_ms.p50 < 20)", 0.0),
        ("count(demands[ckpt, infer].lost >= 0)", 3.0),
        ("answers.totals.extra_ms", 7.5),
        ("min(answers.interval_ms)", 1.0),
        ("answers.internet[red-sea].cut.countries[PK].after[own].lost", 3.0),
        ("sum(answers.internet[red-sea].cut.countries[BD].after[own].lost)", 0.0),
        ("sum(answers.internet[dig].cut.countries[PK].after[own].lost)", 0.0),
        ("sum(answers.internet[red-sea].cut.countries[CN].after[own].lost)", None),
        ("answers.internet[red-sea].cut.countries[BD].after[own].lost", None),
        ("max(fibre_use[f].utilization)", 0.95),
        ("count(fibre_use.congested_s > 0)", 1.0),
        ("sum(fibre_use[unused].utilization)", 0.0),
        ("max(fibre_use[unused].utilization)", None),
    ],
)
def test_a_path_leads_to_what_a_summary_has(path, value):
    assert value_of(parse(path), SUMMARY) == value


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("demands.lost", "leads to 3 numbers; put one of sum"),
        ("demands[ckp].lost", 'has nothing called "ckp"; did you mean "ckpt"'),
        ("demands[ckpt].rtt_m.p50", 'has no key "rtt_m"; did you mean "rtt_ms"'),
        ("demands[ckpt].id", "is not a number"),
        ("account.lost.queu", 'has no key "queu"; did you mean "queue"'),
        ("demands[ckpt].rtt_ms", "is not a number"),
        ("invalid[x]", "is not a list"),
        ("max(events.hits)", "is not a number"),
    ],
)
def test_what_is_wrong_with_a_path_is_told(path, said):
    with pytest.raises(InputError) as told:
        value_of(parse(path), SUMMARY)
    assert said in str(told.value)


@pytest.mark.parametrize(
    "path",
    ["", "a..b", "average(demands.lost)", "max(a", "a[b", "max(a < 3)", "a < 3", "count(a < b)"],
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match=r"no(t a)? "):
        parse(path)


def test_units_are_those_of_the_keys():
    assert parse("demands[x].rtt_ms.p50").unit == "ms"
    assert parse("workloads.workloads[x].goodput_mbps").unit == "Mbit/s"
    assert parse("count(demands.rtt_ms)").unit == ""
    assert parse("sum(demands.lost)").unit == ""


LOST = "sum(answers.internet[red-sea].cut.countries[PK].after[own].shortfall_gbps.value)"


def test_without_any_effect_on_internet_traffic_its_sum_is_0():
    assert value_of(parse(LOST), {"answers": {}}) == 0.0


def test_a_measure_of_internet_traffic_is_checked_before_a_run():
    loaded = load_scenario("reference")
    check(parse(LOST), loaded)
    for right, wrong, said in (
        ("red-sea", "red-se", "red-sea"),
        ("[PK]", "[PKK]", 'nothing called "PKK"'),
        ("[own]", "[won]", '"own"'),
        ("shortfall_gbps", "shortfal_gbps", "shortfall_gbps"),
    ):
        with pytest.raises(InputError, match=said):
            check(parse(LOST.replace(right, wrong)), loaded)


def test_a_summary_of_a_scenario_with_a_cut_has_the_measure():
    found = {"answers": {"internet": to_plain([*internet_of(load_scenario("reference"))])}}
    value = value_of(parse(LOST), found)
    share = value_of(parse(LOST.replace("gbps.value", "share")), found)
    assert value > 0
    assert 0 < share < 1


FULLEST = "max(fibre_use[kashgar-khunjerab].utilization)"


def test_a_measure_of_fibres_is_checked_before_a_run():
    check(parse(FULLEST), load_scenario("reference"))
    for right, wrong, said in (
        ("kashgar", "kashgr", 'nothing called "kashgr-khunjerab"'),
        ("utilization", "utilisation", "utilization"),
    ):
        with pytest.raises(InputError, match=said):
            check(parse(FULLEST.replace(right, wrong)), load_scenario("reference"))
    with pytest.raises(InputError, match="it has no workloads"):
        check(parse(FULLEST), load_scenario("sovereignty"))
