"""The page of a live network in a real browser, before switches of a test."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import WATCH, Opened

from corridor.controller.reconcile.jobs import SetDrained
from corridor.experiments.live_network import api_process
from corridor.experiments.live_network.page_main import files
from live_page_lab import PageLab, page_lab

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install it")
pytestmark = pytest.mark.browser

FIBRE = "kunming-karachi"
DEMAND = "ckpt-karachi"
LONG_S = 60
LIVE = "Live: the page shows the current state."
WIDTHS = {"desk": (1360, 900), "phone": (390, 844)}
SUPPORT = Path(__file__).parents[1] / "support/live_network"
type Visit = Callable[..., Opened]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageLab]:
    with page_lab(tmp_path_factory.mktemp("live")) as made:
        yield made


@pytest.fixture
def visit(browser: Any, lab: PageLab) -> Iterator[Visit]:
    """``visit(address)`` in a separate context, or in one that is given."""
    made: list[Any] = []

    def visited(address: str = "", context: Any = None, **look: Any) -> Opened:
        if context is None:
            context = browser.new_context(**{"viewport": {"width": 1360, "height": 900}, **look})
            context.add_init_script(WATCH)
            made.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        seen = Opened(page, lab.address.partition("#")[0])
        page.on("request", lambda one: seen.asked.append(one.url))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("console", lambda said: seen.complaints.append(f"{said.type}: {said.text}"))
        page.goto(address or lab.address)
        return seen

    yield visited
    for context in made:
        context.close()


@pytest.fixture(autouse=True)
def as_it_was(lab: PageLab) -> Iterator[None]:
    yield
    for fibre, now in lab.ask("topology")["fibres"].items():
        if now["drained"]:
            assert lab.ask("restore", fibre=fibre)["ok"]


def line(page: Any) -> str:
    text: str = page.locator("#line").inner_text()
    return text


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONG_S
    while not what():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def is_live(page: Any) -> None:
    until(lambda: line(page) == LIVE)


def choose(page: Any, fibre: str = FIBRE, demand: str = DEMAND) -> None:
    number = page.evaluate(
        "id => window.corridor.model.demands.findIndex((one) => one.id === id)", demand
    )
    page.locator("#demand").select_option(str(number))
    page.evaluate(
        "id => window.corridor.pick(window.corridor.fibres.findIndex((one) => one.id === id))",
        fibre,
    )


def quiet(opened: Opened, *but: str) -> None:
    """Nothing was complained of, and nothing asked for elsewhere."""
    left = [one for one in opened.complaints if not any(part in one for part in but)]
    assert left == []
    assert [one for one in opened.asked if not one.startswith((opened.url, "data:"))] == []


def test_a_fibre_is_cut_drained_and_put_back_by_buttons_alone(lab: PageLab, visit: Visit) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    choose(page)
    page.click("#act [data-act=cut]")
    until(lambda: "Bangkok" in page.locator("#hops").inner_text())
    assert not lab.state(FIBRE)["works"]
    until(lambda: f"{FIBRE} (cut)" in page.locator("#verdict").inner_text())
    until(lambda: re.match(r"1[0-9] properties verified in", page.locator("#proven").inner_text()))
    page.click("#claims-box summary")
    assert "C8, verified: No packet loops; " in page.locator("#claims").inner_text()
    assert page.locator("#act [data-act=cut]").is_hidden()
    page.click("#act [data-act=mend]")
    until(lambda: "Bangkok" not in page.locator("#hops").inner_text())
    page.click("#act [data-act=drain]")
    until(lambda: f"{FIBRE} (drained)" in page.locator("#verdict").inner_text())
    until(lambda: page.locator("#putback").is_visible())
    page.click("#putback")
    until(lambda: "Every fibre and hub is in use" in page.locator("#verdict").inner_text())
    assert lab.state(FIBRE) == {**lab.state(FIBRE), "works": True, "drained": False}
    assert page.locator("#events-table tbody tr").count() > 8
    quiet(opened)


def test_a_cut_of_a_cable_states_the_internet_traffic_that_it_takes(
    tmp_path: Path, browser: Any
) -> None:
    scenario = tmp_path / "sea.yaml"
    scenario.write_text(
        "schema: 1\nname: sea\ntopology: pan-asia\nas_of: 2026-11-24\n"
        "demands:\n- {id: one, class: dr, src: fujairah, dst: karachi}\n"
    )
    cable, place = "tw1-karachi-fujairah", tmp_path / "sea"
    place.mkdir()
    with PageLab(place, str(scenario)) as sea:
        page = browser.new_page()
        page.goto(sea.address)
        is_live(page)
        choose(page, cable, "one")
        page.click("#act [data-act=cut]")
        said = "Internet traffic, by the model: Pakistan loses"
        until(lambda: said in page.locator("#verdict").inner_text())
        page.click("#act [data-act=mend]")
        until(lambda: said not in page.locator("#verdict").inner_text())
        page.close()


def test_other_policies_and_another_day_are_set_and_why_is_told(lab: PageLab, visit: Visit) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    page.click("#rules-box summary")
    page.locator("#policies").select_option("th")
    page.locator("#day").fill("2027-07-01")
    page.locator("#rules button[type=submit]").click()
    until(lambda: "Policies th as of 2027-07-01" in page.locator("#verdict").inner_text())
    page.click("#why-box summary")
    until(lambda: "as of 2027-07-01" in page.locator("#why-text").inner_text())
    page.locator("#putback").click()
    until(lambda: "No policy set is active" in page.locator("#verdict").inner_text())
    quiet(opened)


def row(page: Any, demand: str) -> list[str]:
    cells: list[str] = page.locator("#demands-table tbody tr", has_text=demand).first.evaluate(
        "row => [...row.cells].map((cell) => cell.innerText.trim())"
    )
    return cells


def test_head_table_and_card_are_of_one_state_after_a_drain_and_other_policies(
    lab: PageLab, visit: Visit
) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    choose(page)
    until(lambda: row(page, DEMAND)[2] == "served")
    before = row(page, DEMAND)
    assert page.locator(".stale").count() == 0
    lab.ask("drain", fibre=FIBRE)
    until(lambda: "LA" in row(page, DEMAND)[9])
    now = row(page, DEMAND)
    assert now[3] == before[3]
    assert float(now[5]) > float(before[5])
    assert (now[6], now[7]) == ("–", "–")
    crossed = page.locator("#said dt", has_text="Crosses").locator("xpath=following-sibling::dd[1]")
    assert now[9].split() == crossed.inner_text().split()
    until(lambda: page.locator(".stale").count() == 3)
    page.click("#rules-box summary")
    page.locator("#policies").select_option("th")
    page.locator("#outside").uncheck()
    page.locator("#rules button[type=submit]").click()
    until(lambda: row(page, DEMAND)[2].startswith("blocked"))
    assert row(page, DEMAND)[3] == ""
    asked = page.locator("#demand option", has_text=DEMAND).inner_text()
    assert asked.startswith(f"{DEMAND} (blocked")
    served = page.locator("#demands-table .tag", has_text="permitted").count()
    total = page.locator("#demands-table tbody tr").count()
    verdict, counts = (
        page.locator(one).first.inner_text() for one in ("#verdict li", "#demands p")
    )
    assert verdict.startswith(f"{served} of {total} demands are served, ")
    assert counts.startswith(f"Now: {verdict}")
    page.locator("#putback").click()
    until(lambda: "No policy set is active" in page.locator("#verdict").inner_text())
    quiet(opened)


def test_what_is_refused_is_told_in_words(lab: PageLab, visit: Visit, monkeypatch: Any) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    choose(page)
    refused = {
        "ok": False,
        "kind": "refused",
        "reason": "it would break C9",
        "counterexamples": ["C9: a packet that shows it"],
    }
    do = lab.controller.control._have
    monkeypatch.setattr(
        lab.controller.control,
        "_have",
        lambda job: refused if isinstance(job, SetDrained) else do(job),
    )
    page.click("#act [data-act=drain]")
    until(lambda: "it would break C9" in page.locator("#refusals").inner_text())
    assert "a packet that shows it" in page.locator("#refusals pre").inner_text()
    quiet(opened, "409")


def test_every_event_is_drawn_and_it_is_known_how_long_that_took(
    lab: PageLab, visit: Visit
) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    page.evaluate("() => { window.corridor.line.drawn.length = 0; }")
    for number in range(60):
        lab.controller.lab.event_log.say("error", message=f"number {number}")
        time.sleep(0.02)
    until(lambda: page.evaluate("() => window.corridor.line.drawn.length") >= 60)
    drawn = sorted(page.evaluate("() => window.corridor.line.drawn"))
    print(f"drawn after {drawn[len(drawn) // 2]:.1f} ms at the median, {drawn[-1]:.1f} at most")
    assert "number 59" in page.locator("#events-table tbody tr").first.inner_text()
    quiet(opened)


def test_twenty_clicks_at_once_wait_for_their_turn_and_none_is_lost(
    lab: PageLab, visit: Visit
) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    choose(page)
    said = page.evaluate(
        """() => { for (let i = 0; i < 20; i++) window.corridor.line.order(
            { do: i % 2 ? "restore" : "drain", fibre: "kunming-karachi" },
            (ok) => { window.corridor.answered = (window.corridor.answered ?? 0) + ok; });
            return document.getElementById("orders").textContent; }"""
    )
    assert said == "20 orders wait for their turn."
    until(lambda: page.evaluate("() => window.corridor.answered") == 20)
    until(lambda: page.locator("#orders").inner_text() == "")
    assert not lab.state(FIBRE)["drained"]
    asked = [one["do"] for one in lab.controller.asked if one["do"] in ("drain", "restore")]
    assert asked[-20:] == ["drain", "restore"] * 10
    quiet(opened)


def test_an_order_that_finds_no_room_is_said_and_asked_again(lab: PageLab, visit: Visit) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    refused: list[str] = []

    def crowded(route: Any) -> None:
        if "cut" in (route.request.post_data or "") and len(refused) < 2:
            refused.append(route.request.post_data)
            problem = '{"kind": "crowded", "detail": "4 changes are waiting already"}'
            route.fulfill(status=503, content_type="application/problem+json", body=problem)
        else:
            route.continue_()

    page.route("**/page/do", crowded)
    choose(page)
    page.click("#act [data-act=cut]")
    until(lambda: "waiting already; asked again" in page.locator("#orders").inner_text())
    until(lambda: f"{FIBRE} (cut)" in page.locator("#verdict").inner_text())
    assert len(refused) == 2
    assert page.locator("#refusals li").count() == 0
    page.click("#act [data-act=mend]")
    until(lambda: "Every fibre and hub is in use" in page.locator("#verdict").inner_text())


def test_a_dead_controller_is_told_and_the_next_one_is_heard_from_its_first_event(
    lab: PageLab, visit: Visit
) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    for number in range(60):
        lab.controller.lab.event_log.say("error", message=f"of the old one: {number}")
    lab.kill_controller()
    until(lambda: line(page).startswith("The controller is gone since "))
    lab.start_controller()
    lab.controller.lab.event_log.say("error", message="of the new one")
    is_live(page)
    until(lambda: "error: of the new one" in page.locator("#events-table").inner_text())
    choose(page)
    page.click("#act [data-act=cut]")
    until(lambda: "Bangkok" in page.locator("#hops").inner_text())
    page.click("#act [data-act=mend]")
    until(lambda: lab.state(FIBRE)["works"])
    quiet(opened)


def test_nine_tabs_all_hear_what_happens_once_they_are_seen(
    lab: PageLab, visit: Visit, browser: Any
) -> None:
    """A browser opens six connections to one place: a tab that is not seen gives its own back."""
    context = browser.new_context()
    context.add_init_script(WATCH)
    context.add_init_script(
        """Object.defineProperty(document, "hidden", { get: () => window.isHidden === true });
        window.hide = (is) => {
            window.isHidden = is;
            document.dispatchEvent(new Event("visibilitychange"));
        };"""
    )
    tabs = []
    for number in range(9):
        tabs.append(visit(context=context))
        is_live(tabs[-1].page)
        if number < 8:
            tabs[-1].page.evaluate("() => window.hide(true)")
            until(lambda: line(tabs[-1].page).startswith("Paused"))
    lab.controller.lab.event_log.say("error", message="heard by nine")
    for tab in tabs:
        tab.page.evaluate("() => window.hide(false)")
        is_live(tab.page)
        until(lambda tab=tab: "heard by nine" in tab.page.locator("#events-table").inner_text())
        tab.page.evaluate("() => window.hide(true)")
    for tab in tabs:
        quiet(tab)
    context.close()


def test_a_reload_keeps_the_token_which_is_not_in_the_address(lab: PageLab, visit: Visit) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    assert page.url == opened.url
    page.reload()
    is_live(page)
    assert page.url == opened.url
    assert page.evaluate("() => history.length") <= 2
    token = lab.address.partition("=")[2]
    assert [one for one in opened.asked if token in one.partition("#")[0]] == []
    quiet(opened)


@pytest.mark.parametrize("behind", ["#token=" + "A" * 43, ""])
def test_a_wrong_token_or_none_is_told_and_forgotten(
    lab: PageLab, visit: Visit, behind: str
) -> None:
    opened = visit(lab.address.partition("#")[0] + behind)
    until(lambda: line(opened.page).startswith("Not allowed: open the address"))
    assert opened.page.evaluate("() => sessionStorage.getItem('corridor-token')") is None
    assert "Kunming" not in opened.page.content()
    token = lab.address.partition("#")[2]
    opened.page.evaluate("given => { location.hash = given; }", token)
    is_live(opened.page)
    quiet(opened, "401")


def test_a_token_that_is_good_no_more_is_deleted(lab: PageLab, visit: Visit) -> None:
    """Another program may listen at the port later."""
    opened = visit()
    page = opened.page
    is_live(page)
    assert lab.process is not None
    lab.process.close()
    until(lambda: line(page).startswith("No answer"))
    lab.token_file.unlink()
    lab.serve()
    until(lambda: line(page).startswith("Access refused"))
    assert page.evaluate("() => sessionStorage.getItem('corridor-token')") is None
    assert page.locator("#act [data-act=cut]").count() == 1
    quiet(opened, "401", "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "ERR_CONNECTION_RESET")


def test_what_a_laptop_cut_that_was_closed_is_mended(
    lab: PageLab, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{os.environ.get('PYTHONPATH', '')}:{SUPPORT}")
    monkeypatch.setattr("live_page_lab.MODULE", "impatient_page")
    assert lab.process is not None
    lab.process.close()
    lab.serve()
    opened = visit()
    page = opened.page
    is_live(page)
    choose(page)
    page.click("#act [data-act=cut]")
    until(lambda: not lab.state(FIBRE)["works"])
    page.context.set_offline(True)
    until(lambda: lab.state(FIBRE)["works"])
    page.context.set_offline(False)
    until(lambda: "Every fibre and hub is in use" in page.locator("#verdict").inner_text())
    is_live(page)
    monkeypatch.undo()
    lab.process.close()
    lab.serve()
    quiet(opened, "ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_serious_is_found_by_axe_while_a_fibre_is_cut(
    lab: PageLab, visit: Visit, scheme: str, width: str
) -> None:
    wide, high = WIDTHS[width]
    opened = visit(viewport={"width": wide, "height": high}, color_scheme=scheme)
    page = opened.page
    is_live(page)
    choose(page)
    page.click("#act [data-act=cut]")
    until(lambda: "(cut)" in page.locator("#verdict").inner_text())
    found = axe.Axe().run(page)
    bad = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in bad] == []
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    page.click("#act [data-act=mend]")
    until(lambda: lab.state(FIBRE)["works"])


def test_it_is_used_by_keyboard_alone(lab: PageLab, visit: Visit) -> None:
    opened = visit()
    page = opened.page
    is_live(page)
    page.locator("summary", has_text="All 7 fibres").focus()
    page.keyboard.press("Enter")
    page.locator(f"#fibres-table button:text-is('{FIBRE}')").focus()
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("() => document.activeElement.dataset.act") == "cut")
    page.keyboard.press("Enter")
    until(lambda: not lab.state(FIBRE)["works"])
    until(lambda: page.evaluate("() => document.activeElement.dataset.act") == "mend")
    page.keyboard.press("Space")
    until(lambda: lab.state(FIBRE)["works"])
    quiet(opened)


def test_a_browser_is_led_there_by_a_file_of_the_users_own(
    lab: PageLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visit: Visit
) -> None:
    """What a program is started with can be seen by others: no token is in it."""
    started: list[str] = []
    monkeypatch.setattr(api_process, "_has_display", lambda: True)
    monkeypatch.setattr(api_process.session, "folder_for", lambda _name: tmp_path)
    monkeypatch.setattr(api_process.webbrowser, "open", lambda url: started.append(url) or True)

    class One:
        name = "mini"

    api_process.open_in_browser(One(), lab.address, lambda _text: None)
    (address,) = started
    assert lab.address.partition("=")[2] not in address
    assert (tmp_path / api_process.OPENER).stat().st_mode & 0o077 == 0
    opened = visit(address)
    is_live(opened.page)


def test_the_files_are_exactly_these(lab: PageLab) -> None:
    assert sorted(files()) == [
        *("/", "/app.js", "/line.js", "/live.css", "/live.js", "/map.js", "/open.js"),
        *("/page.css", "/tables.js"),
    ]
