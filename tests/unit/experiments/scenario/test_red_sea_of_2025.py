"""Texts on September 2025 name the four systems reported then, not all of the Red Sea."""

from __future__ import annotations

from pathlib import Path

import corridor
from corridor.experiments.scenario.scenario import load_scenario

ROOT = Path(corridor.__file__).resolve().parent
REPORTED = {"smw4", "imewe", "falcon", "eig"}
"""SMW4, IMEWE, FALCON and EIG (capacitymedia, 2025-09-09)."""


def systems(scenario: str, group: str) -> set[str]:
    return {one.system for one in load_scenario(scenario).topology.fibres_in_srlg(group)}


def test_the_study_replays_the_systems_that_were_reported_and_no_other() -> None:
    study = str(ROOT / "experiments/study/shipped/cables/scenario.yaml")
    cut, sea = (systems(study, name) for name in ("cut:jeddah-2025", "corridor:red-sea"))
    assert cut == REPORTED & sea
    assert cut == REPORTED - {"falcon"}, "FALCON is not drawn in the Red Sea"
    topology = load_scenario(study).topology
    in_sea = {one.id for one in topology.fibres_in_srlg("corridor:red-sea") if one.system in cut}
    assert {one.id for one in topology.fibres_in_srlg("cut:jeddah-2025")} == in_sea


def test_the_default_scenario_cuts_more_than_that_and_does_not_say_otherwise() -> None:
    reference = load_scenario("reference")
    (event,) = (one for one in reference.events if one.id == "red-sea")
    assert systems("reference", event.what) > REPORTED - {"falcon"}
    text = (ROOT / "experiments/scenario/shipped/reference.yaml").read_text(encoding="utf-8")
    assert "hypothetical" in text


def test_no_page_and_no_scenario_calls_all_of_the_red_sea_that_event() -> None:
    checkout = Path(__file__).resolve().parents[4]
    pages = [*checkout.glob("docs/**/*.md"), *checkout.glob("README.md")]
    pages += [*(ROOT / "experiments").glob("**/shipped/**/*.yaml")]
    assert len(pages) > 50
    said = [
        page.name
        for page in pages
        if "as in september 2025" in " ".join(page.read_text(encoding="utf-8").lower().split())
    ]
    assert said == []
