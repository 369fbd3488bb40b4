"""A page is printed by whatever Chromium is on PATH, with a separate profile, and soon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import page_case
from corridor.experiments import cli
from corridor.experiments.run import exporting
from corridor.topologies.base.errors import EnvironmentUnsupported

PRINTS = """
for word in "$@"; do
  echo "$word" >> {log}
  case "$word" in --print-to-pdf=*) echo "%PDF-1.4" > "${{word#*=}}";; esac
done
"""


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Chromium that does what a test writes into it, alone on PATH but for the shell's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(exporting, "BROWSERS", ("corridor-test-browser",))
    return folder / "corridor-test-browser"


def write(browser: Path, script: str) -> None:
    browser.write_text(f"#!/bin/sh\n{script}")
    browser.chmod(0o755)


def test_a_page_is_printed_with_a_profile_of_its_own_that_is_gone_after(
    browser: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    write(browser, PRINTS.format(log=log))
    (tmp_path / "page.html").write_text("<p>")
    pdf = exporting.print_page(tmp_path / "page.html", tmp_path / "page.pdf")
    assert pdf.read_text().startswith("%PDF")
    words = log.read_text().splitlines()
    assert words[-1] == (tmp_path / "page.html").as_uri()
    assert ("--no-sandbox" in words) == (os.geteuid() == 0)
    (profile,) = [word.partition("=")[2] for word in words if word.startswith("--user-data-dir=")]
    assert not Path(profile).parent.exists()


def test_where_no_browser_is_one_line_says_what_installs_one(
    browser: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not browser.exists()
    folder = page_case.write_run(tmp_path / "run")
    assert cli.main(["report", str(folder), "--pdf"]) == 3
    said = capsys.readouterr().err
    assert "apt-get install --no-install-recommends chromium" in said
    assert said.count("\n") == 1
    assert (folder / "report.html").exists()


def test_a_browser_that_prints_nothing_is_told_with_its_last_words(
    browser: Path, tmp_path: Path
) -> None:
    write(browser, "echo first; echo 'no display' >&2; exit 1")
    with pytest.raises(EnvironmentUnsupported, match="printed nothing: no display"):
        exporting.print_page(tmp_path / "page.html", tmp_path / "page.pdf")


def test_a_browser_that_never_ends_is_ended_with_all_it_started(
    browser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PATIENCE_S", 0.3)
    write(browser, f"sleep 60 & echo $! > {tmp_path}/child\nwait")
    with pytest.raises(EnvironmentUnsupported, match="took more than"):
        exporting.print_page(tmp_path / "page.html", tmp_path / "page.pdf")
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_report_of_a_run_is_made_by_itself_or_with_all_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = page_case.write_run(tmp_path / "run")
    before = (folder / "summary.json").read_bytes()
    assert cli.main(["report", str(folder), "--html"]) == 0
    assert capsys.readouterr().out == f"Report: {folder / 'report.html'}\n"
    assert (folder / "summary.json").read_bytes() == before
    (folder / "report.html").unlink()
    assert cli.main(["report", str(folder), "--no-figures"]) == 0
    assert f"Report: {folder / 'report.html'}" in capsys.readouterr().out
    assert (folder / "report.html").exists()
