"""``corridor traffic`` shows what is known of background traffic, and what is not."""

from __future__ import annotations

import json

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.answers.traffic_answer import TrafficAnswer
from corridor.experiments.text.internet_text import told
from corridor.topologies.base.codec import from_plain


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["traffic", *words]) == 0
    return capsys.readouterr().out


def test_a_country_is_shown_by_owner_direction_and_holding(capsys):
    said = printed(capsys, "PK", "--date", "2025-09-06")
    (flow,) = [line.split() for line in said.splitlines() if line.startswith("ptcl        europe")]
    assert flow == ["ptcl", "europe", "2,710", "1,990-3,577", "91", "ms"]
    assert "pk-twa-tw1/gulf" in said
    assert "  PK: Africa-1 and 2Africa" in said
    assert "Bangladesh" not in said


def test_systems_at_their_bound_and_traffic_without_capacity_are_named(capsys):
    said = " ".join(printed(capsys, "VN", "--date", "2026-12-01").split())
    assert "growth stops (Gbit/s): tgn-ia 3,800 and vstn 4,000." in said
    later = " ".join(printed(capsys, "PK", "--date", "2028-10-20").split())
    assert "2,217 Gbit/s exceed the capacity of their owners with nothing cut" in later
    answer = corridor.traffic_matrix("PK", as_of="2026-12-01", samples=2)
    bound = {one.system: one.bound_gbps for one in answer.holdings if one.at_bound}
    assert bound == pytest.approx({"smw4": 2580, "aae-1": 4770, "smw5": 1700, "tw1": 2800})
    assert answer.countries[0].unserved_gbps == 0


def test_published_totals_stand_next_to_those_of_the_model(capsys):
    (row,) = [
        line
        for line in printed(capsys, "PK", "--date", "2025-09-06").splitlines()
        if "seven cables" in line
    ]
    assert row.split()[-6:] == ["10,146", "10,524", "+4%", "(input)", "uncertain", "pta-doc24"]


def test_all_countries_are_rows_that_nobody_adds(capsys):
    said = printed(capsys, "--date", "2025-09-06")
    assert "Rows are of different kinds: do not add or compare them." in said
    assert "  AE: international bandwidth (plans of 2011" in said
    assert "VN       capacity of five cables" in said
    assert "  TH: traffic on 2025-09-06 (the nearest figure of TH, 1,030 Gbit/s in service" in said
    assert "\nTH " not in said


@pytest.mark.parametrize(
    ("width", "countries", "holdings"),
    [
        (40, "country by cable in service offered", "holding utilization"),
        (80, "country by cable in service offered interval", "holding in service interval load"),
    ],
)
def test_a_narrow_terminal_shows_traffic_before_intervals_and_sources(width, countries, holdings):
    every, one = (
        corridor.traffic_matrix(code, as_of="2025-09-06", samples=2) for code in ("", "PK")
    )
    lines = [*told(every, width).splitlines(), *told(one, width).splitlines()]
    assert max(map(len, lines)) <= width
    heads = [" ".join(line.split()) for line in lines]
    assert countries in heads
    assert any(line.startswith(holdings) for line in heads)
    assert sum("Gbit/s model" in line for line in heads) == 2


def test_json_is_the_document_and_the_seed_decides_its_intervals(capsys):
    one = printed(capsys, "BD", "--date", "2025-01-01", "--json")
    assert one == printed(capsys, "BD", "--date", "2025-01-01", "--json", "--seed", "1")
    other = printed(capsys, "BD", "--date", "2025-01-01", "--json", "--seed", "2")
    found = [from_plain(TrafficAnswer, json.loads(text)) for text in (one, other)]
    assert found[0] == corridor.traffic_matrix("BD", as_of="2025-01-01")
    assert [flow.offered_gbps for flow in found[0].flows] == [
        flow.offered_gbps for flow in found[1].flows
    ]
    assert found[0].flows[0].low_gbps != found[1].flows[0].low_gbps
    assert all(holding.source in found[0].sources for holding in found[0].holdings)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("AE",), "no international bandwidth of AE is known"),
        (("PQ",), 'no country "PQ"'),
        (("PK", "--date", "2013-01-01"), "PK on 2013-01-01 is not known: the nearest figure"),
        (("--date", "2010-01-01"), "no figure can be carried to 2010-01-01"),
        (("PK", "--date", "soon"), "is not a day"),
        (("PK", "--seed", "-1"), "a seed is 0 or more"),
    ],
)
def test_a_wrong_question_is_one_line(capsys, words, message):
    try:
        code = cli.main(["traffic", *words])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_few_samples_are_refused():
    with pytest.raises(corridor.InputError, match="1 samples are not possible"):
        corridor.traffic_matrix("PK", samples=1)
