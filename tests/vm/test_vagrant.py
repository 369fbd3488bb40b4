"""``vagrant up`` with libvirt, without a registry: its box is made of this checkout's own image.

Runs where vagrant, its plugin and libvirt are, and skips elsewhere. Without ``CORRIDOR_DRIVER`` it
does without KVM: the machine is slow, so nothing is asserted of delays, only what is said of them.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from corridor.experiments.machines import export
from corridor.experiments.machines.handover import CACHES, LEFT_OUT, Handover
from corridor.experiments.machines.kernel import find_kernel

pytestmark = [pytest.mark.vm, pytest.mark.timeout(7200)]
ROOT = Path(__file__).resolve().parents[2]
LIBVIRT = ("virsh", "--connect", "qemu:///system")
COMMAND_S = 3600
RESULT = "results/natively"


class Vagrant(NamedTuple):
    """Vagrant in a copy of the checkout, with a separate home."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["vagrant", *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_S,
        )

    def inside(self, command: str) -> subprocess.CompletedProcess:
        return self("ssh", "-c", f"cd /vagrant && {command}")


def lacks() -> str:
    """Why vagrant cannot bring up a machine here, or nothing."""
    missing = [name for name in ("vagrant", "virsh", "rsync", "qemu-img") if not shutil.which(name)]
    if missing:
        return f"{', '.join(missing)} not found"
    plugins = subprocess.run(["vagrant", "plugin", "list"], capture_output=True, text=True)
    if "vagrant-libvirt" not in plugins.stdout:
        return "vagrant has no plugin vagrant-libvirt"
    asked = subprocess.run([*LIBVIRT, "version"], capture_output=True, text=True)
    said = asked.stderr.strip().splitlines() or ["no answer"]
    return f"libvirt does not answer: {said[-1]}" if asked.returncode else ""


def left_out(folder: str, names: list[str]) -> set[str]:
    """Of the checkout, what does not go along; a pointer to git's folder leads nowhere else."""
    here = Path(folder)
    pointers = {name for name in names if name == ".git" and (here / name).is_file()}
    return CACHES | pointers | (LEFT_OUT if here == ROOT else frozenset())


@pytest.fixture(scope="module")
def vagrant(image, tmp_path_factory) -> Iterator[Vagrant]:
    reason = lacks()
    if reason:
        pytest.skip(reason)
    work = tmp_path_factory.mktemp("vagrant")
    shutil.copytree(ROOT, work / work.name, symlinks=True, ignore=left_out)
    built = find_kernel()
    handed = Handover(ROOT, kernel=built.path.parent if built else None)
    _, catalogue = export.write_box(image, handed, "libvirt", work)
    own = {"VAGRANT_HOME": str(work / "home"), "VAGRANT_DEFAULT_PROVIDER": "libvirt"}
    driver = {"CORRIDOR_DRIVER": os.environ.get("CORRIDOR_DRIVER", "qemu")}
    vagrant = Vagrant(work / work.name, {**os.environ, **own, **driver})
    added = vagrant("box", "add", str(catalogue), "--provider", "libvirt")
    assert added.returncode == 0, added.stdout
    yield vagrant
    vagrant("destroy", "-f")
    shutil.rmtree(work / "home", ignore_errors=True)


@pytest.fixture(scope="module")
def up(vagrant) -> subprocess.CompletedProcess:
    return vagrant("up")


@pytest.fixture(scope="module")
def measured(up, vagrant) -> subprocess.CompletedProcess:
    assert up.returncode == 0, up.stdout[-3000:]
    run = "sudo ./corridor run mini --testbed native --no-figures"
    return vagrant.inside(f"{run} --out {RESULT}")


def test_a_machine_comes_up_without_a_registry_and_is_set_up(up):
    assert up.returncode == 0, up.stdout[-3000:]
    assert "Machine booted and ready!" in up.stdout
    assert "corridor/debian-13" in up.stdout
    assert "ready" in up.stdout.partition("Running provisioner")[2]


def test_links_of_the_checkout_are_links_there(up, vagrant):
    assert vagrant.inside("test -L .package/corridor/topologies").returncode == 0


def test_mini_runs_natively_there_or_says_why_it_is_not_valid(measured, vagrant):
    summary = json.loads(vagrant.inside(f"cat {RESULT}/summary.json").stdout)
    assert summary["testbed"] == "native"
    assert measured.returncode == (4 if summary["invalid"] else 0), measured.stdout[-3000:]
    assert "18 properties verified, 0 violated" in measured.stdout, measured.stdout[-3000:]


def test_what_root_ran_leaves_the_checkout_its_owners(measured, vagrant):
    found = vagrant.inside("find . -not -user vagrant -print")
    assert found.returncode == 0, found.stdout
    assert found.stdout.strip() == "", found.stdout


def test_a_machine_that_is_destroyed_is_gone(measured, vagrant):
    assert vagrant("halt").returncode == 0
    done = vagrant("destroy", "-f")
    assert done.returncode == 0, done.stdout
    listed = subprocess.run([*LIBVIRT, "list", "--all", "--name"], capture_output=True, text=True)
    assert not [name for name in listed.stdout.split() if name.startswith(vagrant.folder.name)]
