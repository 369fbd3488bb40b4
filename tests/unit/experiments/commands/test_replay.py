"""``corridor replay``: tables, JSON, and one clear line for what is not there."""

from __future__ import annotations

import json

import pytest

import corridor
from corridor.experiments.cli import main
from corridor.experiments.replays.document import read_replay
from corridor.experiments.text.replay_text import replay_text, table_of_replays


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["replay", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_one_outage_has_every_figure_with_its_verdict(capsys):
    code, out, _ = asked(capsys, "aae1-2025-01", "--samples", "2")
    assert code == 0
    assert "2 random traffic matrices (seed 1)" in out
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "within the interval" in rows["twa-unhurt"]
    assert rows["pk-rtt"].count("(remark)") == 1
    assert "source samaa25" in out


def test_a_figure_that_is_off_or_cannot_be_computed_says_by_how_much_or_why(capsys):
    _, out, _ = asked(capsys, "smw5-2026-07", "--samples", "0")
    rows = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "rise off by -" in rows["twa-rtt-worst"]
    assert "cannot be computed: the model has no routes" in rows["twa-carriers"]
    assert "56 intervals compared" in out
    assert "worst" in out


def test_a_prediction_has_no_published_figures(capsys):
    words = ("--cables", "smw4,imewe", "--at", "red-sea", "--date", "2027-01-01", "--samples", "0")
    code, out, _ = asked(capsys, *words)
    assert (code, "Nothing was published of this outage." in out) == (0, True)
    assert out.count("not published") == 4


def test_a_narrow_terminal_keeps_the_whole_verdict():
    text = replay_text(corridor.replay("smw5-2026-07", samples=0), 80)
    words = " ".join(text.split())
    assert "rise off by" in words
    assert "..." not in text
    assert all(len(line) <= 80 for line in text.splitlines() if line.startswith("twa-"))


def test_a_folder_has_the_answer_and_its_brief(capsys, tmp_path):
    folder = tmp_path / "kept"
    words = ("redsea-2025-09", "--samples", "2", "--out", str(folder))
    code, out, _ = asked(capsys, *words)
    assert (code, f"Results are in {folder}" in out) == (0, True)
    assert read_replay(folder) == corridor.replay("redsea-2025-09", samples=2)
    brief = (folder / "brief.html").read_text()
    text = " ".join(brief.split())
    assert "Pakistan: " in text
    assert "PK: traffic on cut paths" in text
    assert "published" in text
    (folder / "brief.html").unlink()
    assert main(["report", str(folder), "--brief"]) == 0
    assert (folder / "brief.html").read_text() == brief
    code, _, err = asked(capsys, *words)
    assert (code, err.count("\n"), "is not empty" in err) == (2, 1, True)


def test_all_outages_have_a_brief(capsys, tmp_path):
    code, _, _ = asked(capsys, "--samples", "0", "--out", str(tmp_path / "all"))
    assert code == 0
    text = " ".join((tmp_path / "all" / "brief.html").read_text().split())
    assert "Does the model of Internet traffic reproduce" in text
    assert "Four cables in the Red Sea" in text


@pytest.mark.parametrize("width", [40, 80])
def test_a_terminal_of_any_width_shows_whether_figures_agree(width):
    every = table_of_replays(corridor.replays(samples=0), width)
    one = replay_text(corridor.replay("redsea-2025-09", samples=0), width)
    (head,) = [line.split() for line in every.splitlines() if line.startswith("outage ")]
    assert ("within" in head, "error" in head) == (True, width == 80)
    lines = one.splitlines()
    (head,) = [line.split() for line in lines if line.startswith("country")]
    assert {"cut", "unserved", "loss"} <= set(head)
    (row,) = [line for line in lines if line.startswith("kw-unhurt")]
    assert "within the interval" in row
    assert max(map(len, (*rows_of(every), *rows_of(one)))) <= width


def rows_of(text: str) -> list[str]:
    """The rows of its tables: what is below the line under headings."""
    found, below = [], False
    for line in text.splitlines():
        below = line.startswith("--") or (below and bool(line) and "left out" not in line)
        found += [line] * below
    return found


def test_json_is_the_document(capsys):
    _, out, _ = asked(capsys, "smw4-2024-06", "--samples", "2", "--seed", "3", "--json")
    found = json.loads(out)
    assert (found["schema"], found["id"], found["samples"], found["seed"]) == (
        *(1, "smw4-2024-06"),
        *(2, 3),
    )
    assert found["comparisons"][0]["published"] == [1500, 1500]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("no-such-outage",), 'no outage is called "no-such-outage"'),
        (("--cables", "smw4"), "needs at"),
        (("--cables", "smw9", "--at", "x", "--date", "2027-01-01"), 'no cable is called "smw9"'),
        (("aae1-2025-01", "--network", "PK/ptcl"), "--network and --out"),
        (("aae1-2025-01", "--reaction", "none"), "--reaction needs --network"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, words, complaint):
    code, out, err = asked(capsys, *words)
    assert (code, out) == (2, "")
    assert complaint in err
    assert "Traceback" not in err
