"""The emulated machine for a guest, as arguments of QEMU."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.experiments.machines.qemu import command
from corridor.experiments.testbeds import qemu
from corridor.experiments.testbeds.guest_command import guest_environment

KERNEL_COMMAND_LINE_BYTES = 2048


def said(architecture="x86_64", *arguments):
    return command(qemu.machine(architecture, *arguments))


def kernel_words(words):
    return words[words.index("-append") + 1].split(" ")


def test_computing_is_charged_and_idle_time_skipped():
    words = said()
    assert "shift=0,sleep=off" in words
    assert "tcg,thread=single" in words[words.index("-accel") + 1]
    assert words[words.index("-rtc") + 1] == "base=2027-01-15T08:00:00,clock=vm"


def test_nothing_of_the_host_makes_two_machines_differ():
    words = said()
    assert words[words.index("-seed") + 1] == "1"
    assert not any("rng" in word for word in words)
    assert {"nokaslr", "norandmaps", "random.trust_cpu=off"} <= set(kernel_words(words))
    assert str(Path.cwd()) not in " ".join(words)


def test_the_root_of_the_host_is_shared_for_reading_only():
    words = " ".join(said())
    assert "readonly=on,path=/ " in words
    assert "readonly=on,path=project" in words
    assert "path=out -device virtio-9p-pci,fsdev=share3,mount_tag=out" in words
    assert words.count("readonly=on") == 3


def test_what_runs_first_is_told_after_two_dashes():
    words = kernel_words(said("x86_64", "command"))
    assert words[words.index("--") + 1 :] == ["command"]


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_the_kernel_is_told_no_more_than_it_reads(architecture):
    line = " ".join(kernel_words(said(architecture)))
    assert len(line) < KERNEL_COMMAND_LINE_BYTES
    for name, value in guest_environment().items():
        assert f"{name}={value}" in line
    assert f"CORRIDOR_PYTHON={os.path.realpath(sys.executable)}" in line


def test_the_first_script_loads_modules_before_it_mounts():
    script = qemu.first_script(["9pnet", "9p"])
    lines = script.splitlines()
    load = next(at for at, line in enumerate(lines) if "insmod" in line)
    mount = next(at for at, line in enumerate(lines) if "mount -t 9p" in line)
    assert load < mount
    assert "for module in 9pnet 9p; do" in lines
    assert lines[0] == "#!/bin/busybox sh"
    assert lines[-1].endswith('"$@"')


@pytest.mark.skipif(not shutil.which("sh"), reason="no shell here")
def test_a_shell_reads_the_first_script(tmp_path):
    script = tmp_path / "init"
    script.write_text(qemu.first_script(["tun"]))
    subprocess.run(["sh", "-n", script], check=True, timeout=10)
