"""Pages show the contents of a folder to people: escaped, complete, with the answer first."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import handmade_run
import handmade_workloads
import page_case
from corridor.experiments.pages.claims import safe_address
from corridor.experiments.pages.page import SCRIPTS, TEMPLATES, live_page, report, text_of
from corridor.experiments.pages.report import write_report
from corridor.experiments.pages.run_page import network_page, run_page
from corridor.experiments.pages.words import language
from corridor.experiments.pages.workloads import Workloads, workloads_of
from corridor.experiments.results.messages import MESSAGES_FILE, read_messages, rounds_of
from corridor.experiments.results.results import read_plan, summarise
from corridor.topologies.base.errors import InputError
from typed_answers import typed


class Seen(HTMLParser):
    """Elements and attributes that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(folder: Path, **more: Any) -> str:
    return report(run_page(page_case.results(folder, **more)))


def model_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="model">(.*?)</script>', text, re.DOTALL)
    assert found
    model: dict[str, Any] = json.loads(found[1])
    return model


def test_a_page_of_a_run_without_a_title_is_called_by_its_scenario(tmp_path: Path) -> None:
    of = page_case.results(tmp_path / "run")
    assert of.answers is not None
    untitled = page_case.results(tmp_path / "other", answers=replace(of.answers, title=""))
    assert run_page(untitled).title.endswith(f"policies: {of.summary.scenario}")


def test_a_page_says_first_what_the_summary_has_as_its_verdict(tmp_path: Path) -> None:
    of = page_case.results(tmp_path / "run")
    told = report(
        run_page(
            page_case.results(
                tmp_path / "other",
                summary=replace(
                    of.summary,
                    verdict=("Which?", "Two of three may go.", "Next: corridor explain"),
                ),
            )
        )
    )
    assert told.index("Two of three may go.") < told.index("<svg")
    counted = report(run_page(of))
    assert "2 of 3 demands are served." in counted


