"""Traceroutes as evidence: what is read of them, where hops are, and what increments confirm."""

from __future__ import annotations

import json
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from corridor.topologies.analysis.trace_evidence import evidence_of_files
from corridor.topologies.analysis.traceroutes import (
    Hop,
    HopPlaces,
    Trace,
    read_prefixes,
    read_traces,
)
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology

MAP = """
name: square
hubs:
- {id: a, name: A, role: transit, located_in: AA, lat: 0, lon: 0}
- {id: b, name: B, role: transit, located_in: AA, lat: 0, lon: 9}
- {id: c, name: C, role: transit, located_in: AA, lat: 9, lon: 0}
- {id: d, name: D, role: transit, located_in: AA, lat: 9, lon: 9}
fibres:
- {id: short, a: a, z: b, length: 1100km}
- {id: long, a: a, z: b, length: 3000km}
- {id: a-c, a: a, z: c, length: 2000km}
- {id: c-d, a: c, z: d, length: 2000km}
"""
PLACES = "prefix,hub\n10.0.0.0/16,a\n10.0.7.0/24,b\n10.2.0.0/16,b\n10.3.0.0/16,c\n10.4.0.0/16,d\n"
MS_OF_1000_KM = 9.8 + 0.2


@pytest.fixture
def square(tmp_path):
    (tmp_path / "square.yaml").write_text(MAP)
    (tmp_path / "places.csv").write_text(PLACES)
    return load_topology(str(tmp_path / "square.yaml"))


@pytest.fixture
def evidence(square, tmp_path):
    """The evidence of traces of scamper, each a list of addresses and round trips."""

    def found(*traces, **options):
        lines = [
            {
                "type": "trace",
                "src": "192.0.2.1",
                "dst": "192.0.2.9",
                "hops": [
                    {"addr": address, "probe_ttl": ttl, "rtt": rtt}
                    for ttl, (address, rtt) in enumerate(trace, start=1)
                ],
            }
            for trace in traces
        ]
        file = tmp_path / "traces.json"
        file.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
        return evidence_of_files(square, [file], tmp_path / "places.csv", **options)

    return found


def by_fibre(of):
    return {
        one.fibre: (one.verdict, one.confirmed, one.contradicted, one.ambiguous)
        for one in of.fibres
    }


def test_atlas_results_are_read_with_their_minima(tmp_path):
    replies = [
        {"from": "10.0.0.1", "rtt": 2.5, "ttl": 64},
        {"from": "10.0.0.1", "rtt": 1.5, "ttl": 64},
        {"from": "10.0.0.1", "rtt": 0.1, "late": 2},
        {"x": "*"},
        {"from": "10.0.0.1", "err": "H"},
    ]
    labels = {"version": 2, "rfc4884": 0, "obj": [{"class": 1, "type": 1, "mpls": []}]}
    plain = [
        {"type": "ping", "prb_id": 7},
        {
            "type": "traceroute",
            "prb_id": 7,
            "dst_addr": "10.2.0.1",
            "result": [
                {"hop": 1, "result": replies},
                {"hop": 2, "error": "x"},
                {"hop": 3, "result": [{"from": "10.2.0.1", "rtt": 20, "icmpext": labels}]},
            ],
        },
    ]
    expected = Trace(
        "probe 7",
        "10.2.0.1",
        (Hop(1, "10.0.0.1", "", 1.5, False), Hop(3, "10.2.0.1", "", 20.0, True)),
    )
    array, lines = tmp_path / "array.json", tmp_path / "lines.json"
    array.write_text(json.dumps(plain, indent=1))
    lines.write_text("".join(f"{json.dumps(one)}\n" for one in plain))
    assert read_traces(array) == read_traces(lines) == (expected,)


