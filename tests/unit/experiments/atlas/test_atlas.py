"""The map as geometry: where the globe is cut open, what lies where, marks, land, SVG."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from corridor.experiments.answers.map_document import MapDocument, map_document
from corridor.experiments.atlas import Box, Label, atlas, place_labels
from corridor.experiments.atlas.atlas import MARKS, OTHERS
from corridor.experiments.atlas.labels import is_crossed
from corridor.experiments.atlas.land import area, land_around, land_path, read_land, source
from corridor.experiments.atlas.make_land import coarse, rings_of, thinned
from corridor.experiments.atlas.map_drawing import (
    LAWFUL,
    DrawnPath,
    Names,
    around,
    path_drawing,
    placed,
    whole,
)
from corridor.experiments.atlas.plane import beside, clipped, frame_of
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from handmade_map import fibre, hub

PLACES = {
    "tokyo": (35.7, 139.7),
    "seattle": (47.6, -122.3),
    "honolulu": (21.3, -157.9),
    "london": (51.5, -0.1),
    "suva": (-18.1, 178.4),
    "pago-pago": (-14.3, -170.7),
}


def drawn(*pairs, roles=None, jurisdictions=None):
    names = list(dict.fromkeys(name for pair in pairs for name in pair[:2]))
    return atlas(
        MapDocument(
            hubs=tuple(
                hub(
                    name,
                    PLACES[name],
                    jurisdiction=(jurisdictions or {}).get(name, "XX"),
                    role=(roles or {}).get(name, "foreign"),
                )
                for name in names
            ),
            fibres=tuple(
                fibre(f"{a}-{z}-{number}", a, z, PLACES[a], *via, PLACES[z])
                for number, (a, z, *via) in enumerate(pairs)
            ),
            jurisdictions={"XX": "Nowhere (in particular)"},
        )
    )


@pytest.fixture(scope="module")
def pan_asia():
    return atlas(map_document(load_topology("pan-asia")))


def test_ten_units_are_a_degree_to_the_north_and_as_far_to_the_east_at_26_degrees():
    of = drawn(("tokyo", "honolulu")).projection
    x, y = of.xy(26.0, 150.0)
    east, north = of.xy(26.0, 151.0), of.xy(27.0, 150.0)
    assert y - north[1] == pytest.approx(10.0)
    assert east[0] - x == pytest.approx(10.0 * math.cos(math.radians(26.0)))


def test_a_corridor_over_the_pacific_is_drawn_in_one_piece():
    found = drawn(("tokyo", "honolulu"), ("honolulu", "seattle"), ("suva", "pago-pago"))
    assert found.frame.west < 139.7
    assert 360.0 - 122.3 < found.frame.east < 260.0
    assert all(len(fibre.parts) == 1 for fibre in found.fibres.values())
    xs = [found.hubs[name].x for name in ("tokyo", "suva", "pago-pago", "honolulu", "seattle")]
    assert xs == sorted(xs)


def test_the_map_is_cut_open_where_no_fibre_is_though_another_gap_be_wider():
    found = drawn(("tokyo", "london"), ("london", "seattle"))
    assert all(len(fibre.parts) == 1 for fibre in found.fibres.values())
    xs = [found.hubs[name].x for name in ("seattle", "london", "tokyo")]
    assert xs == sorted(xs)


def test_a_ring_around_the_globe_is_cut_across_one_fibre_alone():
    found = drawn(("tokyo", "seattle"), ("seattle", "london"), ("london", "tokyo"))
    cut = [fibre for fibre in found.fibres.values() if len(fibre.parts) > 1]
    assert len(cut) == 1
    before, after = cut[0].parts
    assert before[0] == pytest.approx(found.hubs[cut[0].fibre.a].xy)
    assert after[-1] == pytest.approx(found.hubs[cut[0].fibre.z].xy)
    assert before[-1][1] == pytest.approx(after[0][1])
    assert abs(before[-1][0] - after[0][0]) == pytest.approx(
        360.0 * 10.0 * math.cos(math.radians(26.0))
    )


def test_fibres_of_one_pair_lie_beside_each_other_and_meet_at_its_hubs():
    both = [("tokyo", "honolulu"), ("honolulu", "tokyo"), ("tokyo", "honolulu")]
    found = drawn(*both)
    lines = [fibre.parts[0] for fibre in found.fibres.values()]
    middles = sorted((line[len(line) // 2 - 1][1] + line[len(line) // 2][1]) / 2 for line in lines)
    (ax, ay), (zx, zy) = lines[0][0], lines[0][-1]
    flat = abs(zx - ax) / math.dist((ax, ay), (zx, zy))
    assert [after - before for before, after in pairwise(middles)] == pytest.approx(
        [3.5 * flat] * 2
    )
    ends = {(round(x, 6), round(y, 6)) for line in lines for x, y in (line[0], line[-1])}
    assert len(ends) == 2


def test_a_line_beside_a_bent_one_keeps_its_ends():
    line = ((0.0, 0.0), (10.0, 0.0), (20.0, 10.0))
    moved = beside(line, 2.0)
    assert (moved[0], moved[-1]) == (line[0], line[-1])
    assert math.dist(moved[1], line[1]) == pytest.approx(2.0)


def test_the_frame_holds_every_hub_and_fibre(pan_asia):
    _, _, width, height = pan_asia.view_box
    points = [hub.xy for hub in pan_asia.hubs.values()]
    points += [point for fibre in pan_asia.fibres.values() for p in fibre.parts for point in p]
    assert all(0 < x < width and 0 < y < height for x, y in points)


@pytest.mark.parametrize("place", [(89.0, 10.0), (-89.5, 179.9), (0.0, -180.0)])
def test_one_hub_has_a_frame_around_it_anywhere_on_the_globe(place):
    frame = frame_of([[place]])
    assert frame.east - frame.west >= 6.0
    assert frame.north - frame.south >= 2.0
    assert frame.south >= -90.0
    assert frame.north <= 90.0
    x, y = frame.projection.xy(*place)
    assert 0 < x < frame.width
    assert 0 < y < frame.height


def test_a_map_without_hubs_is_refused_in_a_line():
    with pytest.raises(InputError, match="without hubs"):
        atlas(MapDocument(hubs=(), fibres=(), jurisdictions={}))


def test_the_shipped_land_says_where_it_is_from_and_is_small():
    assert source() == "Land: Natural Earth, public domain"
    rings = read_land()
    assert 300 < len(rings) < 600
    assert all(len(ring) > 2 for ring in rings)
    assert all(-60.1 <= lat <= 90.0 for ring in rings for _, lat in ring)
    middles = [(min(lons) + max(lons)) / 2 for ring in rings for lons in [[x for x, _ in ring]]]
    assert all(-180.0 <= middle <= 180.0 for middle in middles)


def test_no_coast_is_drawn_across_the_map_where_land_crosses_180_degrees(pan_asia):
    """Siberia and an island north of it had sides of 360 degrees."""
    for ring in read_land():
        sides = [abs(a[0] - z[0]) for a, z in zip(ring, ring[1:] + ring[:1], strict=True)]
        assert max(sides) < 10
    corners = [point for ring in pan_asia.land for point in ring]
    edges = {of(point[axis] for point in corners) for axis in (0, 1) for of in (min, max)}
    for ring in pan_asia.land:
        for a, z in zip(ring, ring[1:] + ring[:1], strict=True):
            on_edge = any(a[axis] == z[axis] and a[axis] in edges for axis in (0, 1))
            assert on_edge or abs(a[0] - z[0]) < 100


@pytest.mark.parametrize("lat", [66.0, 68.0, 70.5, 72.0])
def test_sea_between_greenland_and_norway_is_sea(pan_asia, lat):
    assert not inside(pan_asia.land, *pan_asia.projection.xy(lat, -5.0))


def test_land_reaches_beyond_the_frame_and_its_path_stays_small(pan_asia):
    xs = [x for ring in pan_asia.land for x, _ in ring]
    assert min(xs) < -100
    assert max(xs) > pan_asia.frame.width + 100
    assert len(land_path(pan_asia.land)) < 30_000
    assert land_path(pan_asia.land).count("z") == len(pan_asia.land)


def test_the_path_of_land_says_what_its_rings_are():
    found = drawn(("tokyo", "honolulu"))
    assert found.land
    assert read_path(land_path(found.land)) == [list(ring) for ring in found.land]


def test_islands_below_a_few_units_are_left_out():
    areas = [abs(area(ring)) for ring in land_around(frame_of([[(26.0, 56.0)]]))]
    assert min(areas) >= 4.0


def read_path(path):
    """Rings of a path of moves and relative lines."""
    found = []
    for ring in path.split("z")[:-1]:
        start, steps = ring[1:].split("l")
        x, y = map(float, start.split(" "))
        numbers = [int(one) for one in re.findall(r"-?\d+", steps)]
        points = [(x, y)]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            points.append((x, y))
        found.append(points)
    return found


def inside(rings, x, y):
    """By the rule of evenness."""
    odd = False
    for ring in rings:
        for (ax, ay), (zx, zy) in pairwise([*ring, ring[0]]):
            if (ay > y) != (zy > y) and x < ax + (y - ay) * (zx - ax) / (zy - ay):
                odd = not odd
    return odd


@pytest.mark.parametrize(
    ("lat", "lon", "is_land"),
    [(39.9, 116.4, True), (24.7, 46.7, True), (42.0, 51.0, False), (15.0, 65.0, False),
     (30.0, 70.0, True), (10.0, 112.0, False)],
)  # fmt: skip
def test_land_is_land_and_sea_is_sea(pan_asia, lat, lon, is_land):
    assert inside(pan_asia.land, *pan_asia.projection.xy(lat, lon)) is is_land


@pytest.mark.parametrize(("lat", "lon", "is_land"), [(40.0, -100.0, True), (0.0, -150.0, False)])
def test_land_is_there_on_the_far_side_of_180_degrees_too(lat, lon, is_land):
    found = drawn(("tokyo", "seattle"))
    assert inside(found.land, *found.projection.xy(lat, lon)) is is_land


def test_jurisdictions_with_most_hubs_have_shapes_of_their_own(pan_asia):
    marks = dict(pan_asia.key)
    assert next(iter(marks)) == "China"
    assert marks["elsewhere"] is OTHERS
    assert len({mark.name for mark in marks.values()}) == len(marks)
    assert {hub.mark.name for hub in pan_asia.hubs.values() if hub.hub.jurisdiction == "CN"} == {
        marks["China"].name
    }


def test_the_key_names_a_jurisdiction_without_what_stands_in_parentheses():
    assert [name for name, _ in drawn(("tokyo", "seattle")).key] == ["Nowhere"]


@pytest.mark.parametrize("mark", [*MARKS, OTHERS], ids=lambda mark: mark.name)
def test_a_mark_is_a_closed_outline_around_its_hub(mark):
    assert mark.path.startswith("M")
    assert mark.path.endswith("z")
    assert inside([mark.outline], 0.01, 0.01)
    assert max(math.hypot(x, y) for x, y in mark.outline) < 6.0


def test_hubs_with_more_to_say_come_first():
    found = drawn(
        *(("tokyo", "honolulu"), ("honolulu", "seattle"), ("seattle", "london")),
        roles={"tokyo": "transit", "honolulu": "core"},
    )
    ranked = sorted(found.hubs, key=lambda name: found.hubs[name].rank)
    assert ranked == ["seattle", "london", "honolulu", "tokyo"]


def test_names_are_told_without_what_stands_in_parentheses():
    one = hub("a", (40.8, 114.9), "Zhangjiakou (Huailai)", "张家口(怀来)")
    assert (one.short_name, one.short_local_name) == ("Zhangjiakou", "张家口")


def test_a_ring_is_cut_to_a_rectangle():
    ring = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
    assert area(clipped(ring, 2.0, 20.0, -5.0, 5.0)) == pytest.approx(8.0 * 5.0)
    assert clipped(ring, 20.0, 30.0, 0.0, 1.0) == ()


TOPOJSON = {
    "transform": {"scale": [1.0, 1.0], "translate": [-5.0, 2.0]},
    "arcs": [[[5, 0], [10, 0], [0, 10]], [[5, 0], [0, 10], [10, 0]]],
    "objects": {
        "land": {"geometries": [{"type": "MultiPolygon", "arcs": [[[0, ~1]]]}]},
    },
}


def test_coasts_are_read_from_topojson():
    (ring,) = rings_of(TOPOJSON)
    assert ring == ((0, 2), (10, 2), (10, 12), (0, 12), (0, 2))


def test_thinning_keeps_corners_and_leaves_out_what_lies_between():
    line = (*((float(x), 0.001 * (x % 2)) for x in range(10)), (9.0, 5.0))
    assert thinned(line, 0.06) == (line[0], line[9], line[10])


def test_islands_that_are_too_small_are_left_out():
    square = ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.0, 0.1), (0.0, 0.0))
    assert coarse(square) == ()
    large = tuple((30 * x, 30 * y) for x, y in square)
    assert coarse(large) == ((30, 0), (30, 30), (0, 30), (0, 0))


def names(drawn, **more):
    return Names(9.0, whole(drawn), **more)


def test_labels_of_hubs_are_placed_from_the_first_named_on(pan_asia):
    found = placed(pan_asia, names(pan_asia, first=["khorgos", "almaty"]))
    assert [one.label.id for one in found][:2] == ["khorgos", "almaty"]
    assert len(found) > 40
    alone = placed(pan_asia, names(pan_asia, among=["lahore"]))
    assert [one.label.id for one in alone] == ["lahore"]


def test_a_wider_text_takes_more_room(pan_asia):
    (narrow,), (wide,) = (
        placed(pan_asia, names(pan_asia, among=["lahore"], width=lambda t, far=far: far * len(t)))
        for far in (2.0, 4.0)
    )
    assert wide.box.width > narrow.box.width


def test_what_is_to_be_clear_is_covered_by_no_label(pan_asia):
    of = names(pan_asia, among=["lahore"], clear=5.0)
    (usual,) = placed(pan_asia, of)
    middle = ((usual.box.left + usual.box.right) / 2, (usual.box.top + usual.box.bottom) / 2)
    (moved,) = placed(pan_asia, of, [middle])
    assert moved.box != usual.box


def meet(one, other):
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


def apart(box, x, y):
    return math.hypot(max(box.left - x, x - box.right, 0), max(box.top - y, y - box.bottom, 0))


@pytest.mark.parametrize("name", ["pan-asia", "edwc", "mini", "cloud-backbone"])
@pytest.mark.parametrize("height", [6.0, 9.0, 14.0, 21.0])
def test_no_name_on_a_shipped_map_is_nearer_to_another_hub_than_to_its_own(name, height):
    drawn = atlas(map_document(load_topology(name)))
    found = placed(drawn, Names(height, whole(drawn), first=list(drawn.hubs)[-2:], due=2))
    assert found
    for one in found:
        own = apart(one.box, *drawn.hubs[one.label.id].xy)
        assert own <= min(apart(one.box, *hub.xy) for hub in drawn.hubs.values()) + 1e-9


@pytest.mark.parametrize("name", ["pan-asia", "edwc", "mini", "cloud-backbone"])
def test_the_view_of_a_path_has_room_for_the_names_of_its_ends(name):
    drawn = atlas(map_document(load_topology(name)))
    for one in drawn.fibres.values():
        view = around(drawn, [DrawnPath(LAWFUL, [one.fibre.id])])
        ends = [one.fibre.a, one.fibre.z]
        of = Names(view.width / 57, view, first=ends, due=2, mark=view.width / 140)
        assert {name.label.id for name in placed(drawn, of)} >= set(ends), one.fibre.id
        assert all(view.has(drawn.hubs[end].xy) for end in ends)


def test_a_label_that_is_due_covers_a_mark_rather_than_is_left_out():
    label = Label("a", 50, 50, 20, 8, 2)
    frame, everywhere = Box(0, 0, 100, 100), [((85.0, 50.0), 60.0)]
    assert place_labels([label], frame, everywhere) == []
    due = replace(label, is_due=True)
    assert [one.label for one in place_labels([due], frame, everywhere)] == [due]
    (first, second) = place_labels([due, replace(due, x=52.0)], frame)
    assert not meet(first.box, second.box)


def test_a_label_that_is_about_as_near_to_another_mark_has_a_leader_to_its_own():
    frame, label = Box(50, 43, 400, 57), Label("a", 60, 50, 90, 12, 4)
    crowd = [((168.0, 50.0), 4.0)]  # right of the label, at which a reader might take it
    (alone,) = place_labels([label], frame)
    (crowded,) = place_labels([label], frame, crowd)
    assert not alone.is_ambiguous
    assert crowded.is_ambiguous
    (at, end) = crowded.leader
    assert at == (60, 50)
    assert crowded.box.left <= end[0] <= crowded.box.right
    assert crowded.box.top <= end[1] <= crowded.box.bottom


def test_labels_side_by_side_are_a_line_apart():
    """``Wuhu Shanghai`` would read as one name."""
    labels = [Label(str(x), x, 50, 30, 8, 2) for x in (20, 92)]
    (west, east) = place_labels(labels, Box(0, 30, 108, 70))  # right of its mark, and left of it
    beside_it = replace(east.box, left=east.box.left - 8)
    assert not meet(west.box, beside_it)


def test_a_local_name_never_covers_a_path(pan_asia):
    """Names so large that some would cover the path have their first line alone."""
    fibres = list(pan_asia.fibres)
    hubs = list(pan_asia.hubs)
    paths = [DrawnPath(LAWFUL, fibres)]
    of = names(pan_asia, first=hubs, due=20, text=lambda hub: f"{hub.short_name}\nlocal name")
    texts = path_drawing(pan_asia, paths, of).texts
    lines = [part for name in fibres for part in pan_asia.fibres[name].parts]
    assert {len(one.lines) for one in texts} == {1, 2}
    assert not [one.lines for one in texts if len(one.lines) > 1 and is_crossed(one.box, lines)]
