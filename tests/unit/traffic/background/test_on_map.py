"""Routes and segments of background traffic are related to fibres and groups of a map."""

from __future__ import annotations

from datetime import date

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.traffic.background import Internet, assign, fibre_routes, on_map, read_internet
from corridor.traffic.background.on_map import FILE, may_relate, read_relation

DAY = date(2025, 9, 6)
TEXT = FILE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def related():
    return on_map(load_topology("pan-asia"), read_internet())


def hit(related, **cut) -> set[str]:
    """Holdings that a cut takes out of service."""
    market, failed = related.cut(**cut).failing(related.internet.at(DAY))
    return {one.id for one in assign(market, failed).holdings if one.cut}


def test_the_fibres_of_a_route_are_connected_and_of_its_segments(related):
    segments = {
        (one.id, to.to): to.segments for one in related.internet.file.holdings for to in one.routes
    }
    for key, one in related.routes.items():
        for leg, after in zip(one.legs, one.legs[1:], strict=False):
            assert leg.end == after.start, key
        for leg in one.legs:
            assert {leg.start, leg.end} == set(related.topology.fibre(leg.fibre).ends)
            passed = [related.fibres_of[name] for name in segments.get(key, ())]
            assert not passed or any(leg.fibre in fibres for fibres in passed), key


def test_a_route_goes_from_the_landing_to_the_region_unless_the_file_says_why_not(related):
    for (holding, region), one in related.routes.items():
        if one.legs and not one.note:
            assert one.legs[0].start == "karachi"
            assert one.legs[-1].end == related.relation.regions[region], holding


def test_a_whole_route_uses_the_direct_light_path(related):
    legs = fibre_routes(related.topology)["pk-ptcl-aae-1", "europe"]
    assert [tuple(one) for one in legs] == [
        ("aae-1-karachi-jeddah", "karachi", "jeddah"),
        ("aae-1-jeddah-marseille", "jeddah", "marseille"),
    ]


def test_what_the_map_lacks_of_a_route_is_named(related):
    assert related.routes["pk-ptcl-aae-1", "singapore"].missing == ("aae-1:malacca",)
    none = related.routes["pk-twa-smw5", "europe"]
    assert not none.legs
    assert "smw5:red-sea" in none.missing
    assert not related.routes["bd-bsc-smw4", "singapore"].legs


def test_every_submarine_fibre_of_a_system_with_holdings_is_in_a_segment_or_listed_as_outside(
    related,
):
    systems = {one.system for one in related.internet.file.holdings}
    inside = {fibre for fibres in related.fibres_of.values() for fibre in fibres}
    outside = {one.fibre for one in related.relation.outside}
    assert not inside & outside
    of_systems = {one.id for one in related.topology.fibres if one.system in systems}
    assert of_systems - inside == outside


def test_a_segment_has_exactly_the_light_paths_that_pass_its_place(related):
    assert set(related.fibres_of["smw4:red-sea"]) == {
        *("smw4-mumbai-jeddah", "smw4-karachi-jeddah", "smw4-fujairah-jeddah"),
        "smw4-jeddah-marseille",
    }
    assert related.fibres_of["smw4:mediterranean"] == ("smw4-jeddah-marseille",)
    assert "aae-1-djibouti-jeddah" not in related.fibres_of["aae-1:arabian-sea"]


def test_a_group_takes_all_segments_there_also_of_systems_that_are_not_on_the_map(related):
    taken = related.cut(groups=["corridor:red-sea"]).segments
    assert {"smw4:red-sea", "eig:red-sea", "fea:red-sea", "smw5:red-sea"} <= taken
    assert "coarse:europe-india" in taken
    assert "smw4:mediterranean" not in taken
    assert related.cut(groups=["cable:smw4"]).segments == related.internet.cut("smw4")


def test_a_failed_hub_takes_what_begins_or_ends_there_on_the_map_or_not(related):
    karachi, singapore = (hit(related, hubs=[one]) for one in ("karachi", "singapore"))
    assert {"pk-ptcl-smw4/europe", "pk-twa-smw5/europe", "pk-cybernet-peace/singapore"} <= karachi
    assert not any(one.startswith(("bd-", "kw-", "pk-sco")) for one in karachi)
    assert {"bd-bsc-smw4/singapore", "pk-twa-smw5/singapore", "vn-viettel-apg/singapore"} <= (
        singapore
    )
    assert not any(one.endswith("/gulf") for one in singapore)


def test_circuits_by_sea_pass_a_failed_hub_and_those_by_land_do_not(related):
    """A cable branches off shore; a terrestrial fibre is regenerated in the city."""
    for hub in ("jeddah", "mumbai", "djibouti"):
        assert not any(one.startswith("pk-") for one in hit(related, hubs=[hub])), hub
    assert related.routes["pk-ptcl-smw4", "europe"].legs[0].end == "jeddah"
    assert hit(related, hubs=["gilgit"]) == {"pk-sco-land/hongkong", "pk-land-china"}
    by_jeddah = hit(related, hubs=["jeddah"])
    assert {"kw-land-stc/europe", "kw-falcon/europe", "sa-all/europe"} <= by_jeddah
    assert not any(one.endswith("/gulf") for one in by_jeddah)


