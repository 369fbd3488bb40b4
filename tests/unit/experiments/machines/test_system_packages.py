"""Messages about missing system packages on each distribution, and where none is possible."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from corridor.experiments.machines import system_packages
from corridor.experiments.machines.system_packages import (
    BY_HAND,
    Distribution,
    command,
    distribution,
    refuse_missing,
)
from corridor.experiments.run import choosing
from corridor.topologies.base.errors import EnvironmentUnsupported

ROOT = Path(__file__).resolve().parents[4]
SYSTEMS = {
    "Debian 12": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
    "Debian 13": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n',
    "Ubuntu 24.04": 'PRETTY_NAME="Ubuntu 24.04"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n',
    "Ubuntu 22.04": 'PRETTY_NAME="Ubuntu 22.04 LTS"\nID=ubuntu\nVERSION_ID="22.04"\n',
    "Mint": 'PRETTY_NAME="Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n',
    "Fedora": 'PRETTY_NAME="Fedora Linux 43"\nID=fedora\nVERSION_ID=43\n',
    "Rocky": 'PRETTY_NAME="Rocky"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9"\n',
    "Arch": 'PRETTY_NAME="Arch Linux"\nID=arch\n',
    "NixOS": 'PRETTY_NAME="NixOS 26.05"\nID=nixos\nVERSION_ID="26.05"\n',
    "Plan 9": 'PRETTY_NAME="Plan 9"\nID=plan9\n',
}


@pytest.fixture
def system(tmp_path, monkeypatch):
    def be(name):
        file = tmp_path / "os-release"
        file.write_text(SYSTEMS[name])
        monkeypatch.setattr(system_packages, "OS_RELEASE", file)
        return file

    return be


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Debian 13", "sudo apt-get install --no-install-recommends openvswitch-switch iproute2"),
        ("Ubuntu 24.04", "sudo apt-get install --no-install-recommends openvswitch-switch"),
        ("Mint", "sudo apt-get install --no-install-recommends openvswitch-switch iproute2"),
        ("Fedora", "sudo dnf install openvswitch iproute iproute-tc"),
        ("Rocky", "sudo dnf install openvswitch iproute iproute-tc"),
        ("Arch", "sudo pacman -S --needed openvswitch iproute2"),
        ("NixOS", BY_HAND),
        ("Plan 9", BY_HAND),
    ],
)
def test_the_command_has_the_names_of_the_distribution_at_hand(system, name, expected):
    system(name)
    assert command(["openvswitch-switch", "iproute2"]).startswith(expected)


def test_what_a_distribution_has_not_is_left_out_of_the_command():
    fedora = Distribution("Fedora", "fedora")
    assert command(["mininet", "iperf3"], fedora) == "sudo dnf install iperf3"
    assert command(["mininet"], fedora) == BY_HAND


def test_a_system_that_tells_nothing_of_itself_is_no_distribution(tmp_path):
    assert distribution(tmp_path / "absent") == Distribution("this system", "none")


def test_all_that_lacks_is_said_before_anything_is_tried(monkeypatch, system):
    system("Fedora")
    monkeypatch.setattr(system_packages, "missing", lambda *_: ["mininet", "iperf3", "procps"])
    with pytest.raises(EnvironmentUnsupported) as refused:
        refuse_missing()
    assert str(refused.value) == (
        "these system packages are missing: iperf3; sudo dnf install iperf3 procps-ng"
    )


def test_a_run_does_without_what_only_the_shell_needs(monkeypatch):
    monkeypatch.setattr(system_packages, "missing", lambda *_: ["mininet", "iputils-ping"])
    refuse_missing()


def test_every_package_has_its_names_elsewhere():
    def first_words(table):
        lines = (ROOT / "experiments/setup" / table).read_text().splitlines()
        return [line.split()[0] for line in lines if line and not line.startswith("#")]

    assert set(first_words("packages.txt")) == set(first_words("package_names.txt"))


def set_up(
    system_file,
    tmp_path,
    *,
    python="/usr/bin/python3",
    environment=None,
    missing="iperf3",
    programs=None,
):
    """The message of ``./corridor run`` on a system without apt-get, unless in ``programs``,
    and no sudo."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "grep", "flock", "mkdir", "tail", "sh"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    for name, words in (programs or {}).items():
        (tools / name).write_text(f"#!/usr/bin/sh\n{words}\n")
        (tools / name).chmod(0o755)
    script = f"""
        set -euo pipefail
        root={ROOT} venv={tmp_path}/.venv system_python={python} yes= no_apt= verb=run groups=(run)
        find_missing() {{ missing=({missing}); }}
        fingerprint() {{ echo none; }}
        source {ROOT}/experiments/setup/setup.sh
        os_release={system_file}
        set_up run"""
    return subprocess.run(
        ["/usr/bin/bash", "-c", script],
        env={"PATH": str(tools), "HOME": str(tmp_path), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture
def old_python(tmp_path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 3.11\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("name", "python", "said"),
    [
        ("Debian 12", "/absent", "and that of Debian GNU/Linux 12 (bookworm) is 3.11; use"),
        ("Debian 12", "old", "/python is 3.11; use Debian 13 or Ubuntu 24.04"),
        ("Ubuntu 22.04", "/absent", "and that of Ubuntu 22.04 LTS is 3.10; use"),
        ("Ubuntu 24.04", "old", "needs Python 3.12 to 3.14, and /"),
        ("NixOS", "/usr/bin/python3", "cannot be set up on NixOS 26.05: guests boot"),
        ("Fedora", "/usr/bin/python3", "As root: dnf install iperf3   then, here: ./corridor"),
        ("Arch", "/usr/bin/python3", "As root: pacman -S --needed iperf3   then"),
        ("Plan 9", "/usr/bin/python3", "needs iperf3 and Plan 9 has no apt; use Debian 13"),
    ],
)
def test_set_up_refuses_in_one_line_python_first(system, tmp_path, old_python, name, python, said):
    done = set_up(system(name), tmp_path, python=old_python if python == "old" else python)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        ("3.10.6-1~22.04", "needs Python 3.12 to 3.14, and that of Mint is 3.10; use Debian 13"),
        ("3.12.3-0ubuntu2", "these system packages are missing"),
        ("(none)", "these system packages are missing"),
    ],
)
def test_of_a_system_that_is_not_known_apt_says_which_python_it_would_have(
    system, tmp_path, candidate, said
):
    programs = {
        "apt-cache": f"echo '  Candidate: {candidate}'",
        "apt-get": "exit 1",
        "sudo": "exit 1",  # who is not root needs it before anything is asked
    }
    done = set_up(system("Mint"), tmp_path, python="/absent", programs=programs)
    assert done.stderr.startswith(f"corridor: {said}")
    assert done.returncode == 3


