"""What goes into a machine, and what is handed on to other programs."""

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from corridor.experiments.machines import boot, build, export, handover, system_packages
from corridor.experiments.machines.boot import Wanted
from corridor.experiments.machines.qemu import command
from corridor.experiments.machines.recipe import Image
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError

ROOT = Path(__file__).resolve().parents[4]
IMAGE = Image(Path("/images/amd64-1"), "x86_64", "1")


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    caches = (".venv/x", "results/y", "tests/__pycache__/z")
    for name in ("corridor", "tests/one.py", "rooms/results/here.py", *caches):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return folder


def entries(file):
    with tarfile.open(file) as tar:
        return {entry.name: entry for entry in tar}


def test_a_handover_has_the_checkout_without_what_is_made_from_it(checkout, tmp_path):
    handover.write(handover.Handover(checkout), tmp_path / "tar")
    found = entries(tmp_path / "tar")
    files = {name for name, entry in found.items() if entry.isreg()}
    assert files == {
        *("vagrant/corridor", "vagrant/tests/one.py"),
        "vagrant/rooms/results/here.py",  # only the checkout's own results stay behind
    }
    assert {entry.uid for entry in found.values()} == {1000}


def test_a_handover_carries_a_key_that_ssh_accepts_a_kernel_and_an_errand(checkout, tmp_path):
    kernel = tmp_path / "7.3-abc"
    kernel.mkdir()
    (kernel / "linux").write_text("kernel")
    handed = handover.Handover(checkout, "ssh-ed25519 AAAA\n", kernel, "#!/bin/sh\n")
    handover.write(handed, tmp_path / "tar")
    found = entries(tmp_path / "tar")
    assert found["home/vagrant/.ssh/authorized_keys"].mode == 0o600
    assert found["home/vagrant/.ssh"].mode == 0o700
    assert "home/vagrant/.cache/corridor/kernels/7.3-abc/linux" in found
    assert found["errand.sh"].mode == 0o755


def test_a_git_folder_goes_along_but_a_pointer_to_one_does_not(checkout, tmp_path):
    (checkout / ".git").write_text("gitdir: /elsewhere")
    handover.write(handover.Handover(checkout), tmp_path / "tar")
    assert "vagrant/.git" not in entries(tmp_path / "tar")


def test_an_errand_runs_as_the_user_with_its_words_unharmed(tmp_path):
    said = boot.errand_script(["echo", "it's", "$HOME; two  words"])
    line = next(line for line in said.splitlines() if line.startswith("su "))
    inside = re.sub(r"^su vagrant -s /bin/bash -c ", "bash -c ", line).split(" </dev/null")[0]
    inside = inside.replace("cd /vagrant && ", "")
    shown = subprocess.run(["sh", "-c", inside], capture_output=True, text=True)
    assert shown.stdout == "it's $HOME; two  words\n"
    assert said.splitlines()[0] == "#!/bin/sh"


def test_a_machine_with_the_virtual_clock_has_one_processor_and_no_network():
    machine = boot.as_boot(IMAGE, Wanted(virtual=True, processors=4), Path("/run"), None)
    said = " ".join(command(machine))
    assert "-icount" in said
    assert "-smp 1" in said
    assert "-nic none" in said
    assert "root=LABEL=corridor-root" in said
    assert "serial=handover" in said
    assert "virtio-9p" not in said


def test_a_machine_with_the_real_clock_has_what_was_asked_for():
    wanted = Wanted(processors=3, memory_mb=1234, ssh_port=2222)
    said = " ".join(command(boot.as_boot(IMAGE, wanted, Path("/run"), Path("/results"))))
    assert "-smp 3 -m 1234" in said
    assert "hostfwd=tcp:127.0.0.1:2222-:22" in said
    assert "mount_tag=results" in said
    assert "readonly=on,path=/results" not in said


@pytest.fixture
def talking(monkeypatch, tmp_path):
    """An errand whose machine is a stand-in; the folder is what it finds."""

    def run(program, limit_s=20):
        def start(machine, place):
            said = (place / boot.LOG).open("wb")
            return subprocess.Popen(
                [sys.executable, "-c", program], cwd=place, stdout=said, stderr=said
            )

        monkeypatch.setattr(boot, "start", start)
        lines = []
        handed = handover.Handover(tmp_path / "none")
        code = boot.run_errand(
            IMAGE, handed, results=None, wanted=Wanted(), say=lines.append, limit_s=limit_s
        )
        return code, lines

    return run


def test_what_an_errand_prints_is_told_line_by_line_and_its_code_is_handed_back(talking):
    code, lines = talking(
        "open('output', 'w').write('one\\r\\ntwo\\n'); open('code', 'w').write('4\\n')"
    )
    assert (code, lines) == (4, ["one", "two"])


