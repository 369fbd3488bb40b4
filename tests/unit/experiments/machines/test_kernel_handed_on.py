"""A kernel as a file: what goes in comes out, and what is damaged or foreign does not."""

import io
import json
import lzma
import tarfile

import pytest

from corridor.experiments.cli import main
from corridor.experiments.machines import kernel_build, kernel_handed_on, smoke
from corridor.experiments.machines.kernel import CONFIG, config_hash, find_kernel
from corridor.experiments.machines.kernel_handed_on import (
    BINARY,
    FINISHED_CONFIG,
    MANIFEST,
    export_kernel,
    import_kernel,
)
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from described import wrong

BOOTS = b"""#!/bin/sh
case "$1" in
--help) echo 'seccomp=<on/auto/off>' ;;
*) echo corridor-smoke slept 1000000000000 ;;
esac
"""
FOLDER = "corridor/kernels"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A machine with a built kernel; only its boot is a stand-in."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "here"))
    monkeypatch.setattr(kernel_build.platform, "machine", lambda: "x86_64")
    folder = tmp_path / "here" / FOLDER / f"7.3.4-1~bpo13+1-{config_hash()}"
    folder.mkdir(parents=True)
    (folder / BINARY).write_bytes(BOOTS)
    (folder / BINARY).chmod(0o755)
    (folder / FINISHED_CONFIG).write_text(CONFIG.read_text())
    told = {
        "version": "7.3.4-1~bpo13+1",
        "source": "linux-source-7.3",
        "config_hash": config_hash(),
        "seccomp": True,
        "size_bytes": len(BOOTS),
    }
    (folder / MANIFEST).write_text(json.dumps(told))
    return find_kernel()


@pytest.fixture
def file(here, tmp_path, monkeypatch):
    """It exported, and a machine that has none."""
    exported = tmp_path / "kernel.tar.xz"
    export_kernel(here, exported)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "there"))
    assert find_kernel() is None
    return exported


def contents(file):
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


def pack(file, members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    file.write_bytes(lzma.compress(buffer.getvalue()))


def with_manifest(file, **changes):
    members = contents(file)
    told = json.loads(members[MANIFEST]) | changes
    pack(file, members | {MANIFEST: json.dumps(told).encode()})


def test_what_is_imported_is_what_was_exported(here, file):
    imported = import_kernel(file)
    assert imported == find_kernel()
    assert imported.path != here.path
    assert imported.path.read_bytes() == here.path.read_bytes()
    assert (imported.version, imported.seccomp) == (here.version, here.seccomp)
    assert imported.path.with_name(FINISHED_CONFIG).read_text() == CONFIG.read_text()


def test_one_kernel_gives_the_same_file(here, tmp_path):
    files = [tmp_path / "first", tmp_path / "second"]
    for file in files:
        export_kernel(here, file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_what_was_imported_can_be_exported_and_imported_again(file, tmp_path):
    again = tmp_path / "again"
    export_kernel(import_kernel(file), again)
    assert again.read_bytes() == file.read_bytes()
    assert import_kernel(again) == find_kernel()


def damage_kernel(file):
    members = contents(file)
    pack(file, members | {BINARY: members[BINARY] + b"\n"})


def lose_config(file):
    members = contents(file)
    del members[FINISHED_CONFIG]
    pack(file, members)


def add_advice(file):
    pack(file, contents(file) | {"../linux": b""})


@pytest.mark.parametrize(
    ("corrupt", "said"),
    [
        (lambda file: file.write_bytes(file.read_bytes()[:300]), "is damaged, or no kernel"),
        (lambda file: file.write_text("no tar"), "is damaged, or no kernel"),
        (lambda file: file.unlink(), "no such file"),
        (damage_kernel, "is damaged: linux has another SHA-256; get it again"),
        (lose_config, "it does not have config"),
        (add_advice, "it holds '../linux'"),
        (lambda file: pack(file, contents(file) | {MANIFEST: b"[]"}), "kernel.json is not as"),
        (lambda file: with_manifest(file, sha256={}), "kernel.json is not as expected"),
        (lambda file: with_manifest(file, schema="other/1"), "its schema is 'other/1'"),
        (lambda file: with_manifest(file, version="../../x"), "its version is '../../x'"),
        (
            lambda file: with_manifest(file, config_hash="0123456789ab"),
            f"another configuration: 0123456789ab instead of {config_hash()}",
        ),
    ],
)
def test_what_is_damaged_or_foreign_is_refused_in_one_line(file, corrupt, said, capsys):
    corrupt(file)
    with pytest.raises(InputError) as refused:
        import_kernel(file)
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(file))
    assert main(["kernel", "import", str(file)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert find_kernel() is None


def test_a_configuration_that_lacks_an_option_is_refused_whatever_it_says_of_itself(file):
    members = contents(file)
    config = members[FINISHED_CONFIG].replace(b"CONFIG_OPENVSWITCH=y\n", b"")
    digests = json.loads(members[MANIFEST])["sha256"]
    digests |= {FINISHED_CONFIG: kernel_handed_on._digest(config)}
    pack(file, members | {FINISHED_CONFIG: config})
    with_manifest(file, sha256=digests)
    with pytest.raises(InputError, match="does not have CONFIG_OPENVSWITCH"):
        import_kernel(file)


def test_a_kernel_that_does_not_boot_here_is_not_taken(file, monkeypatch):
    monkeypatch.setattr(smoke, "smoke_boot", lambda *_, **__: None)
    with pytest.raises(EnvironmentUnsupported, match="does not boot here"):
        import_kernel(file)
    assert find_kernel() is None
    assert list(file.parent.glob(f"there/{FOLDER}/*")) == []


def test_a_kernel_of_a_newer_system_is_told_apart(tmp_path):
    binary = tmp_path / "linux"
    binary.write_text("#!/bin/sh\necho \"linux: version 'GLIBC_2.99' not found\" >&2; exit 1\n")
    binary.chmod(0o755)
    with pytest.raises(EnvironmentUnsupported, match="newer C library than this system has"):
        smoke.seccomp_of(binary)


def test_the_command_exports_and_imports(here, file, capsys):
    assert main(["kernel", "import", str(file)]) == 0
    assert "imported" in capsys.readouterr().out
    again = file.with_name("again")
    assert main(["kernel", "export", str(again), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["version"] == here.version
    assert wrong("kernel-answer", said) == []
    assert again.read_bytes() == file.read_bytes()


def test_there_is_nothing_to_export_before_a_kernel_is_built(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["kernel", "export", str(tmp_path / "file")]) == 3
    assert "no kernel is built here yet; ./corridor kernel build" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_is_one_line(here, capsys):
    assert main(["kernel", "export", "/nowhere/kernel.tar.xz"]) == 2
    assert "/nowhere/kernel.tar.xz: cannot be written: No such file" in capsys.readouterr().err
