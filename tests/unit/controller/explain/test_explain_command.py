"""``corridor explain``: the answer is on the first lines, the same in JSON."""

import json
from pathlib import Path

import pytest

from corridor.experiments.cli import main

ROOT = Path(__file__).resolve().parents[4]
BY_INTERNET = ("records-urumqi-lahore", "--service", "internet")


def said(capsys, *words):
    assert main(["explain", *words]) == 0
    return capsys.readouterr().out


def test_the_first_lines_are_the_answer(capsys):
    lines = said(capsys, *BY_INTERNET).splitlines()
    assert lines[0].startswith("records-urumqi-lahore: urumqi to lahore, data class cn-personal")
    assert lines[2] == "UP, permit CN-OUT-CONTRACT [CN-24-8, CN-PIPL-38] (confident)"
    assert "gateway beijing" in lines[3]
    assert lines[4].startswith(
        "Policies add 43.01 ms and 8,696 km: they forbid the shortest path ("
    )
    assert "CN-GATEWAY-INTERNET-OUT waypoints [CN-GATEWAY-INTERNET-OUT]" in lines[5]
    assert lines[6].startswith("Reverse demand: UP, one-way delay 61.03 ms, permit PK-GENERAL")


def test_every_hub_of_the_path_has_its_jurisdiction_and_phase(capsys):
    text = said(capsys, *BY_INTERNET)
    rows = [line.split() for line in text.splitlines() if " PRE " in line or " ASSESSED " in line]
    assert [row[0] for row in rows][:3] == ["urumqi", "zhongwei", "beijing"]
    assert rows[2][1:4] == ["(gateway)", "CN", "ASSESSED"]
    assert rows[-1][:3] == ["lahore", "PK", "ASSESSED"]


@pytest.mark.parametrize(
    ("demand", "words"),
    [
        ("state-riyadh-guian", "BLOCKED: a path exists (one-way delay 61.63 ms"),
        (
            "state-riyadh-guian",
            "  SA-GOVERNMENT terminate [SA-CCSPR, SA-NDMO] (uncertain): guian is in CN",
        ),
        (
            "state-riyadh-guian",
            "  remove clause SA-GOVERNMENT terminate and SA-GOVERNMENT-PATH confine: one-way",
        ),
        ("state-riyadh-guian", "  SA-CCSPR: Cloud Computing Services Provisioning Regulations"),
        ("infer-riyadh-bangkok", "Possible transit of MY on aae-1-satun-mumbai: the approach"),
        ("infer-riyadh-bangkok", "fibres on this path have assumed capacities"),
        ("gba-shaoguan-hongkong", "  GBA-CONTRACT is for data from hub guangzhou or shenzhen, not"),
        ("model-beijing-karachi", "no permit matches model-beijing-karachi"),
        (
            "ckpt-zhongwei-jeddah",
            "CN-ASSESSED-AT-GATEWAY waypoints [CN-24-7a, CN-24-7b] (our assumption",
        ),
        ("train-shanghai-guian", "Policies add no delay: this is the shortest path."),
        ("ckpt-guian-karachi.return", "ckpt-guian-karachi.return: karachi to guian"),
    ],
)
def test_what_matters_of_each_kind_of_answer_is_said(capsys, demand, words):
    assert words in said(capsys, demand)


def test_the_policy_that_drops_packets_after_a_failure_is_named(capsys, tmp_path):
    (tmp_path / "one.yaml").write_text(
        "name: one\nextends: [pan-asia]\nwithout: {fibres: [riyadh-jeddah-north]}\n"
    )
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("schema: 1\nname: one\nextends: sovereignty\ntopology: one.yaml\n")
    text = said(capsys, "state-riyadh-jeddah", str(scenario))
    assert "dropped at riyadh (SA-GOVERNMENT" in text


def test_json_holds_the_same_and_more(capsys):
    found = json.loads(said(capsys, *BY_INTERNET, "--json"))
    assert (found["schema"], found["status"], found["as_of"]) == (1, "UP", "2026-11-24")
    assert found["permit"]["policy"] == "CN-OUT-CONTRACT"
    assert found["costs_ns"] == found["clauses"][0]["costs_ns"] == 43_010_400
    assert found["passage"]["gateways"] == ["beijing"]
    assert len(found["unused"]) > 10
    assert found["outages"][0]["again"]["passage"]["hubs"][0] == "urumqi"


def test_other_policies_and_another_day_may_be_asked_for(capsys):
    text = said(capsys, "records-urumqi-lahore", "--policies", "none")
    assert "UP, permit ANYTHING (cites no law)\n" in text
    early = said(capsys, "records-urumqi-lahore", "--as-of", "2024-01-01")
    assert early.splitlines()[2].startswith("BLOCKED")
    assert "CN-OUT-CONTRACT begins on 2024-03-22" in early


def test_a_demand_that_is_not_there_is_an_error_with_a_way_out(capsys):
    assert main(["explain", "records-urumqi-lahor"]) == 2
    assert 'did you mean "records-urumqi-lahore"' in capsys.readouterr().err
    assert main(["explain", "zzz"]) == 2
    assert "it has train-shanghai-guian, " in capsys.readouterr().err


def test_the_page_shows_what_is_printed(capsys):
    page = (ROOT / "docs/policies.md").read_text(encoding="utf-8")
    shown = page.split(
        "corridor explain records-urumqi-lahore --service internet\n```\n\n```text output\n"
    )[1].split("```")[0]
    text = said(capsys, *BY_INTERNET)
    for part in shown.split("...\n"):
        assert part.strip() in text


def test_the_command_for_the_answers_asks_of_the_same_scenario_in_the_same_way(capsys):
    hint = "corridor explain records-urumqi-lahore.return"
    assert f"{hint}\n" in said(capsys, "records-urumqi-lahore")
    text = said(capsys, *BY_INTERNET)
    assert f"{hint} reference --service internet\n" in text
