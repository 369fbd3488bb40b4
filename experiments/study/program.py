"""Which program runs the cells: a hash of the package's own files."""

from __future__ import annotations

import hashlib

from corridor.topologies.base.places import CHECKOUT, PACKAGE

KINDS = (".py", ".yaml", ".json", ".sh", ".c", ".config", ".csv")
FOLDERS = ("topologies", "controller", "traffic", "experiments")
BESIDE = tuple(
    f"experiments/{room}/"
    for room in (
        *("artifact", "artifact_files", "atlas", "command_line", "commands", "documentation"),
        *("figures", "output_schemas", "pages", "setup", "study", "terminal"),
    )
)
"""What asks for results, draws and tells them, and makes none."""


def program_digest() -> str:
    """Of all files by which a run could come to other results."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for path in sorted((PACKAGE / folder).rglob("*")):
            name = path.relative_to(PACKAGE).as_posix()
            if path.suffix in KINDS and not name.startswith(BESIDE) and path.is_file():
                digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    lock = CHECKOUT / "requirements.lock"
    digest.update(lock.read_bytes() if lock.exists() else b"")
    return digest.hexdigest()
