"""``corridor schema``: the JSON Schema of a file, for editors that complete and check."""

from __future__ import annotations

import argparse
import json
from typing import Any

EXAMPLES = """examples:
  corridor schema policy > policy.schema.json
  corridor schema scenario

Put this on a file's first line, and editors with a YAML language server complete it:
  # yaml-language-server: $schema=policy.schema.json"""
FILES = ("policy", "scenario", "topology")


def add_parser(subparsers: Any) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "schema",
        help="print the JSON Schema of policy, scenario or topology files",
        description="Print the JSON Schema of a kind of file.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", choices=FILES, default="policy", help="kind of file")


def run(args: argparse.Namespace) -> int:
    """Print the schema."""
    print(json.dumps(_schema(args.file), indent=2))
    return 0


def _schema(file: str) -> dict[str, Any]:
    from corridor.controller.policy.schema import json_schema, schema

    if file == "scenario":
        from corridor.experiments.scenario.scenario import Scenario

        return json_schema(Scenario, "An experiment on a data corridor")
    if file == "topology":
        from corridor.topologies.formats.corridor_entries import FibreEntry, TopologyEntry
        from corridor.topologies.model.topology import Hub

        made = json_schema(TopologyEntry, "A topology of hubs and fibres")
        entries = {"Hub": json_schema(Hub, "Hub"), "Fibre": json_schema(FibreEntry, "Fibre")}
        made["$defs"] |= entries
        hub_id, hub = {"type": "string"}, {"$ref": "#/$defs/Hub"}
        made["properties"]["hubs"]["items"] = {"anyOf": [hub_id, hub]}
        made["properties"]["fibres"]["items"] = {"$ref": "#/$defs/Fibre"}
        return made
    return schema()
