"""``corridor energy``: figures with their evidence, unknown values by name, stated values."""

from __future__ import annotations

import json

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.placement.energy_documents import EnergyAnswer
from corridor.experiments.text.energy_text import told
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.errors import InputError


@pytest.fixture(scope="module")
def whole() -> EnergyAnswer:
    return corridor.energy()


def test_every_hub_of_the_map_has_figures_or_is_named(whole):
    hubs = {one.id for one in corridor.load_topology("pan-asia").hubs}
    assert {one.id for one in whole.hubs} | set(whole.not_covered) == hubs
    assert len(whole.hubs) == 43


def test_the_document_is_written_and_read(whole):
    assert from_plain(EnergyAnswer, json.loads(json.dumps(whole.to_json()))) == whole


def test_an_unknown_value_is_named_with_the_option_that_states_it(whole):
    unknown = {(one.hub, one.what): one for one in whole.unknown}
    assert unknown["horinger", "power-limit"].state == "--mw horinger=MW"
    assert unknown["guian", "pue"].state == "--pue guian=PUE"
    assert unknown["djibouti", "location emissions"].state == ""
    assert ("guian", "power-limit") not in unknown


def test_a_stated_value_comes_first_and_is_not_unknown():
    found = corridor.energy(
        "guian", mw={"guian": 120}, pue={"guian": 1.2}, price={"guian": "0.4CNY"}
    )
    (hub,) = found.hubs
    limit = hub.known("power-limit")
    assert (limit.value, limit.basis, limit.source) == (120, "stated", ())
    assert hub.known("price").unit == "CNY/kWh"
    assert {one.what for one in found.unknown} == {"green-share"}


def test_a_stated_share_of_contracts_changes_the_market_based_counting_alone():
    before, after = corridor.energy("guian"), corridor.energy("guian", green={"guian": 0.5})
    by_count = [{one.count: one for one in found.hubs[0].countings} for found in (before, after)]
    assert by_count[1]["market"].value == pytest.approx(304.8)
    assert by_count[0]["location"] == by_count[1]["location"]
    assert by_count[0]["marginal"] == by_count[1]["marginal"]


def test_one_counting_is_shown_alone():
    found = corridor.energy("guian", "riyadh", count="market")
    assert {one.count for hub in found.hubs for one in hub.countings} == {"market"}
    table = told(found)
    assert " market" in table
    assert "marginal" not in table.splitlines()[4]


def test_direct_and_life_cycle_factors_are_in_different_columns(whole):
    lines = told(whole).splitlines()
    heads = next(line for line in lines if line.startswith("hub "))
    riyadh = next(line for line in lines if line.startswith("riyadh"))
    guian = next(line for line in lines if line.startswith("guian"))
    end = heads.index("life-cycle") + len("life-cycle")
    assert riyadh[:end].endswith("540 (540-707)")
    assert guian[:end].endswith("?")


def test_every_source_of_a_hub_is_printed(capsys):
    assert cli.main(["energy", "zhongwei"]) == 0
    said = capsys.readouterr().out
    for source in ("datang:", "zw-wind:", "mee23:", "crea:"):
        assert f"  {source}" in said
    assert "green-share: one centre is supplied by wind alone" in said


def test_a_narrow_terminal_keeps_the_countings(whole):
    heads = next(line for line in told(whole, 100).splitlines() if line.startswith("hub "))
    assert all(name in heads for name in ("location", "market", "marginal"))
    assert all(len(line) <= 100 for line in told(whole, 100).splitlines())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gian"], 'no energy figures of a hub "gian"; did you mean "guian"'),
        (["khunjerab"], 'no energy figures of a hub "khunjerab"'),
        (["--mw", "120"], "names no hub; write --mw guian=120"),
        (["--mw", "guian=much"], "much is not a power limit of guian"),
        (["--mw", "guian=-1"], "-1 is not a power limit of guian"),
        (["--pue", "guian=0.9"], "0.9 is not a PUE of guian"),
        (["--green", "guian=50"], "50 is not a green share of guian"),
        (["--price", "guian=0.4"], "0.4 is not a price of guian; write --price guian=0.45CNY"),
        (["--mw", "nowhere=120"], 'no energy figures of a hub "nowhere"'),
        (["--data", "missing.yaml"], "missing.yaml"),
    ],
)
def test_a_mistake_is_one_line(capsys, words, said):
    assert cli.main(["energy", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_an_unknown_counting_is_refused():
    with pytest.raises(InputError, match="count is one of location, market, marginal"):
        corridor.energy("guian", count="average")


def test_a_value_for_no_hub_is_refused():
    with pytest.raises(InputError, match="mw is not by hub"):
        corridor.energy("guian", mw=5)
