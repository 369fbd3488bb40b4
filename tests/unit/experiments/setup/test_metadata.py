"""What registries read of the project agrees with ``pyproject.toml``; every file has a licence."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CODEMETA = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
ZENODO = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
REUSE = tomllib.loads((ROOT / "REUSE.toml").read_text(encoding="utf-8"))["annotations"]


def test_citation_codemeta_and_zenodo_say_the_same_as_the_project():
    licence = PROJECT["license"]
    licence = licence if isinstance(licence, str) else licence["text"]
    names = [one["name"] for one in CITATION["authors"]]
    for said in (CITATION, CODEMETA, ZENODO):
        assert said["version"] == PROJECT["version"]
        assert said["license"].rpartition("/")[2] == licence
        assert said["keywords"] == PROJECT["keywords"]
    assert names == [one["name"] for one in CODEMETA["author"]]
    assert names == [one["name"] for one in ZENODO["creators"]]
    assert CITATION["title"] == CODEMETA["name"] == ZENODO["title"]
    assert CITATION["abstract"] == CODEMETA["description"] == ZENODO["description"]
    assert CODEMETA["identifier"] == PROJECT["name"]
    assert CODEMETA["runtimePlatform"] == f"Python {PROJECT['requires-python']}"


def test_each_licence_that_files_have_is_in_full_and_no_other():
    used = {
        name for one in REUSE for name in re.split(r" AND | OR ", one["SPDX-License-Identifier"])
    }
    assert used == {path.stem for path in (ROOT / "LICENSES").iterdir()}
    ours = (ROOT / "LICENSES/BSD-3-Clause.txt").read_text(encoding="utf-8")
    assert ours == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_what_has_another_licence_is_there():
    for one in REUSE:
        paths = [one["path"]] if isinstance(one["path"], str) else one["path"]
        assert all(list(ROOT.glob(path)) for path in paths if path != "**"), one


def test_maps_with_coordinates_of_geonames_name_its_licence():
    listed = {path for one in REUSE if "GeoNames" in str(one) for path in one["path"]}
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "topologies/data").glob("*.yaml")
        if "GeoNames" in path.read_text(encoding="utf-8")
    }
    assert found <= listed


@pytest.mark.skipif(not shutil.which("reuse"), reason="reuse: pip install reuse")
def test_reuse_finds_a_licence_for_every_file():
    done = subprocess.run(["reuse", "lint"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def test_the_site_is_built_elsewhere_by_the_commands_of_the_checkout():
    commands = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text())["build"]["commands"]
    assert any("requirements-docs.lock" in one for one in commands)
    assert "corridor.experiments.cli docs --out" in commands[-1]


def test_the_threat_model_names_tests_that_are_there():
    text = (ROOT / ".github/SECURITY.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", text))
    assert len(named) > 10
    assert [one for one in named if not (ROOT / one).exists()] == []


@pytest.mark.parametrize("page", sorted((ROOT / ".github").glob("*.md")), ids=lambda one: one.name)
def test_pages_for_contributors_fit_and_their_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    lines = [one for one in text.splitlines() if not one.startswith("|")]
    assert max(map(len, lines)) <= 122
    for target in re.findall(r"\]\(([^)\s:#]+)", text):
        assert (page.parent / target).exists(), target


def test_forms_of_issues_have_what_their_reader_needs():
    forms = [yaml.safe_load(one.read_text()) for one in (ROOT / ".github/ISSUE_TEMPLATE").iterdir()]
    for form in (one for one in forms if "body" in one):
        assert {"name", "description", "body"} <= form.keys()
        ids = [part["id"] for part in form["body"]]
        assert len(ids) == len(set(ids))
        for part in form["body"]:
            assert part["attributes"].keys() <= {"label", "description", "render"}, form["name"]
            assert part["attributes"]["label"]
    assert len(forms) == 4