def test_scamper_results_are_read_with_names_and_labels(tmp_path):
    hops = [
        {"addr": "10.0.0.1", "name": "ae1.sin2.example.net", "probe_ttl": 3, "rtt": 4.25},
        {"addr": "10.0.0.2", "probe_ttl": 4, "rtt": 5, "icmpext": [{"ic": 1, "it": 1}]},
    ]
    lines = [
        {"type": "cycle-start", "list_name": "x"},
        {"type": "trace", "src": "192.0.2.1", "dst": "10.0.0.2", "hops": hops},
    ]
    file = tmp_path / "trace.json"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    (trace,) = read_traces(file)
    assert trace.hops[0] == Hop(3, "10.0.0.1", "ae1.sin2.example.net", 4.25, False)
    assert trace.hops[1].is_in_tunnel


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "is not JSON"),
        ("[]", "holds no traceroute"),
        ('[{"type": "ping"}]', "holds no traceroute"),
        ("[1]", "has an entry that is not an object"),
        (
            '{"type": "trace", "hops": [{"addr": "a", "rtt": -1, "probe_ttl": 1}]}',
            "RTT -1 at hop 1",
        ),
        ('{"type": "trace", "hops": [{"addr": "a", "rtt": "x", "probe_ttl": 1}]}', "RTT 'x'"),
        (
            f'{{"type": "trace", "hops": [{{"addr": "a", "rtt": {"9" * 400}, "probe_ttl": 1}}]}}',
            "RTT 9+.*9 at hop 1",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(tmp_path, text, message):
    file = tmp_path / "wrong.json"
    file.write_text(text)
    with pytest.raises(InputError, match=f"wrong.json.*{message}"):
        read_traces(file)


def test_the_longest_prefix_decides_and_names_are_codes_of_cities(square, tmp_path):
    places = HopPlaces(square, read_prefixes(tmp_path / "places.csv", square))

    def hub(address, name="", is_in_tunnel=False):
        return places.hub(Hop(1, address, name, 1.0, is_in_tunnel))

    assert [hub("10.0.1.1"), hub("10.0.7.1"), hub("10.9.0.1")] == ["a", "b", None]
    assert hub("10.0.1.1", is_in_tunnel=True) is None
    pan_asia = HopPlaces(load_topology("pan-asia"), {})

    def named(name):
        return pan_asia.hub(Hop(1, "192.0.2.1", name, 1.0, False))

    assert named("ae-7.r20.sngpsi07.sg.bb.gin.ntt.net") == "singapore"
    assert named("if-ae-9-5.tcore1.wyn-Marseille.as6453.net") == "marseille"
    assert named("fra-khi.example.net") is None
    assert named("singing.example.net") is None


def test_a_table_may_be_larger_than_files_that_people_write(square, tmp_path):
    rows = [f"10.0.{one}.0/24,a,{'x' * 100_000}" for one in range(90)]
    (tmp_path / "all.csv").write_text("\n".join(["prefix,hub,note", *rows]))
    assert (tmp_path / "all.csv").stat().st_size > 8 * 2**20
    assert len(read_prefixes(tmp_path / "all.csv", square)) == 90


def test_an_address_is_looked_up_once_whatever_the_number_of_prefixes(square, monkeypatch):
    prefixes = {ip_network(f"10.{one >> 8}.{one & 255}.0/24"): "a" for one in range(5000)}
    prefixes |= {ip_network("2001:db8::/32"): "b", ip_network("0.0.0.0/0"): "c"}
    places = HopPlaces(square, prefixes)

    def refuse(*_):
        raise AssertionError("compares an address with a prefix")

    monkeypatch.setattr(IPv4Network, "__contains__", refuse)
    monkeypatch.setattr(IPv6Network, "__contains__", refuse)
    found = [
        places.hub(Hop(1, one, "", 1.0, False))
        for one in ("10.19.135.9", "10.19.136.9", "2001:db8:1::1", "::1", "10.19.135.9")
    ]
    assert found == ["a", "c", "b", None, "a"]
    assert places._by_address.cache_info().hits == 1


NAMED = """
name: named
hubs:
- {id: hong-kong, name: A, role: transit, located_in: AA, lat: 0, lon: 0}
- {id: kong, name: B, role: transit, located_in: AA, lat: 0, lon: 9}
- {id: pop1, name: C, role: transit, located_in: AA, lat: 9, lon: 0}
- {id: pop, name: D, role: transit, located_in: AA, lat: 9, lon: 9}
- {id: ae, name: E, role: transit, located_in: AA, lat: 5, lon: 5}
- {id: node-7, name: F, role: transit, located_in: AA, lat: 5, lon: 6}
fibres:
- {id: one, a: hong-kong, z: kong, length: 1100km}
- {id: two, a: kong, z: pop1, length: 1100km}
- {id: three, a: pop1, z: pop, length: 1100km}
- {id: four, a: pop, z: ae, length: 1100km}
- {id: five, a: ae, z: node-7, length: 1100km}
"""


@pytest.mark.parametrize(
    ("name", "hub"),
    [
        ("ae1.hong-kong2.example.net", "hong-kong"),
        ("ae1.kong.example.net", "kong"),
        ("xe-0.pop1.example.net", "pop1"),
        ("xe-0.pop2.example.net", "pop"),
        ("r1.node-7.example.net", "node-7"),
        ("r1.node-8.example.net", None),
        ("ae1.example.net", None),
        ("kong.pop.example.net", None),
    ],
)
def test_names_are_ids_with_hyphens_and_digits_but_not_of_two_letters(tmp_path, name, hub):
    (tmp_path / "named.yaml").write_text(NAMED)
    places = HopPlaces(load_topology(str(tmp_path / "named.yaml")), {})
    assert places.hub(Hop(1, "192.0.2.1", name, 1.0, False)) == hub


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hub\n", "places.csv:1: has no columns prefix and hub"),
        ("prefix,hub\n10.0.0.0/33,a\n", "places.csv:2: .*does not appear to be"),
        ("prefix,hub\n10.0.0.0/8,e\n", 'places.csv:2: no hub "e" on square'),
        ("prefix,hub\n10.0.0.0/8,a\n10.1.2.3/8,b\n", "places.csv:3: has prefix 10.0.0.0/8 again"),
        (f"prefix,hub\n10.0.0.0/8,{'a' * 200_000}\n", "places.csv:2: is not CSV: field larger"),
        (f"{'a' * 200_000}\n", "places.csv:1: is not CSV: field larger"),
    ],
)
def test_a_wrong_table_of_places_is_refused_with_its_line(square, tmp_path, text, message):
    (tmp_path / "places.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_prefixes(tmp_path / "places.csv", square)


def test_an_increment_that_only_one_fibre_is_short_enough_for_confirms_it(evidence):
    found = evidence(
        [("10.0.0.1", 1.0), ("192.0.2.5", 9.0), ("10.2.0.1", 1.0 + 1.1 * MS_OF_1000_KM)]
    )
    assert by_fibre(found) == {"short": ("confirmed", 1, 0, 0)}
    (pair,) = found.pairs
    assert (pair.from_hub, pair.to_hub, pair.outcome, pair.confirms) == (
        "a",
        "b",
        "fits",
        ("short",),
    )
    assert (found.located_hops, found.hops, found.without_evidence) == (2, 3, 3)


def test_an_increment_that_the_longer_fibre_fits_is_ambiguous(evidence):
    found = evidence([("10.0.0.1", 1.0), ("10.2.0.1", 1.0 + 3 * MS_OF_1000_KM)])
    assert by_fibre(found) == {"long": ("ambiguous", 0, 0, 1)}


def test_an_increment_that_no_path_is_short_enough_for_contradicts_the_fibre(evidence):
    found = evidence([("10.0.0.1", 1.0), ("10.3.0.1", 1.0 + 1.05 * MS_OF_1000_KM)])
    assert by_fibre(found) == {"a-c": ("contradicted", 0, 1, 0)}
    assert found.fibres[0].least_increment_ms == pytest.approx(10.5)
    assert by_fibre(evidence([("10.0.0.1", 1.0), ("10.3.0.1", 12.0)], tolerance_ms=20.0)) == {
        "a-c": ("confirmed", 1, 0, 0)
    }


def test_both_kinds_of_evidence_make_a_fibre_disputed(evidence):
    there, back = ("10.0.0.1", 1.0), ("10.3.0.1", 1.0)
    found = evidence([there, ("10.3.0.1", 21.0)], [back, ("10.0.0.1", 11.5)])
    assert by_fibre(found) == {"a-c": ("disputed", 1, 1, 0)}


def test_a_path_of_several_fibres_confirms_all_that_no_path_avoids(evidence):
    found = evidence([("10.0.0.1", 1.0), ("10.4.0.1", 41.0)])
    assert by_fibre(found) == {"a-c": ("confirmed", 1, 0, 0), "c-d": ("confirmed", 1, 0, 0)}
    too_short = evidence([("10.0.0.1", 1.0), ("10.4.0.1", 17.0)])
    assert by_fibre(too_short) == {}, "which of the two is too long is not known"
    assert [one.outcome for one in too_short.pairs] == ["shorter"]


def test_what_is_faster_than_light_is_no_evidence(evidence):
    found = evidence([("10.0.0.1", 10.0), ("10.2.0.1", 9.0)])
    assert [one.outcome for one in found.pairs] == ["impossible"]
    assert by_fibre(found) == {}


def test_the_minimum_over_traces_of_a_source_counts(evidence):
    found = evidence(
        [("10.0.0.1", 5.0), ("10.2.0.1", 40.0)], [("10.0.0.1", 1.0), ("10.2.0.1", 12.0)]
    )
    (pair,) = found.pairs
    assert (pair.traces, pair.increment_ms) == (2, 11.0)


def test_a_hop_that_answers_from_two_places_has_none(evidence, tmp_path, square):
    hops = [
        ("10.0.0.1", 1, 1.0),
        ("10.2.0.1", 2, 12.0),
        ("10.3.0.1", 2, 21.0),
        ("10.4.0.1", 3, 41.0),
    ]
    plain = {
        "type": "trace",
        "src": "192.0.2.1",
        "hops": [{"addr": a, "probe_ttl": ttl, "rtt": rtt} for a, ttl, rtt in hops],
    }
    (tmp_path / "t.json").write_text(json.dumps(plain))
    found = evidence_of_files(square, [tmp_path / "t.json"], tmp_path / "places.csv")
    assert [(one.from_hub, one.to_hub) for one in found.pairs] == [("a", "d")]
