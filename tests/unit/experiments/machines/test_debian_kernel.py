"""Modules in order, and the archive that the kernel unpacks first."""

import io
import lzma
import shutil
import subprocess

import pytest

from corridor.experiments.machines import debian_kernel
from corridor.experiments.machines.debian_kernel import (
    Entry,
    archive,
    with_modules,
    with_script,
)
from corridor.topologies.base.errors import EnvironmentUnsupported

NEEDS = {
    "openvswitch": ("nf_nat", "nsh"),
    "nf_nat": ("nf_conntrack",),
    "nf_conntrack": ("libcrc32c",),
    "nsh": (),
    "libcrc32c": (),
    "9p": ("9pnet",),
    "9pnet": (),
}


def test_a_module_comes_after_all_that_it_needs_and_once():
    order = debian_kernel.in_order(["openvswitch", "nsh", "9p"], NEEDS.__getitem__, [])
    assert sorted(order) == sorted(NEEDS)
    for name, needed in NEEDS.items():
        assert all(order.index(other) < order.index(name) for other in needed), name


def test_what_is_built_in_is_not_loaded_nor_asked_what_it_needs():
    order = debian_kernel.in_order(["openvswitch"], NEEDS.__getitem__, ["nf_nat"])
    assert order == ["nsh", "openvswitch"]


def test_a_module_says_what_it_needs_in_its_own_file():
    image = b"\x7fELF...\0license=GPL\0depends=nf-nat,nsh\0retpoline=Y\0name=openvswitch\0"
    assert debian_kernel.needed_by(image) == ("nf_nat", "nsh")
    assert debian_kernel.needed_by(b"\0depends=\0name=tun\0") == ()


def test_names_of_files_are_names_of_modules():
    assert debian_kernel.module_name("kernel/net/sched/sch_netem.ko.xz") == "sch_netem"
    assert debian_kernel.module_name("kernel/net/nf-tables.ko") == "nf_tables"
    assert debian_kernel.built_in("kernel/net/a-b.ko\nkernel/c.ko\n") == {"a_b", "c"}
    assert debian_kernel.by_name(["kernel/x-y.ko.xz"]) == {"x_y": "kernel/x-y.ko.xz"}


def test_packed_modules_are_unpacked_or_refused():
    assert debian_kernel.unpacked("a.ko.xz", lzma.compress(b"module")) == b"module"
    assert debian_kernel.unpacked("a.ko", b"module") == b"module"
    assert debian_kernel.is_known("a.ko.xz")
    assert not debian_kernel.is_known("a.ko.zst")
    with pytest.raises(EnvironmentUnsupported, match=r"a\.ko\.zst"):
        debian_kernel.unpacked("a.ko.zst", b"")


def test_a_signature_is_taken_off_and_nothing_else():
    signature = b"s" * 300
    information = bytes(8) + len(signature).to_bytes(4)
    signed = b"module" + signature + information + debian_kernel.SIGNED
    assert debian_kernel.unsigned(signed) == b"module"
    assert debian_kernel.unsigned(b"module") == b"module"


def test_the_same_files_are_the_same_bytes():
    files = [("9p", b"one"), ("tun", b"four")]
    assert with_modules(b"busybox", files) == with_modules(b"busybox", files)
    assert with_modules(b"busybox", files) != with_modules(b"busybox", files[::-1])


@pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio here")
def test_cpio_reads_an_archive(tmp_path):
    content = archive([Entry("sub"), Entry("sub/file", 0o100644, b"hello")])
    subprocess.run(["cpio", "-idm", "--quiet"], input=content, cwd=tmp_path, check=True, timeout=10)
    assert (tmp_path / "sub/file").read_bytes() == b"hello"


def test_an_archive_holds_what_was_put_in():
    found = dict(_read(with_modules(b"shell", [("tun", b"image")]) + with_script("#!x")))
    assert found["bin/busybox"] == (0o100755, b"shell")
    assert found["modules/tun.ko"] == (0o100644, b"image")
    assert found["init"] == (0o100755, b"#!x")
    assert found["dev/console"][0] == 0o020600
    assert found["root"][0] == 0o040755


def _read(content):
    """An independent reader: by the kernel's document on the format."""
    file = io.BytesIO(content)
    while head := file.read(110):
        assert head[:6] == b"070701"
        fields = [int(head[6 + 8 * at : 14 + 8 * at], 16) for at in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = file.read(name_size)[:-1].decode()
        file.read(-(110 + name_size) % 4)
        data = file.read(size)
        file.read(-size % 4)
        assert file.tell() % 4 == 0
        if name != "TRAILER!!!":
            yield name, (mode, data)
