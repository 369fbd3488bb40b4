"""Where the files of studies are: those that ship, by name, and those of users."""

from __future__ import annotations

from pathlib import Path

from corridor.topologies.base.bounded_file import is_there, shown
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest

SHIPPED = Path(__file__).with_name("shipped")
STUDY = "study.yaml"
"""In a separate folder, next to the scenarios and maps that it names."""


def shipped_studies() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in SHIPPED.glob(f"*/{STUDY}")))


def find_study(name_or_path: str | Path) -> Path:
    """Raises InputError for what is neither the name of one that ships nor a file."""
    known, name = shipped_studies(), str(name_or_path)
    if name in known:
        return SHIPPED / name / STUDY
    path = Path(name_or_path)
    if is_there(path) or "/" in name or path.suffix:
        return path
    hint = nearest(name, known) or f"shipped are {', '.join(known)}; or give a file"
    raise InputError(f'no study is called "{shown(name)}"', hint)