def test_traffic_finds_no_detour_over_a_city_that_failed(related):
    cut = related.cut(hubs=["singapore"])
    assert {"coarse:india-singapore", "coarse:usa-singapore"} <= cut.segments
    assert "coarse:europe-gulf" not in related.cut(hubs=["marseille"]).segments


def test_figures_with_other_holdings_are_related_by_what_they_share(related):
    """A user-supplied file need not have all that the shipped one has."""
    file = related.internet.file
    few = file.model_copy(
        update={"holdings": tuple(one for one in file.holdings if one.id == "pk-ptcl-smw4")}
    )
    own = on_map(related.topology, Internet(few))
    assert own.is_related
    assert set(own.routes) == {
        *(("pk-ptcl-smw4", to) for to in ("europe", "gulf", "singapore")),
        ("pk-land-china", "hongkong"),
    }


def test_fibres_in_a_group_pass_only_segments_that_its_cut_may_take(related):
    """The group of a place is the group of its fibres."""
    for name in ("corridor:red-sea", "corridor:egypt", "corridor:malacca", "corridor:karakoram"):
        in_group = {one.id for one in related.topology.fibres_in_srlg(name)}
        passed = {
            fibre for one in related.cut(groups=[name]).segments for fibre in related.fibres_of[one]
        }
        systems = {one.partition(":")[0] for one in related.internet.lengths_km}
        known = {one for one in in_group if related.topology.fibre(one).system in systems}
        assert known <= passed, name


def test_the_cut_of_one_fibre_takes_the_routes_over_it_and_no_other(related):
    assert hit(related, links=["smw4-karachi-jeddah"]) == {"pk-ptcl-smw4/europe"}
    assert hit(related, links=["smw4-mumbai-jeddah"]) == set()
    assert hit(related, links=["aae-1-karachi-fujairah"]) == {"pk-ptcl-aae-1/gulf"}


def test_the_cut_of_a_segment_takes_all_that_passes_it(related):
    found = hit(related, segments=["smw4:malacca"])
    assert found == {"pk-ptcl-smw4/singapore", "bd-bsc-smw4/singapore"}


def test_the_cut_of_the_karakoram_fibre_takes_the_land_link_and_what_can_be_bought_on_it(related):
    assert hit(related, links=["pcofc-gilgit-rawalpindi"]) == {
        "pk-sco-land/hongkong",
        "pk-land-china",
    }


def test_a_map_without_systems_has_no_background_traffic():
    mini = on_map(load_topology("mini"))
    assert not mini.is_related
    assert not may_relate(mini.topology)
    assert not any(fibre_routes(mini.topology).values())


def test_the_shipped_file_names_fibres_and_groups_of_its_map():
    whole_map = load_topology("pan-asia")
    assert read_relation(read_internet(), whole_map=whole_map).map == whole_map.name
    assert may_relate(whole_map)


def test_a_map_that_lacks_a_fibre_keeps_the_rest(related):
    shorter = related.topology.without(["smw4-jeddah-marseille"])
    routes = fibre_routes(shorter)
    assert routes["pk-ptcl-smw4", "europe"] == ()
    assert routes["pk-ptcl-imewe", "europe"]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("[smw4-mumbai-jeddah", "[smw4-mumbai-jedda", 'no fibre "smw4-mumbai-jedda"'),
        ('"smw4:india"', '"smw4:indien"', 'no segment "smw4:indien"'),
        ("place: egypt", "place: egipt", 'no place "egipt"'),
        ("by: gulf-of-aden", "by: gulf-of-eden", 'no waypoint "gulf-of-eden"'),
        ("PK: karachi", "PK: karatschi", 'no hub "karatschi"'),
        ("PK: karachi", "PQ: karachi", 'no country "PQ"'),
        ("europe: marseille", "eu: marseille", 'no region "eu"'),
        ('in: "corridor:egypt"', 'in: "corridor:egipt"', 'no shared-risk group "corridor:egipt"'),
        ("pk-sco-land, to: hong", "pk-sco-land, to: sing", 'no route "pk-sco-land to singkong"'),
        ("place: egypt", "place: malacca", '"malacca" is written twice'),
        ("at: fujairah}", "at: fujairah, by: dondra}", "needs one of at, by, in"),
        ("hubs: [dammam]", "hubs: [damam]", 'no hub "damam"'),
        ("handed_over: doha", "handed_over: doah", 'no hub "doah"'),
    ],
)
def test_a_mistake_is_reported_with_its_line(tmp_path, right, wrong, message):
    file = tmp_path / "wrong.yaml"
    file.write_text(TEXT.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_relation(read_internet(), file, load_topology("pan-asia"))
    assert message in str(raised.value)
    assert f"{file}:" in str(raised.value)
