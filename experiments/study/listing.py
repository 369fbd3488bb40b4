"""Studies that ship, for who looks around: what each asks, and how many runs it is."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.experiments.scenario.shipped_things import Shipped


def listed() -> Iterator[Shipped]:
    from corridor.experiments.study.load import load_study
    from corridor.experiments.study.shipped_studies import shipped_studies

    for name in shipped_studies():
        study = load_study(name)
        runs = len(study.combinations) * study.of.repetitions
        size = {"conditions": len(study.combinations), "runs": runs}
        yield Shipped(name, study.of.question, size, f"corridor study run {name}")
