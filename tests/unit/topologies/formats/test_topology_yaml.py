"""Topology files: what they may say, and the line of what they may not."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.corridor_writer import to_data
from corridor.topologies.formats.corridor_yaml import from_text
from corridor.topologies.formats.export import export_topology
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model import delay

GOOD = """name: two
hubs:
- shanghai
- id: base
  name: Base
  role: foreign
  located_in: PK
  lat: 30
  lon: 70
fibres:
- id: one
  a: shanghai
  z: base
  length: 1200km
  capacity: 10Gbit
"""


def written(tmp_path: Path, text: str, name: str = "two.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_names_catalogue_hubs_and_writes_out_its_own(tmp_path: Path) -> None:
    topology = load_topology(written(tmp_path, GOOD))
    assert [hub.id for hub in topology.hubs] == ["shanghai", "base"]
    assert topology.hub("shanghai").located_in == "CN"
    fibre = topology.fibre("one")
    assert (fibre.length_km, fibre.length_basis) == (1200.0, "stated")
    assert fibre.one_way_delay_ns == 1200 * delay.FIBRE_NS_PER_KM + delay.TERMINAL_NS
    assert topology.emulated_rate_bps(fibre) == 10**10


def test_a_length_that_is_not_given_is_derived_along_its_waypoints(tmp_path: Path) -> None:
    straight = GOOD.replace("  length: 1200km\n", "")
    bent = GOOD.replace("  length: 1200km\n", "  via: [urumqi, [45.0, 80.0]]\n")
    short = load_topology(written(tmp_path, straight)).fibre("one")
    long = load_topology(written(tmp_path, bent)).fibre("one")
    assert short.length_basis == long.length_basis == "derived"
    assert long.length_km > short.length_km > 1000


@pytest.mark.parametrize(
    ("more", "basis"),
    [
        ("", "stated"),
        ("  sources: [carrier.example]\n", "published"),
        ("  system: peace\n  medium: submarine\n", "stated"),
        ("  length_basis: derived\n", "derived"),
        ("  sources: [a]\n  length_basis: stated\n", "stated"),
        ("  sources: [a]\n  length_basis: published\n", "published"),
    ],
)
def test_a_length_is_published_only_with_a_source_of_its_own(
    tmp_path: Path, more: str, basis: str
) -> None:
    text = GOOD.replace("  capacity: 10Gbit\n", "  capacity: 10Gbit\n" + more)
    assert load_topology(written(tmp_path, text)).fibre("one").length_basis == basis


def test_who_runs_a_hub_and_a_fibre_is_kept_through_every_format(tmp_path: Path) -> None:
    text = GOOD.replace("  lat: 30\n", "  lat: 30\n  operated_by: Base Company\n")
    path = written(tmp_path, text.replace("  z: base\n", "  z: base\n  operated_by: A / B\n"))
    for ending in (".yaml", ".graphml", ".json"):
        copy = tmp_path / f"copy{ending}"
        export_topology(load_topology(path), copy)
        topology = load_topology(copy)
        assert topology.hub("base").operated_by == "Base Company"
        assert topology.hub("shanghai").operated_by is None
        assert topology.fibre("one").operated_by == "A / B"


def test_a_given_delay_is_kept_to_the_nanosecond(tmp_path: Path) -> None:
    text = GOOD.replace("length: 1200km", "one_way_delay: 7.25ms")
    fibre = load_topology(written(tmp_path, text)).fibre("one")
    assert (fibre.one_way_delay_ns, fibre.delay_basis) == (7_250_000, "given")


def test_a_cable_system_lends_its_capacity_sources_and_shared_risk(tmp_path: Path) -> None:
    text = GOOD.replace(
        "  length: 1200km\n  capacity: 10Gbit\n",
        "  medium: submarine\n  system: aae-1\n  srlgs: [corridor:red-sea]\n",
    )
    fibre = load_topology(written(tmp_path, text)).fibre("one")
    assert fibre.capacity_gbps == 40_000
    assert fibre.srlgs == ("cable:aae-1", "corridor:red-sea")
    assert fibre.sources


def test_a_file_may_extend_a_shipped_topology_and_one_beside_it(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "base.yaml")
    text = "name: more\nextends: [base.yaml, edwc]\n"
    path = written(tmp_path, text.replace(", edwc", ""), "more.yaml")
    assert len(load_topology(path).hubs) == 2
    with pytest.raises(InputError, match='hub id "shanghai" is used twice'):
        load_topology(written(tmp_path, text, "more.yaml"))


def test_topologies_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    written(tmp_path, "name: a\nextends: [b.yaml]\n", "a.yaml")
    written(tmp_path, "name: b\nextends: [a.yaml]\n", "b.yaml")
    with pytest.raises(InputError, match="extend each other in a circle"):
        load_topology(tmp_path / "a.yaml")


def test_what_is_exported_as_yaml_reads_back_equal(tmp_path: Path) -> None:
    for name in ("mini", "edwc", "pan-asia"):
        topology = load_topology(name)
        text = yaml.safe_dump(to_data(topology), sort_keys=False, allow_unicode=True)
        back = load_topology(written(tmp_path, text))
        assert back.hubs == topology.hubs
        assert [f.one_way_delay_ns for f in back.fibres] == [
            f.one_way_delay_ns for f in topology.fibres
        ]
        assert [f.srlgs for f in back.fibres] == [f.srlgs for f in topology.fibres]
        assert [f.capacity_gbps for f in back.fibres] == [f.capacity_gbps for f in topology.fibres]


RATES = "assumed_terrestrial: 1Gbit, assumed_submarine: 1Gbit, min_rate: 1Mbit, max_rate: 1Gbit"
SWAPPED = RATES.replace("max_rate: 1Gbit", "max_rate: 1kbit")

BAD: list[tuple[str, tuple[str, str], int, str]] = [
    ("unknown hub", ("- shanghai", "- shanghia"), 3, 'did you mean "shanghai"'),
    ("unknown end", ("z: base", "z: bsae"), 13, 'ends at unknown hub "bsae"; did you mean "base"'),
    ("catalogue hub not listed", ("z: base", "z: karachi"), 13, 'add "karachi" to the hubs'),
    ("negative length", ("1200km", "-5km"), 14, "length must be positive"),
    ("unsourced", ("  capacity", "  length_basis: published\n  capacity"), 15, "has no source"),
    ("zero length", ("1200km", "0km"), 14, "length must be positive"),
    ("length without unit", ("1200km", "1200"), 14, "has no unit"),
    ("rate without unit", ("10Gbit", "10"), 15, "has no unit"),
    ("zero capacity", ("10Gbit", "0Gbit"), 15, "capacity must be positive"),
    ("unknown rate unit", ("10Gbit", "10Gbps"), 15, "Gbit"),
    ("unknown key", ("  length:", "  lenght:"), 14, 'did you mean "length"'),
    ("unknown top key", ("fibres:", "fibers:"), 10, 'did you mean "fibres"'),
    ("missing key", ("  lat: 30\n", ""), 4, 'has no "lat"'),
    ("latitude out of range", ("lat: 30", "lat: 95"), 8, "must be at most 90"),
    ("unknown role", ("role: foreign", "role: foriegn"), 6, 'did you mean "foreign"'),
    ("jurisdiction in lower case", ("located_in: PK", "located_in: pk"), 7, "like CN, HK"),
    ("upper-case id", ("id: base", "id: Base"), 4, "lower-case letters"),
    ("self loop", ("z: base", "z: shanghai"), 13, "starts and ends at"),
    ("duplicate hub", ("- shanghai", "- shanghai\n- shanghai"), 4, "used twice"),
    ("duplicate key", ("  z: base", "  a: base"), 13, "given twice"),
    ("unknown system", ("  length", "  system: peaec\n  length"), 14, 'did you mean "peace"'),
    ("unknown medium", ("  length", "  medium: submarin\n  length"), 14, '"submarine"'),
    ("unknown waypoint", ("  length: 1200km", "  via: [dondraa]"), 14, '"dondra"'),
    ("via point of three numbers", ("  length: 1200km", "  via: [[1, 2, 3]]"), 14, "via point"),
    ("via point off the globe", ("  length: 1200km", "  via: [[91, 2]]"), 14, "via point"),
    ("absurd delay", ("length: 1200km", "one_way_delay: 9h"), 14, "one_way_delay"),
    ("absurd length", ("1200km", "9999999km"), 14, "length"),
    ("absurd capacity", ("10Gbit", "99999999999Tbit"), 15, "capacity"),
    ("a number for an id", ("z: base", "z: 3"), 13, "must be text"),
    ("basis without capacity", ("capacity: 10Gbit", "capacity_basis: published"), 15, "basis"),
    ("hubs is no list", ("hubs:\n", "hubs: all\nrest:\n"), 2, "list"),
    ("scale of two", ("hubs:", f"capacity: {{scale: 2, {RATES}}}\nhubs:"), 2, "capacity.scale"),
    ("bounds swapped", ("hubs:", f"capacity: {{scale: 1, {SWAPPED}}}\nhubs:"), 2, "above max_rate"),
]


@pytest.mark.parametrize(
    ("change", "line", "message"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_a_mistake_is_reported_at_its_line(
    tmp_path: Path, change: tuple[str, str], line: int, message: str
) -> None:
    assert change[0] in GOOD
    path = written(tmp_path, GOOD.replace(*change, 1))
    with pytest.raises(InputError) as caught:
        load_topology(path)
    shown = str(caught.value)
    assert message in shown
    assert shown.startswith(f"{path}:{line}: ")
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pan-aisa", 'did you mean "pan-asia"'),
        ("zzz", "use one of pan-asia"),
        ("topohub:topozoo/Chinnet", "Chinanet"),
        ("missing.yaml", "no such file"),
        ("missing.graphml", "no such file"),
    ],
)
def test_a_name_that_is_not_known_gets_a_way_out(name: str, message: str) -> None:
    if name.startswith("topohub"):
        pytest.importorskip("topohub")
    with pytest.raises(InputError, match=message):
        load_topology(name)


def test_an_ending_no_loader_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ending no loader knows"):
        load_topology(written(tmp_path, "x", "net.dot"))
    with pytest.raises(InputError, match="is a directory"):
        load_topology(tmp_path)


def test_a_topology_without_hubs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no hubs"):
        load_topology(written(tmp_path, "name: void\n"))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_topology_file_is_refused_or_read_but_never_a_traceback(
    data: st.DataObject,
) -> None:
    start = data.draw(st.integers(0, len(GOOD) - 1))
    end = data.draw(st.integers(start, min(len(GOOD), start + 12)))
    filling = data.draw(
        st.sampled_from(
            ["", "-", ": ", "[", "{}", "*x", "&x ", "null", "1e9", "\n", "\t", '"', "!"]
        )
    )
    with contextlib.suppress(InputError):
        from_text(GOOD[:start] + filling + GOOD[end:], "t.yaml", load_topology)


def test_the_example_in_the_documentation_loads(tmp_path: Path) -> None:
    guide = Path(__file__).parents[4] / "docs" / "topologies.md"
    example = (
        guide.read_text(encoding="utf-8")
        .split("```yaml topology=my-corridor.yaml\n")[1]
        .split("```")[0]
    )
    topology = load_topology(written(tmp_path, example))
    assert topology.fibre("site-singapore").capacity_gbps == 126_000
