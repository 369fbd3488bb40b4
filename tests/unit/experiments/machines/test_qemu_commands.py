"""The command that boots a machine."""

from pathlib import Path

import pytest

from corridor.experiments.machines.qemu import (
    Boot,
    Channel,
    Disk,
    Kernel,
    Share,
    accelerator,
    command,
)
from corridor.topologies.base.errors import InputError


def words(**said) -> str:
    given = {"architecture": "x86_64", "accelerator": "counted", "console": Path("/c"), **said}
    return " ".join(command(Boot(**given)))


def test_counted_time_has_one_thread_and_skips_sleep():
    said = words(seed=7)
    assert "-accel tcg,thread=single" in said
    assert "-icount shift=0,sleep=off" in said
    assert "clock=vm" in said
    assert "-seed 7" in said


def test_counted_time_is_refused_for_two_processors():
    with pytest.raises(InputError, match="one processor, not 2"):
        words(processors=2)


def test_the_real_clock_takes_what_accelerator_it_is_told():
    assert "-accel kvm -cpu host" in words(accelerator="kvm")
    assert "thread=multi" in words(accelerator="translated")
    assert "-icount" not in words(accelerator="translated")


def test_a_machine_has_no_network_unless_ssh_is_to_reach_it_from_this_machine_alone():
    assert "-nic none" in words()
    assert "hostfwd=tcp:127.0.0.1:2222-:22" in words(ssh_port=2222)


def test_what_a_guest_writes_is_thrown_away_unless_it_is_kept():
    disks = (Disk(Path("/a")), Disk(Path("/b"), keep=True), Disk(Path("/c"), read_only=True))
    first, second, third = (
        word for word in command(Boot("x86_64", "kvm", None, disks=disks)) if "if=none" in word
    )
    assert "snapshot=on" in first
    assert "snapshot" not in second
    assert "readonly" not in second
    assert "readonly=on" in third
    assert "snapshot" not in third


def test_a_comma_in_a_path_is_no_end_of_it():
    assert "file=/a,,b" in words(disks=(Disk(Path("/a,b")),))
    assert "path=/a,,b" in words(shares=(Share(Path("/a,b"), "root"),))
    assert "path=/a,,b" in words(channels=(Channel("out", Path("/a,b")),))


def test_a_kernel_is_loaded_with_its_words():
    kernel = Kernel(Path("/vmlinuz"), None, ("root=/dev/vda1", "quiet"))
    said = command(Boot("aarch64", "counted", None, kernel=kernel))
    assert said[0] == "qemu-system-aarch64"
    assert said[said.index("-append") + 1] == "root=/dev/vda1 quiet"
    assert "-initrd" not in said


@pytest.mark.parametrize(
    ("host", "system", "guest", "kvm_opens", "expected"),
    [
        ("x86_64", "Linux", "x86_64", True, "kvm"),
        ("x86_64", "Linux", "x86_64", False, "translated"),
        ("x86_64", "Linux", "aarch64", True, "translated"),
        ("arm64", "Darwin", "aarch64", False, "hvf"),
        ("arm64", "Darwin", "x86_64", False, "translated"),
        ("aarch64", "Linux", "aarch64", True, "kvm"),
    ],
)
def test_the_accelerator_is_the_quickest_that_this_machine_has(
    host, system, guest, kvm_opens, expected
):
    said = accelerator(host=host, system=system, guest=guest, kvm_opens=kvm_opens)
    assert said == expected
