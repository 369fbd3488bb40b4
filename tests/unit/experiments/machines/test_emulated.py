"""Messages where no machine can be emulated, and the choice of the kernel."""

import json

import pytest

from corridor.experiments import cli
from corridor.experiments.machines import debian_kernel
from corridor.experiments.machines.debian_kernel import with_modules, with_script
from corridor.experiments.testbeds import guest_supervisor
from corridor.topologies.base.errors import EnvironmentUnsupported

WANTED = ("tun", "crc32c_generic?")


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder that alone is looked in for programs, on x86-64."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(debian_kernel.platform, "machine", lambda: "x86_64")
    return folder


def program(folder, name, script):
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(debian_kernel, "_installed", lambda _wanted: None)
    return tmp_path / "cache/corridor" / debian_kernel.FOLDER


def keep(cache, version, archive=b"archive"):
    folder = cache / f"{version}-{debian_kernel._digest('x86_64', WANTED)}"
    folder.mkdir(parents=True)
    (folder / "vmlinuz").write_bytes(b"kernel")
    (folder / "modules.cpio").write_bytes(archive)
    about = {"version": version, "modules": ["tun"], "size_bytes": len(b"archive")}
    (folder / "kernel.json").write_text(json.dumps(about))


def test_without_an_emulator_its_package_is_named(programs):
    reason, repair = debian_kernel.emulator_lacks()
    assert reason == "qemu-system-x86_64 is not installed"
    assert repair.endswith("qemu-system-x86")


def test_an_emulator_without_9p_is_told(programs):
    program(programs, "qemu-system-x86_64", "echo 'name \"virtio-net-pci\"'")
    assert "without virtio-9p" in debian_kernel.emulator_lacks()[0]


def test_an_emulator_with_9p_will_do(programs):
    program(programs, "qemu-system-x86_64", "echo 'name \"virtio-9p-pci\", bus PCI'")
    assert debian_kernel.emulator_lacks() == ("", "")


def test_a_processor_that_is_not_known_is_told(programs, monkeypatch):
    monkeypatch.setattr(debian_kernel.platform, "machine", lambda: "riscv64")
    assert "riscv64" in debian_kernel.emulator_lacks()[0]


def test_without_apt_and_a_kernel_the_way_out_is_told(programs, cache):
    reason, repair = debian_kernel.kernel_lacks(WANTED)
    assert "apt-get" in reason
    assert repair


def test_the_newest_kernel_that_is_kept_is_taken(programs, cache):
    for version in ("6.12.9+deb13-amd64", "6.12.118+deb13-amd64"):
        keep(cache, version)
    found = debian_kernel.find(WANTED)
    assert found is not None
    assert found.version == "6.12.118+deb13-amd64"
    assert debian_kernel.kernel_lacks(WANTED) == ("", "")
    assert debian_kernel.fetch(WANTED) == found


def test_a_kernel_whose_modules_are_cut_short_is_not_taken(programs, cache):
    keep(cache, "6.12.118+deb13-amd64", archive=b"arch")
    assert debian_kernel.find(WANTED) is None


def test_what_is_loaded_first_is_kept_beside_the_kernel(programs, cache):
    archive = with_modules(b"", [])
    keep(cache, "6.12.118+deb13-amd64")
    (made,) = cache.glob("*/modules.cpio")
    made.write_bytes(archive)
    about = json.loads(made.with_name("kernel.json").read_text())
    made.with_name("kernel.json").write_text(json.dumps({**about, "size_bytes": len(archive)}))
    found = debian_kernel.find(WANTED)
    assert found is not None
    place = found.initramfs("#!one")
    assert place.read_bytes() == with_script("#!one") + archive
    assert found.initramfs("#!one") == place
    assert found.initramfs("#!two") != place


def test_a_package_that_apt_cannot_get_is_one_line_with_the_way_out(programs, cache):
    program(programs, "apt-cache", "exit 100")
    program(programs, "apt-get", "exit 100")
    program(programs, "dpkg-deb", "exit 1")
    with pytest.raises(EnvironmentUnsupported, match="linux-image-amd64") as refused:
        debian_kernel.fetch(WANTED, lambda _line: None)
    assert "apt-get update" in (refused.value.hint or "")


def test_a_run_without_an_emulator_ends_with_3_and_one_line(programs, cache, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["run", "mini", "--testbed", "qemu", "--out", str(out)]) == 3
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "qemu-system-x86_64 is not installed" in said
    assert "apt-get install" in said
    assert not out.exists()


def test_code_for_an_emulated_machine_is_compiled_before_it_is_there(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "module.py").write_text("VALUE = 1\n")
    guest_supervisor._put_in(tmp_path, f"--compiled=project/corridor={source}", tmp_path)
    assert list((tmp_path / "project/corridor").rglob("module.*.pyc"))
