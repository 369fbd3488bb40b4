"""Files that are checked by the tools that read them."""

import importlib.util
import itertools
import marshal
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from corridor.experiments.run.version import version
from corridor.experiments.testbeds.guest_init import PYTHON_PREFIX

ROOT = Path(__file__).resolve().parents[4]
PACKAGES = ROOT / "experiments/setup/packages.txt"
MACHINES = "experiments/machines"
SCRIPTS = (
    *(
        "corridor",
        ".ci/run",
        ".ci/release",
        "experiments/setup/setup.sh",
        "experiments/setup/lock.sh",
    ),
    *(f"{MACHINES}/{name}.sh" for name in ("provision", "in_image", "handover")),
)
GROUPS = ("venv", "run", "amd64", "kernel", "test", "vm", "vm-x86_64", "vm-aarch64", "emulated")


def packages():
    rows = [line.split(None, 3) for line in PACKAGES.read_text().splitlines()]
    return [row for row in rows if row and not row[0].startswith("#")]


def locked():
    return re.findall(r"^([a-z0-9][a-z0-9.-]*)==", (ROOT / "requirements.lock").read_text(), re.M)


def test_every_package_has_a_group_a_file_and_a_reason():
    for package, group, file, reason in packages():
        assert group in GROUPS, package
        assert file.startswith("/"), package
        assert len(reason) > 5, package


def test_every_package_is_in_the_setup_page():
    page = (ROOT / "docs/setup.md").read_text()
    missing = [package for package, *_ in packages() if f"`{package}`" not in page]
    assert missing == []


def test_every_locked_distribution_has_a_hash_and_no_address():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_every_declared_dependency_is_locked():
    file = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = file["project"]
    optional = dict(project["optional-dependencies"])
    del optional["dashboard"]  # in no environment of runs: it would move their ticks
    groups = [file["dependency-groups"][name] for name in ("checkout", "old-build")]
    extras = [*optional.values(), *groups]
    declared = {*project["dependencies"], *itertools.chain.from_iterable(extras)}
    ours = {one for one in declared if one.startswith(f"{project['name']}[")}
    declared -= ours  # extras that contain others
    names = {re.match(r"[\w.-]+", one).group().lower().replace("_", "-") for one in declared}
    assert names <= set(locked())


def test_the_pinned_build_tools_agree():
    pins = re.findall(
        r"setuptools==([\d.]+)",
        "".join(
            (ROOT / name).read_text()
            for name in ("pyproject.toml", "requirements.lock", "experiments/setup/lock.sh")
        ),
    )
    assert len(pins) >= 3
    assert len(set(pins)) == 1


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck: ./corridor setup --tests")
def test_the_scripts_pass_shellcheck():
    done = subprocess.run(
        ["shellcheck", "--external-sources", *SCRIPTS], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not shutil.which("vagrant"), reason="vagrant: ./corridor setup --tests")
