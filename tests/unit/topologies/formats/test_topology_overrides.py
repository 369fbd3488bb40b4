"""A file may change, and leave out, what it extends; what follows from a change follows anew."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.corridor_writer import to_data
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model import delay
from corridor.topologies.model.topology import Topology

BASE = """name: base
hubs: [shanghai, guian, kunming, karachi]
capacity_groups:
- {id: landing, at: karachi, capacity: 4Tbit, sources: [regulator]}
capacity_classes:
- {id: mountain, capacity: 2Gbit, because: as its neighbours, sources: [press]}
fibres:
- {id: direct, a: shanghai, z: guian, length: 1800km, capacity: 10Gbit, sources: [carrier]}
- {id: bent, a: guian, z: kunming, via: [chongqing], capacity_class: mountain}
- {id: east, a: shanghai, z: karachi, medium: submarine, shares: [landing]}
- {id: west, a: kunming, z: karachi, system: peace, shares: [landing]}
- {id: timed, a: shanghai, z: kunming, one_way_delay: 12ms}
"""


@pytest.fixture
def extended(tmp_path: Path):
    (tmp_path / "base.yaml").write_text(BASE)

    def load(text: str) -> Topology:
        path = tmp_path / "mine.yaml"
        path.write_text(f"name: mine\nextends: [base.yaml]\n{text}")
        return load_topology(path)

    return load


def test_a_key_that_is_overridden_changes_and_no_other(extended) -> None:
    before = extended("")
    after = extended("override: {hubs: {kunming: {intl_gateway: false}}}\n")
    assert before.hub("kunming").intl_gateway
    assert not after.hub("kunming").intl_gateway
    changed = after.hub("kunming").model_copy(update={"intl_gateway": True})
    assert changed == before.hub("kunming")
    assert after.fibres == before.fibres
    assert after.notes == ("This file changes kunming (intl_gateway) of what it extends.",)


def test_a_capacity_of_ones_own_is_stated_and_not_published(extended) -> None:
    after = extended("override: {fibres: {direct: {capacity: 20Gbit}}}\n").fibre("direct")
    assert (after.capacity_gbps, after.capacity_basis) == (20.0, "stated")
    sourced = "override: {fibres: {direct: {capacity: 20Gbit, sources: [a]}}}\n"
    assert extended(sourced).fibre("direct").capacity_basis == "published"


def test_a_capacity_that_is_taken_away_is_assumed(extended) -> None:
    after = extended("override: {fibres: {direct: {capacity: null}}}\n").fibre("direct")
    assert (after.known_gbps, after.capacity_basis) == (None, "unpublished")
    classed = extended("override: {fibres: {direct: {capacity_class: border-land}}}\n")
    fibre = classed.fibre("direct")
    assert (fibre.known_gbps, fibre.assumed_gbps) == (None, 1000.0)
    assert fibre.assumed_because.startswith("border-land: median of the published")


@pytest.mark.parametrize(
    "change", ["via: [lanzhou]", "z: karachi", "medium: submarine", "a: karachi"]
)
def test_length_and_delay_follow_the_path(extended, change: str) -> None:
    before = extended("").fibre("direct")
    after = extended(f"override: {{fibres: {{direct: {{{change}}}}}}}\n").fibre("direct")
    assert after.length_km != before.length_km
    assert after.length_basis == "derived"
    assert after.one_way_delay_ns == delay.one_way_delay_ns(after.length_km)
    assert after.capacity_gbps == before.capacity_gbps


def test_a_length_of_ones_own_is_stated_and_moves_the_delay(extended) -> None:
    after = extended("override: {fibres: {direct: {length: 2000km}}}\n").fibre("direct")
    assert (after.length_km, after.length_basis) == (2000.0, "stated")
    assert after.one_way_delay_ns == delay.one_way_delay_ns(2000.0)


def test_a_hub_that_moves_takes_derived_lengths_with_it(extended) -> None:
    before = extended("")
    after = extended("override: {hubs: {guian: {lat: 30.0}}}\n")
    assert after.fibre("direct") == before.fibre("direct")  # published
    assert after.fibre("bent").length_km != before.fibre("bent").length_km
    assert after.fibre("bent").via == before.fibre("bent").via
    both = extended(
        "override: {hubs: {guian: {lat: 30.0}}, fibres: {bent: {capacity: 1Gbit}}}\n"
    ).fibre("bent")
    assert both.length_km == after.fibre("bent").length_km


def test_a_given_delay_stays_until_the_path_changes(extended) -> None:
    same = extended("override: {fibres: {timed: {operated_by: Us}}}\n").fibre("timed")
    assert (same.one_way_delay_ns, same.delay_basis) == (12_000_000, "given")
    other = extended("override: {fibres: {timed: {via: [lanzhou]}}}\n").fibre("timed")
    assert other.delay_basis == "model"


def test_another_system_lends_anew(extended) -> None:
    after = extended("override: {fibres: {west: {system: aae-1}}}\n").fibre("west")
    assert after.capacity_gbps == 40_000
    assert after.srlgs == ("cable:aae-1",)


def test_a_capacity_group_changes_for_all_that_share_it(extended) -> None:
    after = extended("override: {capacity_groups: {landing: {capacity: 1Tbit}}}\n")
    assert {after.fibre(name).known_gbps for name in ("east", "west")} == {1000.0}
    assert after.emulated_group_bps(after.capacity_groups["landing"]) == 10**10


def test_what_is_left_out_is_gone_and_its_id_is_free(extended) -> None:
    after = extended(
        "without: {fibres: [timed], hubs: [guian]}\n"
        "fibres:\n- {id: timed, a: shanghai, z: kunming}\n"
    )
    assert [one.id for one in after.fibres] == ["east", "west", "timed"]
    assert [one.id for one in after.hubs] == ["shanghai", "kunming", "karachi"]
    assert after.notes == ("This file leaves out guian, timed, direct, bent of what it extends.",)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("override: {fibres: {dirct: {}}}\n", 3, 'no fibre "dirct"'),
        ("override:\n  fibres:\n    dirct: {}\n", 5, 'did you mean "direct"'),
        ("override: {hubs: {karachy: {}}}\n", 3, 'did you mean "karachi"'),
        ("override: {capacity_groups: {lnading: {}}}\n", 3, 'did you mean "landing"'),
        ("override: {fibers: {}}\n", 3, 'did you mean "fibres"'),
        ("override:\n  fibres:\n    direct:\n      capcity: 1Gbit\n", 6, 'did you mean "capacity"'),
        ("override:\n  fibres:\n    direct:\n      capacity: 1\n", 6, "has no unit"),
        ("override:\n  fibres:\n    direct:\n      z: nowhere\n", 6, 'unknown hub "nowhere"'),
        ("override:\n  fibres:\n    direct:\n      id: other\n", 6, "cannot change an id"),
        ("override:\n  fibres:\n    west:\n      z: guian\n", 5, "does not end at"),
        ("override:\n  hubs:\n    guian: {lat: 99}\n", 5, "must be at most 90"),
        ("override: {fibres: {direct: 3}}\n", 3, "mapping"),
        ("without:\n  fibres:\n  - dirct\n", 5, 'did you mean "direct"'),
        ("without: {hubs: [nowhere]}\n", 3, 'no hub "nowhere" in what this file extends'),
        ("without: {fibres: [direct]}\noverride: {fibres: {direct: {}}}\n", 4, "no fibre"),
        ("override: {fibres: {new: {}}}\nfibres: [{id: new, a: shanghai, z: guian}]\n", 3, "new"),
    ],
)
def test_a_mistake_in_an_override_is_reported_at_its_line(
    extended, text: str, line: int, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        extended(text)
    shown = str(caught.value)
    assert message in shown
    assert f"mine.yaml:{line}: " in shown
    assert "\n" not in shown


def test_a_map_that_is_written_keeps_how_sure_its_delays_are(tmp_path: Path) -> None:
    before = load_topology("pan-asia")
    file = tmp_path / "whole.yaml"
    file.write_text(yaml.safe_dump(to_data(before), sort_keys=False))
    assert load_topology(file).fibres == before.fibres


def test_what_is_not_written_of_a_group_stays_and_a_capacity_loses_its_sources(extended) -> None:
    noted = extended("override: {capacity_groups: {landing: {notes: new}}}\n")
    group = noted.capacity_groups["landing"]
    assert (group.capacity_gbps, group.sources, group.notes) == (4000.0, ("regulator",), "new")
    other = extended("override: {capacity_groups: {landing: {capacity: 1Tbit}}}\n")
    assert other.capacity_groups["landing"].sources == ()


def test_a_hub_that_moves_takes_no_given_delay_away_whatever_else_is_written(extended) -> None:
    moved = "override: {hubs: {kunming: {lat: 26.0}}, fibres: {timed: {notes: mine}}}\n"
    after = extended(moved).fibre("timed")
    assert (after.one_way_delay_ns, after.delay_basis) == (12_000_000, "given")
    assert after.length_km != extended("").fibre("timed").length_km


def test_two_bases_that_differ_in_a_group_are_refused_at_their_line(extended, tmp_path) -> None:
    (tmp_path / "other.yaml").write_text(
        "name: other\nhubs: [dubai, muscat]\n"
        "capacity_groups: [{id: landing, at: dubai, capacity: 1Tbit}]\n"
        "fibres: [{id: gulf, a: dubai, z: muscat, shares: [landing]}]\n"
    )
    file = tmp_path / "both.yaml"
    file.write_text("name: both\nextends: [base.yaml, other.yaml]\n")
    with pytest.raises(InputError, match='"landing" is another in an earlier base; rename'):
        load_topology(file)
