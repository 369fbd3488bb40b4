"""Verdicts on a machine, and their repairs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from corridor.experiments.commands import doctor as command
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.setup.doctor import Machine, choice_or_reason, verdicts
from corridor.experiments.testbeds import probe
from corridor.experiments.testbeds.choice import Facts, MissingRequirement
from described import wrong

VIRTUAL = Kernel(Path("/kernels/linux"), "7.3.4-1", "abc", virtual_clock=True, seccomp=True)
STOCK = Kernel(Path("/usr/bin/linux.uml"), "6.12", "", virtual_clock=False, seccomp=False)
FACTS = Facts(
    root=False,
    netem_lacks="this kernel has no netem (module sch_netem)",
    openvswitch_lacks="",
    stock_kernel=STOCK,
    stock_lacks="",
    virtual_kernel=VIRTUAL,
    virtual_lacks="",
    build_lacks="",
    guest_memory_bytes=8_000_000_000,
    guest_memory_folder="/dev/shm",
)
MACHINE = Machine(
    facts=FACTS,
    architecture="x86_64",
    kernel_release="6.12",
    versions={"Python": "3.13.5", "Ryu": "4.34", "Mininet": "2.3.0", "Vagrant": ""},
    cache="/home/a/.cache/corridor",
    cache_free_bytes=5_000_000_000,
)
NOTHING = replace(
    FACTS,
    stock_kernel=None,
    stock_lacks="linux.uml is not installed",
    virtual_kernel=None,
    build_lacks="the kernel cannot be built without gcc",
    emulated=MissingRequirement(
        "qemu-system-x86_64 is not installed", "sudo apt-get install qemu-system-x86"
    ),
)


def verdict(machine, subject):
    (found,) = [one for one in verdicts(machine) if one.subject == subject]
    return found


def test_a_good_machine_says_which_kernel_and_which_mode():
    found = verdict(MACHINE, "virtual-clock kernel")
    assert found.ok
    assert found.detail == "Linux 7.3.4-1, seccomp"


def test_native_names_all_that_lacks():
    found = verdict(MACHINE, "native")
    assert not found.ok
    assert found.detail == "not root; this kernel has no netem (module sch_netem)"


def test_native_that_only_lacks_root_is_repaired_by_sudo():
    machine = replace(MACHINE, facts=replace(FACTS, netem_lacks=""))
    assert verdict(machine, "native").repair == "sudo ./corridor run --testbed native"


def test_every_no_says_what_repairs_it():
    machine = replace(
        MACHINE,
        facts=replace(NOTHING, guest_memory_bytes=0, openvswitch_lacks="none"),
        cache_free_bytes=0,
        versions=dict.fromkeys(MACHINE.versions, ""),
    )
    silent = [one.subject for one in verdicts(machine) if not one.ok and not one.repair]
    assert silent == []


def test_a_repair_is_printed_only_where_it_is_needed():
    assert "->" in str(verdict(MACHINE, "native"))
    assert "->" not in str(verdict(MACHINE, "guests, virtual clock"))


def test_a_kernel_still_to_build_is_said_to_be_so():
    machine = replace(MACHINE, facts=replace(FACTS, virtual_kernel=None))
    assert verdict(machine, "guests, virtual clock").ok
    assert "once the kernel is built" in verdict(machine, "guests, virtual clock").detail
    assert verdict(machine, "virtual-clock kernel").repair == "./corridor kernel build"


def test_a_small_dev_shm_is_found_before_a_guest_dies_of_it():
    machine = replace(MACHINE, facts=replace(FACTS, guest_memory_bytes=64_000_000))
    found = verdict(machine, "guest memory")
    assert not found.ok
    assert "--shm-size" in found.repair
    assert not verdict(machine, "guests, real clock").ok


@pytest.mark.parametrize(
    ("release", "ok"),
    [("6.6.0-1-amd64", True), ("6.12", True), ("10.0", True), ("6.5.9", False), ("5.15", False)],
)
def test_a_kernel_that_cannot_count_packets_or_mark_them_is_told(release, ok):
    found = verdict(replace(MACHINE, kernel_release=release), "account of packets, ECN")
    assert found.ok is ok
    assert ok or "6.6" in found.detail


def test_what_auto_would_do_is_told_either_way():
    assert choice_or_reason(FACTS).testbed == "uml"
    assert "linux.uml is not installed" in choice_or_reason(NOTHING)


def test_each_extra_of_the_package_is_reported():
    machine = replace(MACHINE, extras_missing={"ryu": ("tinyrpc",), "figures": ()})
    ryu, figures = verdict(machine, "extra ryu"), verdict(machine, "extra figures")
    assert (ryu.ok, ryu.detail) == (False, "not installed: tinyrpc")
    assert ryu.repair == "./corridor setup"
    assert (figures.ok, figures.detail) == (True, "installed")


@pytest.mark.parametrize(("facts", "code"), [(FACTS, 0), (NOTHING, 3)])
@pytest.mark.parametrize("as_json", [True, False])
def test_the_exit_code_says_whether_anything_can_run(monkeypatch, capsys, facts, code, as_json):
    monkeypatch.setattr(
        "corridor.experiments.setup.doctor.examine", lambda: replace(MACHINE, facts=facts)
    )
    arguments = type("Arguments", (), {"json": as_json})()
    assert command.run(arguments) == code
    shown = capsys.readouterr().out
    if as_json:
        report = json.loads(shown)
        assert report["schema"] == "corridor/doctor/1"
        assert wrong("doctor-answer", report) == []
        assert (report["choice"] is None) == (code == 3)


class TestGuestMemory:
    def test_tmpdir_goes_before_shared_memory(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        folder, free = probe.guest_memory()
        assert folder == str(tmp_path)
        assert free > 0

    def test_a_folder_that_is_missing_has_no_room(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
        assert probe.guest_memory() == (f"{tmp_path / 'absent'} (missing)", 0)


def test_probing_this_machine_answers_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    facts = probe.probe()
    assert facts.virtual_kernel is None
    assert list(tmp_path.iterdir()) == []


def test_an_emulated_machine_can_be_had_or_is_repaired():
    can = verdict(
        replace(MACHINE, facts=replace(FACTS, emulated=MissingRequirement())), "emulated machine"
    )
    cannot = verdict(replace(MACHINE, facts=NOTHING), "emulated machine")
    assert can.ok
    assert "--testbed qemu" in can.detail
    assert str(cannot).endswith("-> sudo apt-get install qemu-system-x86")


def test_tun_is_looked_at_since_every_live_network_needs_it():
    lacks = "there is no /dev/net/tun (module tun)"
    found = verdict(replace(MACHINE, facts=replace(FACTS, tun_lacks=lacks)), "tun (gateways)")
    assert (found.ok, found.detail) == (False, lacks)
    assert found.repair.startswith("sudo modprobe tun")
    assert verdict(MACHINE, "tun (gateways)").ok
