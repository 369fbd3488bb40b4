"""The blocks of the pages work: commands run, files load, programs end well, outputs are so.

``doc_blocks.py`` says how a block is marked. Blocks that boot guests are run by
``test_doc_blocks_in_guests.py`` and ``test_stories_in_guests.py``.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path

import pytest

import handmade_run
from command_server import Served
from corridor.experiments.results.results import read_plan, summarise
from doc_blocks import (
    KINDS,
    PAGES,
    ROOT,
    Block,
    Reader,
    blocks,
    compare,
    furnish,
    give_commands,
    name_of,
    outputs_of,
    pages_with,
)

SLOW = (
    *("README.md", "docs/policies.md", "docs/testing-policies.md"),
    *("docs/tutorial.md", "docs/topologies.md", "docs/stories/researcher.md"),
    *("docs/stories/analyst.md", "docs/stories/planner.md", "docs/python.md", "docs/capacity.md"),
    *("examples/README.md", "docs/export.md", "docs/corridor.md", "docs/results.md"),
    *("docs/law.md", "docs/command-line.md", "docs/reports.md", "docs/replays.md"),
)
"""They prove the reference corridor, price it, or ask libraries of maps: over two CPU seconds."""


def runs_here(block: Block) -> bool:
    return block.is_run and not block.needs_guest


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Nearly all commands of pages import the same for most of their time."""
    with Served(tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture
def folder(tmp_path, monkeypatch, client):
    """A folder as a reader has it, and a run to look at."""
    furnish(tmp_path, client)
    first = tmp_path / "results/first"
    handmade_run.write_run(first)
    summarise(first, read_plan(first), handmade_run.FACTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """One with the commands only."""
    give_commands(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.timeout(400)  # a page of many commands, on a busy machine
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(one, marks=pytest.mark.slow) if name_of(one) in SLOW else one
        for one in pages_with(runs_here)
    ],
    ids=name_of,
)
def test_what_a_page_tells_to_do_works(page, folder):
    Reader(folder).follow(page)


def test_what_is_not_run_says_why():
    reasons = {block.why_not for page in PAGES for block in blocks(page)} - {None}
    assert all(len(reason) > 5 for reason in reasons)


def commands_of(block: Block) -> set[str]:
    """Its lines without comments and without the folder of a program."""
    lines = (line.partition("  #")[0].strip() for line in block.text.splitlines())
    return {line.removeprefix("./") for line in lines if line}


@pytest.mark.parametrize(
    ("block", "page"),
    [
        pytest.param(block, found[1], id=block.place)
        for page in PAGES
        for block in blocks(page)
        if (found := re.fullmatch(r"(\S+\.md) runs these", block.why_not or ""))
    ],
)
def test_what_another_page_runs_is_there(block, page):
    there = [commands_of(other) for other in blocks(ROOT / page) if other.is_run]
    assert commands_of(block) <= set().union(*there)


def test_few_blocks_are_not_run():
    of_code = [block for page in PAGES for block in blocks(page) if block.kind in KINDS]
    left_out = [block.place for block in of_code if not block.is_run]
    assert len(left_out) <= len(of_code) // 5, left_out


def test_an_output_is_of_a_block_that_is_run():
    shown = [(block, output) for page in PAGES for block, output in outputs_of(page)]
    assert [output.place for block, output in shown if not block.is_run] == []


def page_of(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text)
    return page


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```sh\ncorridor check no-such-scenario\n```\n", "exit code 2"),
        ("```sh exit=2\ntrue\n```\n", "exit code 0"),
        ("```sh\nfalse | true\n```\n", "exit code 1"),
        ("```python\nprint(1 / 0)\n```\n", "ZeroDivisionError"),
        ("```yaml\na: 1\n```\n", "say what loads it"),
        ("```sh gest\ntrue\n```\n", r"gest\?"),
        ("```sh guest aside\ntrue\n```\n", "one or the other"),
        ("```sh\necho a\n```\n\n```text output\nb\n```\n", "not printed there: b"),
        ("```sh stays=ready\necho nearly\n```\n", "it ended"),
    ],
)
def test_a_block_that_does_not_work_is_found(bare, page, complaint):
    with pytest.raises(AssertionError, match=complaint):
        Reader(bare).follow(page_of(bare, page))


def test_a_command_that_stays_is_ended_with_its_page(bare):
    text = "```sh stays=ready\ntrap 'echo bye > bye; exit' INT; echo ready; sleep 60 & wait\n```\n"
    Reader(bare).follow(page_of(bare, f"{text}\n```sh\ntest ! -e bye\n```\n"))
    assert (bare / "bye").exists()


