"""Suggestions for a name that does not exist."""

from __future__ import annotations

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import closest, nearest, nearest_or_some
from corridor.topologies.formats.load import load_topology

FIBRES = [fibre.id for fibre in load_topology("pan-asia").fibres]
SETS = ("ae", "cn-outbound", "gateway-cities", "none", "pan-asia", "pk", "sa", "th")


@pytest.mark.parametrize(
    ("written", "meant", "options"),
    [
        ("minni", "mini", ("mini", "pan-asia")),
        ("Pan_Asia", "pan-asia", SETS),
        ("cn", "cn-outbound", SETS),
        ("kunming guian", "guian-kunming", FIBRES),
        ("kunming-guian", "guian-kunming", FIBRES),
        ("guian-kunmin", "guian-kunming", FIBRES),
    ],
    ids=["a slip", "case and dashes", "a part", "spaces", "reversed order", "cut off"],
)
def test_what_was_meant_is_found(written, meant, options):
    assert closest(written, options) == [meant]


def test_a_slip_of_one_name_is_not_taken_for_a_part_of_others():
    assert closest("karach", ["kunming-karachi", "bangkok-karachi", "karachi"]) == ["karachi"]


def test_a_word_that_means_an_option_is_understood():
    assert closest("thailand", SETS, {"thailand": "th"}) == ["th"]
    assert closest("thailand", ("ae", "pk"), {"thailand": "th"}) == []


def test_a_part_of_few_names_gives_all_of_them_and_of_many_none():
    known = ("records-a", "records-b", "infer-a")
    assert nearest("records", known) == 'did you mean "records-a" or "records-b"?'
    assert nearest("records", [f"records-from-{one}-to-elsewhere" for one in range(10)]) == ""


def test_nothing_like_it_gives_nothing():
    assert nearest("zebra", FIBRES) == ""
    assert nearest("", FIBRES) == ""
    assert nearest("x" * 100_000, FIBRES) == ""


def test_where_nothing_is_near_some_of_what_there_is_are_named():
    assert nearest_or_some("zzz", ["a", "b"]) == "there are a, b"
    assert nearest_or_some("zzz", []) == "there are none"
    assert nearest_or_some("zzz", [f"n{one}" for one in range(130)]).endswith(" and 118 more")
    assert nearest_or_some("karach", ["karachi"]) == 'did you mean "karachi"?'


def test_a_country_means_its_policy_set():
    from corridor.controller.policy.load import load_policies

    with pytest.raises(InputError, match='did you mean "th"'):
        load_policies("thailand")
    with pytest.raises(InputError, match='did you mean "cn-outbound"'):
        load_policies("China")
    with pytest.raises(InputError, match='did you mean "th"'):
        load_policies("tha")
    with pytest.raises(InputError, match="shipped are"):
        load_policies("ind")  # India or Indonesia


def test_a_name_that_stands_by_itself_is_meant_before_the_same_behind_a_kind():
    assert closest("peac", ["cable:peace", "peace"]) == ["peace"]
    assert closest("PEACE", ["cable:peace", "peace"]) == ["peace"]
    assert closest("peac", ["cable:peace", "corridor:red-sea"]) == ["cable:peace"]
