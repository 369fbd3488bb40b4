"""What fibres share, what is assumed of them and what they may cross, as files write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.export import export_topology
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import assumed_capacities, capacities_bps, shared_links
from corridor.topologies.model.topology import Topology

MAP = """name: shared
hubs: [singapore, karachi, mumbai]
capacity_groups:
- {id: landing, at: karachi, capacity: 4Gbit, sources: [regulator]}
- {id: trunk, at: singapore}
capacity_classes:
- {id: old, capacity: 6Gbit, because: like others, sources: [press]}
fibres:
- {id: one, a: singapore, z: karachi, medium: submarine, capacity: 9Gbit, shares: [landing, trunk]}
- id: two
  a: singapore
  z: mumbai
  capacity_class: old
  shares: [trunk]
  may_cross: {LK: a strait, ID: sources differ}
  crosses: [MY]
"""


def loaded(tmp_path: Path, text: str = MAP, name: str = "map.yaml") -> Topology:
    path = tmp_path / name
    path.write_text(text)
    return load_topology(path)


def test_a_fibre_has_no_more_than_what_it_shares(tmp_path: Path) -> None:
    topology = loaded(tmp_path)
    one = topology.fibre("one")
    assert (one.capacity_gbps, one.known_gbps) == (9.0, 4.0)
    rate = topology.emulated_rate(one)
    assert (rate.rate_bps, rate.basis) == (4 * 10**9, "stated")


def test_a_class_stands_in_and_says_why(tmp_path: Path) -> None:
    topology = loaded(tmp_path)
    two = topology.fibre("two")
    assert (two.known_gbps, two.assumed_gbps) == (None, 6.0)
    assert two.assumed_because == "old: like others (press)"
    assert topology.emulated_rate(two).basis == "assumed"


def test_links_of_groups_have_a_path_and_a_capacity(tmp_path: Path) -> None:
    topology = loaded(tmp_path)
    one = topology.fibre("one")
    assert shared_links(one, "singapore") == (
        ("capacity group landing", "into karachi"),
        ("capacity group trunk", "out of singapore"),
    )
    assert shared_links(one, "karachi")[0] == ("capacity group landing", "out of karachi")
    assert capacities_bps(topology) == {
        "one": 4 * 10**9,
        "two": 6 * 10**9,
        "capacity group landing": 4 * 10**9,
        "capacity group trunk": 6 * 10**9,
    }
    assert assumed_capacities(topology) == {"two", "capacity group trunk"}


@pytest.mark.parametrize("ending", [".yaml", ".graphml", ".json"])
def test_every_format_keeps_it_all(tmp_path: Path, ending: str) -> None:
    for topology in (loaded(tmp_path), load_topology("pan-asia")):
        copy = tmp_path / f"copy{ending}"
        export_topology(topology, copy, overwrite=True)
        again = load_topology(copy)
        assert again.fibres == topology.fibres
        assert again.capacity_groups == topology.capacity_groups


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("shares: [trunk]", "shares: [trnk]"), 14, 'did you mean "trunk"'),
        (("shares: [trunk]", "shares: [landing]"), 14, 'does not end at "karachi"'),
        (("capacity_class: old", "capacity_class: odl"), 13, 'did you mean "old"'),
        (("capacity_class: old", "capacity_class: old\n  capacity: 1Gbit"), 13, "drop one"),
        (("LK: a strait", "MY: a strait"), 15, "both crosses and may cross MY"),
        (("LK: a strait", "lk: a strait"), 15, "like CN, HK"),
        (("id: trunk", "id: landing"), 5, "used twice"),
        (("at: singapore}", "at: singapore, capacity: 4}"), 5, "has no unit"),
        ((", sources: [press]", ""), 7, 'has no "sources"'),
    ],
)
def test_a_mistake_is_reported_at_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, message: str
) -> None:
    assert change[0] in MAP
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, MAP.replace(*change, 1))
    assert message in str(caught.value)
    assert f"map.yaml:{line}: " in str(caught.value)


def test_a_jurisdiction_may_be_doubtful_without_a_reason(tmp_path: Path) -> None:
    text = MAP.replace("{LK: a strait, ID: sources differ}", "[LK]")
    assert [one.code for one in loaded(tmp_path, text).fibre("two").may_cross] == ["LK"]
