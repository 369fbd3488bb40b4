"""What Python asks of a scenario without running it: ``corridor.answers``, ``corridor.cut``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

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
