"""``corridor place``: lawful hubs, refusals by name, three countings, what law costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import corridor
from corridor.experiments import cli
from corridor.experiments.placement.hub_values import MissingValues
from corridor.experiments.placement.place_documents import PlaceAnswer
from corridor.experiments.placement.program import NoPlacement
from corridor.experiments.text.place_text import told
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError

EXAMPLE = Path(__file__).parents[4] / "examples/jobs.yaml"
JOB = {
    "id": "train",
    "origin": "shanghai",
    "data": "cn-general-exempt",
    "returns": "same-class",
    "it_mw": 10,
    "input": "1TB",
    "output": "1TB",
    "window_h": [0, 24],
    "hours": 24,
}
STATED_PUES = yaml.safe_load(EXAMPLE.read_text())["state"]["pue"]
PUES = {hub: float(stated.partition(":")[0]) for hub, stated in STATED_PUES.items()}
HUBS = ["shanghai", "tianfu", "horinger", "riyadh"]


@pytest.fixture(scope="module")
def whole() -> PlaceAnswer:
    return corridor.place(EXAMPLE, count="location")


@pytest.fixture
def written(tmp_path):
    """Write a file of jobs with one job, or with other keys."""

    def write(job: dict | None = None, **keys: object) -> Path:
        whole_job = {**JOB, **(job or {})}
        one = {key: value for key, value in whole_job.items() if value is not None}
        state = {"mw": dict.fromkeys(HUBS, 50), "pue": dict.fromkeys(HUBS, 1.25)}
        of_file = {"name": "test", "as_of": "2026-11-24", "service": "leased-circuit"}
        file = {**of_file, "hubs": HUBS, "state": state, "jobs": [one], **keys}
        path = tmp_path / "jobs.yaml"
        path.write_text(yaml.safe_dump(file))
        return path

    return write


def test_the_document_is_written_and_read(whole):
    assert from_plain(PlaceAnswer, json.loads(json.dumps(whole.to_json()))) == whole


def test_emissions_are_those_of_the_listed_factors(whole):
    factors = {
        hub.id: next(
            one.value
            for one in hub.countings
            if (one.count, one.boundary) == ("location", "direct")
        )
        for hub in corridor.energy(*(one.hub for one in whole.hubs)).hubs
    }
    it_mwh = dict.fromkeys(factors, 0.0)
    for group in whole.groups:
        for part in group.parts:
            it_mwh[part.hub] += part.jobs * group.it_mwh / group.count
    kg = sum(mwh * factors[hub] * PUES[hub] for hub, mwh in it_mwh.items())
    assert whole.with_law.value == pytest.approx(kg / 1000)
    assert whole.totals[0].tco2 == pytest.approx(kg / 1000)
    assert whole.totals[0].low < whole.totals[0].tco2 < whole.totals[0].high


def test_all_jobs_are_placed_within_the_limits(whole):
    assert whole.jobs == 69
    for group in whole.groups:
        assert sum(one.jobs for one in group.parts) == pytest.approx(group.count)
    for hub in whole.hubs:
        assert max(hub.hourly_mw) <= hub.limit_mw + 1e-6
        assert sum(hub.hourly_mw) == pytest.approx(hub.it_mwh)


def test_data_that_law_keeps_at_home_stays_and_the_clause_is_named(whole):
    (records,) = (one for one in whole.groups if one.job == "records-riyadh")
    assert [one.hub for one in records.parts] == ["riyadh"]
    assert records.parts[0].rtt_ms == 0
    better = next(one for one in whole.forbidden if one.job == "records-riyadh")
    assert (better.policy, better.clause, better.leg) == ("SA-NO-BASIS", "terminate", "input")
    assert "SA-PDPL-29" in better.why


def test_the_cost_of_law_carries_both_gaps(whole):
    law, free, cost = whole.with_law, whole.without_law, whole.cost_of_law
    assert cost.value == pytest.approx(law.value - free.value)
    assert cost.low == pytest.approx(law.bound - free.value)
    assert cost.high == pytest.approx(law.value - free.bound)
    assert cost.low <= cost.value <= cost.high


def test_without_law_the_other_placement_is_shown():
    free = corridor.place(EXAMPLE, count="location", without_law=True)
    (records,) = (one for one in free.groups if one.job == "records-riyadh")
    assert "riyadh" not in [one.hub for one in records.parts]
    assert free.totals[0].tco2 == pytest.approx(free.without_law.value)


def test_rtts_have_intervals_and_shares_of_samples_within_the_budget(whole):
    (infer,) = (one for one in whole.groups if one.job == "infer-shanghai")
    for part in infer.parts:
        assert part.rtt_low_ms < part.rtt_ms < part.rtt_high_ms
        assert part.rtt_ms <= infer.rtt_budget_ms == 30
        assert 0.5 < part.within_budget < 1


def test_a_placement_by_one_counting_is_counted_by_the_others(written):
    path = written(hubs=["shanghai", "tianfu", "horinger"])
    green = {"shanghai": 0.0, "tianfu": 0.0}
    by_location = corridor.place(path, count="location")
    by_market = corridor.place(path, count="market", green=green)
    assert [one.hub for one in by_location.hubs] == ["tianfu"]
    assert [one.hub for one in by_market.hubs] == ["horinger"]
    assert [one.count for one in by_market.totals] == ["location", "market", "marginal"]
    assert by_market.totals[0].tco2 == pytest.approx(10 * 24 * 1.25 * 647.9 / 1000)
    assert by_market.totals[1].tco2 < by_location.totals[1].high


def test_a_marginal_placement_is_solved_at_both_ends(written):
    found = corridor.place(written(hubs=["shanghai", "tianfu"]), count="marginal")
    assert [one.end for one in found.ends] == ["low", "high"]
    assert found.ends[0].tco2 == 0
    total = found.totals[2]
    assert (total.tco2, total.low) == (None, 0)
    assert total.high == pytest.approx(found.with_law.value)


def test_unknown_values_are_named_one_by_one(written, capsys):
    path = written(hubs=["tianfu", "djibouti", "guian"], state={})
    with pytest.raises(MissingValues) as refusal:
        corridor.place(path, count="location")
    assert [(one.hub, one.what) for one in refusal.value.missing] == [
        ("tianfu", "power limit"),
        ("tianfu", "pue"),
        ("djibouti", "power limit"),
        ("djibouti", "pue"),
        ("djibouti", "location emissions"),
        ("guian", "power limit"),
        ("guian", "pue"),
    ]
    assert cli.main(["place", str(path), "--count", "location"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 7
    assert lines[0] == "corridor: power limit of tianfu: unknown; state --mw tianfu=MW"
    assert lines[4].endswith("no direct factor is known; state --factor djibouti=GRAMS")
    assert "only bounds are known, at most 630 MW; state --mw guian=MW" in lines[5]


def test_a_hub_without_known_values_can_be_left_out(written):
    path = written(hubs=["tianfu", "djibouti"])
    found = corridor.place(path, count="location", hubs=["tianfu"])
    assert [one.hub for one in found.hubs] == ["tianfu"]


def test_prices_in_several_currencies_are_not_added(written):
    path = written(hubs=["shanghai", "riyadh"])
    with pytest.raises(MissingValues, match=r"in SAR/kWh, others in CNY/kWh"):
        corridor.place(path, objective="cost", price={"shanghai": "0.5CNY", "riyadh": "0.2SAR"})
    price = {"shanghai": "0.5CNY", "riyadh": "0.4CNY"}
    found = corridor.place(path, objective="cost", price=price)
    assert (found.unit, found.with_law.value) == ("CNY", pytest.approx(240e3 * 1.25 * 0.4))
    assert "(*), not published" in told(found)


def test_latency_keeps_jobs_at_home_and_power_moves_them(written):
    at_home = corridor.place(written(), objective="latency")
    assert [one.hub for one in at_home.hubs] == ["shanghai"]
    moved = corridor.place(written(), objective="latency", mw={"shanghai": 5})
    assert [one.hub for one in moved.hubs] != ["shanghai"]
    assert moved.with_law.value > 20


def test_a_front_trades_emissions_for_latency(written):
    found = corridor.place(written({"count": 4}), objective="pareto", count="location")
    latency = [one.mean_rtt_ms for one in found.pareto]
    emissions = [one.tco2 for one in found.pareto]
    assert latency[0] == 0 < latency[-1]
    assert emissions == sorted(emissions, reverse=True)
    assert emissions[0] > emissions[-1]


def test_fibres_are_limited_only_by_a_stated_share(written):
    job = {"input": "90000TB", "window_h": [0, 24]}
    free = corridor.place(written(job), count="location")
    assert "states no fibre_share" in told(free)
    limited = corridor.place(written(job, fibre_share="1%"), count="location")
    assert [one.hub for one in limited.hubs] == ["shanghai"]


def test_equal_entries_are_grouped_and_keep_their_counts(written):
    path = written(state={"mw": dict.fromkeys(HUBS, 20), "pue": dict.fromkeys(HUBS, 1.25)})
    file = yaml.safe_load(path.read_text())
    file["jobs"] = [{**file["jobs"][0], "id": f"train-{n}", "count": n} for n in (1, 2, 3)]
    path.write_text(yaml.safe_dump(file))
    found = corridor.place(path, count="location")
    assert [sum(one.jobs for one in group.parts) for group in found.groups] == [1, 2, 3]
    assert {one.hub: one.peak_mw for one in found.hubs}["tianfu"] == pytest.approx(20)


def test_jobs_without_a_lawful_hub_are_named_with_the_clause(written):
    job = {"origin": "riyadh", "data": "sa-secret-none"}
    with pytest.raises(NoPlacement, match="no job has a candidate hub"):
        corridor.place(written(job, hubs=["shanghai"]), count="location")


def test_what_no_fibre_reaches_in_time_is_no_question_of_law(written):
    job = {"window_h": None, "hours": None, "rtt_budget": "1ms", "origin": "riyadh"}
    job |= {"data": "sa-general-exempt"}
    with pytest.raises(NoPlacement) as refused:
        corridor.place(written(job, hubs=["shanghai"]), count="location")
    assert str(refused.value) == (
        "no job has a candidate hub by any fibres: train, no candidate hub is within its RTT "
        "budget by any fibres; add nearer hubs"
    )
    job = {"origin": "riyadh", "data": "sa-secret-none"}
    with pytest.raises(NoPlacement, match="by lawful paths under pan-asia: train, at shanghai: "):
        corridor.place(written(job, hubs=["shanghai"]), count="location")


def test_a_job_runs_only_at_hubs_that_its_entry_names(written):
    other = {**JOB, "id": "own", "hubs": ["shanghai"]}
    found = corridor.place(written(jobs=[JOB, other]), count="location")
    at = {one.job: [part.hub for part in one.parts] for one in found.groups}
    assert at == {"train": ["tianfu"], "own": ["shanghai"]}
    assert found.cost_of_law.value == 0
    alone = {**other, "hubs": ["bangkok"]}
    left = corridor.place(written(jobs=[JOB, alone]), count="location").not_placed
    assert [(one.job, one.why) for one in left] == [
        ("own", "its hubs (bangkok) are no candidate hubs")
    ]


def test_permits_that_are_not_certain_are_named_with_their_jobs(written):
    away = {"origin": "riyadh", "data": "sa-general-exempt"}
    found = corridor.place(written(away, hubs=["shanghai"]), count="location")
    (group,) = found.groups
    permits = [(one.leg, one.policy, one.kind) for one in group.parts[0].uncertain_permits]
    assert permits == [
        ("input", "SA-GENERAL", "assumption"),
        ("results", "SA-GENERAL", "assumption"),
    ]
    assert (
        "Permits that are not certain carry 1 of 1 job: SA-GENERAL (our assumption) for train."
        in (told(found).replace("\n    ", " "))
    )
    free = corridor.place(written(away, hubs=["shanghai"]), count="location", without_law=True)
    assert "not certain carry" not in told(free)
    home = corridor.place(written({"data": "cn-personal-none"}), count="location")
    assert "not certain carry" not in told(home)


def test_small_differences_across_a_border_are_named(whole, written):
    first = whole.near_ties[0]
    assert (first.hub, first.other, round(first.difference, 3)) == ("singapore", "qingyang", 0.048)
    assert "singapore and qingyang (5 %)" in told(whole).replace("\n    ", " ")
    assert corridor.place(written(hubs=["tianfu", "riyadh"]), count="location").near_ties == ()


def test_an_interval_that_nobody_published_is_not_printed_as_one(written):
    stated = {"mw": 50, "pue": 1.2, "factor": 300}
    file = written(hubs=["tianfu"], state={key: {"tianfu": of} for key, of in stated.items()})
    assert "(no interval is known)" in told(corridor.place(file, count="location"))


def test_data_that_stays_is_judged_where_it_is(written):
    job = {"origin": "riyadh", "destination": "riyadh", "data": "cn-personal-none"}
    with pytest.raises(NoPlacement, match="no job has a candidate hub"):
        corridor.place(written(job), count="location")
    home = corridor.place(written({"data": "cn-personal-none"}), count="location")
    assert home.not_placed == ()
    away = {"data": "cn-general-exempt", "returns": "cn-personal-none", "destination": "riyadh"}
    with pytest.raises(NoPlacement, match="no job has a candidate hub"):
        corridor.place(written(away), count="location")


def test_the_cost_of_law_is_solved_at_both_ends_of_the_factors(whole):
    low, high = whole.ends
    assert round(low.cost_of_law, 1) == 13.4
    assert round(high.cost_of_law, 1) == 33.1
    assert "it is 13.4 with all factors at the low end and 33.1" in told(whole).replace(
        "\n    ", " "
    )


def test_countings_that_would_place_elsewhere_are_named(written):
    file = written(hubs=["horinger", "tianfu"], state={
        "mw": {"horinger": 50, "tianfu": 50},
        "pue": {"horinger": 1.2, "tianfu": 1.2},
        "green": {"tianfu": 0.1},
    })  # fmt: skip
    found = corridor.place(file, count="location")
    (other,) = (one for one in found.other_countings if one.count == "market")
    assert (other.most_used, round(other.moved, 3)) == ("horinger", 1.0)
    assert "The countings disagree: by market, 100 % of the IT energy" in told(found)


def test_data_that_the_policies_do_not_cover_is_no_finding_of_law(written):
    found = corridor.place(written(policies="sa"), count="location")
    assert "does not cover the data of train" in told(found)


def test_a_hub_in_a_country_without_rules_is_marked(written):
    job = {"origin": "riyadh", "data": "sa-general-exempt"}
    stated = {"mw": {"mandalay": 50}, "pue": {"mandalay": 1.2}}
    file = written(job, hubs=["mandalay"], state=stated)
    found = corridor.place(file, count="location")
    assert found.without_rules == ("mandalay",)
    assert "has no rules of the country of mandalay" in told(found)
    free = corridor.place(file, count="location", without_law=True)
    assert "has no rules of the country" not in told(free)


def test_hubs_in_countries_with_rules_are_not_marked(whole):
    assert whole.without_rules == ()
    assert "has no rules of the country" not in told(whole)


def test_no_option_is_named_that_cannot_state_a_residual_factor(written):
    stated = {"mw": {"singapore": 50}, "pue": {"singapore": 1.3}}
    with pytest.raises(MissingValues) as refused:
        corridor.place(written(hubs=["singapore"], state=stated), count="market")
    assert str(refused.value) == (
        "market emissions of singapore: no residual factor was collected; leave the hub out with "
        "--hubs"
    )


def test_a_share_of_fibres_is_above_zero(written):
    for share in ("0%", "200%"):
        with pytest.raises(InputError, match="fibre_share"):
            corridor.place(written(fibre_share=share), count="location")


def test_hubs_that_are_too_small_are_named_with_the_jobs_that_may_run_nowhere_else(written):
    job = {"origin": "riyadh", "data": "sa-personal-none", "it_mw": 51}
    said = "under pan-asia: .*; train may run at riyadh only, and with them need 1,224.0 MWh"
    with pytest.raises(NoPlacement, match=said):
        corridor.place(written(job), count="location")


def test_jobs_that_do_not_fit_are_refused(written):
    with pytest.raises(NoPlacement, match="they need 60 MW on average, the hubs have 200 MW"):
        corridor.place(written({"it_mw": 60}), count="location")


WEST = {"mw": {"tianfu": 50, "horinger": 50}, "pue": {"tianfu": 1.25, "horinger": 1.25}}


def test_a_season_changes_the_factor_of_each_hub(written):
    jobs = written(hubs=["tianfu", "horinger"], state=WEST)
    year, wet, dry = (
        corridor.place(jobs, count="location", season=one) for one in ("", "wet", "dry")
    )
    assert [one.hubs[0].hub for one in (year, wet, dry)] == ["tianfu"] * 3
    assert wet.with_law.value < 0.8 * year.with_law.value
    assert dry.with_law.value > 1.4 * year.with_law.value
    assert (wet.season, wet.annual) == ("wet", ())
    assert "wet season (July to September)" in told(wet)
    assert "factors are direct, of a season:" in " ".join(told(wet).split())
    market = next(one for one in wet.totals if one.count == "market")
    assert market.hubs == ()


def test_a_hub_without_a_factor_of_the_season_is_refused_by_name(written):
    with pytest.raises(MissingValues) as refusal:
        corridor.place(written(), count="location", season="dry")
    by_hub = {one.hub: one for one in refusal.value.missing}
    assert by_hub.keys() == {"shanghai", "riyadh"}
    assert "41 to 55 % of its consumption" in by_hub["shanghai"].why
    assert by_hub["riyadh"].state.endswith("--factor riyadh=annual")


def test_the_factor_of_the_year_in_a_season_is_stated_and_listed(written):
    annual = {"riyadh": "annual", "shanghai": "annual"}
    of_year = corridor.place(written(), count="location")
    found = corridor.place(written(), count="location", season="wet", factor=annual)
    assert set(found.annual) == {"riyadh", "shanghai"}
    assert "factor riyadh=annual" in found.stated
    assert "riyadh are of the year, as stated" in " ".join(told(found).split())
    state = {"mw": dict.fromkeys(HUBS, 50), "pue": dict.fromkeys(HUBS, 1.25), "factor": annual}
    in_file = corridor.place(written(state=state), count="location", season="wet")
    assert in_file.annual == found.annual
    assert found.with_law.value < of_year.with_law.value


def test_a_stated_factor_is_that_of_the_season(written):
    jobs = written(hubs=["tianfu"], state=WEST)
    found = corridor.place(jobs, count="location", season="dry", factor={"tianfu": 300})
    assert found.hubs[0].factor == 300


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"count": "market", "season": "dry"}, "factors of a season are those by location"),
        ({"objective": "latency", "season": "dry"}, "factors of a season are those by location"),
        ({"count": "location", "season": "july"}, 'no season is called "july"'),
        ({"count": "location", "factor": {"tianfu": "annual"}}, "annual is not a factor"),
    ],
)
def test_a_season_that_cannot_be_answered_is_refused(written, keys, said):
    with pytest.raises(InputError, match=said):
        corridor.place(written(), **keys)


def test_samples_draw_the_factor_of_the_season(written):
    jobs = written(hubs=["tianfu", "horinger"], state=WEST)
    wet, dry = (
        corridor.place(jobs, count="location", season=one, samples=20).sensitivity
        for one in ("wet", "dry")
    )
    assert wet.optimum.high < dry.optimum.low


def test_the_counting_has_no_default(capsys):
    assert cli.main(["place", str(EXAMPLE)]) == 2
    assert "name one of location, market, marginal with --count" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("job", "keys", "said"),
    [
        ({"origin": "shangai"}, {}, 'no hub is called "shangai"; did you mean "shanghai"'),
        ({"data": "cn-generl-exempt"}, {}, 'unknown data class "cn-generl-exempt"'),
        ({"rtt_budget": "30ms"}, {}, "either rtt_budget (interactive) or window_h (batch)"),
        ({"hours": None}, {}, "batch jobs have window_h and hours"),
        ({"window_h": [20, 22]}, {}, "train needs 24 hours, its window has 2"),
        ({"window_h": [20, 26]}, {}, "a window past midnight cannot be written"),
        ({"input": "10"}, {}, "has no unit"),
        ({}, {"hubs": ["khunjerab"]}, 'no energy figures of a hub "khunjerab"'),
        ({}, {"state": {"pue": {"tianfu": 0.9}}}, "0.9 is not a PUE of tianfu"),
        ({}, {"policies": "pan-asa"}, "pan-asa"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(written, capsys, job, keys, said):
    path = written(job, **keys)
    assert cli.main(["place", str(path), "--count", "location"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert line.startswith(f"corridor: {path}:")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--hubs", ","), "names no hub"),
        (("--mw", "riyadh=40", "--mw", "riyadh=50"), "--mw of riyadh is stated twice: 40 and 50"),
    ],
)
def test_options_that_name_nothing_or_twice_are_refused(written, capsys, words, said):
    try:
        code = cli.main(["place", str(written()), "--count", "location", *words])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_ids_are_unique(written):
    path = written()
    file = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**file, "jobs": file["jobs"] * 2}))
    with pytest.raises(InputError, match='job id "train" is used twice'):
        corridor.place(path, count="location")
