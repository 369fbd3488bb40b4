"""Where the virtual-clock kernel's source comes from: the newest ``linux-source`` apt can get.

Asks the distribution's backports through a private set of package lists, so that nothing
of the machine's own apt set-up changes and no root is needed; then the machine's own
sources the same way; then a source tarball that is installed already.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from corridor.topologies.base.errors import EnvironmentUnsupported

INSTALLED_SOURCES = Path("/usr/src")
SOURCE_NAME = re.compile(r"linux-source-(\d+(?:\.\d+)+)")

Run = Callable[[list[str]], str]
"""Runs a program to its end and returns what it printed; raises ``CalledProcessError``."""


@dataclass(frozen=True)
class AptSource:
    """One entry of the machine's apt set-up."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    """A key file, an embedded key block, or empty for the machine's trusted keys."""


@dataclass(frozen=True)
class SourcePackage:
    """A kernel source: from apt (``apt_options`` lead to it) or from ``tarball``."""

    name: str
    version: str
    size_bytes: int = 0
    apt_options: tuple[str, ...] = ()
    tarball: Path | None = None


def parse_deb822(text: str) -> list[AptSource]:
    """Enabled binary entries of a ``*.sources`` file."""
    entries: list[AptSource] = []
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and name:
                # A lone dot stands for an empty line, as in an embedded key.
                fields[name] += "\n" + line.strip().removeprefix(".")
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" not in fields.get("types", "").split():
            continue
        if fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        entries.extend(
            AptSource(
                uri,
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", "").strip(),
            )
            for uri in fields.get("uris", "").split()
        )
    return entries


def parse_one_line(text: str) -> list[AptSource]:
    """Binary entries of a ``*.list`` file."""
    entries = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)", line)
        if match:
            options, uri, suite, components = match.groups()
            signed_by = re.search(r"signed-by=(\S+)", options or "")
            entries.append(
                AptSource(
                    uri,
                    (suite,),
                    tuple(components.split()),
                    signed_by.group(1) if signed_by else "",
                )
            )
    return entries


def machine_sources(etc: Path = Path("/etc/apt")) -> list[AptSource]:
    """All entries of this machine's apt set-up, in apt's order; skips unreadable files."""
    found: list[AptSource] = []
    for file in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))):
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if file.suffix == ".sources":
            found += parse_deb822(text)
        elif file.suffix == ".list":
            found += parse_one_line(text)
    return found


def backports_entry(
    sources: Iterable[AptSource], codename: str, key_file: Path
) -> tuple[str, str] | None:
    """The one-line apt entry for ``codename``'s backports, and the key to put in ``key_file``.

    Same mirror and same key as the machine uses for the release itself; None when it uses none.
    """
    for source in sources:
        if codename in source.suites and "main" in source.components:
            key = source.signed_by if "BEGIN PGP" in source.signed_by else ""
            signed_by = str(key_file) if key else source.signed_by
            option = f"[signed-by={signed_by}] " if signed_by else ""
            return f"deb {option}{source.uri} {codename}-backports main\n", key
    return None


def release_codename(os_release: str) -> str:
    match = re.search(r'^VERSION_CODENAME="?([\w.-]+)"?$', os_release, re.MULTILINE)
    return match.group(1) if match else ""


def newest_name(names: Iterable[str]) -> str | None:
    """The ``linux-source-X.Y`` of the highest version among ``names``."""
    versions = {
        tuple(int(part) for part in match.group(1).split(".")): name
        for name in names
        if (match := SOURCE_NAME.fullmatch(name))
    }
    return versions[max(versions)] if versions else None


def parse_show(text: str) -> Mapping[str, str]:
    """Fields of the first stanza that ``apt-cache show`` prints: the newest version's."""
    first = text.split("\n\n", 1)[0]
    return dict(
        line.split(": ", 1) for line in first.splitlines() if ": " in line and line[0] != " "
    )


def find_source(work: Path, run: Run) -> SourcePackage:
    """The newest kernel source to be had here; keeps its package lists under ``work``.

    Raises EnvironmentLacking when there is none: no network, no mirror, nothing installed.
    """
    attempts: list[tuple[str, ...]] = []
    codename = release_codename(Path("/etc/os-release").read_text(encoding="utf-8"))
    entry = backports_entry(machine_sources(), codename, work / "key.asc")
    if entry:
        line, key = entry
        (work / "backports.list").write_text(line, encoding="utf-8")
        if key:
            (work / "key.asc").write_text(key.strip() + "\n", encoding="utf-8")
        attempts.append(
            (
                f"Dir::Etc::sourcelist={work / 'backports.list'}",
                "Dir::Etc::sourceparts=-",
            )
        )
    attempts.append(())
    for number, sources in enumerate(attempts):
        package = _ask_apt(work / f"apt-{number}", sources, run)
        if package:
            return package
    installed = newest_name(
        file.name.removesuffix(".tar.xz")
        for file in INSTALLED_SOURCES.glob("linux-source-*.tar.xz")
    )
    if installed:
        return SourcePackage(
            installed,
            installed.removeprefix("linux-source-"),
            tarball=INSTALLED_SOURCES / f"{installed}.tar.xz",
        )
    raise EnvironmentUnsupported(
        "no kernel source is available: apt finds no linux-source package, and none is installed",
        "connect to the network, or: sudo apt-get install linux-source",
    )


def _ask_apt(state: Path, sources: tuple[str, ...], run: Run) -> SourcePackage | None:
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    settings = (
        *sources,
        f"Dir::State::lists={state / 'lists'}",
        f"Dir::Cache={state / 'cache'}",
        # The private folders need not be readable by apt's download user.
        "APT::Sandbox::User=",
        "APT::Update::Error-Mode=any",
        "Acquire::Retries=2",
        "Acquire::http::Timeout=30",
        "Acquire::Languages=none",
    )
    options = tuple(part for setting in settings for part in ("-o", setting))
    try:
        run(["apt-get", *options, "-q", "update"])
        listed = run(["apt-cache", *options, "search", "--names-only", "^linux-source-[0-9.]+$"])
        name = newest_name(line.split(" ", 1)[0] for line in listed.splitlines())
        if name is None:
            return None
        fields = parse_show(run(["apt-cache", *options, "show", name]))
    except (OSError, subprocess.CalledProcessError):
        return None
    return SourcePackage(name, fields["Version"], int(fields.get("Size", "0")), options)
