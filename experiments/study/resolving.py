"""Which measures the runs of a scenario will have: asked of types and names before a run. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from corridor.experiments.account.packet_classes import CAUSES
from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.internet_cut import figures_of
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.study.measures import (
    ANSWERS,
    COUNTED,
    FIBRE_USE,
    FUNCTIONS,
    INTERNET,
    Measure,
    Step,
)
from corridor.topologies.base.codec import key_of
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.traffic.background import REACTIONS

LISTS = (list, tuple, Sequence)


class NotOfThisScenario(InputError):
    """A key that summaries have, but not those of a scenario without what it is about."""


class _Names(NamedTuple):
    """What a scenario has under a name."""

    demands: Sequence[tuple[str, str]]
    """Each with its class."""
    events: Sequence[str]
    workloads: Sequence[str]
    countries: Collection[str] = ()
    """With figures of Internet traffic, or named without."""
    fibres: Collection[str] = ()
    whole: str = "a summary"
    """What the path leads into."""

    def of_items(self, path: str) -> Sequence[Collection[str]] | None:
        """Return the names of each item of a list; None where the items depend on the run."""
        if path in ("demands", f"{ANSWERS}.demands"):
            return self.demands
        if path in ("events", "workloads.workloads"):
            return [(one,) for one in (self.events if path == "events" else self.workloads)]
        return None

    def at(self, path: str) -> set[str] | None:
        """Return what items of a list may be called; None where that depends on the run."""
        if path == "events.hits":
            return {name for name, _ in self.demands}
        if path == FIBRE_USE:
            return set(self.fibres)
        if path.startswith(INTERNET):
            return self._of_internet(path)
        if path == "workloads.classes":
            return {of_class for _, of_class in self.demands}
        items = self.of_items(path)
        return None if items is None else {name for item in items for name in item}

    def _of_internet(self, path: str) -> set[str] | None:
        known = {
            INTERNET: self.events,
            f"{INTERNET}.cut.countries": self.countries,
            f"{INTERNET}.cut.countries.after": REACTIONS,
        }
        return set(known[path]) if path in known else None


class _Place(NamedTuple):
    """What a path leads to, whatever a run comes to."""

    type: Any
    values: int | None
    """How many values there are; None where that depends on the run."""


def check(measure: Measure, loaded: LoadedScenario, computed: type | None = None) -> None:
    """Raise InputError where no run of a scenario can have a measure: it has no such key or name,
    or the path leads to no number, or to several and no function is around it. ``computed`` is the
    type of an answer, instead of a run."""
    names, absent = _names_in(loaded, measure), {} if computed else _absent_in(loaded)
    if computed:
        names = names._replace(whole="the answer")
    place = _Place(computed or _whole(), 1)
    path = ""
    for step in measure.steps:
        if not path and step.key in absent:
            raise NotOfThisScenario(f'a summary has no key "{step.key}": {absent[step.key]}')
        place, path = _follow(place, step, path, names)
    if measure.function == "count" and measure.limit is None:
        return
    if not _may_be_number(place.type):
        raise InputError(f'"{path}" is not a number', _keys_hint("", _keys(place.type)))
    if not measure.function and place.values is not None and place.values > 1:
        hint = f"put one of {', '.join(f'{name}(...)' for name in FUNCTIONS)} around it"
        raise InputError(f"the path leads to {place.values} numbers", hint)


@cache
def _whole() -> Any:
    """The type of a summary with the answers that are computed before the run."""
    return {**get_type_hints(Summary), ANSWERS: Answers}


def _absent_in(loaded: LoadedScenario) -> dict[str, str]:
    """Keys that the summaries of a scenario do not have, and why."""
    scenario = loaded.scenario
    kinds = {event.kind.key for event in loaded.events}
    is_there = {
        "events": (bool(loaded.events), "its timeline is empty"),
        "expectations": ("expect" in kinds, "its timeline has no expectation"),
        "workloads": (bool(loaded.workloads), "it has no workloads"),
        FIBRE_USE: (bool(loaded.workloads), "it has no workloads"),
        "cuts": (scenario.cuts is not None, "the scenario does not cut fibres one after another"),
    }
    return {key: why for key, (there, why) in is_there.items() if not there}


def _names_in(loaded: LoadedScenario, measure: Measure) -> _Names:
    return _Names(
        [(one.id, one.data_class) for one in loaded.scenario.demands],
        [event.id for event in loaded.events],
        [one.entry.id for one in loaded.workloads],
        _countries(loaded) if measure.is_answered else (),
        [fibre.id for fibre in loaded.topology.fibres],
    )


def _countries(loaded: LoadedScenario) -> Collection[str]:
    related, _ = figures_of(loaded)
    if related is None:
        return ()
    return {*related.internet.countries, *(one.country for one in related.internet.file.unknown)}


def _follow(place: _Place, step: Step, path: str, names: _Names) -> tuple[_Place, str]:
    inside, path = _inside(place.type, step.key, path, names), f"{path}.{step.key}".lstrip(".")
    if get_origin(inside) not in LISTS or inside is str:
        if step.names and inside is not Any:
            raise InputError(f'"{path}" is not a list', "leave out what is in brackets")
        return _Place(inside, place.values), path
    known = names.at(path)
    for name in step.names if known is not None else ():
        if known is not None and name not in known:
            hint = nearest(name, known) or f"there are {', '.join(sorted(known)[:12]) or 'none'}"
            raise InputError(f'"{path}" has nothing called "{name}"', hint)
    items = names.of_items(path)
    if items is None or place.values is None:
        return _Place(inside, None), path
    chosen = sum(not step.names or not {*step.names}.isdisjoint(one) for one in items)
    return _Place(inside, place.values * chosen), path


def _inside(of: Any, key: str, path: str, names: _Names) -> Any:
    """The type behind a key, of an item where it is a list."""
    inner = _item(of)
    if inner is Any:
        return Any
    if get_origin(inner) in (dict, Mapping):
        counted = path.rpartition(".")[2] in COUNTED
        causes = {*CAUSES, *names.events}
        if counted and key not in causes:
            raise _no_key(key, f'"{path}"', sorted(causes))
        return _bare(get_args(inner)[1])
    keys = _keys(inner)
    if key not in keys:
        raise _no_key(key, f'"{path}"' if path else names.whole, list(keys))
    return _bare(keys[key])


def _keys(of: Any) -> Mapping[str, Any]:
    inner = _item(of)
    if isinstance(inner, dict):
        return inner
    if not _is_object(inner):
        return {}
    made = get_origin(inner) or inner
    given = dict(zip(getattr(made, "__type_params__", ()), get_args(inner), strict=False))
    return {key_of(name): given.get(hint, hint) for name, hint in _hints(made).items()}


@cache
def _hints(of: Any) -> Mapping[str, Any]:
    return get_type_hints(of)


def _is_object(of: Any) -> bool:
    return is_dataclass(get_origin(of) or of)


def _no_key(key: str, where: str, known: Sequence[str]) -> InputError:
    return InputError(f'{where} has no key "{key}"', _keys_hint(key, known))


def _keys_hint(key: str, known: Collection[str]) -> str:
    near = nearest(key, known) if key else ""
    return near or (f"keys are {', '.join(known)}" if known else "")


def _item(of: Any) -> Any:
    """What a list holds, however deep; what is not a list is itself."""
    of = _bare(of)
    while get_origin(of) in LISTS and get_args(of):
        of = _bare(get_args(of)[0])
    return of


def _bare(of: Any) -> Any:
    """A type without its name, and without None; of several, any."""
    while hasattr(of, "__value__"):
        of = of.__value__
    if get_origin(of) in (Union, UnionType):
        others = [one for one in get_args(of) if one is not type(None)]
        return _bare(others[0]) if len(others) == 1 else Any
    return of


def _may_be_number(of: Any) -> bool:
    inner = _item(of)
    if inner in (int, float, bool, Any) or isinstance(inner, type(Any)):
        return True
    return not (inner is str or isinstance(inner, dict) or _is_object(inner)) and get_origin(
        inner
    ) not in (dict, Mapping)
