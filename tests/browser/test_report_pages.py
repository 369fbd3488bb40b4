"""Reports in a real browser: every control, every width, without a script, printed, and heard."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from conftest import Open

import page_case
from corridor.experiments import cli
from corridor.experiments.pages.page import SCRIPTS, STYLE, live_page, text_of
from corridor.experiments.pages.run_page import network_page
from typed_answers import typed

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install it")
pypdf = pytest.importorskip("pypdf", reason="pip install pypdf")
pytestmark = pytest.mark.browser

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"width": 390, "height": 844, "has_touch": True, "is_mobile": True},
    "forced colours": {"forced_colors": "active"},
}
CLICKED = "button:visible, summary:visible"
MOST_OCTETS = 400_000
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def said(page: Any) -> str:
    text: str = page.locator("#said").inner_text()
    return text


def figures(page: Any) -> dict[str, str]:
    rows = page.locator("#figures tbody tr").all_inner_texts()
    return dict(re.split(r"\t", row, maxsplit=1) for row in rows)


def test_every_control_can_be_used_and_nothing_is_asked_or_complained_of(
    open_page: Open, either_report: Path
) -> None:
    opened = open_page(either_report)
    page = opened.page
    for details in page.locator("details").all():
        details.locator("summary").first.click()
    for select in page.locator("select:visible").all():
        for option in select.locator("option").evaluate_all("all => all.map((one) => one.value)"):
            select.select_option(option)
    for field in page.locator("input[type=search]:visible").all():
        field.fill("karachi")
        field.fill("")
    slider = page.locator("#cut")
    for value in range(int(slider.get_attribute("max") or 0) + 1):
        slider.evaluate("(it, v) => { it.value = v; it.dispatchEvent(new Event('input')); }", value)
    page.evaluate(
        "for (const one of document.querySelectorAll('button')) { one.click(); one.click(); }"
    )
    for link in page.locator("nav a, .skip").all():
        link.evaluate("(it) => it.click()")
    page.wait_for_timeout(500)
    opened.asked = [url for url in opened.asked if "#" not in url]
    opened.assert_quiet()


def test_a_demand_is_chosen_by_list_by_search_and_by_its_row(
    open_page: Open, run_report: Path
) -> None:
    page = open_page(run_report).page
    assert page.locator("#demand").input_value() == "2"
    page.select_option("#demand", label="near")
    assert figures(page)["Under policies"] == "5.0\t10.0"
    page.fill("#find", "blocked")
    assert page.locator("#demand option").all_inner_texts() == ["silent (blocked)"]
    assert "no permit matches" in said(page)
    assert page.locator("#found").inner_text() == "1 of 3"
    page.fill("#find", "")
    assert page.locator("#demand").input_value() == "1"
    assert figures(page)["Under policies"].split() == ["blocked", "–"]
    page.click("#demands-table [data-demand='2']")
    assert page.locator("#demand").input_value() == "2"
    assert page.locator("#demands-table tr.sel th").inner_text().startswith("far")


def test_the_facts_of_a_demand_are_told_with_intervals_law_and_crossings(
    open_page: Open, run_report: Path
) -> None:
    page = open_page(run_report).page
    told = figures(page)
    assert told["Without policies"] == "25.0\t50.0"
    assert told["Policies add"].strip() == "+20.0 [15.0 to 26.0]"
    assert told["by confident rules"].strip() == "0"
    assert told["Expected range"].strip() == "[60.0 to 80.0]"
    assert "CN PK IN?" in said(page)
    assert "near tie" in said(page)
    link = page.locator("#said a").first
    assert link.get_attribute("href") == page_case.LAW["address"]


def test_a_path_that_comes_back_is_told_and_drawn_twice(open_page: Open, run_report: Path) -> None:
    page = open_page(run_report).page
    hops = page.locator("#hops li").all_inner_texts()
    assert [hop.endswith("(again)") for hop in hops] == [False, False, True, True, False]
    assert page.locator("#over .lawful").count() == 4
    assert page.locator("#over .lawful.back").count() == 2


def test_the_slider_goes_over_cuts_and_says_what_becomes_of_the_demand(
    open_page: Open, run_report: Path
) -> None:
    page = open_page(run_report).page
    page.focus("#cut")
    page.keyboard.press("ArrowRight")
    assert page.locator("#cutname").inner_text() == "fibre one (or hub guian)"
    assert figures(page)["Cut: chosen again, one way"].strip() == "disconnected"
    page.keyboard.press("ArrowRight")
    assert page.locator("#cut").get_attribute("aria-valuetext") == (
        "fibre two (or shared risk cable:west)"
    )
    assert figures(page)["Cut: at once, one way"].strip() == "40.0"
    assert page.locator("#over .dead").count() == 1
    page.wait_for_timeout(600)
    assert "fibre two cut: 40.0 ms one way" in page.locator("#spoken").inner_text()


def test_cuts_are_listed_by_their_harm_and_each_sets_the_slider(
    open_page: Open, run_report: Path
) -> None:
    page = open_page(run_report).page
    page.evaluate("corridor.model.demands[2].cuts.reverse()")
    page.click("#demands-table [data-demand='2']")
    page.click("#cuts-box summary")
    assert page.locator("#cuts-list button").all_inner_texts() == [
        "fibre one (or 1 more): disconnected",
        "fibre two (or 1 more): +5.0 ms",
    ]
    page.click("#cuts-list button >> nth=1")
    assert page.locator("#cut").input_value() == "1"
    assert figures(page)["Cut: at once, one way"].strip() == "40.0"
    page.select_option("#demand", label="near")
    assert page.locator("#cuts-box:visible").count() == 0


@pytest.mark.parametrize(
    "words", ["CN-GATEWAY waypoints", "interpretation", "near tie", "pipl", "cn-out 贵安"]
)
def test_search_finds_law_permits_paths_and_how_sure_they_are(
    open_page: Open, run_report: Path, words: str
) -> None:
    page = open_page(run_report).page
    page.fill("#find", words)
    assert "far" in " ".join(page.locator("#demand option").all_inner_texts())
    page.fill("#find", f"{words} blocked")
    assert page.locator("#demand option").count() == 0


def test_a_tap_on_parallel_fibres_asks_which_and_a_button_chooses(
    open_page: Open, run_report: Path
) -> None:
    page = open_page(run_report, width=390, height=844, has_touch=True).page
    page.select_option("#view", "all")
    at = page.evaluate(
        """() => {
          const shape = document.getElementById("f0");
          const on = shape.getPointAtLength(shape.getTotalLength() / 2);
          const seen = new DOMPoint(on.x, on.y).matrixTransform(shape.getScreenCTM());
          return [seen.x + scrollX, seen.y + scrollY];
        }"""
    )
    page.locator("#map").scroll_into_view_if_needed()
    top = page.evaluate("scrollY")
    page.touchscreen.tap(at[0], at[1] - top)
    assert "one: Shanghai – Gui'an New Area" in page.locator("#detail").inner_text()
    assert page.locator("#near button").all_inner_texts() == [
        "near",
        "far is disconnected",
    ]
    page.click("#near button >> nth=0")
    assert page.locator("#demand").input_value() == "0"


def test_tables_are_sorted_by_their_headings_and_filtered(
    open_page: Open, run_report: Path
) -> None:
    page = open_page(run_report).page
    head = page.locator("#demands-table thead th").nth(5)
    first = page.locator("#demands-table tbody th button")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert first.all_inner_texts() == ["near", "far", "silent"]
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert first.all_inner_texts() == ["far", "near", "silent"]
    page.fill("#filter-demands-table", "blocked")
    assert page.locator("#demands-table tbody tr:visible").count() == 1
    assert page.locator("#filter-demands-table + output").inner_text() == "1 of 3"


def test_all_is_reached_by_keyboard_and_focus_is_seen(open_page: Open, run_report: Path) -> None:
    opened = open_page(run_report)
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#demands"
    reached: set[str] = set()
    page.goto("about:blank")
    page.goto(opened.url)
    while True:
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const it = document.activeElement, name = it === document.body ? ""
              : it.id || it.dataset.demand || it.getAttribute("aria-label") || it.textContent;
            return [name, getComputedStyle(it).outlineStyle]; }"""
        )
        if not name:
            break
        assert outline != "none", name
        reached.add(name)
    assert {"find", "demand", "cut", "view", "Closer", "All demands", "2"} <= reached


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_serious(open_page: Open, either_report: Path, look: str) -> None:
    opened = open_page(either_report, **LOOKS[look])
    for details in opened.page.locator("details").all():
        details.evaluate("(it) => { it.open = true; }")
    found = axe.Axe().run(opened.page).response["violations"]
    serious = [
        (one["id"], one["nodes"][0]["html"][:120])
        for one in found
        if one["impact"] in ("serious", "critical") or one["id"] == "landmark-unique"
    ]
    assert serious == []