def test_the_last_line_is_told_even_without_an_end(talking):
    _, lines = talking("open('output', 'w').write('one\\ntwo'); open('code', 'w').write('0')")
    assert lines == ["one", "two"]


def test_a_machine_that_ends_before_its_errand_says_why(talking):
    with pytest.raises(EnvironmentUnsupported, match="before its errand: no such disk"):
        talking("print('no such disk')")


def test_an_errand_that_takes_too_long_is_ended(talking):
    code, _ = talking("import time; time.sleep(60)", limit_s=0.5)
    assert code == boot.TIMED_OUT


def test_ssh_goes_to_loopback_with_a_key_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    to = boot.Running(2222, 1)
    said = boot.ssh(to, ["sudo", "./corridor", "run"])
    assert said[-2:] == ["vagrant@127.0.0.1", "cd /vagrant && sudo ./corridor run"]
    assert str(tmp_path / "corridor/machines/id_ed25519") in said
    assert boot.ssh(to)[-1].endswith("exec bash -l")


def test_no_machine_runs_unless_its_qemu_does(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(EnvironmentUnsupported, match=r"no machine runs; \./corridor vm run"):
        boot.running()
    (tmp_path / "corridor/machines").mkdir(parents=True)
    boot.note(boot.Running(2222, 1))  # the process belongs to another user
    with pytest.raises(EnvironmentUnsupported, match="no machine runs"):
        boot.running()


def test_a_machine_that_ends_leaves_the_note_of_one_that_was_started_since(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "corridor/machines").mkdir(parents=True)
    first, second = boot.Running(2222, 1), boot.Running(2223, 2)
    boot.note(first)
    boot.note(second)
    boot.forget(first)
    assert boot.noted() == second
    boot.forget(second)
    assert boot.noted() is None


def test_a_machine_that_ends_while_it_boots_says_what_qemu_said_and_the_way_round(tmp_path):
    (tmp_path / boot.LOG).write_text("failed to set MSR 0x10a\n")
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
        with pytest.raises(EnvironmentUnsupported, match=r"MSR 0x10a; .*--no-kvm"):
            boot.wait_for_ssh(boot.Running(1, 1), ended, tmp_path, 5, lambda _: None)


def test_kvm_is_left_alone_on_request(monkeypatch):
    monkeypatch.setattr(boot, "here", lambda _: "kvm")
    told = [boot.accelerator("x86_64", Wanted(no_kvm=one)) for one in (False, True)]
    assert told == ["kvm", "translated"]


def test_a_box_is_catalogued_under_what_the_vagrantfile_asks_for():
    pin = export.pinned((ROOT / "Vagrantfile").read_text())
    listed = export.Listed("file:///b/corridor-libvirt-amd64.box", "0a" * 32)
    said = json.loads(export.catalogue(pin, {"libvirt": listed}))
    assert said["name"] == "corridor/debian-13"
    (version,) = said["versions"]
    assert version["version"] == pin.version
    assert version["providers"] == [
        {
            "name": "libvirt",
            "url": "file:///b/corridor-libvirt-amd64.box",
            "checksum_type": "sha256",
            "checksum": "0a" * 32,
        }
    ]


def test_libvirt_keeps_disks_of_two_images_apart():
    """It keeps a disk under the name of its box, and takes no second one of that name."""
    old, new = (json.loads(export.metadata("libvirt", name)) for name in ("aaaa", "bbbb"))
    assert old["disks"] == [{"path": "box.img", "name": "corridor-aaaa"}]
    assert new["disks"][0]["name"] != old["disks"][0]["name"]
    assert "disks" not in json.loads(export.metadata("virtualbox", "aaaa"))


def test_a_vagrantfile_that_pins_nothing_is_refused():
    with pytest.raises(InputError, match="Vagrantfile: names no box"):
        export.pinned('config.vm.box = "x"')


def test_the_disk_of_an_ova_hangs_on_a_controller_that_is_there():
    root = ET.fromstring(export.descriptor("x86_64", "a&b.vmdk", 77).encode())
    names = {
        "ovf": export.OVF + "/envelope/1",
        "r": f"{export.CIM}/CIM_ResourceAllocationSettingData",
    }
    file = root.find("ovf:References/ovf:File", names)
    assert file.get(f"{{{names['ovf']}}}href") == "a&b.vmdk"
    assert file.get(f"{{{names['ovf']}}}size") == "77"
    items = {}
    for item in root.iter(f"{{{names['ovf']}}}Item"):
        words = [child.tag.rpartition("}")[2] for child in item]
        assert words == sorted(words)
        items[item.find("r:InstanceID", names).text] = item
    kinds = {number: item.find("r:ResourceType", names).text for number, item in items.items()}
    disk = next(item for number, item in items.items() if kinds[number] == "17")
    assert kinds[disk.find("r:Parent", names).text] == "20"
    assert disk.find("r:HostResource", names).text == "/disk/disk1"
    assert {"3", "4", "10"} <= set(kinds.values())


def test_boxes_of_other_providers_stay_in_the_catalogue(tmp_path):
    for provider in ("libvirt", "virtualbox"):
        (tmp_path / f"corridor-{provider}-amd64.box").touch()
    (tmp_path / "corridor-libvirt-arm64.box").touch()
    assert set(export._boxes(IMAGE, tmp_path, "")) == {"libvirt", "virtualbox"}
    arm = replace(IMAGE, architecture="aarch64")
    assert set(export._boxes(arm, tmp_path, "")) == {"libvirt"}


def test_a_catalogue_of_a_release_names_addresses_and_checksums_of_its_boxes(tmp_path):
    file = tmp_path / "corridor-libvirt-amd64.box"
    file.write_bytes(b"a box")
    sha256 = hashlib.sha256(b"a box").hexdigest()
    here = export._boxes(IMAGE, tmp_path, "")
    there = export._boxes(IMAGE, tmp_path, "https://example.org/v1/")
    assert here == {"libvirt": (file.as_uri(), sha256)}
    assert there == {"libvirt": (f"https://example.org/v1/{file.name}", sha256)}


def test_user_data_is_what_cloud_init_reads_and_installs_what_set_up_does():
    listed = (ROOT / "experiments/setup/packages.txt").read_text()
    amd64 = handover.packages(listed, "x86_64")
    arm64 = handover.packages(listed, "aarch64")
    assert set(amd64) - set(arm64) == {"user-mode-linux"}
    assert {"mininet", "openvswitch-switch", "git", "sudo"} <= set(arm64)
    assert "chromium" not in amd64
    text = handover.user_data(amd64)
    assert text.startswith("#cloud-config\n")
    said = yaml.safe_load(text)
    assert said == {"package_update": True, "packages": amd64}


def test_user_data_with_a_repository_clones_it_for_the_images_first_user():
    said = yaml.safe_load(handover.user_data([], clone="https://example.org/it's.git"))
    ((shell, flag, script),) = said["runcmd"]
    assert (shell, flag) == ("sh", "-c")
    assert subprocess.run(["sh", "-n", "-c", script]).returncode == 0
    assert "--first-boot" not in script  # cloud-init would wait for itself


def test_the_virtual_clock_is_for_errands(monkeypatch, capsys):
    from corridor.experiments import cli

    assert cli.main(["vm", "run", "--clock", "virtual"]) == 2
    assert "accepts no login; name a command: -- COMMAND" in capsys.readouterr().err


def test_an_exported_disk_does_not_replace_a_file_unasked(tmp_path, capsys):
    from corridor.experiments import cli

    (tmp_path / "mine.qcow2").write_text("mine")
    assert cli.main(["vm", "export", str(tmp_path / "mine.qcow2")]) == 2
    assert "exists already; name another file or add --force" in capsys.readouterr().err
    assert (tmp_path / "mine.qcow2").read_text() == "mine"


def test_an_export_needs_an_ending_that_says_its_format(tmp_path, capsys):
    from corridor.experiments import cli

    assert cli.main(["vm", "export", str(tmp_path / "x.iso")]) == 2
    assert "x.iso: its ending says no format" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "lacks"),
    [
        (["run"], "qemu-system-x86_64"),
        (["run", "--", "true"], "qemu-system-x86_64"),
        (["ssh"], "ssh"),
        (["box", "--out", "{folder}"], "qemu-img"),
        (["export", "{folder}/x.ova"], "qemu-img"),
    ],
)
def test_what_lacks_to_use_an_image_is_said_before_one_is_built(
    words, lacks, tmp_path, monkeypatch, capsys
):
    from corridor.experiments import cli

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(
        system_packages, "find", lambda program: None if program == lacks else program
    )
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(build, "build_image", lambda *_, **__: pytest.fail("it was built"))
    assert cli.main(["vm", *(word.format(folder=tmp_path) for word in words)]) == 3
    assert f"{lacks} not found, and corridor vm {words[0]} needs it" in capsys.readouterr().err


def test_a_private_key_is_not_put_into_a_machine(tmp_path, capsys):
    from corridor.experiments import cli

    (tmp_path / "id").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    said = ["vm", "export", str(tmp_path / "x.ova"), "--key", str(tmp_path / "id")]
    assert cli.main(said) == 2
    assert "private key" in capsys.readouterr().err