def test_a_page_needs_no_other_file_and_allows_its_own_script_and_style_alone(
    tmp_path: Path,
) -> None:
    text = page_of(tmp_path / "run")
    seen = Seen(text)
    policy = next(one["content"] for one in seen.all("meta") if "http-equiv" in one) or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in SCRIPTS:
        digest = base64.b64encode(hashlib.sha256(text_of(name).encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not [one for one in seen.all("script") if "src" in one]
    assert [one["href"] for one in seen.all("link")] == ["data:,"]
    assert not [tag for tag, attributes in seen.elements if "style" in attributes]
    assert not [
        tag
        for tag, attributes in seen.elements
        if any(name.startswith("on") for name in attributes)
    ]


def test_no_two_elements_of_a_page_have_one_id(tmp_path: Path) -> None:
    seen = Seen(page_of(tmp_path / "run"))
    assert repeated(seen) == []


def repeated(seen: Seen) -> list[str]:
    ids = [str(attributes["id"]) for _, attributes in seen.elements if "id" in attributes]
    return sorted({one for one in ids if ids.count(one) > 1})


def test_names_that_would_end_their_element_are_told_as_text(tmp_path: Path) -> None:
    answers = page_case.answers()
    answers["title"] = page_case.HOSTILE
    answers["demands"][1]["why"] = page_case.HOSTILE
    answers["demands"][2]["id"] = page_case.HOSTILE
    answers["map"]["hubs"][0]["name"] = page_case.HOSTILE
    answers["map"]["fibres"][1]["system"] = page_case.HOSTILE
    text = page_of(tmp_path / "run", answers=typed(answers))
    seen = Seen(text)
    assert len(seen.all("script")) == len(SCRIPTS) + 1
    assert not seen.all("img")
    assert model_of(text)["demands"][2]["id"] == page_case.HOSTILE
    assert (
        html.escape(page_case.HOSTILE, quote=True)
        .replace("&#x27;", "&#39;")
        .replace("&quot;", "&#34;")
        in text
    )


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//x", "", "http://[", "file:///etc/passwd"],
)
def test_an_address_that_is_no_web_page_is_no_link(address: str) -> None:
    assert safe_address(address) == ""


def test_law_is_cited_with_a_link_where_its_authority_publishes_it(tmp_path: Path) -> None:
    answers = page_case.answers()
    unsafe = {**page_case.LAW, "id": "X-1", "address": "javascript:alert(1)"}
    answers["demands"][2]["legal"] = [unsafe]
    answers["demands"][1]["causes"][0]["legal"] = [page_case.LAW, unsafe]
    text = page_of(tmp_path / "run", answers=typed(answers))
    links = [one["href"] for one in Seen(text).all("a")]
    assert "https://law.example/pipl#38" in links
    assert not [one for one in links if one and one.startswith("javascript")]
    assert "X-1" in text


def test_what_a_script_knows_is_told_by_numbers_once(tmp_path: Path) -> None:
    model = model_of(page_of(tmp_path / "run"))
    far = model["demands"][2]
    path = model["paths"][far["by"][0]["w"]]
    assert path == [0, [0, 0, 0, 1], 35, "CN PK", "IN", [0]]
    assert model["paths"][far["free"]][1] == [0, 1]
    assert far["cuts"][0] == [["fibre one", "hub guian"], [0], -1, -1]
    assert far["cuts"][1][:2] == [["fibre two", "shared risk cable:west"], [1]]
    assert (far["rtt"], far["by"][0]["rtt"], far["by"][0]["extra"]) == (50, 70, 20)
    assert model["law"] == [["CN-PIPL-38", page_case.LAW["citation"], page_case.LAW["address"], ""]]
    assert (model["chosen"], model["set"]) == (2, 0)


def test_only_demands_that_pay_or_are_kept_back_are_rows_of_a_price(tmp_path: Path) -> None:
    text = page_of(tmp_path / "run")
    costs = text[text.index('id="costs"') : text.index('id="timeline"')]
    assert ">far</button>" in costs
    assert ">silent</button>" in costs
    assert ">near</button>" not in costs
    assert "The other demand has no added cost." in costs


def test_what_is_kept_back_is_told_what_would_help_or_that_nothing_was_found(
    tmp_path: Path,
) -> None:
    def kept(name: str, **more: Any) -> str:
        answers = page_case.answers()
        answers["demands"][1] |= more
        text = page_of(tmp_path / name, answers=typed(answers))
        return text[text.index('id="kept-table"') : text.index('id="timeline"')]

    law = page_case.cause("kept back", "CN-NO-BASIS", "law", "karachi is not in CN")
    assert "<td>a contract</td>" in kept("some")
    assert "another legal basis may provide one" in kept("permit", remedies=[])
    assert "no effective single change found" in kept("none", remedies=[], causes=[law])


def test_what_cuts_are_counted_for_is_said_beside_them(tmp_path: Path) -> None:
    text = page_of(tmp_path / "run")
    cuts = text[text.index('id="cuts"') : text.index('id="cuts-table"')]
    assert "the switches use an installed detour" in cuts
    assert "Demands that start or end there" in cuts


def test_claims_that_are_not_made_are_told_with_why_and_by_which_proof(tmp_path: Path) -> None:
    sided = page_case.verdict("C13", "not claimed", why="needs two sides")
    rates = page_case.verdict("C12", "not claimed", why="rates are not asked for")
    proof = page_case.proof(page_case.verdict("C5"), page_case.verdict("C12"), sided)
    after = {**proof["proofs"]["after"], "verdicts": [page_case.verdict("C5"), rates, sided]}
    proof |= {"holds": True, "proofs": {**proof["proofs"], "after": after}}
    text = page_of(tmp_path / "run", proof=proof)
    assert "All 2 checked properties are verified" in text
    assert (
        "Not checked: C13 (needs two sides) and C12 after the traffic (rates are not asked for)."
    ) in text
    assert '<span class="tag not-claimed">not checked</span>' in text
    assert '<span class="tag proven">verified</span>' in text


def test_a_second_opinion_is_told_beside_the_proof(tmp_path: Path) -> None:
    opinion = {"agrees": True, "paths": 440, "failure_sets": 41, "differs": 0}
    told = page_of(tmp_path / "agrees", proof=page_case.proof() | {"second_opinion": opinion})
    assert "which shares no code with the prover, agrees on 440 paths" in told
    opinion |= {"agrees": False, "differs": 1}
    told = page_of(tmp_path / "differs", proof=page_case.proof() | {"second_opinion": opinion})
    assert "which shares no code with the prover, disagrees 1 time on 440 paths" in told
    assert "second opinion" not in page_of(tmp_path / "none")


def test_a_claim_that_does_not_hold_is_told_with_its_packet_and_hops(tmp_path: Path) -> None:
    text = page_of(tmp_path / "run", proof=page_case.proof(page_case.broken()))
    assert "A property is violated" in text
    assert "ipv4_src=10.0.0.1" in text
    assert "guian (CN): sends it to karachi" in text
    assert "ovs-appctl ofproto/trace" in text
    assert "violated" in text


def test_events_are_bands_over_round_trips_and_the_same_as_a_list(tmp_path: Path) -> None:
    text = page_of(tmp_path / "run")
    course = text[text.index('id="timeline"') : text.index('id="cuts"')]
    assert 'class="band"' in course
    path = re.search(r'class="rtt" d="(.*?)"', course)
    assert path
    assert path[1].count("M") == 2
    assert "dig: cut two" in course
    assert 'data-dead="1"' in course
    assert "outage 140 ms" in course
    assert '<td class="n" data-v="500.0">500 ms</td>' in course, "sorted by time, not by its digits"


def test_a_run_without_events_has_no_time_line(tmp_path: Path) -> None:
    summary = replace(page_case.summary(tmp_path / "run"), events=None)
    assert 'id="timeline"' not in page_of(tmp_path / "other", summary=summary)


def test_a_run_without_answers_is_told_by_what_it_measured(tmp_path: Path) -> None:
    text = page_of(tmp_path / "run", answers=None, proof=None)
    assert '<svg id="map"' not in text
    assert 'id="model"' not in text
    assert "This folder contains no proof." in text
    assert "near" in text


def test_a_run_that_did_not_end_or_is_not_valid_says_so_above_all(tmp_path: Path) -> None:
    summary = page_case.summary(tmp_path / "run")
    summary = replace(summary, complete=False, failure="killed", invalid="too late")
    text = page_of(tmp_path / "other", summary=summary)
    assert text.index("The run is incomplete: killed") < text.index('id="verdict"')
    assert "The measurement is invalid: too late" in text


def test_local_names_have_their_language(tmp_path: Path) -> None:
    text = page_of(tmp_path / "run")
    assert '<bdi lang="ur">کراچی</bdi>' in text
    assert '<bdi lang="zh-Hans">上海</bdi>' in text
    assert language("香港", "HK") == "zh-Hant"
    assert language("กรุงเทพ", "TH") == "th"
    assert language("الرياض", "SA") == "ar"
    assert language("Marseille", "FR") == "und"


def test_a_live_page_has_its_scripts_as_files_and_the_same_sections() -> None:
    page = network_page(typed(page_case.answers()), ["All is well."])
    seen = Seen(live_page(page))
    assert [one["src"] for one in seen.all("script") if "src" in one] == [*SCRIPTS]
    assert {"line", "act", "proven", "demands-table"} <= {one.get("id") for _, one in seen.elements}
    assert not [one for one in seen.all("meta") if "http-equiv" in one]


def test_no_script_of_ours_ends_its_own_element() -> None:
    for path in TEMPLATES.glob("*.js"):
        assert "</" not in path.read_text(encoding="utf-8")


def test_a_report_replaces_the_one_before_it_whole(tmp_path: Path) -> None:
    folder = page_case.write_run(tmp_path / "run")
    (folder / "report.html").write_text("old")
    path = write_report(folder)
    assert path == folder / "report.html"
    assert path.read_text(encoding="utf-8").endswith("</html>")
    assert not (folder / ".report.html").exists()


def test_a_folder_without_a_run_or_prices_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_report(tmp_path)
    (tmp_path / "price.json").write_text("{}")
    with pytest.raises(InputError, match="were written without a map"):
        write_report(tmp_path)


# The section of a run's page on workloads: figures with intervals, and how they are scaled.


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Workloads:
    folder = tmp_path_factory.mktemp("workloads") / "run"
    handmade_workloads.write_run(folder)
    summary: Any = summarise(folder, read_plan(folder), handmade_run.FACTS)
    rounds = rounds_of(read_messages(folder / MESSAGES_FILE))
    found = workloads_of(summary, rounds, handmade_workloads.START_NS)
    assert found is not None
    return found


def test_each_workload_has_its_figures_intervals_and_how_it_is_scaled(told: Workloads) -> None:
    chat, saves, backup = told.table.rows
    assert chat[1:3] == (("60 of 60", ""), "")
    assert chat[4] == ("50 ms", ""), "rounds take 50 ms, then 250: no sample of one median"
    assert saves[4][1] == "", "three rounds"
    assert [value for value, _ in chat[5:7]] == ["–", "–"], "60 rounds carry no tail"
    assert saves[1:3] == (("3 of 4", ""), "2 of 4")
    assert dict(told.notes)[saves[0][0]] == ("Octets are times 3e-06.",)
    assert saves[0][1] == "checkpoint by tcp cubic, time compressed 900 times"
    assert backup[0][1].endswith(", in the background")


def test_what_is_kept_back_is_said(told: Workloads) -> None:
    assert told.said[-1] == "Policies blocked 1 round. No other number includes them."


def test_classes_are_told_before_while_and_after(told: Workloads) -> None:
    assert told.stretches == ["before dig", "dig", "after dig"]
    infer = dict(told.classes)["infer"]
    assert [cell.took for cell in infer] == ["50 ms", "250 ms", "~250 ms"]
    assert infer[0].more[0] == "30 of 30 rounds"


def test_rounds_are_drawn_at_their_start_and_late_ones_marked(told: Workloads) -> None:
    assert told.chart is not None
    ckpt, infer = told.chart.rows
    assert dict(ckpt.paths)["dots"].count("M") == 2
    assert dict(ckpt.paths)["lost"].count("M") == 2
    assert dict(infer.paths)["dots"].count("M") == 60
    assert dict(infer.paths)["mid"].count("M") == 3


def test_a_run_without_workloads_has_no_such_section(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path)
    summary: Any = summarise(tmp_path, read_plan(tmp_path), handmade_run.FACTS)
    assert workloads_of(summary, [], 0) is None
