"""Nothing that users rely on goes without a step of the version: docs/versions.md."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.compatibility.interface import RECORD, breaks, interface, is_breaking_step  # noqa: E402

ADVICE = "keep it, or step the version and run: .venv/bin/python -m tests.compatibility.interface"
TAG = re.compile(r"v\d+\.\d+\.\d+.*")


@pytest.fixture(scope="module")
def now():
    return interface()


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)


def last_tag(folder: Path) -> str | None:
    """Of a release that HEAD contains; 1.0.0 comes after its candidates."""
    last_first = ("-c", "versionsort.suffix=-", "tag", "--sort=-version:refname")
    listed = git(folder, *last_first, "--merged", "HEAD")
    return next((one for one in listed.stdout.split() if TAG.fullmatch(one)), None)


def of_last_tag() -> dict | None:
    """The record of the last release; None without one, as in a copy without history."""
    tag = last_tag(ROOT)
    if tag is None:
        return None
    shown = git(ROOT, "show", f"{tag}:{RECORD.relative_to(ROOT).as_posix()}")
    return json.loads(shown.stdout) if shown.returncode == 0 else None


def test_nothing_recorded_is_gone_or_changed(now):
    assert breaks(json.loads(RECORD.read_text(encoding="utf-8")), now) == [], ADVICE


def test_nothing_of_the_last_release_is_gone_or_changed_without_a_version_step(now):
    released = of_last_tag()
    if released is None:
        pytest.skip("no release has been tagged")
    assert breaks(released, now) == []


def test_a_release_comes_after_its_candidates(tmp_path):
    git(tmp_path, "init")
    me = ("-c", "user.name=me", "-c", "user.email=me@localhost", "-c", "commit.gpgsign=false")
    git(tmp_path, *me, "commit", "--allow-empty", "--message", "first")
    assert last_tag(tmp_path) is None
    for tag in ("v0.9.0", "v1.0.0-rc.1", "v1.0.0-rc.2", "v1.0.0", "v1.1.0-rc.1", "w"):
        git(tmp_path, "-c", "tag.gpgsign=false", "tag", tag)
        assert last_tag(tmp_path) == (tag if tag != "w" else "v1.1.0-rc.1")


def test_the_page_has_the_version_and_every_kind_of_what_is_recorded(now):
    assert set(now) == {"version", "python", "commands", "exit_codes", "schemas"}
    assert len(now["python"]) > 20
    assert "SCENARIO" in now["commands"]["check"]
    assert now["schemas"]["summary"]["schema"] == 2
    assert "holds!:boo" in now["schemas"]["proof"]["keys"][""]


@pytest.mark.parametrize(
    ("old", "new", "may"),
    [
        ("0.1.0.dev0", "0.1.1", False),
        ("0.1.0", "0.2.0", True),
        ("0.9.0", "1.0.0rc1", True),
        ("1.0.0rc1", "1.0.0rc2", True),
        ("1.0.0rc2", "1.0.0rc2", False),
        ("1.0.0rc2", "1.0.0", False),
        ("1.1.0rc1", "1.1.0rc2", False),
        ("1.0.0", "1.1.0", False),
        ("1.4.2", "2.0.0", True),
    ],
)
def test_versions_step_as_semantic_versioning_says(old, new, may):
    assert is_breaking_step(old, new) is may


def remove_name(one):
    del one["python"]["check"]


def require_parameter(one):
    one["python"]["check"] = f"needed {one['python']['check']}"


def remove_option(one):
    one["commands"]["check"] = one["commands"]["check"].replace("--tables", "")


def remove_verb(one):
    del one["commands"]["law"]


def change_exit_code(one):
    one["exit_codes"]["InputError"] = 1


def remove_output_key(one):
    keys = one["schemas"]["proof"]["keys"]
    keys[""] = keys[""].replace("holds!:boo", "").strip()


def make_output_key_optional(one):
    keys = one["schemas"]["proof"]["keys"]
    keys[""] = keys[""].replace("holds!:boo", "holds:boo")


def change_output_type(one):
    keys = one["schemas"]["proof"]["keys"]
    keys[""] = keys[""].replace("holds!:boo", "holds!:str")


def require_input_key(one):
    one["schemas"]["scenario"]["keys"][""] += " weather!:str"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (remove_name, "corridor.check is gone"),
        (require_parameter, "corridor.check requires needed"),
        (remove_option, "corridor check lost --tables"),
        (remove_verb, "corridor law is gone"),
        (change_exit_code, "InputError no longer ends with exit code 2"),
        (remove_output_key, "proof: holds is gone"),
        (make_output_key_optional, "proof: holds may be missing"),
        (change_output_type, "proof: holds has other types: holds!:str"),
        (require_input_key, "scenario: the file requires weather"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_breaks_users_is_named(now, change, says):
    after = copy.deepcopy(now)
    change(after)
    assert says in breaks(now, after)


def test_additions_break_nothing(now):
    after = copy.deepcopy(now)
    after["python"]["check"] += " more="
    after["python"]["weather"] = "where"
    after["commands"]["check"] += " --weather"
    after["schemas"]["proof"]["keys"][""] += " weather!:str"
    after["schemas"]["scenario"]["keys"][""] += " weather:str"
    assert breaks(now, after) == []


def test_a_version_step_allows_a_change(now):
    after = copy.deepcopy(now)
    remove_output_key(after)
    after["schemas"]["proof"]["schema"] = 99
    remove_option(after)
    after["version"] = "9.0.0"
    assert breaks(now, after) == []
