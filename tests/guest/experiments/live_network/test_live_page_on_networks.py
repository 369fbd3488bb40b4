"""A live network's page in a real browser, before a real network in a guest."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from corridor.experiments.live_network.api_process import MODULE
from corridor.experiments.operations.door import Client
from corridor.experiments.run.exporting import find_browser
from live_runs import Api, LiveRun

playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
pytestmark = [pytest.mark.guest, pytest.mark.timeout(600)]
FIBRE, DEMAND = "kunming-karachi", "ckpt-karachi"
READY_S = 120


def until(what: Callable[[], object], seconds: float = 60) -> float:
    """How long it took, in seconds."""
    start = time.monotonic()
    while not what():
        assert time.monotonic() < start + seconds, "not in time"
        time.sleep(0.005)
    return time.monotonic() - start


@pytest.fixture(scope="module")
def run(tmp_path_factory, virtual_kernel):
    made = LiveRun(tmp_path_factory.mktemp("page") / "out", "mini", "--testbed", "uml", "--open")
    try:
        made.wait_until_it_says("] ready: 12 UP", READY_S)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def page(run):
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium is installed: apt-get install --no-install-recommends chromium")
    (address,) = [line[6:] for line in run.said().splitlines() if line.startswith("page: ")]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.complaints = []
        opened.on("console", lambda said: opened.complaints.append(said.text))
        opened.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.goto(address)
        until(lambda: opened.locator("#line").get_attribute("class") == "live")
        number = opened.evaluate(
            "id => window.corridor.model.demands.findIndex((one) => one.id === id)", DEMAND
        )
        opened.locator("#demand").select_option(str(number))
        opened.evaluate(
            "id => window.corridor.pick(window.corridor.fibres.findIndex((f) => f.id === id))",
            FIBRE,
        )
        yield opened
        browser.close()


def words_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def says(page, where):
    return page.locator(f"#{where}").inner_text()


def trips(page):
    """The round trip that was measured last, in ms; None where there is none."""
    first = says(page, "pulse").split()[0]
    return float(first) if first[0].isdigit() else None


def test_cut_reroute_and_proof_are_seen_and_round_trips_become_longer(page):
    until(lambda: trips(page) is not None)
    assert trips(page) > 94
    page.evaluate("() => { window.corridor.line.drawn.length = 0; }")
    page.click("#act [data-act=cut]")
    rerouted_s = until(lambda: "Bangkok" in says(page, "hops"))
    proven_s = rerouted_s + until(lambda: "properties verified in" in says(page, "proven"))
    drawn = sorted(page.evaluate("() => window.corridor.line.drawn"))
    print(f"rerouted after {rerouted_s:.2f} s, proof told after {proven_s:.2f} s")
    print(f"drawn after {drawn[len(drawn) // 2]:.1f} ms, at most {drawn[-1]:.1f} ms")
    until(lambda: (trips(page) or 0) > 99)
    assert page.complaints == []


def test_fibres_are_as_full_as_what_programs_send(run, page):
    """Over a fibre that is not cut."""
    with Client(Path(run.session()["operations"])) as client:
        for _ in range(2):
            command = ["ping", "-i", "0.002", "-s", "1000", "-c", "4000", "guian"]
            client.ask("run", hub="shanghai", command=command)
        until(lambda: "shanghai-guian" in says(page, "loads"))


def test_a_controller_that_is_killed_is_told_and_followed_by_the_next(run, page):
    with Client(Path(run.session()["operations"])) as client:
        client.ask("kill-controller")
    until(lambda: "controller is gone since" in says(page, "line"))
    until(lambda: page.locator("#line").get_attribute("class") == "live")
    page.click("#act [data-act=mend]")
    until(lambda: "Every fibre and hub is in use" in says(page, "verdict"))
    until(lambda: "Bangkok" not in says(page, "hops"))


def test_what_it_did_is_put_back_when_it_ends_and_the_network_lives_on(run, page):
    """With its process goes nothing but what pages did."""
    page.click("#act [data-act=cut]")
    until(lambda: "(cut)" in says(page, "verdict"))
    (served,) = [pid for pid in run.processes() if MODULE in words_of(pid)]
    os.kill(served, signal.SIGKILL)
    api = Api(run.session())
    until(lambda: page.locator("#line").get_attribute("class") == "live")
    until(lambda: not api.ask("/v1/topology")[1]["fibres"][FIBRE]["works"])
    page.click("#putback")
    until(lambda: api.ask("/v1/topology")[1]["fibres"][FIBRE]["works"])


def test_asked_to_end_the_network_takes_its_page_with_it(run, page):
    run.processes()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(60) == 130, run.complained()
    run.assert_nothing_is_left()
    assert list(run.sessions.iterdir()) == []
    until(lambda: "No answer" in says(page, "line"))
    assert (run.folder / "answers.json").exists()
