"""What an image is made of, the layout of its disk, and when one is found again."""

import itertools
import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from corridor.experiments.machines import build, disk, handover, recipe
from corridor.experiments.machines.handover import user_data
from corridor.experiments.machines.qemu import DEBIAN_NAMES
from corridor.experiments.machines.recipe import (
    BIOS,
    DISK_MIB,
    EFI,
    MADE_FROM,
    MIB_SECTORS,
    SECTOR_BYTES,
    bootstrap,
    grub_pointing_at,
    identity,
    partition_table,
    root_partition,
    settings,
)
from corridor.experiments.machines.system_packages import BRINGS, BUILDING, find, require
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError

ROOT = Path(__file__).resolve().parents[4]
HERE = ROOT / "experiments/machines"


@pytest.mark.parametrize("architecture", DEBIAN_NAMES)
def test_partitions_follow_each_other_and_fit_the_disk(architecture):
    parts = sorted((BIOS, EFI, root_partition(architecture)), key=lambda one: one.start)
    for one, other in itertools.pairwise(parts):
        assert one.start + one.sectors <= other.start
    assert parts[-1].start + parts[-1].sectors < DISK_MIB * MIB_SECTORS
    assert partition_table(architecture).splitlines()[1].startswith("1: ")
    assert "name=root" in partition_table(architecture).splitlines()[1]


def test_an_image_is_another_when_a_file_it_is_made_of_changes():
    files = {"packages.txt": b"one", "setup.sh": b"two"}
    same = identity("x86_64", dict(reversed(files.items())))
    assert identity("x86_64", files) == same
    assert identity("aarch64", files) != same
    assert identity("x86_64", {**files, "setup.sh": b"three"}) != same
    assert identity("x86_64", {"packages.txt": b"onetwo", "setup.sh": b""}) != same


def test_what_an_image_is_made_of_is_in_the_checkout():
    assert [name for name in MADE_FROM if not (ROOT / name).is_file()] == []


def test_every_script_that_runs_in_the_image_decides_what_it_is():
    used = {f"experiments/machines/{name}" for name in build.SCRIPTS}
    set_up = (ROOT / "experiments/setup/setup.sh").read_text()
    used |= set(re.findall(r"\$root/(experiments/\S+\.(?:py|sh))", set_up))
    assert "experiments/setup/compile_packages.py" in used
    assert used <= set(MADE_FROM)


def test_grub_finds_its_core_where_it_was_put():
    boot, core = grub_pointing_at(b"\0" * 512, b"\1" * 1024, 2048)
    assert len(boot) == 440  # what follows is the partition table
    assert int.from_bytes(boot[0x5C:0x64], "little") == 2048
    assert int.from_bytes(core[0x1F4:0x1FC], "little") == 2049
    assert len(core) == 1024


def test_the_image_is_prepared_for_all_firmware_of_its_architecture():
    said = bootstrap("x86_64", Path("/in.tar"), Path("/out"), "")
    assert "--architectures=amd64" in said
    assert any("i386-pc x86_64-efi" in word for word in said)
    assert said[-1] == "/out/root.tar"
    arm = bootstrap("aarch64", Path("/in.tar"), Path("/out"), "/etc/apt/mirror")
    assert any("arm64-efi" in word for word in arm)
    assert "linux-image-arm64" in next(word for word in arm if word.startswith("--include"))
    assert arm[-1] == "/etc/apt/mirror"


def test_settings_of_proxies_reach_the_image_and_nothing_else_does():
    said = settings({"http_proxy": "http://p/'q'", "HOME": "/root", "SECRET": "x"})
    shown = ["sh", "-c", f'{said}printf %s "$http_proxy"']
    assert subprocess.run(shown, capture_output=True, text=True).stdout == "http://p/'q'"
    assert "SECRET" not in said
    assert "HOME" not in said


def test_set_up_in_the_image_sees_of_the_builders_variables_only_those_settings():
    (line,) = re.findall(r"^su .*provision\.sh.*$", (HERE / "in_image.sh").read_text(), re.M)
    assert line.startswith('su - vagrant -c "set -a; . /build/environment; ')


