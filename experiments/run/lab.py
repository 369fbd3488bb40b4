"""One network to experiment on, from Python: events are named, and a run says the outcome of them.

with corridor.Lab("mini", seed=7) as lab:
    lab.at("500ms").cut("guian-kunming", lasting="500ms")
    run = lab.run("2s")
run.events[0].hits
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from corridor.controller.traffic_engineering.objective import ENDING
from corridor.experiments.results.run_result import Run
from corridor.experiments.run.event_log import Say
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_loaded
from corridor.experiments.scenario.changed import lasting
from corridor.experiments.scenario.event_registry import KINDS
from corridor.experiments.scenario.extending import read_scenario
from corridor.experiments.scenario.scenario import (
    LoadedScenario,
    load_document,
    under_given,
    whole,
)
from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest_or_some


class At:
    """A moment of a lab's timeline, at which events are named by their kinds.

    Each kind is a method: ``cut``, ``degrade``, ``hub``, ``policies``, ``stream``, ``expect``, ...
    It takes what the event affects, ``lasting`` or ``until``, an ``id``, and the kind's parameters
    as YAML has them, and returns the lab.
    """

    def __init__(self, lab: Lab, moment: str) -> None:
        self._lab = lab
        self._moment = moment

    def __getattr__(self, kind: str) -> Callable[..., Lab]:
        if kind.startswith("_") or kind not in KINDS:
            hint = nearest_or_some(kind, KINDS)
            raise AttributeError(f"no kind of event is called {kind!r}; {hint}")

        def name(
            what: str,
            *,
            lasting: str | None = None,
            until: str | None = None,
            id: str | None = None,  # noqa: A002
            **options: Any,
        ) -> Lab:
            times = {"at": self._moment, "for": lasting, "until": until, "id": id}
            given = {key: value for key, value in times.items() if value is not None}
            return self._lab.add({**given, kind: what, **options})

        return name

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *KINDS])


class Lab(Closing):
    """A scenario with a timeline that Python goes on writing. Each ``run`` is a separate run.

    ``scenario`` is a shipped one or a file; the rest stands in for what that says, as the options
    of ``corridor run`` do. Raises InputError at once for what cannot be.
    """

    def __init__(
        self,
        scenario: str | Path = "mini",
        *,
        policies: str | Path | None = None,
        as_of: date | str | None = None,
        seed: int | None = None,
        follow: bool | None = None,
        objective: str | None = None,
        controller: str | Path | None = None,
        testbed: Literal["auto", "native", "uml"] = "auto",
        clock: Literal["virtual", "real"] | None = None,
    ) -> None:
        written = read_scenario(str(scenario))
        self._folder = Path(written.file).parent
        self._document = whole(written, self._folder)
        self._policies, self._as_of = policies, as_of
        self._options = Options(
            scenario=str(scenario),
            testbed=testbed,
            clock=clock,
            seed=seed,
            report=False,
            controller=None if controller is None else str(controller),
        )
        if follow is not None:
            self._change({"controller": {"follow": follow}})
        if objective is not None:
            own = objective.endswith(ENDING)
            self._change({"objective": str(Path(objective).absolute()) if own else objective})
        self._loaded()

    def close(self) -> None:
        """Results stay; there is nothing else to tidy up."""

    def at(self, moment: str) -> At:
        """A moment as YAML has it: ``2s``, ``streams + 500ms``, ``first-cut.end``."""
        return At(self, moment)

    def add(self, event: dict[str, Any]) -> Lab:
        """One event, as a mapping of ``timeline`` in YAML. Raises InputError, and is not added,
        if it cannot be."""
        return self._with("timeline", "event", event)

    def send(self, workload: dict[str, Any]) -> Lab:
        """One workload, as a mapping of ``workloads`` in YAML. Raises InputError, and is not added,
        if it cannot be."""
        return self._with("workloads", "workload", workload)

    def _with(self, key: str, noun: str, one: dict[str, Any]) -> Lab:
        """With one more in a list of the scenario."""
        before = self._document
        self._change({key: [*self._data.get(key, []), one]})
        try:
            self._loaded()
        except InputError as problem:
            self._document = before
            if problem.file == before.file:  # no line of it says what Python does
                problem.file, problem.line = "", None
                problem.message = f"{noun} {one}: {problem.message}"
            raise
        return self

    def run(
        self,
        duration: str | None = None,
        *,
        out: str | Path | None = None,
        figures: bool = False,
        say: Say = lambda _text: None,
    ) -> Run:
        """Build the network, let everything happen, and come back with the results, which stay in
        ``out``, or in a new folder of ``results``.

        All demands are probed for ``duration``, or for as long as the scenario says. ``figures``
        adds them, as PNG, and the report. Raises what ends a run early, with its results kept.
        """
        loaded = self._loaded(duration)
        where = None if out is None else Path(out)
        options = replace(self._options, out=where, report=figures, figures=figures)
        outcome = run_loaded(loaded, options, say)
        return Run(outcome.out_dir)

    @property
    def _data(self) -> dict[str, Any]:
        data = self._document.data
        return data if isinstance(data, dict) else {}

    def _change(self, keys: dict[str, Any]) -> None:
        self._document = replace(self._document, data={**self._data, **keys})

    def _loaded(self, duration: str | None = None) -> LoadedScenario:
        asked = under_given(self._policies, self._as_of)
        loaded = load_document(self._document, self._folder, asked)
        return loaded if duration is None else lasting(loaded, duration)
