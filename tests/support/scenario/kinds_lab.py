"""What tests of every kind of arrivals and faults have in common."""

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import jsonschema

from corridor.experiments.commands.schema import _schema
from corridor.experiments.scenario.kinds import Arrival
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.documents import parse_document

HEAD = "schema: 1\nname: mine\ntopology: mini\n"
DEMANDS = "demands:\n  - {id: one, class: dr, src: shanghai, dst: karachi}\n"
WORKLOADS = "workloads:\n  - {id: backup, kind: bulk, demands: [one], size: 1GB}\n"
"""What events that switch a workload on may name."""
DOCS = Path(__file__).resolve().parents[3] / "docs"


def named_in(room, of):
    """The kinds of a class that the files of a room hold, by their own names."""
    files = [import_module(f"{room.__name__}.{one.name}") for one in iter_modules(room.__path__)]
    return {one.key: one for file in files for one in vars(file).values() if isinstance(one, of)}


def arrival_of(example):
    """What an example of YAML means."""
    return Arrival.model_validate(parse_document(f"arrival: {example}\n", "x.yaml").data["arrival"])


def loaded(folder, text, demands=DEMANDS):
    """A scenario on the topology mini, of which ``text`` is a part; its first line is line 4."""
    path = folder / "mine.yaml"
    path.write_text(HEAD + text + demands + _beside(text))
    return load_scenario(str(path))


def _beside(text):
    return WORKLOADS if " load: " in text and "workloads:" not in text else ""


def read_again(model, value):
    """The value as results keep it, read as if it were YAML."""
    return model.model_validate(json.loads(value.model_dump_json(by_alias=True)))


def fits_the_schema(text):
    """Whether editors would take a scenario that has ``text``."""
    whole = HEAD + text + DEMANDS + _beside(text)
    _of_scenarios().validate(parse_document(whole, "x.yaml").data)


@cache
def _of_scenarios():
    """To check the schema itself takes longer than to check scenarios."""
    made = jsonschema.Draft202012Validator(_schema("scenario"))
    made.check_schema(made.schema)
    return made