def test_names_of_architectures_are_debians_and_the_kernels():
    assert recipe.architecture_named("amd64") == recipe.architecture_named("x86_64") == "x86_64"
    assert recipe.architecture_named("arm64") == "aarch64"
    with pytest.raises(InputError, match="no machine exists for riscv64"):
        recipe.architecture_named("riscv64")


def test_an_image_is_found_again_only_when_it_was_finished_for_this_checkout(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    known = recipe.identity_of_checkout("x86_64")
    folder = recipe.folder_of("x86_64", known)
    folder.mkdir(parents=True)
    (folder / "disk.raw").touch()
    assert recipe.find_image("x86_64") is None
    (folder / recipe.MANIFEST).write_text(json.dumps({"identity": known}))
    assert recipe.find_image("x86_64").disk == folder / "disk.raw"
    (folder / recipe.MANIFEST).write_text(json.dumps({"identity": "another"}))
    assert recipe.find_image("x86_64") is None


def test_images_that_are_not_this_checkouts_are_told_with_their_size(tmp_path, monkeypatch, capsys):
    from corridor.experiments import cli

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    known = recipe.identity_of_checkout("x86_64")
    ours, old, unfinished = (
        recipe.folder_of("x86_64", identity) for identity in (known, "0123456789ab", "fedcba987654")
    )
    for folder in (ours, old, unfinished):
        folder.mkdir(parents=True)
        (folder / "disk.raw").touch()
    for folder in (ours, old):
        (folder / recipe.MANIFEST).write_text(json.dumps({"identity": folder.name[6:]}))
    assert cli.main(["vm", "build"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert said[1] == f"another version's, to be removed by hand: {old}, 0.0 GB"


def test_without_a_checkout_it_is_said_what_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "CHECKOUT", tmp_path)
    with pytest.raises(EnvironmentUnsupported, match=r"not a checkout .*corridor is not there"):
        recipe.identity_of_checkout("x86_64")


def test_programs_that_lack_are_named_with_their_packages(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(EnvironmentUnsupported) as caught:
        require(["sfdisk", "mformat", "qemu-system-aarch64"], "this")
    assert "sfdisk, mformat, qemu-system-aarch64 not found, and this needs it" in str(caught.value)
    assert str(caught.value).endswith("fdisk mtools qemu-system-arm")


def test_every_program_for_building_is_brought_by_a_listed_package():
    listed = (ROOT / "experiments/setup/packages.txt").read_text()
    for package in set(BRINGS.values()):
        assert re.search(rf"^{re.escape(package)} +vm ", listed, re.M), package


def test_a_user_without_subordinate_ids_is_told_the_command(tmp_path, monkeypatch):
    ids = tmp_path / "subuid"
    ids.write_text("another:100000:65536\n")
    monkeypatch.setattr(build, "SUBORDINATE_IDS", ids)
    monkeypatch.setattr("os.geteuid", lambda: 1001)
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("os.getuid", lambda: 1001)
    with pytest.raises(EnvironmentUnsupported, match=r"none for ada; sudo usermod --add-subuids"):
        build._check_user()
    ids.write_text("ada:100000:65536\n")
    build._check_user()


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (["I: x", "corridor: no index", "E: setup failed: E: command failed"], "no index"),
        (["E: Unable to locate package linux", "E: mmdebstrap failed to run"], "E: Unable to loc"),
        (["E: mmdebstrap failed to run"], "E: mmdebstrap failed"),
        ([], "without a message"),
    ],
)
def test_a_failed_build_says_its_cause(said, cause):
    assert build._cause(said).startswith(cause)


@pytest.mark.skipif(
    not all(find(program) for program in BUILDING), reason="the packages of the group vm"
)
def test_a_disk_is_made_of_files_and_takes_more_of_them(tmp_path):
    boot_code = tmp_path / "out"
    boot_code.mkdir()
    (boot_code / "boot.img").write_bytes(b"B" * 512)
    (boot_code / "grub-i386-pc").write_bytes(b"C" * 2048)
    (boot_code / "grub-x86_64-efi").write_bytes(b"E" * 2048)
    root = tmp_path / "root.tar"
    with tarfile.open(root, "w", format=tarfile.PAX_FORMAT) as tar:
        handover.add_folder(tar, "vagrant")
        handover.add_text(tar, "vagrant/上海", "as Python packages have names", 0o644)
        handover.add_text(tar, "vagrant/first", "one", 0o644)
        handover.add_folder(tar, "home")
        handover.add_folder(tar, "home/vagrant")
    made = tmp_path / "disk.raw"
    disk.make_disk(root, boot_code, made, "x86_64")

    raw = made.open("rb").read(BIOS.start * SECTOR_BYTES + 4)
    assert raw[440:510].strip(b"\0")  # the protective table lives behind the boot code
    assert raw[-4:] == b"CCCC"
    efi = f"{made}@@{EFI.start * SECTOR_BYTES}"
    copied = subprocess.run(
        ["mcopy", "-n", "-i", efi, "::/EFI/BOOT/BOOTX64.EFI", str(tmp_path / "efi")]
    )
    assert copied.returncode == 0
    assert (tmp_path / "efi").read_bytes() == b"E" * 2048

    (tmp_path / "checkout/.venv").mkdir(parents=True)
    (tmp_path / "checkout/sub folder").mkdir()
    (tmp_path / "checkout/sub folder/second").write_text("two")
    (tmp_path / "checkout/link").symlink_to("first")
    more = tmp_path / "more.tar"
    handover.write(handover.Handover(tmp_path / "checkout", "ssh-ed25519 AAAA"), more)
    disk.add_files(made, "x86_64", more)
    assert _shown(made, 'cat "/vagrant/first"') == "one"
    assert _shown(made, 'cat "/vagrant/sub folder/second"') == "two"
    assert 'Fast link dest: "first"' in _shown(made, 'stat "/vagrant/link"')
    key = _shown(made, 'stat "/home/vagrant/.ssh/authorized_keys"')
    assert "Mode:  0600" in key
    assert re.search(r"User: +1000 +Group: +1000", key)


def _shown(made, command):
    place = f"{made}?offset={root_partition('x86_64').start * SECTOR_BYTES}"
    done = subprocess.run(
        [find("debugfs"), "-R", command, place], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_same_script_provisions_every_machine():
    script = "experiments/machines/provision.sh"
    assert script in (ROOT / "Vagrantfile").read_text()
    assert script in (HERE / "in_image.sh").read_text()
    assert script in user_data([], clone="https://x/y.git")
    assert script in user_data([])
    installs = [
        line
        for line in (ROOT / "Vagrantfile").read_text().splitlines()
        if "setup" in line and not line.lstrip().startswith("#")
    ]
    assert installs == []


def test_without_kvm_vagrant_waits_for_a_machine_that_answers_late():
    text = (ROOT / "Vagrantfile").read_text()
    (block,) = re.findall(r'^  if driver != "kvm".*\n((?:    .*\n)+)  end$', text, re.M)
    assert "config.vm.boot_timeout = 1800" in block
    assert "config.ssh.keep_alive = false" in block


def test_links_of_the_checkout_stay_links_in_vagrants_machine():
    """Copies in ``.package/corridor`` would be other files than those of the four folders."""
    said = re.search(r"rsync__args: \[([^]]+)\]", (ROOT / "Vagrantfile").read_text())
    assert said is not None, "without arguments, Vagrant passes --copy-links"
    assert "--archive" in said[1]
    assert "--copy-links" not in said[1]


def test_the_vagrantfile_leaves_behind_what_a_handover_does_and_no_room_of_that_name():
    excluded = re.search(r"rsync__exclude: \[([^]]+)\]", (ROOT / "Vagrantfile").read_text())[1]
    names = {name.strip().strip('"').rstrip("/") for name in excluded.split(",")}
    at_the_top = {name.removeprefix("/") for name in names if name.startswith("/")}
    assert at_the_top == handover.LEFT_OUT
    assert {name for name in names if not name.startswith("/")} <= handover.CACHES
