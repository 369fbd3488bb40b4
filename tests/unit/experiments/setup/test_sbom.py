"""The bill of materials of a release: what it lists, and that it is the same each time."""

import json
import re
from importlib.metadata import distribution, requires

from corridor.experiments.setup import sbom


def test_it_lists_what_a_full_installation_has_in_the_versions_of_this_environment(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764547200")
    said = sbom.bill("7.3.4-1")
    assert said == sbom.bill("7.3.4-1")
    assert said["metadata"]["timestamp"] == "2025-12-01T00:00:00Z"
    by_name = {one["name"]: one for one in said["components"]}
    for name in ("numpy", "ryu", "os-ken", "scapy", "pyarrow"):
        assert by_name[name]["version"] == distribution(name).version
    direct = {re.split(r"[^\w-]", line)[0].lower() for line in requires(sbom.PRODUCT) or ()}
    assert {"pytest", "mypy"} <= direct - by_name.keys(), "tests are in no release"
    assert by_name["linux"]["version"] == "7.3.4-1"
    references = [one["bom-ref"] for one in said["components"]]
    assert said["dependencies"][0]["dependsOn"] == references
    assert len(set(references)) == len(references)


def test_a_licence_is_stated_for_each_package_with_metadata():
    without = [one["name"] for one in sbom.bill("1")["components"] if "licenses" not in one]
    assert set(without) <= {"mininet"}


def test_a_missing_package_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sbom, "BUNDLED", ("no-such-package",))
    monkeypatch.setattr(sbom.sys, "argv", ["sbom", str(tmp_path / "f"), "1"])
    assert sbom.main() == 2
    assert capsys.readouterr().err == (
        "sbom: no-such-package is not installed; ./corridor setup installs it\n"
    )
    assert json.dumps([*tmp_path.iterdir()]) == "[]"
