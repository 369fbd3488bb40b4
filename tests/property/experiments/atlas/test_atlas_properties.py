"""Of maps anywhere on the globe: places come back, ends stay, labels never overlap."""

from __future__ import annotations

from itertools import combinations
from math import hypot

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.atlas import Box, Label, atlas, place_labels
from corridor.experiments.atlas.land import BEYOND_LAT_DEG, BEYOND_LON_DEG
from corridor.experiments.atlas.plane import UNITS_PER_DEGREE, UNITS_PER_LON, frame_of
from handmade_map import fibre, hub

PLACES = st.tuples(st.floats(-85, 85), st.floats(-180, 180))
COURSES = st.lists(st.lists(PLACES, min_size=1, max_size=4), min_size=1, max_size=8)


def turned(lon):
    return (lon + 180.0) % 360.0 - 180.0


@given(COURSES, PLACES)
def test_a_place_comes_back_from_the_plane(courses, place):
    frame = frame_of(courses)
    x, y = frame.projection.xy(*place)
    lat, lon = frame.north - y / UNITS_PER_DEGREE, frame.west + x / UNITS_PER_LON
    assert lat == pytest.approx(place[0], abs=1e-9)
    assert abs(turned(lon - place[1])) == pytest.approx(0.0, abs=1e-9)


@given(COURSES)
def test_every_place_is_in_the_frame(courses):
    frame = frame_of(courses)
    assert frame.east - frame.west <= 360.0 + 1e-9
    for course in courses:
        for place in course:
            x, y = frame.projection.xy(*place)
            assert -1e-6 <= x <= frame.width + 1e-6
            assert -1e-6 <= y <= frame.height + 1e-6


@st.composite
def maps(draw):
    places = draw(st.lists(PLACES, min_size=2, max_size=6))
    hubs = tuple(hub(f"h{at}", place, role="core") for at, place in enumerate(places))
    ends = st.lists(st.sampled_from(range(len(hubs))), min_size=2, max_size=2, unique=True)
    fibres = draw(st.lists(st.tuples(ends, st.lists(PLACES, max_size=3)), max_size=8))
    return MapDocument(
        hubs=hubs,
        fibres=tuple(
            fibre(
                *(f"f{number}", f"h{a}", f"h{z}", places[a], *via, places[z]), medium="terrestrial"
            )
            for number, ((a, z), via) in enumerate(fibres)
        ),
        jurisdictions={},
    )


def same_point(one, other):
    """On the globe: the two sides of the plane are one."""
    around = 360.0 * UNITS_PER_LON
    dx = (one[0] - other[0] + around / 2) % around - around / 2
    return abs(dx) < 1e-6 and abs(one[1] - other[1]) < 1e-6


@settings(deadline=None)
@given(maps())
def test_fibres_end_at_their_hubs_and_parts_join(data):
    found = atlas(data)
    for drawn in found.fibres.values():
        assert same_point(drawn.parts[0][0], found.hubs[drawn.fibre.a].xy)
        assert same_point(drawn.parts[-1][-1], found.hubs[drawn.fibre.z].xy)
        for before, after in zip(drawn.parts, drawn.parts[1:], strict=False):
            assert same_point(before[-1], after[0])


@settings(deadline=None)
@given(maps())
def test_land_stays_near_the_frame(data):
    found = atlas(data)
    frame = found.frame
    x_over, y_over = BEYOND_LON_DEG * UNITS_PER_LON + 1, BEYOND_LAT_DEG * UNITS_PER_DEGREE + 1
    for ring in found.land:
        assert len(ring) > 2
        assert ring[0] != ring[-1]
        for x, y in ring:
            assert -x_over <= x <= frame.width + x_over
            assert -y_over <= y <= frame.height + y_over


LABELS = st.builds(
    lambda x, y, width, height: (x, y, width, height),
    *(st.floats(0, 100), st.floats(0, 100), st.floats(1, 30), st.floats(1, 8)),
)


@given(st.lists(LABELS, max_size=25), st.floats(0.5, 4))
def test_labels_overlap_neither_each_other_nor_marks(sizes, mark):
    labels = [Label(str(at), *size, mark) for at, size in enumerate(sizes)]
    frame = Box(0, 0, 100, 100)
    placed = place_labels(labels, frame)
    for one, other in combinations(placed, 2):
        assert not meet(one.box, other.box)
    for one in placed:
        assert frame.has((one.box.left, one.box.top))
        assert frame.has((one.box.right, one.box.bottom))
        own = apart(one.box, one.label)
        for label in labels:
            around = Box(label.x - mark, label.y - mark, label.x + mark, label.y + mark)
            assert not meet(one.box, around)
            assert own <= apart(one.box, label) + 1e-9, "nearer to another mark than to its own"


@given(st.lists(st.tuples(LABELS, st.booleans()), max_size=12), st.floats(0.5, 4))
def test_labels_that_are_due_are_nearest_to_their_own_marks_too(sizes, mark):
    labels = [Label(str(at), *size, mark, is_due=due) for at, (size, due) in enumerate(sizes)]
    for one in place_labels(labels, Box(0, 0, 100, 100)):
        own = apart(one.box, one.label)
        assert own <= min(apart(one.box, label) for label in labels) + 1e-9


def meet(one, other):
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


def apart(box, label):
    dx = max(box.left - label.x, label.x - box.right, 0)
    return hypot(dx, max(box.top - label.y, label.y - box.bottom, 0))


@given(LABELS)
def test_a_label_that_has_all_the_room_is_placed(size):
    label = Label("a", 50, 50, *size[2:], 2)
    assert [one.label for one in place_labels([label], Box(0, 0, 100, 100))] == [label]