def test_what_a_block_leaves_running_ends_with_it(bare):
    Reader(bare).follow(page_of(bare, "```sh\nsleep 100 & echo $! > pid\n```\n"))
    at = Path("/proc", (bare / "pid").read_text().strip())
    deadline = time.monotonic() + 5
    while at.exists() and "State:\tZ" not in (at / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_python_goes_on_where_the_block_before_it_ended(bare):
    text = "```python\na = 1\nprint(a)\n```\n```python\nprint(a + 1)\n```\n```text output\n2\n```\n"
    reader = Reader(bare)
    reader.follow(page_of(bare, text))
    assert reader.said == "2\n"


def test_each_block_is_run_without_guests_or_in_them_and_what_is_aside_only_once(bare):
    text = "".join(
        f"```sh {flag}\necho {said} >> said\n```\n"
        for flag, said in (("aside", "a"), ("", "b"), ("guest", "c"))
    )
    for in_guests in (False, True):
        Reader(bare, in_guests).follow(page_of(bare, text))
    assert (bare / "said").read_text().split() == ["a", "b", "b", "c"]


@pytest.mark.parametrize(
    ("how", "shown", "printed", "fits"),
    [
        ("output", "a  1\nb", "a 1\nb\n", True),
        ("output", "a 1", "a 2", False),
        ("like", "a 1.25 ms", "a 17 ms", True),
        ("like", "a 1 ms", "a 1 s", False),
        ("output", "a\nc", "a\nb\nc", False),
        ("output", "a\n...\nc", "a\nb\nc", True),
        ("output", "b ...", "a\nb and so on", True),
        ("output", "a\nc", "a\nb\na\nc", True),
        ("output", "b\na", "a\nb", False),
        ("output", "c\n------", "c\n---------", True),
        ("output", "id  rtt  lost\nx  9 ms  0", "id  by  rtt  lost\nx  udp   9 ms  0", True),
        ("output", "id  lost  rtt", "id  by  rtt  lost", False),
        ("output", "x  9 ms  0", "x  udp  8 ms  0", False),
        ("like", "12 passed in 16.03s", "12 passed in 84.39s (0:01:24)", True),
        ("output", "12 passed in 84.39s (0:01:24)", "12 passed in 0.61s", True),
        ("output", "12 passed in 16.03s", "11 passed in 16.03s", False),
        ("output", "answered in 12s by it", "answered in 13s by it", False),
    ],
)
def test_outputs_are_compared_line_by_line(how, shown, printed, fits):
    block = Block("page.md:1", "text", shown, frozenset({how}), {}, None)
    if fits:
        compare(block, printed)
    else:
        with pytest.raises(AssertionError, match="not printed there"):
            compare(block, printed)


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("to  28.520 ms  +0.1 us  0/50", "to  28.523 ms  -0.8 us  0/50", True),
        ("to  28.520 ms  +0.1 us  0/50", "to  28.524 ms  +0.1 us  0/50", False),
        ("to  28.520 ms  +0.1 us  0/50", "to  28.520 ms  +3.2 us  0/50", False),
        ("to  28.520 ms  +0.1 us  0/50", "to  28.520 ms  +0.1 us  1/50", False),
        ("it took 28.520 ms", "it took 28.521 us", False),
        ("out for 12.5 ms", "out for 12.6 ms", False),
        ("tcp  46.625 Mbit/s  queue 308", "tcp  46.6 Mbit/s  queue 308", False),
        ("tcp  46.625 Mbit/s  queue 308", "tcp  46.300 Mbit/s  queue 330", True),
        ("tcp  46.625 Mbit/s  queue 308", "tcp  46.100 Mbit/s  queue 308", False),
        ("tcp  46.625 Mbit/s  queue 308", "tcp  46.625 Mbit/s  queue 270", False),
        ("packet accounting: ...", "packet accounting: 32375 sent = 32069 delivered", True),
        ("110% [94.2, 113.6] 1561.0", "110% [94.2, 113.7] 1562.0", True),
        ("110% [94.2, 113.6] 1561.0", "110% [94.2, 113.8] 1562.0", False),
        ("True karachi 9 120.0 144.580352", "True karachi 9 120.0 144.580096", True),
        ("True karachi 9 120.0 144.580352", "True karachi 9 120.0 144.590096", False),
        ("sent = 32067 delivered + 308 lost + 0", "sent = 32069 delivered + 306 lost + 0", True),
        ("sent = 32067 delivered + 308 lost + 0", "sent = 32069 delivered + 306 lost + 1", False),
    ],
)
def test_what_a_guest_measured_may_be_a_little_off_and_no_more(shown, printed, fits):
    block = Block("here:1", "text", f"{shown}\n", frozenset({"output"}), {}, None)
    if fits:
        compare(block, printed, measured=True)
        return
    with pytest.raises(AssertionError, match="not printed"):
        compare(block, printed, measured=True)


def test_a_page_shows_another_day_as_today_and_no_other_day_wrong():
    today = datetime.now().astimezone().date()
    block = Block("here:1", "text", "on 2026-11-26, since 2022-01-01\n", frozenset(), {}, None)
    compare(block, f"on {today}, since 2022-01-01")
    for wrong in (f"on {today}, since 2022-01-02", f"on 2020-01-01, since {today}"):
        with pytest.raises(AssertionError, match="not printed"):
            compare(block, wrong)
