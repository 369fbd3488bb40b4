"""Opposite links of directed graphs are one fibre; where they differ, a note states it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.formats import repetita
from corridor.topologies.formats.foreign import join_directions
from corridor.topologies.formats.foreign_graph import ForeignLink

ARC = ForeignLink("a", "b", delay_ns=4_000_000, capacity_bps=1e9, directed=True)


def back(link: ForeignLink) -> ForeignLink:
    return replace(link, a=link.z, z=link.a)


def test_opposite_links_that_say_the_same_are_one_without_a_word() -> None:
    assert join_directions([ARC, back(ARC)]) == ([replace(ARC, directed=False)], [])


def test_undirected_links_stay_parallel() -> None:
    link = replace(ARC, directed=False)
    assert join_directions([link, back(link)]) == ([link, back(link)], [])


def test_where_directions_differ_the_round_trip_stays_and_the_lesser_capacity_holds() -> None:
    (made,), notes = join_directions(
        [ARC, replace(back(ARC), delay_ns=6_000_000, capacity_bps=5e8)]
    )
    assert (made.delay_ns, made.capacity_bps, made.directed) == (5_000_000, 5e8, False)
    assert made.notes == (
        "Its two directions: delay 4ms and 6ms; capacity 1Gbit and 500Mbit. "
        "Mean delay and length, least capacity."
    )
    assert notes[0].startswith("Directions differ in 1 of 1 fibres")


def test_what_one_direction_does_not_say_the_other_does() -> None:
    (made,), _ = join_directions([replace(ARC, delay_ns=None), back(ARC)])
    assert made.delay_ns == ARC.delay_ns


def test_of_parallel_links_those_that_say_the_same_belong_together() -> None:
    slow = replace(ARC, delay_ns=9_000_000)
    made, notes = join_directions([ARC, slow, back(slow), back(ARC)])
    assert ([link.delay_ns for link in made], notes) == ([4_000_000, 9_000_000], [])


def test_a_link_of_one_direction_is_a_fibre_and_is_counted() -> None:
    made, notes = join_directions([ARC, replace(ARC, z="c"), back(ARC)])
    assert len(made) == 2
    assert notes == ["1 of 2 fibres have one direction only in the file; fibres carry both."]


LINKS = st.lists(
    st.builds(
        ForeignLink,
        a=st.sampled_from("ab"),
        z=st.sampled_from("cd"),
        delay_ns=st.sampled_from([None, 1, 2]),
        directed=st.booleans(),
    ).flatmap(lambda link: st.sampled_from([link, back(link)])),
    max_size=12,
)


@given(LINKS)
def test_no_link_is_lost(links: list[ForeignLink]) -> None:
    """Between two nodes stay all undirected ones and the greater number of either direction."""
    made, _ = join_directions(links)
    for pair in ({"a", "c"}, {"a", "d"}, {"b", "c"}, {"b", "d"}):
        between = [link for link in links if {link.a, link.z} == pair]
        first = min(pair)
        there = sum(link.directed and link.a == first for link in between)
        again = sum(link.directed and link.z == first for link in between)
        kept = sum({link.a, link.z} == pair for link in made)
        assert kept == sum(not link.directed for link in between) + max(there, again)
    assert not any(link.directed for link in made)


def test_repetita_files_whose_directions_differ_load_with_a_word() -> None:
    text = """NODES 2
label x y
0_Shanghai 121.5 31.2
1_Beijing 116.4 39.9

EDGES 2
label src dest weight bw delay
edge_0 0 1 1 10000000 5000
edge_1 1 0 1 4000000 5000
"""
    topology = repetita.from_text(text, "net.graph")
    (fibre,) = topology.fibres
    assert (fibre.capacity_gbps, fibre.one_way_delay_ns) == (4.0, 5_000_000)
    assert any("Directions differ in 1 of 1" in note for note in topology.notes)
