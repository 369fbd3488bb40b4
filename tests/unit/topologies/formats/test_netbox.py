"""Sites and circuits of NetBox: what becomes hubs and fibres, what is left out, what is refused."""

from __future__ import annotations

import copy
import json

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology


def end(site, speed=None, **more):
    return {
        "termination_type": "dcim.site",
        "termination": {"id": site},
        "port_speed": speed,
        **more,
    }


SITES = [
    {"id": 1, "name": "Singapore DC", "latitude": 1.2897, "longitude": 103.85},
    {"id": 2, "name": "Bangkok DC", "latitude": "13.754", "longitude": "100.5014"},
    {"id": 3, "name": "Lab", "latitude": None, "longitude": None},
]
CIRCUIT = {
    "id": 7,
    "cid": "SB-1",
    "status": {"value": "active", "label": "Active"},
    "commit_rate": 10_000_000,
    "distance": "1890.00",
    "distance_unit": {"value": "km", "label": "Kilometers"},
    "termination_a": end(1, 100_000_000),
    "termination_z": end(2, 100_000_000),
}


@pytest.fixture
def load(tmp_path):
    def loaded(circuits, sites=SITES):
        file = tmp_path / "carrier.netbox"
        file.write_text(json.dumps({"sites": sites, "circuits": circuits}))
        return load_topology(str(file))

    return loaded


def circuit(**changed):
    return {**copy.deepcopy(CIRCUIT), **changed}


def test_a_circuit_between_two_sites_is_a_fibre_between_two_hubs(load):
    made = load({"count": 1, "next": None, "results": [circuit()]})
    assert [(one.id, one.lat, one.lon) for one in made.hubs] == [
        ("singapore-dc", 1.2897, 103.85),
        ("bangkok-dc", 13.754, 100.5014),
    ]
    (fibre,) = made.fibres
    assert fibre.ends == ("singapore-dc", "bangkok-dc")
    assert (fibre.length_km, fibre.length_basis, fibre.capacity_gbps) == (1890.0, "stated", 10.0)
    assert "Left out, without such a circuit: 1 site." in made.notes


def test_without_a_committed_rate_the_slower_port_is_the_capacity(load):
    ends = {"termination_a": end(1, 1_000_000), "termination_z": end(2, 10_000_000)}
    (fibre,) = load([circuit(commit_rate=None, **ends)]).fibres
    assert fibre.capacity_gbps == 1.0
    assert "capacity is a speed of its ports" in fibre.notes


def test_terminations_of_versions_before_4_2_name_their_site(load):
    ends = {"termination_a": {"site": {"id": 1}}, "termination_z": {"site": {"id": 2}}}
    (fibre,) = load([circuit(distance=1000, distance_unit="mi", **ends)]).fibres
    assert fibre.length_km == pytest.approx(1609.3, abs=0.1)


def test_what_is_no_fibre_is_left_out_and_counted(load):
    network = end(1, termination_type="circuits.providernetwork")
    made = load(
        [
            circuit(),
            circuit(status={"value": "planned"}),
            circuit(status={"value": "decommissioned"}),
            circuit(termination_z=None),
            circuit(termination_a=network),
            circuit(termination_z=circuit()["termination_a"]),
        ]
    )
    assert len(made.fibres) == 1
    assert "Left out, not active: 2 circuits." in made.notes
    assert "Left out, without ends at two sites of the file: 2 circuits." in made.notes
    assert "Left out, with both ends at one site: 1 circuit." in made.notes


@pytest.mark.parametrize(
    ("circuits", "message"),
    [
        ({"results": [CIRCUIT], "next": "x"}, '"circuits" is incomplete: it has 1 entry'),
        (
            [{"count": 3, "results": [CIRCUIT], "next": one} for one in ("x", None)],
            '"circuits" is incomplete: it has 2 of 3 entries; .*offset.*MAX_PAGE_SIZE',
        ),
        ([{"results": [CIRCUIT]}, {"results": 5}], 'has no list "circuits"'),
        ({"detail": "Invalid token"}, 'has no list "circuits"'),
        ([], "has no active circuit between two of its sites"),
        ([circuit(termination_a=end([1]))], r"a site of circuit SB-1 has id \[1\]; an id is"),
        ([circuit(distance="nan")], "circuit SB-1 has distance 'nan'; write a finite number"),
        ([circuit(distance=-4)], "circuit SB-1 has distance -4; write a number from 0"),
        ([circuit(commit_rate="nan")], "circuit SB-1 has commit_rate 'nan'"),
        ([circuit(commit_rate=-5)], "circuit SB-1 has commit_rate -5; write a number from 0"),
        ([circuit(commit_rate=int("9" * 400))], "circuit SB-1 has commit_rate 9+"),
        ([circuit(commit_rate=[])], r"circuit SB-1 has commit_rate \[\]"),
        ([circuit(termination_a=end(1, "1e999"))], "circuit SB-1 has port_speed '1e999'"),
        ([circuit(distance_unit="li")], 'circuit SB-1 has distance 1890 in "li"'),
    ],
)
def test_what_cannot_be_a_map_is_refused_with_a_way_out(load, circuits, message):
    with pytest.raises(InputError, match=f"carrier.netbox.*{message}"):
        load(circuits)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ({"name": "A"}, "site 3 of the list has no id; an id is a number or text"),
        ({"id": [1]}, r"site 3 of the list has id \[1\]"),
    ],
)
def test_a_site_without_a_readable_id_is_refused_by_its_number(load, site, message):
    with pytest.raises(InputError, match=message):
        load([circuit()], [*SITES[:2], site])


def test_a_place_that_is_not_a_number_is_refused(load):
    with pytest.raises(InputError, match="site Singapore DC has latitude 'nan'"):
        load([circuit()], [{**SITES[0], "latitude": "nan"}, SITES[1]])


def test_pages_are_read_together(load):
    pages = [
        {"count": 2, "next": "https://x", "results": [circuit()]},
        {"count": 2, "next": None, "results": [circuit(cid="SB-2")]},
    ]
    made = load(pages, [{"count": 3, "next": None, "results": SITES}])
    assert ["SB-1" in one.notes for one in made.fibres] == [True, False]