def test_another_python_can_be_named(system, tmp_path):
    named = {"CORRIDOR_PYTHON": "/absent/python3.13"}
    done = set_up(system("Debian 12"), tmp_path, python="/absent/python3.13", environment=named)
    assert done.stderr == "corridor: CORRIDOR_PYTHON: there is no program /absent/python3.13\n"
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("says", "lacks"),
    [
        ("iperf 3.16 (cJSON 1.7.15)", "iperf3 3.16 does not report its counters while it runs"),
        ("iperf 3.17.1 (cJSON 1.7.15)", ""),
        ("iperf 3.20 (cJSON 1.7.19)", ""),
        ("something else", ""),
    ],
)
def test_an_iperf3_that_is_too_old_is_told_by_its_version(tmp_path, monkeypatch, says, lacks):
    program = tmp_path / "iperf3"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert system_packages.iperf3_lacks().startswith(lacks)
    assert bool(system_packages.iperf3_lacks()) == bool(lacks)


def test_only_a_plan_with_transfers_needs_a_newer_iperf3(monkeypatch):
    monkeypatch.setattr(choosing, "iperf3_lacks", lambda: "iperf3 3.16 is old")
    choosing.refuse_old_iperf3(SimpleNamespace(transfers=()))
    with pytest.raises(EnvironmentUnsupported, match=r"iperf3 3\.16 is old; install a newer"):
        choosing.refuse_old_iperf3(SimpleNamespace(transfers=("one",)))