FOREIGN = """() => {
  const marks = [...document.querySelectorAll("#hubs [data-h]")];
  const hubs = marks.map((one) => one.transform.baseVal[0].matrix);
  const unit = Number(document.getElementById("map").style.getPropertyValue("--u"));
  const far = (box, at) => Math.hypot(Math.max(box.x - at.e, at.e - box.x - box.width, 0),
    Math.max(box.y - at.f, at.f - box.y - box.height, 0));
  return [...document.querySelectorAll("#names [data-of]")].filter((name) => {
    const box = name.getBBox(), own = far(box, hubs[name.dataset.of]);
    return hubs.some((hub) => far(box, hub) < own - 2 * unit);
  }).map((name) => name.textContent);
}"""
"""Names on the map that are nearer to another hub than to their own."""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_name_on_the_map_is_nearer_to_another_hub_than_to_its_own(
    open_page: Open, either_report: Path, width: int
) -> None:
    page = open_page(either_report, width=width, height=800).page
    for index in range(page.locator("#demand option").count())[:6]:
        page.locator("#demand").evaluate(
            "(it, i) => { it.selectedIndex = i; it.dispatchEvent(new Event('change')); }", index
        )
        for view in ("demand", "all"):
            page.locator("#view").select_option(view)
            assert page.locator("#names [data-of]").count() > 1
            assert page.evaluate(FOREIGN) == []


