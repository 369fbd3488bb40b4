"""What a kind of objective must offer, those that ship, and a user-supplied one, from one file.

The file is Python, and is carried out where paths are chosen by it, not where it is only read. What
it says is looked at before it counts.
"""

from __future__ import annotations

import hashlib
import logging
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

from corridor.controller.traffic_engineering import fewest_moves, least_added_delay
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import CandidatePath, Key, Order
from corridor.topologies.base.bounded_file import read_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.files_read import read_elsewhere
from corridor.topologies.base.registry import Registry
from corridor.topologies.model.topology import Fibre


@runtime_checkable
class Objective(Protocol):
    """Costs of paths. Rates that fit always come before the cost, and law before both."""

    @property
    def key(self) -> str:
        """What YAML calls it."""

    @property
    def words(self) -> str:
        """A phrase for people: what is as little as can be."""

    def over(self, space: PathSpace, fibre: Fibre, delay_ns: int) -> float:
        """The cost of a fibre in a demand's primary path, in ms or an equivalent; not below zero.
        The search for paths adds these costs."""

    def main(self, space: PathSpace, order: Order, one_way_ns: int, alone: CandidatePath) -> float:
        """The cost of a primary path; ``alone`` is the path that its demand would have if no other
        demand had rates."""

    def detour(
        self, space: PathSpace, found: Key, order: Order, one_way_ns: int, alone: CandidatePath
    ) -> float:
        """What a detour costs that is taken where these things were found dead, one after
        another."""


def seeing(
    objective: Objective, spaces: Sequence[PathSpace], alone: Sequence[CandidatePath]
) -> Objective:
    """An objective that knows all demands with rates, and the paths that they would have alone:
    what its own ``seeing(spaces, alone)`` makes of it, if it has one; for those by which what a way
    costs hangs on others."""
    sees: Callable[..., Objective] | None = getattr(objective, "seeing", None)
    return objective if sees is None else sees(spaces, alone)


OBJECTIVES = Registry[Objective](
    "corridor.objectives", (least_added_delay.KIND, fewest_moves.KIND), of=Objective
)
"""By their names in YAML."""


_notices = logging.getLogger(__name__)
"""Nothing executes a file without naming it: without a handler, Python prints to standard error."""
ENDING = ".py"
METHODS = ("over", "main", "detour")
SAYS = ("key", "words")
MOST_MS = 10_000.0
"""What one answer may come to: rates that fit count more than anything that an objective says."""
MODEL = "controller/traffic_engineering/least_added_delay.py is short, to begin with"


@dataclass(frozen=True)
class OwnFile:
    """What a file says, which is carried out only where paths are chosen by it."""

    file: str
    source: str = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of it."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    def carried_out(self) -> OwnObjective:
        """What it offers as ``KIND``, checked. Raises InputError."""
        kind = getattr(_module(self.source, self.file), "KIND", None)
        if kind is None:
            hint = f"end it with KIND = YourObjective(); {MODEL}"
            raise InputError("has no KIND", hint, file=self.file)
        return OwnObjective(_checked(kind, self.file), self.file)


@dataclass(frozen=True, eq=False)
class OwnObjective:
    """One that is held to what objectives are: its mistakes are InputErrors with file and line.

    It is equal to itself alone: whether two are alike, what the file offers is not asked.
    """

    kind: Objective = field(repr=False)
    file: str

    @property
    def key(self) -> str:
        return self.kind.key

    @property
    def words(self) -> str:
        return self.kind.words

    def over(self, space: PathSpace, fibre: Fibre, delay_ns: int) -> float:
        return self._cost("over", space, fibre, delay_ns)

    def main(self, space: PathSpace, order: Order, one_way_ns: int, alone: CandidatePath) -> float:
        return self._cost("main", space, order, one_way_ns, alone)

    def detour(
        self, space: PathSpace, found: Key, order: Order, one_way_ns: int, alone: CandidatePath
    ) -> float:
        return self._cost("detour", space, found, order, one_way_ns, alone)

    def seeing(self, spaces: Sequence[PathSpace], alone: Sequence[CandidatePath]) -> OwnObjective:
        try:
            kind = seeing(self.kind, spaces, alone)
        except (Exception, SystemExit) as problem:
            raise _raised(self.file, "seeing", problem) from problem
        return OwnObjective(_checked(kind, self.file), self.file)

    def _cost(self, method: str, *asked: object) -> float:
        try:
            said: object = getattr(self.kind, method)(*asked)
        except (Exception, SystemExit) as problem:
            raise _raised(self.file, method, problem) from problem
        if isinstance(said, bool) or not isinstance(said, Real):
            shown = type(said).__name__
            raise InputError(f"{method} gives a {shown}", "give a number of ms", file=self.file)
        cost = float(said)
        if not 0 <= cost <= MOST_MS:
            hint = f"give 0 to {MOST_MS:,.0f}: ms, or what stands for them"
            shown = "no number" if math.isnan(cost) else f"{cost:g}"
            raise InputError(f"{method} gives {shown}", hint, file=self.file)
        return cost


def objective_named(name: str) -> Objective:
    """An objective that ships, or one of a package, which is checked as a file is.

    Raises MissingKind and InputError.
    """
    kind = OBJECTIVES[name]
    if name in [*OBJECTIVES]:
        return kind
    source = f'the objective "{name}" of a package'
    return OwnObjective(_checked(kind, source), source)


def read_custom(path: Path) -> OwnFile:
    """Raises InputError."""
    return OwnFile(str(path), read_text(path))


def _module(source: str, file: str) -> ModuleType:
    """As a separate module name, which classes of it look for."""
    name = f"corridor_objective_{hashlib.sha256(source.encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        _notices.warning("corridor: running code of %s, the objective of a scenario", file)
    read_elsewhere()
    module = ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module
    try:
        exec(compile(source, file, "exec"), module.__dict__)  # noqa: S102 - what it is for
    except SyntaxError as problem:
        hint = "correct it: it is Python"
        raise InputError(f"is not Python: {problem.msg}", hint, file, problem.lineno) from problem
    except (Exception, SystemExit) as problem:
        raise _raised(file, "it", problem) from problem
    return module


def _checked(kind: Any, file: str) -> Objective:
    if isinstance(kind, type):
        said, hint = "KIND is a class", f"write KIND = {kind.__name__}()"
        raise InputError(said, hint, file=file)
    lacking = [name for name in METHODS if not callable(getattr(kind, name, None))]
    lacking += [name for name in SAYS if not isinstance(getattr(kind, name, None), str)]
    if lacking:
        said = f"KIND has no {', '.join(lacking)}"
        raise InputError(said, f"an objective has {', '.join((*SAYS, *METHODS))}", file=file)
    if not kind.key or kind.key in [*OBJECTIVES]:
        said = f'its key "{kind.key}" is that of one that ships' if kind.key else "its key is empty"
        raise InputError(said, "call it something else", file=file)
    checked: Objective = kind
    return checked


def _raised(file: str, what: str, problem: BaseException) -> InputError:
    """With the last line of the file that led there."""
    lines = [one.lineno for one in extract_tb(problem.__traceback__) if one.filename == file]
    told = str(problem).partition("\n")[0]
    said = f"{what} raised {type(problem).__name__}" + (f": {told}" if told else "")
    return InputError(said, "repair it", file, lines[-1] if lines else None)
