"""Which version this is: of the package, and in a checkout its commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypedDict

from corridor.topologies.base.installation import CHECKOUT, PACKAGE

if TYPE_CHECKING:
    from importlib.metadata import Distribution

DISTRIBUTION = "corridor-emulator"
PROJECT = CHECKOUT / "pyproject.toml"
"""Only a checkout has it."""
BUNDLED = PACKAGE / "bundled"
"""Only an installed wheel has it: see ``setup/build_backend.py``."""


class Code(TypedDict):
    """Of the checkout, or of what was installed from an address of git; the commit is empty where
    that is not known."""

    commit: str
    changed: bool


def version_line(code: Code | None = None) -> str:
    """``corridor 0.1.0, commit 0123456789ab, changed``; ``code`` is this one's."""
    code = code or this_code()
    commit = f", commit {code['commit'][:12]}" if code["commit"] else ""
    changed = ", changed" if code["commit"] and code["changed"] else ""
    return f"corridor {version()}{commit}{changed}"


def version() -> str:
    """That of the checkout, else of what is installed."""
    if PROJECT.is_file():
        import tomllib

        return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"])
    import importlib.metadata

    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def version_of(distribution: str) -> str:
    """Of what is installed under this name, or is in our wheel; PackageNotFoundError."""
    import importlib.metadata

    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        for one in bundled():
            if one.metadata["Name"].lower() == distribution:
                return one.version
        raise


def bundled() -> Iterator[Distribution]:
    """What one of our wheels holds of others, which no installer is to take for installed."""
    from importlib.metadata import Distribution

    for about in sorted(BUNDLED.glob("*/METADATA")):
        yield Distribution.at(about.parent)


def this_code() -> Code:
    """The commit of this code and whether it was changed, where git or the installer can tell."""
    import subprocess

    def git(*arguments: str) -> str:
        command = ["git", "--no-optional-locks", "-C", str(CHECKOUT), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    if not PROJECT.is_file():  # what git finds above site-packages is someone else's
        return {"commit": _installed_commit(), "changed": False}
    return {"commit": git("rev-parse", "HEAD"), "changed": bool(git("status", "--porcelain"))}


def _installed_commit() -> str:
    """The commit of a repository that this was installed from, which installers note (PEP 610)."""
    import importlib.metadata
    import json

    try:
        noted = importlib.metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        return str(json.loads(noted or "{}")["vcs_info"]["commit_id"])
    except (importlib.metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return ""