@pytest.mark.parametrize("width", [320, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_never_wider_than_its_window(
    open_page: Open, either_report: Path, width: int, scheme: str
) -> None:
    page = open_page(either_report, width=width, height=800, color_scheme=scheme).page
    assert page.evaluate(OVERFLOW) <= 0
    for index in range(page.locator("#demand option").count())[:6]:
        page.locator("#demand").evaluate(
            "(it, i) => { it.selectedIndex = i; it.dispatchEvent(new Event('change')); }", index
        )
        assert page.evaluate(OVERFLOW) <= 0
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_without_a_script_verdict_map_and_tables_are_there_and_no_dead_control(
    open_page: Open, either_report: Path
) -> None:
    page = open_page(either_report, java_script_enabled=False).page
    assert page.locator("#verdict li:visible").count() >= 2
    assert page.locator("#map .f:visible").count() >= 3
    assert page.locator("#map .o.lawful").count() >= 1
    assert page.locator("#names text:visible").count() >= 3
    assert page.locator("tbody tr:visible").count() >= 3
    assert page.locator("select:visible, input:visible").count() == 0


def printed(page: Any) -> str:
    pdf = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    assert all(round(float(one.mediabox.width)) == 595 for one in pdf.pages)
    return bare("".join(one.extract_text() for one in pdf.pages))


def bare(text: str) -> str:
    """Without spaces and ligatures."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def test_paper_has_all_rows_whatever_is_filtered_or_shut(
    open_page: Open, either_report: Path
) -> None:
    page = open_page(either_report).page
    page.locator("[data-filter]").first.fill("nothing has this")
    rows = page.locator("tbody th").evaluate_all(
        "all => all.map((one) => one.innerText || one.textContent)"
    )
    text = printed(page)
    for row in rows:
        assert bare(row) in text


def test_corridor_report_prints_the_same_page(
    browser: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = page_case.write_run(tmp_path / "run")
    assert browser
    assert cli.main(["report", str(folder), "--pdf"]) == 0
    assert f"Report: {folder / 'report.pdf'}" in capsys.readouterr().out
    pdf = pypdf.PdfReader(folder / "report.pdf")
    assert "/StructTreeRoot" in pdf.trailer["/Root"]
    text = "".join(one.extract_text() for one in pdf.pages)
    assert "Verified properties" in unicodedata.normalize("NFKC", text)
    assert "1,234" in text


def test_a_page_says_when_it_can_be_used_and_is_small_enough_to_send(
    open_page: Open, price_report: Path
) -> None:
    page = open_page(price_report).page
    assert page.evaluate("performance.getEntriesByName('interactive').length") == 1
    assert price_report.stat().st_size < MOST_OCTETS


def test_another_set_shows_a_demand_that_it_is_about(open_page: Open, price_report: Path) -> None:
    page = open_page(price_report).page
    page.locator("#set").select_option(label="th")
    shown = "document.querySelector('#demand').selectedOptions[0].label"
    assert page.evaluate(shown).startswith("backup-sriracha-nanning")


def live_folder(folder: Path) -> Path:
    page = network_page(typed(page_case.answers()), ["All is well."])
    (folder / "live.html").write_text(live_page(page), encoding="utf-8")
    for name in (*SCRIPTS, STYLE):
        (folder / name).write_text(text_of(name), encoding="utf-8")
    return folder / "live.html"


def test_a_live_page_shows_what_its_script_is_told(open_page: Open, tmp_path: Path) -> None:
    opened = open_page(live_folder(tmp_path))
    page = opened.page
    page.evaluate("corridor.setFibre('two', 'cut')")
    assert "is-cut" in (page.locator("#f1").get_attribute("class") or "")
    told = {"status": "ALT", "round_trip_ms": 80, "permit": "OTHER", "why": ""}
    page.evaluate(f"corridor.setDemand('far', {json.dumps(told)})")
    assert figures(page)["Under policies"].endswith("\t80.0")
    assert "by another permit" in page.locator("tr[data-row='2']").inner_text()
    page.evaluate("corridor.addEvent({ at: '12:00', what: '<b>two</b> was cut', whom: 'far' })")
    assert "<b>two</b> was cut" in page.locator("#events-table tbody tr").first.inner_text()
    page.evaluate("corridor.setVerdict(['One fibre is cut.'])")
    assert page.locator("#verdict li").all_inner_texts() == ["One fibre is cut."]
    page.evaluate("corridor.setProof('18 properties verified', true)")
    assert page.locator("#proven").inner_text() == "18 properties verified"
    page.evaluate("corridor.setFibre('two', 'up')")
    assert "is-cut" not in (page.locator("#f1").get_attribute("class") or "")
    assert opened.complaints == []


def rendered(page: Any, selector: str) -> Any:
    """The rendered part, which a browser lays out once it comes into view."""
    found = page.locator(selector)
    found.first.scroll_into_view_if_needed()
    page.wait_for_function(
        "selector => document.querySelector(selector).innerText !== ''", arg=selector
    )
    return found


def test_what_sharing_costs_is_told_drawn_and_sorted(open_page: Open, run_report: Path) -> None:
    page = open_page(run_report).page
    section = rendered(page, "#sharing")
    assert "Policies blocked 1 round." in section.inner_text()
    rows = rendered(page, "#workloads-table tbody tr")
    assert rows.locator("th").all_inner_texts()[0].startswith("chat")
    rows.nth(1).scroll_into_view_if_needed()
    assert "2 of 4" in rows.nth(1).inner_text()
    assert section.locator("svg text[font-weight='600']").all_text_contents() == ["ckpt", "infer"]
    heads = rendered(page, "#stretches-table thead th")
    assert [head.split("\n")[0] for head in heads.all_inner_texts()] == [
        *("Class", "before dig", "dig", "after dig"),
    ]
    page.locator("#workloads-table thead th button").nth(1).click()
    assert page.locator("#workloads-table thead th").nth(1).get_attribute("aria-sort")


def test_what_sharing_costs_is_there_without_a_script_and_on_paper(
    open_page: Open, run_report: Path
) -> None:
    page = open_page(run_report, java_script_enabled=False).page
    page.emulate_media(media="print")
    assert page.locator("#workloads-table tbody tr").count() == 3
    notes = page.locator("#sharing details dl")
    assert "Octets are times 3e-06." in (notes.text_content() or "")
    assert notes.is_visible()
