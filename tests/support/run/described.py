"""Whether outputs are as their JSON Schemas say, keys that these do not know included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from corridor.experiments.setup.schema_generation import strict
from corridor.experiments.setup.schemas_of_outputs import output_schema

OF_A_RUN = {
    "summary": "summary.json",
    "answers": "answers.json",
    "manifest": "manifest.json",
    "proof": "proof.json",
    "account": "account.json",
    "certainty": "raw/certainty.json",
    "tables": "tables/after.json",
}


def wrong(name: str, found: Any) -> list[str]:
    """Where it is not, and how."""
    made = Draft202012Validator(strict(output_schema(name)))
    return [f"{name} {list(one.path)}: {one.message}" for one in made.iter_errors(found)]


def wrong_of_run(folder: Path) -> list[str]:
    """Of all that a whole run leaves for other programs."""
    found = []
    for name, file in OF_A_RUN.items():
        found += wrong(name, json.loads((folder / file).read_text()))
    lines = (folder / "events.jsonl").read_text().splitlines()
    return found + [one for line in lines for one in wrong("event", json.loads(line))]
