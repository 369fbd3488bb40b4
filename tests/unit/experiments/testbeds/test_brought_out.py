"""What an emulated machine has measured is with its host before it ends."""

import os
import time
from contextlib import suppress

import pytest

from corridor.experiments.testbeds import brought_out as module
from corridor.experiments.testbeds.brought_out import (
    HEAD_BYTES,
    bring_growth,
    brought_out,
    copy_files,
    states_of,
)

LIMIT_S = 60


@pytest.fixture
def inside(tmp_path):
    (tmp_path / "in/raw").mkdir(parents=True)
    return tmp_path / "in"


@pytest.fixture
def outside(tmp_path):
    (tmp_path / "out/raw").mkdir(parents=True)
    (tmp_path / "out/raw/plan.json").write_text("plan")
    return tmp_path / "out"


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0.01)


def until(holds):
    end = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < end, "it did not come out"
        time.sleep(0.01)


def test_only_what_has_changed_is_brought_out(inside, outside):
    copy_files(str(outside), str(inside), {})
    assert (inside / "raw/plan.json").read_text() == "plan"
    known = states_of(str(inside))
    (inside / "tables").mkdir()
    (inside / "tables/before.json").write_text("table")
    (outside / "raw/plan.json").write_text("the host's own")
    copy_files(str(inside), str(outside), known)
    assert (outside / "tables/before.json").read_text() == "table"
    assert (outside / "raw/plan.json").read_text() == "the host's own"


def test_of_a_file_that_grows_its_growth_is_added_and_its_head_again(inside, outside):
    known = {}
    records, copy = inside / "raw/probes-a.rec", outside / "raw/probes-a.rec"
    records.write_bytes(b"-" * HEAD_BYTES + b"one")
    bring_growth(str(inside), str(outside), known)
    copy.write_bytes(copy.read_bytes()[:-3] + b"ONE")  # would be seen if it were copied again
    with records.open("r+b") as file:
        file.write(b"epoch")
        file.seek(0, os.SEEK_END)
        file.write(b"two" * HEAD_BYTES)
    bring_growth(str(inside), str(outside), known)
    head = b"epoch".ljust(HEAD_BYTES, b"-")
    assert copy.read_bytes() == head + b"ONE" + b"two" * HEAD_BYTES


def test_a_file_that_is_written_over_is_copied_again(inside, outside):
    known = {}
    for text in ("[1]", "[2, 3]"):
        (inside / "raw/counts.json").write_text(text * HEAD_BYTES)
        bring_growth(str(inside), str(outside), known)
        assert (outside / "raw/counts.json").read_text() == text * HEAD_BYTES


def test_a_file_that_shrank_is_copied_again(inside, outside):
    known = {}
    for text in ("long", "new"):
        (inside / "raw/said.log").write_text(text)
        bring_growth(str(inside), str(outside), known)
        assert (outside / "raw/said.log").read_text() == text


def test_what_is_measured_is_there_before_the_end(inside, outside, quick):
    copy = outside / "raw/probes-a.rec"
    with brought_out(str(inside), str(outside)):
        (inside / "raw/probes-a.rec").write_bytes(b"record")
        until(lambda: copy.exists() and copy.read_bytes() == b"record")


def test_all_is_there_after_a_failure(inside, outside):
    with suppress(ZeroDivisionError), brought_out(str(inside), str(outside)):
        (inside / "raw/probes-a.rec").write_bytes(b"record")
        raise ZeroDivisionError
    assert (outside / "raw/probes-a.rec").read_bytes() == b"record"
