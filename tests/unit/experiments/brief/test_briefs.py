"""Briefs: two pages of a result, whose every number is that of the results themselves."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import brief_case
import page_case
from corridor.experiments import cli
from corridor.experiments.brief.written_brief import write_brief
from corridor.experiments.run import exporting
from corridor.topologies.base.errors import InputError

type Json = dict[str, Any]


def text_of(folder: Path, against: Path | None = None) -> str:
    """The words of a brief, without tags."""
    page = write_brief(folder, against).read_text(encoding="utf-8")
    body = page[page.index("<body") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("priced") / "pan-asia"
    asked = ["price", "sovereignty", "--sets", "pan-asia", "--no-changes", "--out", str(folder)]
    assert cli.main(asked) == 0
    return folder


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cut") / "red-sea"
    assert cli.main(["cut", "red-sea", "--scenario", "sovereignty", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_case.write_run(tmp_path_factory.mktemp("run"))


def demands_of(folder: Path) -> list[Json]:
    found: list[Json] = json.loads((folder / "price.json").read_text())["sets"][0]["demands"]
    return found


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared") / "rule"
    rule = Path(__file__).resolve().parents[4] / "examples/priced_rule.yaml"
    asked = ["price", "sovereignty", "--policies", str(rule), "--against", "pan-asia"]
    assert cli.main([*asked, "--no-changes", "--out", str(folder)]) == 0
    return folder


def test_a_rule_next_to_another_set_answers_for_what_it_changes_only(compared: Path) -> None:
    demands, said = demands_of(compared), text_of(compared)
    both = [one for one in demands if not one["answered"] and not one["with_readings"]["kept_back"]]
    losing = [one for one in demands if one["with_readings"]["lost"]]
    assert (len(both), len(losing)) == (7, 2)
    assert "Thai personal data through Laos or Myanmar only" in said[:60], "the title is the rule's"
    assert "The policy set affects 2 of 62 demands: 2 lose their backup paths." in said
    assert "7 are blocked by both policy sets" in said
    assert "No backup path is permitted, because " in said
    assert "Hong Kong is in Hong Kong" not in said
    affected = said[said.index("Affected demands") : said.index("What would change")]
    assert all(one["demand"] in affected for one in losing)
    assert not any(one["demand"] in affected for one in both)
    assert "reasons that this result does not state" not in said


def test_a_price_is_counted_as_its_demands_are(priced: Path) -> None:
    demands, said = demands_of(priced), text_of(priced)
    blocked = [one for one in demands if one["with_readings"]["kept_back"]]
    uncovered = [one for one in demands if one["answered"] and one["not_judged"]]
    permitted = len(demands) - len(blocked) - len(uncovered)
    assert len(blocked) > 0
    assert (
        f"{permitted} of {len(demands)} demands are permitted, {len(blocked)} are blocked and "
        f"{len(uncovered)} is not covered." in said
    )
    sure = [one for one in blocked if one["by_certain_rules"]["kept_back"]]
    law = sum(any(map(is_sure_law, one["causes"])) for one in sure)
    assert 0 < law < len(sure)
    assert f"Certain legal text blocks {law} of these {len(blocked)} demands." in said
    assert f"{len(sure) - law} are blocked because no permit matches, " in said
    assert f"{len(blocked) - len(sure)} by uncertain texts or interpretations." in said


def is_sure_law(cause: Json) -> bool:
    return (cause["costs"], cause["kind"], cause["confidence"]) == (
        "kept back",
        "text",
        "confident",
    )


def test_demands_that_are_not_covered_are_counted_apart(priced: Path) -> None:
    demands, said = demands_of(priced), text_of(priced)
    costly = [
        one
        for one in demands
        if (price := one["with_readings"])["kept_back"]
        or price["lost"]
        or (price["extra_ms"] or 0) >= 0.05
    ]
    others = [one for one in demands if one not in costly]
    uncovered = sum(bool(one["not_judged"]) for one in others)
    assert "Of the other demands, " in said
    assert f"{uncovered} {'is' if uncovered == 1 else 'are'} not covered." in said
    assert "permitted demands have a longer path" in said or not any(
        one["not_judged"] for one in costly
    )
    assert "RTT that the policies add to a demand" in said


def test_sets_that_cover_nothing_are_not_said_to_cost_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "silent"
    asked = ["price", "mini", "--sets", "th,ae", "--no-changes", "--out", str(folder)]
    assert cli.main(asked) == 0
    said = text_of(folder)
    assert "None of the 2 policy sets covers any of the 6 demands." in said
    assert "Covers no demand: th, ae." in said
    assert "No cost" not in said


def test_the_largest_increase_is_told_with_its_interval_and_that_it_is_computed(
    priced: Path,
) -> None:
    demands = [one for one in demands_of(priced) if one["with_readings"]["extra_ms"]]
    most = max(demands, key=lambda one: one["with_readings"]["extra_ms"])
    interval = most["certainty"]["interval"]
    between = f"{interval['low_ms']:.1f} to {interval['high_ms']:.1f} ms"
    said = text_of(priced)
    assert (
        f"is {most['with_readings']['extra_ms']:.1f} ms (computed; 90 % interval {between})" in said
    )
    assert "Computed, not measured" in said


def test_how_certain_an_answer_is_follows_its_headline_in_one_phrase(
    priced: Path, compared: Path, cut: Path, run: Path
) -> None:
    demands = [one for one in demands_of(priced) if one["with_readings"]["extra_ms"]]
    most = max(demands, key=lambda one: one["with_readings"]["extra_ms"])
    low, high = (most["certainty"]["interval"][key] for key in ("low_ms", "high_ms"))
    said = text_of(priced)
    assert (
        "not covered. How certain: largest added round-trip time "
        f"{most['with_readings']['extra_ms']:.1f} ms, "
        f"90 % interval {low:.1f} to {high:.1f} ms; certain legal text blocks 3 of 7 blocked "
        "demands. The blocked demands start" in said
    )
    computed = "the numbers are exact for this map and these rules, and change with them."
    assert f"lose their backup paths. How certain: {computed}" in text_of(compared)
    assert "disconnected. How certain: computed from the map, most of whose" in text_of(cut)
    for folder in (priced, compared, cut, run):
        assert text_of(folder).count("How certain:") == 1


def test_fibres_and_groups_have_names(compared: Path, cut: Path) -> None:
    said = text_of(compared)
    assert "if any of 7 elements fails, such as the fibre from Kunming to Mengla" in said
    assert "because the Asia Direct Cable from Hong Kong to Sriracha may cross Vietnam" in said
    assert "kunming-mengla" not in said
    assert "adc-hongkong-sriracha" not in said
    assert "What does a cut of the Red Sea corridor (" in text_of(cut)


def test_a_run_names_demands_and_fibres_of_its_worst_event(tmp_path: Path, run: Path) -> None:
    said = text_of(run)
    assert "Worst event: " in said
    worst = said[said.index("Worst event: ") : said.index("What makes it uncertain")]
    summary = json.loads((run / "summary.json").read_text())
    assert not any(one["id"] in worst for one in summary["demands"])


def test_constants_are_one_source(priced: Path) -> None:
    assert text_of(priced).count("Constants") == 1


def test_the_map_names_only_hubs_and_countries_of_the_question(priced: Path) -> None:
    paths = json.loads((priced / "paths.json").read_text())
    prices = {one["demand"]: one["with_readings"] for one in demands_of(priced)}
    hubs: set[str] = set()
    for one in paths["demands"]:
        price = prices[one["id"]]
        if price["kept_back"] or (price["extra_ms"] or 0) >= 0.05 or price["lost"]:
            for path in (one["free"], one["against"], one["sets"][0]["path"]):
                hubs |= set(path["hubs"]) if path else set()
    names = {one["id"]: one["name"].partition(" (")[0] for one in paths["map"]["hubs"]}
    page = write_brief(priced).read_text(encoding="utf-8")
    written = {unescape(name) for name in re.findall(r'<text x="[^"]+" y="[^"]+">([^<]+)', page)}
    towns = {name.partition(", ")[0] for name in written if not re.fullmatch(r"[-0-9.]+", name)}
    assert towns
    assert towns <= {names[hub] for hub in hubs}
    assert any(name.endswith(", Pakistan") for name in written)


def test_only_rules_that_affected_demands_cite_are_sources(priced: Path) -> None:
    said = text_of(priced)
    cited = {
        law["id"] for one in demands_of(priced) for cause in one["causes"] for law in cause["legal"]
    }
    assert cited
    assert all(name in said for name in cited)
    assert "VN-" not in said


def test_titles_stand_beside_ids(priced: Path) -> None:
    said = text_of(priced)
    assert "“China and its partners along the corridor” (pan-asia)" in said
    assert "Zhongwei (China) to Jeddah (Saudi Arabia) ckpt-zhongwei-jeddah" in said
    assert "important data of China, no legal basis" in said


def test_an_assumption_is_named_apart_from_law(priced: Path) -> None:
    said = text_of(priced)
    beliefs = said[said.index("Interpretations and assumptions") : said.index("Sources used")]
    assert "CN-ASSESSED-AT-GATEWAY : our assumption." in beliefs
    assert "CN-NO-BASIS" not in beliefs


def test_data_that_is_not_covered_is_no_permission(priced: Path) -> None:
    assert "Not covered means" in text_of(priced)
    assert "Another set may have one. This is not a permission." in text_of(priced)


def test_no_sum_over_demands_is_a_headline(priced: Path) -> None:
    total = json.loads((priced / "price.json").read_text())["sets"][0]["with_readings"]["extra_ms"]
    assert f"{total:.1f} ms" not in text_of(priced)


def test_several_sets_are_compared_in_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "both"
    asked = ["price", "sovereignty", "--sets", "pan-asia,th", "--no-changes", "--out", str(folder)]
    assert cli.main(asked) == 0
    said = text_of(folder)
    assert "What does each of 2 policy sets change" in said
    assert "Thailand, personal data th 1 1 0 0 ms 0 57" in said


def test_a_cut_is_counted_as_its_answer_is(cut: Path) -> None:
    answer = json.loads((cut / "cut.json").read_text())["answer"]
    hit = answer["hit"]
    down = sum(one["again_ms"] is None for one in hit)
    said = text_of(cut)
    assert (
        f"{len(hit)} of {answer['served']} served demands are affected, and "
        f"{down or 'none'} disconnected." in said
    )
    most = max(one["again_ms"] - one["before_ms"] for one in hit if one["again_ms"])
    assert f"The largest increase of the round-trip time (RTT) is {most:.1f} ms" in said
    assert "No interval is computed of delays." in said


def test_a_run_states_what_was_measured_beside_what_was_computed(run: Path) -> None:
    said = text_of(run)
    assert "2 of 3 demands are permitted and 1 is blocked." in said
    assert "+20.0 ms RTT" in said
    assert "in total 70.0 ms computed" in said
    assert "Computed, and measured in an emulation of the map." in said


def test_without_policies_no_path_is_said_to_be_under_them(tmp_path: Path, run: Path) -> None:
    folder = altered(run, tmp_path / "free", lambda summary: summary.update(policies="none"))
    answers = json.loads((folder / "answers.json").read_text())
    (folder / "answers.json").write_text(json.dumps({**answers, "policies": "none"}))
    said = text_of(folder)
    assert "No policy set is active" in said
    assert "shortest path" in said
    assert "under the policies" not in said


@pytest.mark.parametrize(("key", "value"), [("complete", False), ("invalid", "no clock")])
def test_a_run_that_is_not_sound_states_no_measurement(
    tmp_path: Path, key: str, value: object
) -> None:
    folder = page_case.write_run(tmp_path / "run")
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**summary, key: value}))
    said = text_of(folder)
    assert "Computed; the measurement is incomplete or invalid." in said
    assert "ms measured" not in said
    assert "measured, median" not in said


def altered(run: Path, folder: Path, alter: Callable[[Json], object]) -> Path:
    """A copy of a run with another summary."""
    shutil.copytree(run, folder)
    summary = json.loads((folder / "summary.json").read_text())
    alter(summary)
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def with_medians(*medians_ms: float | None) -> Callable[[Json], None]:
    def alter(summary: Json) -> None:
        summary["events"] = []
        for demand, median_ms in zip(summary["demands"], medians_ms, strict=True):
            demand["status"] = "UP"
            demand["rtt_ms"] = {**demand["rtt_ms"], "mean": median_ms, "p50": median_ms}

    return alter


def test_two_runs_are_compared_demand_by_demand(tmp_path: Path, run: Path) -> None:
    one = altered(run, tmp_path / "one", with_medians(10.0, None, 50.0))
    same = altered(run, tmp_path / "same", with_medians(10.04, None, 50.0))
    assert "None of 3 demands differ." in text_of(one, same)
    other = altered(run, tmp_path / "other", with_medians(None, None, 62.5))
    said = text_of(other, one)
    assert "2 of 3 demands differ. How certain: each run was measured once, so" in said
    assert "With replies in “one” and none in “other”: 1 demand." in said
    assert "it is 12.5 ms longer in “other” (measured)." in said
    assert "The same in both runs: 1 demand." in said
    back = text_of(one, other)
    assert "With replies in “one” and none in “other”: 1 demand." in back
    assert "it is 12.5 ms shorter in “one” (measured)." in back
    assert (other / "comparison.html").exists()


def test_what_runs_differ_in_is_named_and_so_is_a_demand_of_one_alone(
    tmp_path: Path, run: Path
) -> None:
    def alter(summary: Json) -> None:
        with_medians(10.0, None, 50.0)(summary)
        summary["demands"][0]["lost"] += 7
        summary["demands"].pop()
        summary["as_of"] = "2030-01-01"

    one = altered(run, tmp_path / "a/run", with_medians(10.0, None, 50.0))
    said = text_of(altered(run, tmp_path / "b/run", alter), one)
    assert "as of 2030-01-01) and run “a/run” (" in said
    assert "2 of 3 demands differ." in said
    assert "Only in “a/run”: 1 demand." in said
    assert "not in this run" in said


def test_rtts_of_runs_with_events_are_those_before_them(tmp_path: Path, run: Path) -> None:
    said = text_of(run, altered(run, tmp_path / "other", lambda summary: None))
    assert "None of 3 demands differ." in said
    assert "RTTs are medians before the first event" in said

    def alter(summary: Json) -> None:
        summary["events"][0]["hits"][0]["rtt_before_ms"] += 9.0

    slow = altered(run, tmp_path / "slow", alter)
    assert "it is 9.0 ms longer in “slow”" in text_of(slow, run)


def test_runs_on_other_maps_or_of_other_demands_are_refused(tmp_path: Path, run: Path) -> None:
    def alter(summary: Json) -> None:
        summary["demands"][0]["dst"] = "karachi"

    with pytest.raises(InputError, match="on another map, or with other demands"):
        write_brief(run, altered(run, tmp_path / "other", alter))
    with pytest.raises(InputError, match="names the same run"):
        write_brief(run, run)
    with pytest.raises(InputError, match="contains no run, and a brief compares only runs"):
        write_brief(run, tmp_path)


@pytest.mark.parametrize(("key", "value"), [("complete", False), ("invalid", "no clock")])
def test_runs_that_are_not_sound_are_not_compared(
    tmp_path: Path, run: Path, key: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = page_case.write_run(tmp_path / "run")
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**summary, key: value}))
    assert cli.main(["report", str(run), "--brief", "--against", str(folder)]) == 2
    assert "is incomplete or invalid, so it is not compared" in capsys.readouterr().err
    assert cli.main(["report", str(run), "--against", str(folder)]) == 2
    assert "--against needs --brief" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("element", "called"), [("hub:karachi", "hub Karachi"), ("gateway:urumqi", "the gateway at ")]
)
def test_a_cut_of_a_hub_counts_its_own_demands_and_names_its_kind(
    tmp_path: Path, element: str, called: str
) -> None:
    folder = tmp_path / "cut"
    assert cli.main(["cut", element, "--scenario", "reference", "--out", str(folder)]) == 0
    answer, said = json.loads((folder / "cut.json").read_text())["answer"], text_of(folder)
    assert f"What does a cut of {called}" in said
    assert "(0 fibres)" not in said
    down = len(answer["own_end"]) + sum(one["again_ms"] is None for one in answer["hit"])
    affected = len(answer["own_end"]) + len(answer["hit"])
    verb = "is" if affected == 1 else "are"
    assert (
        f"{affected or 'None'} of {answer['served']} served demands {verb} affected, and "
        f"{down or 'none'} disconnected." in said
    )


def test_a_brief_has_no_script_and_asks_for_nothing(priced: Path) -> None:
    page = write_brief(priced).read_text(encoding="utf-8")
    assert "<script" not in page
    assert " style=" not in page
    assert re.findall(r'(?:src|href)="(?!https?://|data:)', page) == []


def test_hostile_names_are_text(tmp_path: Path, priced: Path) -> None:
    for name in ("price.json", "paths.json"):
        (tmp_path / name).write_text((priced / name).read_text())
    paths = json.loads((tmp_path / "paths.json").read_text())
    paths["names"]["scenario"] = page_case.HOSTILE
    paths["map"]["hubs"][0]["name"] = page_case.HOSTILE
    (tmp_path / "paths.json").write_text(json.dumps(paths))
    page = write_brief(tmp_path).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page


def test_a_folder_without_results_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", str(tmp_path), "--brief"]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert len(said.splitlines()) == 1


def test_a_capacity_answer_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text("{}")
    with pytest.raises(InputError, match="--html"):
        write_brief(tmp_path)


def test_a_cut_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text('{"schema": 1}')
    with pytest.raises(InputError, match=r"cut again, with --out"):
        write_brief(tmp_path)


def test_without_a_browser_the_page_stays_and_the_pdf_is_refused(
    priced: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exporting, "find_browser", lambda: None)
    assert cli.main(["report", str(priced), "--brief", "--pdf"]) == 3
    assert "no Chromium" in capsys.readouterr().err
    assert (priced / "brief.html").exists()
    assert not (priced / "brief.pdf").exists()


def test_a_study_is_answered_with_the_interval_of_its_runs(tmp_path: Path) -> None:
    said = text_of(brief_case.write_study(tmp_path))
    high, low = (sum(values) / 5 for values in brief_case.VALUES.values())
    assert f"The level changes the round trip by {low - high:.4g} ms (95 %:" in said
    assert f"level high 5 runs {high:.4g} (" in said
    assert "A paper. So. (uncertain)" in said
    assert "Nothing else differs." in said


def test_a_study_without_a_run_is_refused(tmp_path: Path) -> None:
    index = {"schema": 1, "study": brief_case.STUDY, "version": "", "cells": []}
    (tmp_path / "study.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="no run of the study has a result yet"):
        write_brief(tmp_path)
