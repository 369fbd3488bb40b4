"""``corridor schema``: the JSON Schema of a file that people write, for editors that complete and
check, or of one that the program writes, for programs that read it."""

from __future__ import annotations

import argparse
import json
import textwrap
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

EXAMPLES = """examples:
  corridor schema policy > policy.schema.json
  corridor schema scenario
  corridor schema summary                   of summary.json, to check or read it by
  corridor schema --all schemas             all of them as files

Put this on a file's first line, and editors with a YAML language server complete it:
  # yaml-language-server: $schema=policy.schema.json"""
FILES = ("candidates", "jobs", "policy", "scenario", "study", "topology", "walker")
OUTPUTS = (
    *("summary", "answers", "manifest", "event", "proof", "account", "certainty", "tables"),
    *("study-index", "cell", "study-answers"),
    *("artifact", "artifact-expected", "artifact-verdict"),
    *("check-answer", "compare-answer", "cut-answer", "explain-answer", "list-answer"),
    *("capacity-each-answer", "cut-each-answer", "replay-answer"),
    *("price-answer", "capacity-answer", "export-answer", "workload-answer"),
    *("traffic-answer", "availability-answer", "risks-answer", "energy-answer", "place-answer"),
    "domain-processes-answer",
    "routing-answer",
    "domains-answer",
    "plan-answer",
    *("repairs-answer", "year-answer"),
    *("artifact-packed-answer", "law-classify-answer", "law-diff-answer", "law-list-answer"),
    *("law-calendar-answer", "latency-answer", "topology-answer", "topology-check-answer"),
    "topology-domains-answer",
    *("topology-import-answer", "topology-validate-answer"),
    *("topology-evidence-answer", "doctor-answer", "kernel-answer"),
    *("vm-answer", "status-answer", "events-answer", "trace-answer", "probe-answer"),
    *("policies-answer", "plugins-answer"),
)
"""As ``experiments/setup`` has them; said here, since it takes long to import."""
MODELS = {
    "candidates": "experiments.expansion.candidates:CandidateFile",
    "jobs": "experiments.placement.jobs_file:JobsFile",
    "study": "experiments.study.study_file:StudyFile",
    "walker": "controller.explain.walker_document:WalkerDocument",
}
TITLES = {
    "candidates": "Fibres and gateways that could be built",
    "jobs": "A day of computing jobs, to be placed",
    "study": "Many runs as one: axes, seeds, measures",
    "walker": "Tables to walk packets through",
}
"""Of files that one model describes in full."""
WIDE = 78


def _named(what: str, names: tuple[str, ...]) -> str:
    return textwrap.fill(
        f"{what}: {', '.join(names)}", WIDE, subsequent_indent="  ", break_on_hyphens=False
    )


def add_parser(verbs: Any) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "schema",
        description="Print the JSON Schema of a kind of file, or of an answer as JSON.",
        epilog="\n\n".join(
            [_named("files", FILES), _named("what the program writes", OUTPUTS), EXAMPLES]
        ),
    )
    parser.add_argument(
        "file",
        nargs="?",
        choices=(*FILES, *OUTPUTS),
        default="policy",
        metavar="KIND",
        help="kind of file or answer, see below (default: policy)",
    )
    parser.add_argument(
        "--all", type=Path, metavar="DIR", help="write all of them there, as NAME.schema.json"
    )
    parser.add_argument("--force", action="store_true", help="--all: replace files that exist")


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    if args.all is None:
        print(json.dumps(_schema(args.file), indent=2))
        return 0
    from corridor.experiments.run.folders import writing
    from corridor.topologies.base.bounded_file import is_there
    from corridor.topologies.base.errors import InputError
    from corridor.topologies.base.whole_file import write_text

    files = {name: args.all / f"{name}.schema.json" for name in (*FILES, *OUTPUTS)}
    existing = next((file for file in files.values() if is_there(file)), None)
    if existing is not None and not args.force:
        raise InputError("exists already", "name another folder or add --force", file=str(existing))
    with writing(args.all):
        args.all.mkdir(parents=True, exist_ok=True)
        for name, file in files.items():
            write_text(file, json.dumps(_schema(name), indent=2) + "\n")
    print(f"{len(files)} schemas are in {args.all}")
    return 0


def _schema(file: str) -> dict[str, Any]:
    from corridor.controller.policy.schema import json_schema, schema

    if file in OUTPUTS:
        from corridor.experiments.setup.schemas_of_outputs import output_schema

        return output_schema(file)
    if file == "scenario":
        return _scenario_schema()
    if file == "topology":
        return _topology_schema()
    if file in MODELS:
        module, _, name = MODELS[file].partition(":")
        return json_schema(getattr(import_module(f"corridor.{module}"), name), TITLES[file])
    return schema()


def _scenario_schema() -> dict[str, Any]:
    """A file that extends another need not say what the other says."""
    from corridor.controller.policy.schema import json_schema
    from corridor.experiments.scenario.extending import EXTENDS
    from corridor.experiments.scenario.scenario import ScenarioFile
    from corridor.experiments.scenario.shipped_workloads import BY_CLASS

    made = json_schema(ScenarioFile, "An experiment on a data corridor")
    made["properties"][EXTENDS] = {
        "type": "string",
        "description": "A shipped scenario, or a file next to this one, whose keys hold where this "
        "file has none.",
    }
    made["$defs"]["WorkloadEntry"]["required"] = ["id"]  # a shipped one has the rest
    listed = made["properties"]["workloads"]
    listed |= {"anyOf": [{"const": BY_CLASS}, {key: listed.pop(key) for key in ("items", "type")}]}
    alone = [key for key in made["required"] if key != "name"]
    made["required"] = ["name"]
    made["anyOf"] = [{"required": [EXTENDS]}, {"required": alone}]
    return made


def _topology_schema() -> dict[str, Any]:
    """Entries are checked one by one as they are read: the file's own model does not hold them."""
    from corridor.controller.policy.schema import json_schema
    from corridor.topologies.formats.corridor_entries import FibreEntry, GroupEntry, TopologyEntry
    from corridor.topologies.model.catalogue import CableSystem, CapacityClass
    from corridor.topologies.model.footprint import Footprint
    from corridor.topologies.model.topology import Hub

    made = json_schema(TopologyEntry, "A topology of hubs and fibres")
    kinds: dict[str, tuple[str, type[BaseModel]]] = {
        "Hub": ("hubs", Hub),
        "Fibre": ("fibres", FibreEntry),
        "CapacityGroup": ("capacity_groups", GroupEntry),
        "CapacityClass": ("capacity_classes", CapacityClass),
        "System": ("systems", CableSystem),
        "Footprint": ("footprints", Footprint),
    }
    keys, defs = made["properties"], made["$defs"]
    for name, (key, model) in kinds.items():
        entry = json_schema(model, name)
        defs |= entry.pop("$defs", {})
        defs[name] = entry
        keys[key]["items"] = {"$ref": f"#/$defs/{name}"}
        if key in defs["Overrides"]["properties"]:
            defs[f"{name}Override"] = {k: v for k, v in entry.items() if k != "required"}
            changed = {"$ref": f"#/$defs/{name}Override"}
            by_id = {"type": "object", "additionalProperties": changed}
            defs["Overrides"]["properties"][key] = by_id
    for key in ("hubs", "footprints"):
        keys[key]["items"] = {"anyOf": [{"type": "string"}, keys[key]["items"]]}
    return made
