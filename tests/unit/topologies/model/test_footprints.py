"""Disasters as shapes, and the fibres whose routes they surely or possibly hit."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.topologies.base.documents import parse_document, validate
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.footprint import (
    Footprint,
    footprint_of,
    shipped_footprints,
    struck,
    with_footprints,
)
from corridor.topologies.model.topology import Topology, great_circle_km

# Parts of systems that events cut, of which the map draws other parts only.
NOT_DRAWN = {
    ("hengchun-2006", "eac-c2c"),
    ("morakot-2009", "eac-c2c"),
    ("tohoku-2011", "eac-c2c"),
    ("suez-2020", "falcon"),
    ("qatar-2025", "aae-1"),
    ("red-sea-2025-jeddah", "falcon"),
    ("red-sea-2025-yemen", "falcon"),
}


def shape(text: str) -> Footprint:
    return validate(parse_document(f"{{id: x, what: x, {text}}}", "x.yaml"), Footprint)


@pytest.fixture(scope="module")
def pan_asia() -> Topology:
    return load_topology("pan-asia")


@pytest.mark.parametrize(
    ("text", "inside", "outside", "km"),
    [
        ("circle: {at: [0, 0], radius: 100km}", (0.5, 0.0), (2.0, 0.0), 122.39),
        ("stretch: {along: [[0, 0], [0, 10]], width: 200km}", (0.5, 5.0), (2.0, 5.0), 122.39),
        ("polygon: [[-1, -1], [-1, 1], [1, 1], [1, -1]]", (0.0, 0.9), (2.0, 0.0), 111.195),
        ("polygon: [[-1, 179], [-1, -179], [1, -179], [1, 179]]", (0, -179.5), (2.0, 180), 111.195),
    ],
)
def test_distances_are_negative_inside_and_in_kilometres_outside(text, inside, outside, km):
    found = shape(text)
    assert found.distance_km(inside) < 0
    assert found.distance_km(outside) == pytest.approx(km, rel=1e-3)


def test_every_system_that_an_event_cut_and_that_the_map_draws_there_is_hit(pan_asia):
    systems = {fibre.id: fibre.system for fibre in pan_asia.fibres}
    missed = set()
    for one in shipped_footprints().values():
        hit = {systems[fibre.fibre] for fibre in struck(pan_asia, one)}
        missed |= {(one.id, cut) for cut in one.cut if cut in {*systems.values()} - hit}
    assert missed == NOT_DRAWN


def test_every_shipped_event_has_a_source_and_a_date():
    for one in shipped_footprints().values():
        assert one.source, one.id
        assert one.date, one.id
        assert all(" " in source for source in one.source), "sources are written out"


def test_a_shape_around_a_known_point_surely_hits_and_one_beside_a_long_leg_possibly(pan_asia):
    fibre = pan_asia.fibre("urumqi-khorgos")
    a, z = (pan_asia.hub(end).place for end in fibre.ends)
    middle = ((a[0] + z[0]) / 2, (a[1] + z[1]) / 2)
    around = shape(f"circle: {{at: [{a[0]}, {a[1]}], radius: 40km}}")
    beside = shape(f"circle: {{at: [{middle[0] + 0.8}, {middle[1]}], radius: 20km}}")
    far = shape(f"circle: {{at: [{middle[0] + 4}, {middle[1]}], radius: 20km}}")
    assert {one.fibre: one.is_sure for one in struck(pan_asia, around)}[fibre.id]
    possible = next(one for one in struck(pan_asia, beside) if one.fibre == fibre.id)
    assert not possible.is_sure
    assert 0 < possible.distance_km < 30 + 0.3 * great_circle_km(a, z) / 2
    assert fibre.id not in {one.fibre for one in struck(pan_asia, far)}


def test_a_margin_of_the_shape_makes_sure_hits_possible(pan_asia):
    sharp, vague = (
        shape(f"circle: {{at: bab-el-mandeb, radius: 60km}}{margin}")
        for margin in ("", ", margin: 50km")
    )
    assert any(one.is_sure for one in struck(pan_asia, sharp))
    assert not any(one.is_sure for one in struck(pan_asia, vague))
    assert {one.fibre for one in struck(pan_asia, sharp)} <= {
        one.fibre for one in struck(pan_asia, vague)
    }


def test_footprints_of_a_topology_file_make_shared_risk_groups(tmp_path: Path):
    path = tmp_path / "map.yaml"
    own = "{id: mine, what: mine, circle: {at: karachi, radius: 50km}}"
    path.write_text(f"name: map\nextends: [pan-asia]\nfootprints:\n- babusar-2025\n- {own}\n")
    found = load_topology(str(path))
    hit = found.fibres_in_srlg("footprint:babusar-2025")
    assert [one.id for one in hit] == ["pcofc-gilgit-rawalpindi"]
    assert found.fibres_in_srlg("footprint:mine")


def test_a_footprint_that_hits_nothing_leaves_a_map_as_it_is(pan_asia):
    assert with_footprints(pan_asia, [footprint_of("tohoku-2011")]) is pan_asia


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has one shape"),
        ("circle: {at: karachi, radius: 5km}, polygon: [[1, 1], [2, 2], [3, 1]]", "one shape"),
        ("circle: {at: karachi, radius: 100}", "100 has no unit|needs a unit|unit"),
        ("circle: {at: karach, radius: 5km}", 'unknown place "karach": did you mean "karachi"'),
        ("polygon: [[1, 1], [2, 2]]", "three corners or more"),
        ("polygon: [[95, 1], [2, 2], [3, 3]]", "latitude is at most 90"),
        ("stretch: {along: [karachi], width: 5km}", "along"),
    ],
)
def test_a_wrong_shape_is_refused_with_its_line(text, said):
    with pytest.raises(InputError, match=said) as raised:
        shape(text)
    assert "x.yaml:1" in str(raised.value)


def test_an_unknown_name_is_refused_with_a_near_one(tmp_path: Path):
    with pytest.raises(InputError, match='did you mean "tohoku-2011"'):
        footprint_of("tohok")
    path = tmp_path / "map.yaml"
    path.write_text("name: map\nextends: [pan-asia]\nfootprints: [tohoku-2010]\n")
    with pytest.raises(InputError, match=r'map\.yaml:3: no footprint is called "tohoku-2010"'):
        load_topology(str(path))
