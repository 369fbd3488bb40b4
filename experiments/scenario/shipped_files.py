"""Where the files of scenarios are: those that ship, by name, and those of users."""

from __future__ import annotations

from pathlib import Path

from corridor.topologies.base.bounded_file import is_file, is_there, shown
from corridor.topologies.base.documents import Document, read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest

SHIPPED = Path(__file__).with_name("shipped")


def shipped_scenarios() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def read_scenario(name_or_path: str) -> Document:
    """What the file of a scenario says, unchecked; InputError where there is none."""
    return read_document(_find(name_or_path))


def read_beside(name: str, folder: Path) -> Document:
    """What a scenario extends: a file in its folder, or one that ships."""
    beside = folder / name
    if "/" not in name and is_file(beside):
        return read_document(beside)
    if name in shipped_scenarios():
        return read_document(_find(name))
    known = shipped_scenarios()
    hint = nearest(name, known) or f"name a file next to it, or one of {', '.join(known)}"
    raise InputError(f'no scenario is called "{shown(name)}"', hint)


def _find(name_or_path: str) -> Path:
    shipped = SHIPPED / f"{name_or_path}.yaml"
    if name_or_path in shipped_scenarios():
        return shipped
    path = Path(name_or_path)
    if is_there(path) or "/" in name_or_path or path.suffix:
        return path
    known = shipped_scenarios()
    hint = nearest(name_or_path, known) or f"shipped are {', '.join(known)}; or give a file"
    raise InputError(f'no scenario is called "{shown(name_or_path)}"', hint)
