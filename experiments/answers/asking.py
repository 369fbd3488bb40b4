"""What Python asks of a scenario without running it: ``answers``, ``cut``, ``capacity``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path

from corridor.experiments.answers.capacity_answer import (
    CapacityAnswer,
    CapacityQuestion,
    Holding,
    capacity_answer,
)
from corridor.experiments.answers.capacity_loads import Load
from corridor.experiments.answers.cut_answer import CutAnswer, cut_answer, dead_elements
from corridor.experiments.answers.document import Answers, document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.scenario.scenario import (
    DEFAULT,
    Under,
    as_asked,
    load_scenario,
    load_under,
)
from corridor.topologies.model.delay_model import load_delay_model


def answers(
    scenario: str | Path = DEFAULT, *, policies: str | None = None, as_of: date | None = None
) -> Answers:
    """All that is computed of a scenario, as ``answers.json`` holds it: ways, what they cost and by
    which clause, what each failure does, how sure. Times are in ms. Raises InputError."""
    asked = Under(policies=policies, as_of=as_of)
    loaded = load_under(str(scenario), asked)
    gathered = gather(loaded, load_delay_model(None))
    return document(gathered, as_asked(str(scenario), asked))


def cut(
    *what: str,
    scenario: str | Path = DEFAULT,
    policies: str | None = None,
    as_of: date | None = None,
) -> CutAnswer:
    """What would become of each demand if these failed at once: fibres, shared-risk groups
    (``red-sea``), ``hub:ID``, ``gateway:ID``. Round trips are in ms. Raises InputError."""
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    return cut_answer(loaded, dead_elements(loaded.topology, what))


def capacity(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | None = None,
    as_of: date | None = None,
    rates: Mapping[str, str] | str | None = None,
    load: Load | None = None,
    cut: Sequence[str] = (),
    grow: str = "",
    times: str | float | Fraction | None = None,
    held_against: Holding = "real",
) -> CapacityAnswer:
    """How full each fibre is in its worst failure, what is full first as traffic grows, and the
    least that helps. ``rates`` are real ones in place of guarantees: one for all, or by class and
    demand. ``grow`` is what grows, ``times`` how often over. Raises InputError."""
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    stated = {"": rates} if isinstance(rates, str) else rates or {}
    return capacity_answer(
        loaded,
        CapacityQuestion(
            load=load,
            grows=grow,
            times=None if times is None else Fraction(str(times)),
            dead=dead_elements(loaded.topology, cut),
            stated=tuple(f"{of}={rate}" if of else rate for of, rate in stated.items()),
            held_against=held_against,
        ),
    )