@pytest.mark.parametrize(
    "environment",
    [{}, {"CORRIDOR_BOX_URL": "file:///boxes/debian-13.box", "CORRIDOR_DRIVER": "qemu"}],
)
def test_vagrant_accepts_the_vagrantfile(environment, tmp_path, monkeypatch):
    # From a copy, since vagrant leaves a .vagrant folder next to the file.
    shutil.copy(ROOT / "Vagrantfile", tmp_path)
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path / "home"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        ["vagrant", "validate", "--ignore-provider"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr


def test_the_vagrant_box_is_pinned():
    assert re.search(r'"CORRIDOR_BOX_VERSION", "\d+\.\d+\.\d+"', (ROOT / "Vagrantfile").read_text())


@pytest.mark.skipif(not shutil.which("vagrant"), reason="vagrant: ./corridor setup --tests")
def test_vagrant_up_without_a_box_says_in_one_line_how_to_get_one(tmp_path, monkeypatch):
    shutil.copy(ROOT / "Vagrantfile", tmp_path)
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CORRIDOR_BOX_URL", raising=False)
    done = subprocess.run(["vagrant", "up"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("Vagrantfile: ")]
    for words in ("corridor/debian-13", "./corridor vm box", "Windows and macOS", "WSL2"):
        assert words in said


READS = """
class Told
  def vm = self
  def ssh = self
  def provider(*) = nil
  def synced_folder(*, **) = nil
  def provision(*, **) = nil
  def method_missing(name, *said) = puts("#{name}#{said[0]}")
end
module Vagrant
  def self.configure(_version) = yield(Told.new)
end
load "Vagrantfile"
"""
"""Prints what the Vagrantfile sets, as Vagrant would read it."""
HERE = "home/boxes/corridor-VAGRANTSLASH-debian-13"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """What ``vagrant WORDS`` finds in the Vagrantfile; None where it refuses."""
    shutil.copy(ROOT / "Vagrantfile", tmp_path)
    monkeypatch.setenv("VAGRANT_HOME", str(tmp_path / "home"))
    for name in ("CORRIDOR_BOX_URL", "VAGRANT_DEFAULT_PROVIDER"):
        monkeypatch.delenv(name, raising=False)

    def read(*words):
        done = subprocess.run(
            ["ruby", "-e", READS, "--", *words], cwd=tmp_path, capture_output=True, text=True
        )
        if done.returncode:
            assert done.stderr.startswith("Vagrantfile: "), done.stderr
            return None
        return dict(line.split("=", 1) for line in done.stdout.splitlines())

    return read


ruby = pytest.mark.skipif(not shutil.which("ruby"), reason="ruby: it comes with Debian's vagrant")


@ruby
@pytest.mark.parametrize("place", ["1.0.0/libvirt", "1.0.0/amd64/libvirt"])
def test_a_box_serves_only_its_provider(settings, tmp_path, monkeypatch, place):
    (tmp_path / HERE / place).mkdir(parents=True)
    for words in (["up"], ["up", "--provider", "libvirt"], ["up", "--provider=libvirt"]):
        assert settings(*words)["box_version"] == "1.0.0"
    for words in (["up", "--provider", "virtualbox"], ["up", "--provider=virtualbox"]):
        assert settings(*words) is None
    monkeypatch.setenv("VAGRANT_DEFAULT_PROVIDER", "virtualbox")
    assert settings("up") is None
    assert settings("up", "--provider", "libvirt") is not None


@ruby
def test_a_box_that_came_as_a_file_is_used_again(settings, tmp_path, monkeypatch):
    (tmp_path / HERE / "0/libvirt").mkdir(parents=True)
    assert settings("up", "--provider", "libvirt")["box_version"] == "0"
    assert settings("up", "--provider", "virtualbox") is None
    monkeypatch.setenv("CORRIDOR_BOX_URL", "https://example.org/catalogue.json")
    assert settings("up")["box_version"] == "1.0.0"
    monkeypatch.setenv("CORRIDOR_BOX_URL", "x.box")
    assert "box_version" not in settings("up")


@ruby
def test_a_machine_that_exists_needs_no_box(settings, tmp_path):
    assert settings("up") is None
    machine = tmp_path / ".vagrant/machines/default/libvirt"
    machine.mkdir(parents=True)
    assert settings("up") is None
    (machine / "id").write_text("c0")
    assert settings("up") is not None


@ruby
@pytest.mark.parametrize("words", [["up"], ["status"], ["up", "--provider", "libvirt"]])
def test_vagrant_never_has_a_registry_to_ask(settings, tmp_path, words):
    (tmp_path / HERE / "1.0.0/libvirt").mkdir(parents=True)
    assert settings(*words)["box_url"] == f"file://{tmp_path}/boxes/catalogue.json"


def test_what_set_up_compiles_names_its_source_as_a_guest_sees_it():
    script = (ROOT / "experiments/setup/setup.sh").read_text()
    assert re.search(r"^readonly place_in_guests=(\S+)", script, re.M)[1] == PYTHON_PREFIX
    compiled = importlib.util.cache_from_source(importlib.util.find_spec("ryu").origin)
    code = marshal.loads(Path(compiled).read_bytes()[16:])
    assert code.co_filename.startswith(f"{PYTHON_PREFIX}/"), "remove .venv, then ./corridor setup"


def test_the_version_is_the_same_wherever_it_is_written():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == version()
    assert citation["license"] == "BSD-3-Clause"


def test_every_distribution_has_a_state_and_says_why():
    rows = (ROOT / "experiments/setup/distributions.txt").read_text().splitlines()
    for row in (line.split(None, 5) for line in rows if not line.startswith("#")):
        assert row[3] in ("debian", "ubuntu", "fedora", "arch", "none"), row
        assert row[4] in ("run", "names", "no"), row
        assert len(row[5]) > 5, row


def test_the_pythons_that_set_up_takes_are_those_of_the_package():
    script = (ROOT / "experiments/setup/setup.sh").read_text()
    taken = re.search(r"^readonly pythons=\((.*)\)", script, re.M)[1].split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    last = tuple(map(int, taken[-1].split(".")))
    assert project["requires-python"] == f">={taken[0]},<{last[0]}.{last[1] + 1}"
    told = [one for one in project["classifiers"] if re.search(r":: 3\.\d+$", one)]
    assert [one.rpartition(" ")[2] for one in told] == taken
