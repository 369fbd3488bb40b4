"""The ``/etc`` that programs of a guest have."""

import shutil

import pytest

from corridor.experiments.testbeds.guest_settings import RESOLVER, fill, make_host_key


@pytest.fixture
def folders(tmp_path):
    settings, of_host = tmp_path / "etc", tmp_path / "of-host"
    for folder in (settings, of_host):
        folder.mkdir()
    (of_host / "hosts").write_text("127.0.0.1 localhost\n")
    (of_host / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (of_host / "mtab").symlink_to("../proc/self/mounts")
    (of_host / "resolv.conf").write_text("nameserver 10.255.255.53\n")
    return settings, of_host


def test_programs_write_to_copies_and_read_the_rest_through_links(folders):
    settings, of_host = folders
    fill(settings, of_host)
    with (settings / "hosts").open("a") as hosts:
        hosts.write("10.0.0.1 h1\n")
    (settings / "network/interfaces").write_text("iface nat0-eth0 inet manual\n")
    assert (of_host / "hosts").read_text() == "127.0.0.1 localhost\n"
    assert (settings / "passwd").readlink() == of_host / "passwd"
    assert str((settings / "mtab").readlink()) == "../proc/self/mounts"


@pytest.mark.parametrize("is_link", [False, True])
def test_the_resolver_of_the_host_is_replaced_by_one_that_fails_at_once(folders, is_link):
    settings, of_host = folders
    resolver = of_host / "resolv.conf"
    if is_link:
        resolver.unlink()
        resolver.symlink_to("/run/systemd/resolve/stub-resolv.conf")
    fill(settings, of_host)
    assert (settings / "resolv.conf").read_text() == RESOLVER
    assert is_link or resolver.read_text() == "nameserver 10.255.255.53\n"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_a_guest_has_a_host_key_of_its_own(folders):
    settings, of_host = folders
    name = "ssh/ssh_host_ed25519_key"
    (of_host / "ssh").mkdir()
    (of_host / name).write_text("secret of the host")
    fill(settings, of_host)
    make_host_key(settings / "ssh")
    assert (settings / name).read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert (settings / name).stat().st_mode & 0o77 == 0
    assert (of_host / name).read_text() == "secret of the host"
