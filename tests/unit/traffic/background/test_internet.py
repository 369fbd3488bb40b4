"""The figures of background traffic are read with their bounds and carried to a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from corridor.topologies.base.errors import InputError
from corridor.traffic.background import assign, read_internet, sampled
from corridor.traffic.background.internet import FILE

DAY = date(2025, 9, 6)
TEXT = FILE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def internet():
    return read_internet()


def capacity(internet, day: date, holding: str) -> float:
    market = internet.at(day, countries=["PK"])
    return sum(one.capacity_gbps for one in market.holdings if one.id.startswith(f"{holding}/"))


def test_a_figure_is_used_as_it_is_on_its_day(internet):
    assert capacity(internet, date(2024, 10, 25), "pk-ptcl-smw4") == pytest.approx(1501)
    (one,) = [one for one in internet.at(date(2025, 7, 1)).holdings if one.id == "pk-twa-tw1/gulf"]
    assert (one.capacity_gbps, one.source, one.derived) == (pytest.approx(2600), "pta-inst25", "")


def test_between_figures_a_value_is_interpolated_and_later_it_grows(internet):
    middle = date(2024, 10, 25) + timedelta((date(2025, 7, 1) - date(2024, 10, 25)).days // 2)
    assert capacity(internet, middle, "pk-ptcl-smw4") == pytest.approx(
        (1501 * 1980) ** 0.5, rel=0.01
    )
    later = capacity(internet, date(2026, 7, 1), "pk-ptcl-smw4")
    assert later == pytest.approx(1980 * 1.24, rel=0.001)
    (one, *_) = internet.at(date(2026, 7, 1), countries=["PK"]).holdings
    assert one.derived.startswith("carried from 2025-07-01 at +24% a year")


def test_holdings_exist_from_their_first_day_to_their_last(internet):
    assert not capacity(internet, date(2025, 11, 21), "pk-twa-smw6")
    assert capacity(internet, date(2025, 11, 22), "pk-twa-smw6")
    assert not capacity(internet, date(2024, 12, 1), "pk-ptcl-smw3")


def test_directions_of_a_country_add_up_to_its_shares(internet):
    market = internet.at(date(2024, 3, 18), countries=["KW"])
    by_region = {one.direction: one.offered_gbps for one in market.flows}
    assert by_region["europe"] / sum(by_region.values()) == pytest.approx(0.83)
    assert sum(one.capacity_gbps for one in market.holdings) == pytest.approx(8580)


def test_traffic_is_a_share_of_the_first_capacity_and_grows_from_then_on(internet):
    first = internet.at(date(2024, 10, 25), countries=["PK"])
    offered = sum(one.offered_gbps for one in first.flows)
    assert offered == pytest.approx(0.81 * sum(one.capacity_gbps for one in first.holdings))
    later = internet.at(date(2026, 10, 25), countries=["PK"])
    assert sum(one.offered_gbps for one in later.flows) == pytest.approx(
        offered * 1.24**2, rel=0.002
    )


def test_a_new_cable_brings_capacity_and_no_traffic(internet):
    """SMW6 was launched on 22 November 2025, the land cable of Viettel on 4 August 2025."""
    for country, owner, day in (
        ("PK", "transworld", date(2025, 11, 22)),
        ("VN", "viettel", date(2025, 8, 4)),
    ):
        before, after = (
            assign(internet.at(one, countries=[country])).total(country, owner)
            for one in (day - timedelta(1), day)
        )
        assert after.capacity_gbps > before.capacity_gbps * 1.15
        assert after.offered_gbps == pytest.approx(before.offered_gbps, rel=0.002)


def test_traffic_of_a_cable_that_ends_stays(internet):
    before, after = (
        assign(internet.at(one, countries=["VN"])).total("VN", "vnpt")
        for one in (date(2024, 11, 30), date(2024, 12, 1))
    )
    assert after.capacity_gbps == pytest.approx(0.951 * before.capacity_gbps, rel=0.002)
    assert after.offered_gbps == pytest.approx(before.offered_gbps, rel=0.002)


def test_vietnamese_owners_use_the_cables_that_they_own(internet):
    """Of 18.7 Tbit/s, Viettel has 65 %; on SMW3 is no more than VNPT states of the system."""
    market = internet.at(date(2024, 1, 15), countries=["VN"])
    gbps: dict[str, float] = {}
    for one in market.holdings:
        name = one.id.partition("/")[0].removeprefix("vn-")
        gbps[name] = gbps.get(name, 0.0) + one.capacity_gbps
    cables = {"aag", "apg", "aae-1"}
    viettel = {f"viettel-{one}" for one in {*cables, "tgn-ia"}}
    assert gbps.keys() == viettel | {f"vnpt-{one}" for one in {*cables, "smw3"}}
    assert sum(gbps.values()) == pytest.approx(18_700, rel=0.001)
    assert sum(gbps[one] for one in viettel) == pytest.approx(0.65 * 18_700, rel=0.001)
    assert gbps["vnpt-smw3"] <= 320


def test_figures_of_over_four_years_before_or_after_a_day_are_not_carried_to_it(internet):
    near = internet.countries_near(date(2026, 12, 1))
    assert near == ["PK", "BD", "KW", "VN", "SA", "IN"]
    assert {one.country for one in internet.at(date(2026, 12, 1)).holdings} == set(near)
    with pytest.raises(
        InputError, match=r"TH on 2026-12-01 is not known: .*1,030 Gbit/s in service, is of 2014-12"
    ):
        internet.at(date(2026, 12, 1), countries=["TH"])
    assert internet.at(date(2018, 12, 14), countries=["TH"]).holdings
    assert internet.too_far("PK", date(2020, 10, 24))
    assert not internet.too_far("PK", date(2020, 10, 26))


def test_a_load_becomes_a_capacity_by_the_load_ratio(internet):
    market = internet.at(date(2024, 4, 15), countries=["BD"])
    assert sum(one.offered_gbps for one in market.flows) == pytest.approx(5200)
    assert sum(one.capacity_gbps for one in market.holdings) == pytest.approx(5200 / 0.7)


def test_the_cut_of_september_2025_hits_the_traffic_that_was_reported(internet):
    cut = internet.cut("smw4:red-sea", "imewe:red-sea")
    market = internet.at(DAY)
    hit = assign(market, cut, reaction="none").total("PK")
    assert 900 < hit.lost_path_gbps < 1700
    assert assign(market, cut).total("PK", "transworld").lost_path_gbps == 0
    assert 200 < assign(market, cut).total("PK").shortfall_gbps < 700


def test_the_same_seed_gives_the_same_intervals_around_the_value(internet):
    cut = internet.cut("smw4:red-sea")
    one = sampled(internet, DAY, cut, "own", 7, 30, countries=["PK"])
    assert one == sampled(internet, DAY, cut, "own", 7, 30, countries=["PK"])
    assert one != sampled(internet, DAY, cut, "own", 8, 30, countries=["PK"])
    value, low, high = (part.total("PK").lost_path_gbps for part in (one.value, one.low, one.high))
    assert low < value < high
    assert one.value == assign(internet.at(DAY, countries=["PK"]), cut, reaction="own")


def test_samples_belong_to_names(internet):
    alone = sampled(internet, DAY, (), "none", 7, 10, countries=["PK"])
    both = sampled(internet, DAY, (), "none", 7, 10, countries=["BD", "PK"])
    assert alone.low.total("PK") == both.low.total("PK")


def test_the_mean_of_a_day_is_below_its_busy_hour(internet):
    market = internet.at(DAY, countries=["PK"])
    mean = assign(market, load=internet.mean_load).total("PK").offered_gbps
    assert mean == pytest.approx(assign(market).total("PK").offered_gbps / 1.48)


def test_traffic_from_the_gulf_goes_round_africa_without_other_systems(internet):
    market = internet.at(DAY, countries=["PK"])
    others = internet.cut("coarse:europe-gulf", "coarse:europe-india", "coarse:europe-singapore")
    cut = internet.cut("smw4:red-sea", "imewe:red-sea")
    by_egypt, by_the_cape = (
        assign(market, failed).flow("PK", "ptcl", "europe").rtt_after_ms
        for failed in (cut, cut | others)
    )
    assert by_the_cape > by_egypt + 10


def test_an_interval_needs_two_samples(internet):
    with pytest.raises(ValueError, match="2 samples"):
        sampled(internet, DAY, n=1)


def test_systems_and_segments_are_cut_by_name(internet):
    assert internet.cut("smw4:red-sea", "tw1") == {"smw4:red-sea", "tw1:karachi-fujairah"}
    with pytest.raises(InputError, match=r'no system or segment "smw9"'):
        internet.cut("smw9")


def test_countries_without_figures_are_named_with_what_was_found(internet):
    with pytest.raises(
        InputError, match=r"no international bandwidth of AE is known: plans of 2011"
    ):
        internet.at(DAY, countries=["AE"])
    with pytest.raises(InputError, match='no country "QQ"'):
        internet.at(DAY, countries=["QQ"])
    for day in (date(2008, 1, 30), date(9999, 1, 1)):
        with pytest.raises(InputError, match="no figure can be carried to"):
            internet.at(day)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: 1501Gbit", "value: 1501", "rate 1501 has no unit"),
        ("value: 1501Gbit", "value: 0Gbit", "a figure of pk-ptcl-smw4 is 0"),
        ("factor: 1.2", "factor: 0.5", "must be at least 1"),
        ("low: 34%, high: 65%", "low: 34, high: 65%", "is not a share"),
        ("low: 7000Gbit", "low: 9000Gbit", "must be in this order"),
        ("value: 70%, low: 60%", "value: 70%, low: 0%", "load_ratio must be above 0"),
        ("{to: europe, share: 83%", "{to: europe, share: 183%", "183% is more than 100%"),
        ('"smw4:india", "', '"smw4:indja", "', 'no segment "smw4:indja".*smw4:india'),
        ("{to: europe, share: 83%", "{to: eurpoe, share: 83%", 'no region "eurpoe"'),
        ("source: prof25", "source: prof26", 'no source "prof26"'),
        ("country: BD\n  owner: itc", "country: BE\n  owner: itc", 'no country "BE"'),
        ("{to: gulf, segments: [\"smw4:k", "{to: europe, segments: [\"smw4:k", "second route to"),
        ("id: bd-itc-land", "id: bd-bsc-smw4", '"bd-bsc-smw4" is defined twice'),
        ("{system: falcon, is", "{system: falkon, is", 'no system "falkon".*falcon'),
        ("value: 2.56Tbit", "value: 0Tbit", "a bound of falcon is 0"),
        ("schema: 1", "schema: 2", "schema"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_the_line(tmp_path, old, new, message):
    assert old in TEXT
    file = tmp_path / "own.yaml"
    file.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=message) as problem:
        read_internet(file)
    assert str(problem.value).startswith(f"{file}:")
    assert problem.value.line


def test_every_figure_has_a_source_or_says_that_it_is_derived_or_assumed(internet):
    figures = [(one.id, figure) for one in internet.file.holdings for figure in one.figures] + [
        (one.id, figure) for one in internet.file.countries for figure in one.published
    ]
    assert [name for name, one in figures if one.basis == "published" and not one.source] == []
    used = {one.source for _, one in figures}
    assert used - {""} <= internet.file.sources.keys()
