"""Failed tests as SARIF, Code Quality and JUnit, with the file and line of the policy."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = ROOT / "examples"
OPTIONS = ("--corridor-sarif=out/a.sarif", "--corridor-code-quality=out/q.json", "--junitxml=j.xml")


@pytest.fixture
def project(tmp_path):
    for name in ("own_topology.yaml", "own_policies.yaml", "test_own_policies.py"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text(encoding="utf-8"))
    return tmp_path


def run_pytest(folder, *options):
    plugin = ("-p", "corridor.controller.pytest_plugin", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugin, *OPTIONS, *options],
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(ROOT / ".package"),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def sarif(folder):
    return json.loads((folder / "out/a.sarif").read_text(encoding="utf-8"))


def places(result):
    found = [*result["locations"], *result.get("relatedLocations", ())]
    physical = [one["physicalLocation"] for one in found]
    return [f"{one['artifactLocation']['uri']}:{one['region']['startLine']}" for one in physical]


def change(folder, old, new, name="test_own_policies.py"):
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def line_of(folder, name, text):
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    return f"{name}:{next(n for n, line in enumerate(lines, 1) if text in line)}"


def test_tests_that_pass_have_files_without_findings(project):
    assert "4 passed" in run_pytest(project)
    assert sarif(project)["runs"][0]["results"] == []
    assert json.loads((project / "out/q.json").read_text()) == []


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "workers"])
def test_a_failed_assertion_is_at_the_include_that_permits_and_at_the_test(project, workers):
    change(project, 'results, "IN"', 'results, "LA"')
    assert "1 failed, 3 passed" in run_pytest(project, *workers)
    log = sarif(project)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert (result["ruleId"], result["level"]) == ("assert_never_transits", "error")
    assert result["message"]["text"].startswith('cn-general-exempt from guian to rayong: "never')
    assert places(result) == [
        line_of(project, "own_policies.yaml", "include:"),
        line_of(project, "own_policies.yaml", "NOT-BY-INDIA"),
        line_of(project, "test_own_policies.py", '"LA"'),
    ]


def test_junit_has_the_same_as_properties_and_gitlab_as_its_report(project):
    change(project, 'by="CN-NO-BASIS"', 'by="NOT-BY-INDIA"')
    run_pytest(project)
    found = ET.parse(project / "j.xml").findall(".//property")
    properties = [(one.get("name"), one.get("value")) for one in found]
    assert ("corridor.rule", "assert_blocked") in properties
    assert ("corridor.policy", "CN-NO-BASIS") in properties
    place = line_of(project, "own_policies.yaml", "include:")
    assert ("corridor.place", place) in properties
    (entry,) = json.loads((project / "out/q.json").read_text())
    assert (entry["check_name"], entry["severity"]) == ("assert_blocked", "major")
    assert entry["location"]["path"] == "own_policies.yaml"
    assert len(entry["fingerprint"]) == 64


def test_an_error_in_a_file_is_at_its_line(project):
    change(project, "effect: restrict", "effect: forbid", "own_policies.yaml")
    run_pytest(project)
    results = sarif(project)["runs"][0]["results"]
    assert {one["ruleId"] for one in results} == {"bad-input"}
    assert places(results[0])[0] == line_of(project, "own_policies.yaml", "effect:")


def test_other_failures_are_at_the_line_of_their_test_or_file(project):
    (project / "test_other.py").write_text("def test_other():\n    assert 1 == 2\n")
    (project / "test_broken.py").write_text("import nothing_of_that_name\n")
    run_pytest(project, "--continue-on-collection-errors")
    results = sarif(project)["runs"][0]["results"]
    assert {(one["ruleId"], *places(one)) for one in results} == {
        ("failed-test", "test_other.py:1"),
        ("failed-test", "test_broken.py:1"),
    }


def test_a_network_of_a_shipped_set_has_its_finding_at_the_test(project):
    (project / "test_own_policies.py").write_text(
        "from corridor.controller.testing import assert_never_transits, load_network\n\n\n"
        "def test_results():\n"
        "    network = load_network('mini', 'cn-outbound', '2026-11-24')\n"
        "    results = network.demand('cn-general-exempt', 'guian', 'karachi')\n"
        "    assert_never_transits(results, 'LA', 'MM', 'PK', 'CN')\n"
    )
    run_pytest(project)
    (result,) = sarif(project)["runs"][0]["results"]
    assert places(result)[0] == "test_own_policies.py:7"
    assert all(one.startswith("file:///") for one in places(result)[1:])


def test_places_are_true_if_the_working_directory_is_below_the_root_of_pytest(project):
    (project / "pytest.ini").write_text("[pytest]\n")
    folder = project / "rules"
    folder.mkdir()
    (folder / "test_other.py").write_text(f"def test_other():\n    open({str(folder / 'x')!r})\n")
    (folder / "test_broken.py").write_text("import nothing_of_that_name\n")
    (project / "test_above.py").write_text("def test_above(:\n")
    run_pytest(folder, "--continue-on-collection-errors", ".", "../test_above.py")
    results = sarif(folder)["runs"][0]["results"]
    assert [places(one) for one in results] == [
        ["test_broken.py:1"],
        [f"{(project / 'test_above.py').as_uri()}:1"],
        ["test_other.py:1"],
    ]
    texts = [one["message"]["text"] for one in results]
    assert texts[0] == "No module named 'nothing_of_that_name'"
    assert texts[2] == "[Errno 2] No such file or directory: 'x'"
    assert not any(str(project) in one for one in texts)


def test_an_error_in_a_file_has_no_absolute_path(project):
    change(project, "effect: restrict", "effect: forbid", "own_policies.yaml")
    run_pytest(project)
    results = sarif(project)["runs"][0]["results"]
    begins = line_of(project, "own_policies.yaml", "effect:")
    assert {one["message"]["text"].partition(": ")[0] for one in results} == {begins}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--corridor-sarif=.",), "--corridor-sarif . is a folder"),
        (("--corridor-sarif=out/q.json",), "--corridor-code-quality both name out/q.json"),
    ],
)
def test_a_file_of_findings_that_cannot_be_one_is_an_error(project, options, error):
    said = run_pytest(project, *options)
    assert error in said
    assert "Traceback" not in said


def test_a_file_that_cannot_be_written_is_an_error(project):
    (project / "out").write_text("a file")
    assert "a.sarif: cannot be written" in run_pytest(project)
