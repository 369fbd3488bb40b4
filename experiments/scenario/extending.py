"""Files of scenarios, shipped or of users, and scenarios that extend others. Pure.

What a file does not state is as the other states it. Keys hold as wholes: ``demands`` of the file
replace all demands of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path

from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import DataClass, Outside, PolicySet
from corridor.topologies.base.bounded_file import is_file, is_there, shown
from corridor.topologies.base.documents import Document, KeyPath, Plain, read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest

EXTENDS = "extends"
MOST_LEVELS = 8


def extended(
    document: Document, read: Callable[[str], Document], check: Callable[[Document], object]
) -> Document:
    """The whole that a document comes to with the one it extends, and that with its own.

    ``read`` finds a document by the name after ``extends``; ``check`` raises what is wrong with one
    that is extended, so that its mistakes are told with its own file and line. What comes from
    there stands, for errors, where the document says ``extends``.
    """
    return _extended(document, read, check, ())


def _extended(
    document: Document,
    read: Callable[[str], Document],
    check: Callable[[Document], object],
    above: tuple[str, ...],
) -> Document:
    data = document.data
    if not isinstance(data, dict) or EXTENDS not in data:
        return document
    base = _base(document, read, (*above, document.file))
    base = _extended(base, read, check, (*above, document.file))
    check(base)
    assert isinstance(base.data, dict)
    own: dict[str, Plain] = {key: value for key, value in data.items() if key != EXTENDS}
    inherited = base.data.keys() - own.keys()
    line = document.line_of(EXTENDS) or 1
    lines: dict[KeyPath, int] = {**document.lines, **{(key,): line for key in inherited}}
    return Document({**base.data, **own}, document.file, lines)


def _base(document: Document, read: Callable[[str], Document], above: tuple[str, ...]) -> Document:
    name = document.value(EXTENDS)
    if not isinstance(name, str):
        raise document.error(
            "must name one scenario", EXTENDS, hint="write for example extends: sovereignty"
        )
    try:
        base = read(name)
    except InputError as error:
        raise document.error_of_named(error, EXTENDS) from error
    if base.file in above:
        raise document.error("extends itself", EXTENDS, hint="drop one of them")
    if len(above) >= MOST_LEVELS:
        raise document.error(f"more than {MOST_LEVELS} scenarios extend one another", EXTENDS)
    return base


# What a scenario means under a policy set, whichever set that is: the same for every command.
#
# A set rules the classes it has. Classes that it does not have, but that the scenario's own set or
# a
# shipped one describes, are outside it; the outcome of data outside, the set says, or who asks. A
# class that no one describes is a mistake.

EVERY_SHIPPED_CLASS = "pan-asia"
"""The shipped set that includes all the others."""


def under(
    policies: PolicySet,
    classes: Collection[str],
    own: Callable[[], PolicySet],
    outside: Outside | None,
) -> PolicySet:
    """A set as demands of these classes are put under it; ``own`` loads the set that their
    scenario names."""
    read = policies if outside is None else policies.model_copy(update={"outside": outside})
    if read.outside == "deny" or policies.class_ids.issuperset(classes):
        return read
    return read.beside((*shipped_classes(), *own().classes))


def chosen_values(
    document: Document,
    policies: PolicySet,
    written: Mapping[str, str],
    asked: Mapping[str, str],
) -> dict[str, str]:
    """Return the values of interpretations that a scenario chooses, and those asked for instead.

    Raises InputError where the set has no such interpretation or value.
    """
    for name, value in written.items():
        if problem := _problem(policies, name, value):
            raise document.error(problem, "interpret", name)
    for name, value in asked.items():
        if problem := _problem(policies, name, value):
            raise InputError(f"--interpret {name}={value}: {problem}")
    return {**written, **asked}


def _problem(policies: PolicySet, name: str, value: str) -> str:
    known = {one.id: one for one in policies.interpretations}
    if name not in known:
        hint = nearest(name, known) or f"it has {', '.join(known) or 'none'}"
        return f'policy set {policies.name} has no interpretation "{name}"; {hint}'
    values = known[name].values
    if value in values:
        return ""
    return f'{name} has no value "{value}"; ' + (
        nearest(value, values) or f"its values are {', '.join(values)}"
    )


@cache
def shipped_classes() -> tuple[DataClass, ...]:
    """All classes that shipped sets describe."""
    return load_policies(EVERY_SHIPPED_CLASS).classes


def hint_about(name: str, policies: PolicySet) -> str:
    """What to do about a class that a set does not know."""
    if name in {entry.id for entry in shipped_classes()}:
        return (
            f"policy set {policies.name} does not have it and denies what is outside: include a "
            "set that has it, or say outside: not-judged there, or --outside not-judged here"
        )
    known = policies.class_ids
    return nearest(name, known) or f"policy set {policies.name} says which there are"


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
