"""Finding the kernel source through whatever apt set-up the machine has."""

import subprocess
from pathlib import Path

import pytest

from corridor.experiments.machines import kernel_source
from corridor.experiments.machines.kernel_source import (
    AptSource,
    backports_entry,
    find_source,
    newest_name,
    parse_deb822,
    parse_one_line,
    parse_show,
    release_codename,
)
from corridor.topologies.base.errors import EnvironmentUnsupported

KEY = Path("/tmp/key.asc")
DEB822 = """\
# Main
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: trixie trixie-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian.pgp

Types: deb-src
URIs: http://sources.example/debian
Suites: trixie
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
"""
EMBEDDED = """\
Types: deb
URIs: mirror+file:///etc/apt/mirrors/debian.list
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS/xcRfwEQWzr
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_deb822_entries_that_are_off_or_for_sources_are_passed_over():
    assert parse_deb822(DEB822) == [
        AptSource(
            "http://mirror.example/debian",
            ("trixie", "trixie-updates"),
            ("main", "contrib"),
            "/usr/share/keyrings/debian.pgp",
        )
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deb http://m/debian trixie main", [AptSource("http://m/debian", ("trixie",), ("main",))]),
        (
            "deb [arch=amd64 signed-by=/k.gpg] http://m/debian trixie main contrib # mine",
            [AptSource("http://m/debian", ("trixie",), ("main", "contrib"), "/k.gpg")],
        ),
        ("# deb http://m/debian trixie main", []),
        ("deb-src http://m/debian trixie main", []),
        ("", []),
    ],
)
def test_one_line_entries(line, expected):
    assert parse_one_line(line) == expected


def test_backports_come_from_the_machines_own_mirror_under_its_own_key():
    entry = backports_entry(parse_deb822(DEB822), "trixie", KEY)
    assert entry is not None
    line, key = entry
    assert line == (
        "deb [signed-by=/usr/share/keyrings/debian.pgp] "
        "http://mirror.example/debian trixie-backports main\n"
    )
    assert key == ""


def test_an_embedded_key_is_written_out_with_its_empty_lines():
    line, key = backports_entry(parse_deb822(EMBEDDED), "trixie", KEY)
    assert f"[signed-by={KEY}] mirror+file:" in line
    assert key.splitlines()[:2] == ["-----BEGIN PGP PUBLIC KEY BLOCK-----", ""]


def test_no_backports_where_the_machine_does_not_use_the_release():
    assert backports_entry(parse_deb822(DEB822), "bookworm", KEY) is None


def test_the_newest_source_is_by_number_not_by_letter():
    assert newest_name(["linux-source-6.9", "linux-source-6.12", "linux-source"]) == (
        "linux-source-6.12"
    )
    assert newest_name(["linux-source", "linux-source-6.12-doc"]) is None


def test_the_newest_version_of_a_package_is_the_first_shown():
    text = "Package: p\nVersion: 2\nSize: 10\nDescription: a\n b: c\n\nPackage: p\nVersion: 1\n"
    assert parse_show(text)["Version"] == "2"


def test_codename_with_and_without_quotes():
    assert release_codename('ID=debian\nVERSION_CODENAME="trixie"\n') == "trixie"
    assert release_codename("VERSION_CODENAME=trixie\n") == "trixie"
    assert release_codename("ID=debian\n") == ""


def unreachable(command):
    raise subprocess.CalledProcessError(100, command)


def test_without_a_network_an_installed_source_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_source, "INSTALLED_SOURCES", tmp_path)
    for version in ("6.9", "6.12"):
        (tmp_path / f"linux-source-{version}.tar.xz").touch()
    source = find_source(tmp_path, unreachable)
    assert (source.version, source.tarball.name) == ("6.12", "linux-source-6.12.tar.xz")


def test_without_a_network_or_an_installed_source_one_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_source, "INSTALLED_SOURCES", tmp_path)
    with pytest.raises(EnvironmentUnsupported, match="no kernel source is available") as refused:
        find_source(tmp_path, unreachable)
    assert "apt-get install linux-source" in refused.value.hint


def test_a_mirror_without_backports_leads_to_the_machines_own_lists(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_source, "machine_sources", lambda: parse_deb822(DEB822))
    monkeypatch.setattr(kernel_source, "release_codename", lambda _: "trixie")

    def run(command):
        if any("backports.list" in word for word in command):
            return unreachable(command)
        if "search" in command:
            return "linux-source-6.12 - source\n"
        return "Package: linux-source-6.12\nVersion: 6.12.118-1\nSize: 5\n"

    source = find_source(tmp_path, run)
    assert (source.name, source.version) == ("linux-source-6.12", "6.12.118-1")
    assert not any("sourcelist" in option for option in source.apt_options)
