"""The shipped topologies hold what they promise."""

from __future__ import annotations

import networkx as nx
import pytest

from corridor.topologies.analysis.check import check_topology
from corridor.topologies.formats.load import SHIPPED, load_topology
from corridor.topologies.model.catalogue import load_jurisdictions, shipped_hubs, shipped_systems
from corridor.topologies.model.routing import shortest_path_between

PAN = load_topology("pan-asia")
BOUNDS = ("floor", "ceiling")
CLUSTERS = {
    "zhangjiakou", "qingpu", "wuhu", "shaoguan", "tianfu", "chongqing", "horinger", "guian",
    "qingyang", "zhongwei",
}  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_topology_passes_its_own_checks(name: str) -> None:
    report = check_topology(load_topology(name))
    assert report.problems == ()
    assert report.hubs_without_sources == ()
    assert report.fibres_without_sources == () or name == "mini"


@pytest.mark.parametrize("name", ["pan-asia", "edwc", "mini"])
def test_no_single_fibre_splits_an_emulated_topology(name: str) -> None:
    topology = load_topology(name)
    assert check_topology(topology).single_fibres == ()
    assert nx.is_connected(nx.Graph(topology.to_graph()))


def test_pan_asia_is_at_reference_scale() -> None:
    assert len(PAN.hubs) >= 34
    assert len(PAN.fibres) >= 60
    assert {fibre.medium for fibre in PAN.fibres} == {"terrestrial", "submarine"}


def test_pan_asia_holds_all_ten_clusters_of_all_eight_national_hubs() -> None:
    clusters = {hub.id: hub.edwc_hub for hub in PAN.hubs if hub.edwc_cluster}
    assert set(clusters) == CLUSTERS
    assert len(set(clusters.values())) == 8


def test_pan_asia_holds_every_full_gateway_and_every_partner() -> None:
    gateways = {hub.id for hub in PAN.hubs if hub.intl_gateway}
    assert gateways == {
        "beijing", "shanghai", "guangzhou", "nanning", "qingdao", "kunming", "haikou",
    }  # fmt: skip
    foreign = {hub.located_in for hub in PAN.hubs if hub.role == "foreign"}
    assert foreign == {"PK", "SA", "TH"}


def test_hong_kong_is_its_own_jurisdiction() -> None:
    assert PAN.hub("hongkong").located_in == "HK"


def test_emulated_rates_lie_within_the_stated_bounds() -> None:
    rates = [PAN.emulated_rate_bps(fibre) for fibre in PAN.fibres]
    assert min(rates) >= 10_000_000
    assert max(rates) <= 2_000_000_000


def test_unpublished_capacity_stays_unpublished() -> None:
    unpublished = [fibre for fibre in PAN.fibres if fibre.capacity_gbps is None]
    assert all(fibre.capacity_basis == "unpublished" for fibre in unpublished)
    assert len(unpublished) > 0


def test_no_fibre_is_faster_than_light_in_glass() -> None:
    for name in SHIPPED:
        topology = load_topology(name)
        for fibre in topology.fibres:
            assert fibre.one_way_delay_ns >= 4_900 * 0.95 * topology.great_circle_km(fibre)


@pytest.mark.parametrize(
    ("total_km", "segments"),
    [
        (820, ["pcofc-khunjerab-gilgit", "pcofc-gilgit-rawalpindi"]),
        (2950 - 820, ["urumqi-kashgar", "kashgar-khunjerab"]),
        (1500, ["cmi-ruili-mandalay", "cmi-mandalay-ngwesaung"]),
        (3000, ["beijing-wuhan", "wuhan-guangzhou"]),
    ],
)
def test_shares_of_a_published_length_add_up_to_it(total_km: int, segments: list[str]) -> None:
    fibres = [PAN.fibre(name) for name in segments]
    assert sum(fibre.length_km for fibre in fibres) == total_km
    assert {fibre.length_basis for fibre in fibres} == {"apportioned"}


def test_shanghai_to_frankfurt_by_land_takes_what_the_carrier_publishes() -> None:
    route = shortest_path_between(PAN, "shanghai", "frankfurt")
    assert route is not None
    assert route.rtt_ms == pytest.approx(147, rel=0.01)
    assert "almaty" in route.hubs


def test_losing_the_red_sea_leaves_saudi_arabia_reachable_by_the_gulf() -> None:
    cut = PAN.without(fibre.id for fibre in PAN.fibres_in_srlg("corridor:red-sea"))
    route = shortest_path_between(cut, "shanghai", "riyadh")
    assert route is not None
    assert "dammam" in route.hubs or "dubai" in route.hubs


def test_every_jurisdiction_named_is_listed() -> None:
    known = load_jurisdictions().by_id
    codes = {hub.located_in for hub in shipped_hubs().values()}
    codes |= {code for fibre in PAN.fibres for code in (*fibre.crosses, *fibre.may_cross_codes)}
    assert codes <= set(known)


def test_groups_are_data() -> None:
    jurisdictions = load_jurisdictions()
    assert "TH" in jurisdictions.members("asean")
    assert set(jurisdictions.members("gcc")) == {"AE", "BH", "KW", "OM", "QA", "SA"}
    assert set(jurisdictions.members("gba")) == {"CN", "HK", "MO"}
    assert jurisdictions.name("SA") == "Saudi Arabia"
    with pytest.raises(KeyError, match='did you mean "asean"'):
        jurisdictions.members("asaen")


def test_every_cable_system_cites_a_source() -> None:
    assert all(system.sources for system in shipped_systems().values())


