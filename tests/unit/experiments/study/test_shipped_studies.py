"""Studies that ship resolve, measure what there is, and say what they rest on."""

from __future__ import annotations

import copy
import dataclasses
import json

import pytest

from corridor.experiments.account.summary import Summary, read_summary
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.price import Total
from corridor.experiments.availability.availability_answer import AvailabilityAnswer
from corridor.experiments.expansion.candidates import read_candidates
from corridor.experiments.expansion.plan_documents import PlanAnswer
from corridor.experiments.placement.place_documents import PlaceAnswer
from corridor.experiments.results.results import write_summary
from corridor.experiments.routing.routing_documents import RoutingAnswer
from corridor.experiments.study.cells import cells, conditions
from corridor.experiments.study.load import SHIPPED, listed, load_study, shipped_studies
from corridor.experiments.study.measures import ANSWERS, parse, value_of
from corridor.experiments.study.study_file import BLANK
from corridor.experiments.study.worker import bundle_of, opened, program_digest
from corridor.topologies.energy.countings import COUNTS
from sample_of_type import sample
from typed_summary import made

MOST_RUNS = 48
TOTALS = dataclasses.asdict(Total(*(1 for _ in dataclasses.fields(Total))))
each_study = pytest.mark.parametrize("name", shipped_studies())


def summary_of(loaded, folder) -> dict:
    """What a run of a scenario may say, with the names that it has and made-up numbers: written
    and read as a run's."""
    said = sample(Summary)
    said["invalid"] = None

    def named(items, key, names):
        return [{**copy.deepcopy(items[0]), key: name} for name in names]

    ids = [one.id for one in loaded.scenario.demands]
    events = named(said["events"], "id", [one.id for one in loaded.events])
    for event in events:
        event["hits"] = named(event["hits"], "demand", ids)
    answers = sample(Answers)
    answers["demands"] = named(answers["demands"], "id", ids)
    answers["totals"] = dict.fromkeys(("by_certain_rules", "with_readings"), TOTALS)
    workloads = said["workloads"]
    classes = {one.data_class for one in loaded.scenario.demands}
    workloads["classes"] = named(workloads["classes"], "class", classes)
    workloads["workloads"] = named(
        workloads["workloads"], "id", [one.entry.id for one in loaded.workloads]
    )
    plain = {**said, "demands": named(said["demands"], "id", ids), "events": events}
    write_summary(folder, made(Summary, plain))
    return {**read_summary(folder / "summary.json").to_json(), ANSWERS: answers}


def answer_of(loaded, kind) -> dict:
    """What a computed answer may say, with the demands of a scenario and made-up numbers."""
    if kind.document is PlaceAnswer:
        said = sample(PlaceAnswer)
        hubs = [one.id for one in loaded.topology.hubs]
        common = [{**copy.deepcopy(said["common"][0]), "hub": name} for name in hubs]
        totals = [{**copy.deepcopy(said["totals"][0]), "count": count} for count in COUNTS]
        return {**said, "common": common, "totals": totals}
    if kind.document is PlanAnswer:
        said = sample(PlanAnswer)
        singles, choices = said["singles"], said["certainty"]["choices"]
        names = [one.id for one in read_candidates(loaded.topology).file.all]
        said["singles"] = [{**copy.deepcopy(singles[0]), "id": name} for name in names]
        said["certainty"]["choices"] = [{**copy.deepcopy(choices[0]), "id": one} for one in names]
        return said
    if kind.document is RoutingAnswer:
        said = sample(RoutingAnswer)
        groups = loaded.topology.srlgs
        return {**said, "cuts": [{**copy.deepcopy(said["cuts"][0]), "what": one} for one in groups]}
    said = sample(AvailabilityAnswer)
    ids = [one.id for one in loaded.scenario.demands]
    demands = [{**copy.deepcopy(said["demands"][0]), "demand": name} for name in ids]
    return {**said, "demands": demands, "unserved": []}


def test_sixteen_ship():
    assert shipped_studies() == (
        *("abilene", "cables", "capacity", "change", "clauses", "customers", "drought", "fibre"),
        *("hubs", "kunming", "law", "nines", "queues", "routing", "site", "west"),
    )


@each_study
def test_a_shipped_study_says_what_it_asks_and_what_it_rests_on(name):
    study = load_study(name).of
    assert study.name == name
    assert study.title
    assert study.question.endswith("?")
    assert BLANK.search(study.answer)
    assert len(study.assumptions) >= 3
    assert study.expect
    for source in study.sources:
        assert source.url.startswith("http")
        assert source.title
        assert source.date


def test_nines_names_its_policy_set_and_says_that_a_price_is_a_lower_bound():
    study = load_study("nines").of
    for level in study.axes["law"]:
        assert study.patch("law", level) == {"policies": level}
    assert "at least {dearest where" in study.answer
    assert "of the west" not in study.question + study.answer


def test_customers_shows_what_the_west_of_china_saves_without_its_hub_of_hydropower():
    study = load_study("customers").of
    china, others = ({*study.patch("where", one)["ask.hubs"]} for one in ("china", "others"))
    assert china - others == {"tianfu"}
    assert "{value where where others}" in " ".join(study.answer.split())


@each_study
def test_a_shipped_study_takes_minutes_and_not_hours(name):
    study = load_study(name)
    assert len(study.combinations) * study.of.repetitions <= MOST_RUNS


@each_study
def test_a_shipped_study_measures_what_its_runs_have(name, tmp_path):
    study = load_study(name)
    for condition in conditions(study):
        is_run = condition.asked is None
        said = (
            summary_of(condition.loaded, tmp_path)
            if is_run
            else answer_of(condition.loaded, condition.asked.kind)
        )
        for measure in study.of.measures:
            assert value_of(parse(measure.of), said) is not None, measure.id


@each_study
def test_a_shipped_study_travels_with_its_files(name, tmp_path):
    study = load_study(name)
    cell = cells(study, conditions(study), program_digest(), 1)[-1]
    bundle = bundle_of(cell, study.of, study.folder, program_digest())
    assert opened(bundle, tmp_path).topology == cell.condition.loaded.topology


def test_no_file_of_a_shipped_study_is_named_by_none():
    for folder in SHIPPED.iterdir():
        said = " ".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
        for path in folder.iterdir():
            assert path.name == "study.yaml" or path.name in said, path


def test_those_that_ship_are_listed_with_their_questions(corridor):
    code, said, _ = corridor("study", "list", "--json")
    found = {one["name"]: one for one in json.loads(said)["studies"]}
    assert code == 0
    assert set(found) == set(shipped_studies())
    assert found["queues"]["size"] == {"conditions": 4, "runs": 20}
    assert [one.name for one in listed()] == list(shipped_studies())


def test_a_name_that_ships_is_planned_and_a_near_one_is_suggested(corridor):
    code, said, _ = corridor("study", "plan", "abilene")
    assert code == 0
    assert said.startswith("abilene: 5 conditions, 5 seeds each")
    code, _, complained = corridor("study", "plan", "abiline")
    assert code == 2
    assert 'no study is called "abiline"; did you mean "abilene"' in complained
