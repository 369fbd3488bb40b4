"""Who runs which end of which fibre: shipped facts, and those of topology files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from corridor.topologies.analysis.domains_known import domains_known
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.corridor_writer import to_data
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.domains import domains_of, shipped_operators

PAN = load_topology("pan-asia")
KNOWN = domains_known(PAN)
OWN = """name: own
extends: [mini]
domains:
  operators:
  - {id: north, name: North Telecom, country: CN}
  - {id: south, name: South Telecom, country: TH}
  hubs: {shanghai: north@CN, guian: north@CN, kunming: north@CN, bangkok: south@TH,
    karachi: south@PK}
  fibres:
  - {id: kunming-bangkok, ends: {bangkok: north@TH}, demarcation: station of Bangkok}
  handovers:
  - {id: meet, hub: bangkok, parties: [north@TH, south@TH]}
"""


def own(tmp_path: Path, text: str = OWN) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_fibre_of_the_shipped_map_has_an_entry_with_both_ends() -> None:
    entries = {one.id: one for one in shipped_operators().fibres}
    assert {fibre.id: {*fibre.ends} for fibre in PAN.fibres} == {
        name: {*entry.ends} for name, entry in entries.items()
    }


def test_no_end_of_a_fibre_is_called_published_where_no_carrier_is_named() -> None:
    for fibre in KNOWN.fibres:
        for end in fibre.ends:
            assert (end.basis == "unknown") == end.domain.startswith("unstated@"), fibre.id
    assert KNOWN.ends_by_basis == {"assumed": 10, "derived": 51, "published": 83, "unknown": 118}


@pytest.mark.parametrize(
    ("fibre", "hub", "domain", "basis"),
    [
        ("kashgar-khunjerab", "khunjerab", "ct@CN", "published"),
        ("pcofc-khunjerab-gilgit", "khunjerab", "sco@PK", "published"),
        ("pcofc-gilgit-rawalpindi", "rawalpindi", "sco@PK", "published"),
        ("rawalpindi-karachi", "rawalpindi", "ptcl@PK", "published"),
        ("smw4-mumbai-jeddah", "mumbai", "tata@IN", "published"),
        ("gbi-fujairah-dammam", "dammam", "stc@SA", "published"),
        ("peace-karachi-jeddah", "jeddah", "zain-sa@SA", "derived"),
        ("khorgos-almaty", "khorgos", "ct@CN", "derived"),
        ("zhongwei-beijing", "beijing", "unstated@CN", "unknown"),
    ],
)
def test_the_domain_at_an_end_of_a_fibre(fibre: str, hub: str, domain: str, basis: str) -> None:
    found = domains_of(PAN).end(fibre, hub)
    assert (found.domain, found.basis) == (domain, basis)


def test_the_published_chain_of_hand_overs_is_known() -> None:
    states = {one.id: (one.hub, one.parties, one.state) for one in KNOWN.handovers if one.id}
    assert states["khunjerab"] == ("khunjerab", ("ct@CN", "sco@PK"), "known")
    assert states["rawalpindi"] == ("rawalpindi", ("sco@PK", "ptcl@PK"), "known")
    assert states["tw1-seeb"][2] == "past"
    assert states["youyiguan"][2] == "partner-assumed"


def test_operated_by_names_who_runs_the_ends_or_is_listed_as_a_contradiction() -> None:
    """It named a Pakistani party on eight fibres that do not touch Pakistan."""
    far = ("smw4-singapore-satun", "smw4-mumbai-jeddah", "imewe-jeddah-marseille")
    listed = {one.about for one in KNOWN.contradictions if "operated_by" in one.what}
    assert listed.isdisjoint(far)
    assert "tw1-karachi-muscat" in listed  # its owner is not who runs the station
    smw4 = PAN.fibre("smw4-mumbai-jeddah")
    changed = smw4.model_copy(update={"operated_by": "PTCL"})
    fibres = tuple(changed if one.id == smw4.id else one for one in PAN.fibres)
    found = domains_known(PAN.model_copy(update={"fibres": fibres}))
    assert {one.about for one in found.contradictions} >= {smw4.id}


def test_a_disputed_statement_is_listed() -> None:
    disputed = {one.about: one.what for one in KNOWN.contradictions}
    assert "PCCW Global" in disputed["peace-karachi-marseille"]
    assert "half each with MPT" in disputed["cmi-ruili-mandalay"]


def test_a_topology_file_states_its_own_domains(tmp_path: Path) -> None:
    found = domains_of(load_topology(own(tmp_path)))
    assert found.domains == ("north@CN", "north@TH", "south@PK", "south@TH")
    assert found.end("kunming-bangkok", "bangkok").domain == "north@TH"
    assert found.end("kunming-bangkok", "kunming").domain == "north@CN"
    assert found.at_hub["bangkok"] == ("south@TH", "north@TH")
    met = found.hand_over("bangkok", "south@TH", "north@TH")
    assert met is not None
    assert met.id == "meet"


def test_written_domains_are_read_back(tmp_path: Path) -> None:
    topology = load_topology(own(tmp_path))
    again = own(tmp_path, yaml.safe_dump(to_data(topology), sort_keys=False))
    assert load_topology(again).domains == topology.domains


def test_a_file_that_extends_keeps_domains_it_does_not_change(tmp_path: Path) -> None:
    own(tmp_path)
    more = tmp_path / "more.yaml"
    more.write_text(
        "name: more\nextends: [own.yaml]\ndomains: {hubs: {karachi: east@PK}}\n", encoding="utf-8"
    )
    found = domains_of(load_topology(more))
    assert (found.home["karachi"], found.home["bangkok"]) == ("east@PK", "south@TH")
    assert found.end("kunming-bangkok", "bangkok").domain == "north@TH"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("bangkok: south@TH", "bankok: south@TH", ':7: no hub is called "bankok"'),
        ("kunming-bangkok, ends", "kunming-bankok, ends", ':10: no fibre is called "kunming-ban'),
        ("{bangkok: north@TH}", "{karachi: north@TH}", ":10: no end of kunming-bangkok is called"),
        (
            "{bangkok: north@TH}",
            "{bangkok: north}",
            ':10: "north" is not a domain: write OPERATOR@XX',
        ),
        ("hub: bangkok", "hub: bankok", ':12: no hub is called "bankok"'),
        ("karachi: south@PK", "karachi: west@PK", ':8: no operator is called "west"'),
        ("name: North Telecom,", "", ':5: domains.operators[0] has no "name"; add it'),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_remedy(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in OWN
    path = own(tmp_path, OWN.replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        load_topology(path)
    message = str(refused.value)
    assert f"{path}{said}" in message
    assert "\n" not in message


def test_a_map_without_facts_is_run_by_carriers_that_are_not_stated(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        "name: new\nhubs:\n- {id: a, name: A, role: transit, located_in: FR, lat: 1, lon: 1}\n"
        "- {id: b, name: B, role: transit, located_in: DE, lat: 2, lon: 2}\n"
        "fibres:\n- {id: a-b, a: a, z: b, length: 200km}\n",
    )
    found = domains_known(load_topology(path))
    assert [one.id for one in found.domains] == ["unstated@DE", "unstated@FR"]
    assert found.ends_by_basis == {"unknown": 2}


def test_maps_without_a_key_are_dumped_as_before() -> None:
    assert "domains" not in PAN.model_dump(mode="json")