def test_light_to_pakistan_comes_ashore_in_india_on_one_cable_only() -> None:
    at_karachi = {fibre.id: fibre for fibre in PAN.fibres_of("karachi")}
    assert {name for name, one in at_karachi.items() if "IN" in one.crosses} == {
        "smw4-singapore-karachi"
    }
    doubtful = {name for name, one in at_karachi.items() if "IN" in one.may_cross_codes}
    assert doubtful == {"smw6-singapore-karachi"}
    far = {one.other_end("karachi") for one in at_karachi.values()}
    assert "IN" not in {PAN.hub(name).located_in for name in far}


def test_each_cable_by_a_strait_may_be_in_the_waters_of_its_coasts() -> None:
    """The same rule for every system: both coasts, except those of its ends."""
    seen = 0
    for fibre in PAN.fibres:
        ends = {PAN.hub(end).located_in for end in fibre.ends}
        met = {*fibre.crosses, *fibre.may_cross_codes, *ends}
        if fibre.medium == "submarine" and "singapore" in fibre.ends:
            seen += 1
            assert {"ID", "MY"} <= met, fibre.id
        if fibre.medium == "submarine" and "corridor:hormuz" in fibre.srlgs:
            seen += 1
            assert {"IR", "OM"} <= met, fibre.id
        if "corridor:red-sea" in fibre.srlgs and "corridor:bab-el-mandeb" in fibre.srlgs:
            seen += 1
            assert {"DJ", "ER", "YE"} <= met, fibre.id
    assert seen > 15


def test_every_doubt_has_a_reason_and_every_assumption_a_basis() -> None:
    assert all(one.why for fibre in PAN.fibres for one in fibre.may_cross)
    assert all(fibre.assumed_because for fibre in PAN.fibres if fibre.known_gbps is None)


def test_pakistans_capacity_is_counted_once_for_each_system() -> None:
    groups = [group for group in PAN.capacity_groups.values() if group.at == "karachi"]
    installed = sum(group.capacity_gbps or 0 for group in groups) / 1000
    assert installed == pytest.approx(17.21 - 1.0)  # but for the land cable
    sea = [one for one in PAN.fibres_of("karachi") if one.medium == "submarine"]
    assert [one.id for one in sea if not any(g.at == "karachi" for g in one.shares)] == [
        "smw6-singapore-karachi"
    ]
    assert all((one.known_gbps or 0) <= 4770 for one in sea)


def test_a_cable_over_the_mountains_is_narrower_than_a_trunk() -> None:
    karakoram = PAN.emulated_rate_bps(PAN.fibre("pcofc-khunjerab-gilgit"))
    assert karakoram < PAN.emulated_rate_bps(PAN.fibre("beijing-wuhan-trunk"))


@pytest.mark.parametrize(
    ("fibre", "not_it", "assumed_gbps"),
    [
        ("cn-ru-beijing-frankfurt", "one wavelength, not the fibre", 1000),
        ("beijing-wuhan", "one router link of the FITI network, not the fibre", 32000),
        ("wuhan-guangzhou", "one router link of the FITI network, not the fibre", 32000),
    ],
)
def test_a_wavelength_or_a_router_link_is_no_capacity_of_a_fibre(
    fibre: str, not_it: str, assumed_gbps: float
) -> None:
    found = PAN.fibre(fibre)
    assert (found.known_gbps, found.capacity_basis) == (None, "unpublished")
    assert not_it in found.notes
    assert PAN.emulated_rate(found).basis == "assumed"
    assert PAN.capacity_gbps(found) == assumed_gbps


def test_operators_have_the_names_that_they_have_today() -> None:
    names = {name for one in PAN.fibres for name in (one.operated_by or "").split(" / ")}
    assert not {"CAT", "Etisalat"} & names
    assert not any("TOT" in name for name in names)
    assert {"National Telecom", "e&"} <= {name.removesuffix(" and partners") for name in names}


def test_the_map_says_where_it_ends() -> None:
    said = " ".join(PAN.notes)
    for words in ("by Madinah and by Hail", "stc, Mobily", "32 Tbit/s", "Shenzhen"):
        assert words in said
    land = [one for one in PAN.fibres_of("jeddah") if one.medium == "terrestrial"]
    assert {one.id: PAN.capacity_gbps(one) for one in land} == {
        "riyadh-jeddah": 32_000,
        "riyadh-jeddah-north": 32_000,
    }
    mainland = {
        one.other_end("shenzhen")
        for one in PAN.fibres_of("shenzhen")
        if PAN.hub(one.other_end("shenzhen")).located_in == "CN"
    }
    assert mainland == {"guangzhou", "hangzhou"}


def test_leaving_a_status_out_leaves_no_hub_without_a_fibre() -> None:
    left = PAN.without_status(["uncertain"])
    assert {one.status for one in left.fibres} == {"in-service"}
    gone = {one.id for one in PAN.hubs} - {one.id for one in left.hubs}
    assert gone == {"mandalay"}
    assert nx.is_connected(nx.Graph(left.to_graph()))
    with pytest.raises(KeyError):
        left.hub("mandalay")


def test_the_map_is_emulated_at_its_scale_wherever_a_shipped_scenario_uses_it() -> None:
    """Loads are held against real capacities: a bound would make a fibre too wide."""
    used = PAN.without_status(["uncertain"])
    bounds = {one.id for one in used.fibres if used.emulated_rate(one).basis in BOUNDS}
    assert bounds == set()
    karakoram = used.fibre("pcofc-khunjerab-gilgit")
    assert used.emulated_rate_bps(karakoram) == 1_000_000_000_000 * 1e-5
