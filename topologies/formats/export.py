"""Writes a topology to a file; the ending chooses the format, as it does in ``load``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from corridor.topologies.base.bounded_file import is_there
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_text
from corridor.topologies.formats import corridor_writer, graphml, networkx_graphs
from corridor.topologies.model.topology import Topology


def _yaml_text(topology: Topology) -> str:
    data = corridor_writer.to_data(topology)
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)


WRITERS: Mapping[str, Callable[[Topology], str]] = {
    ".yaml": _yaml_text,
    ".yml": _yaml_text,
    ".graphml": graphml.to_text,
    ".json": networkx_graphs.to_text,
}


def export_topology(topology: Topology, path: str | Path, *, overwrite: bool = False) -> None:
    """Write the whole file or nothing. Raises InputError when it cannot be written."""
    target = Path(path)
    writer = WRITERS.get(target.suffix.lower())
    if writer is None:
        endings = ", ".join(WRITERS)
        raise InputError("has an ending no exporter knows", f"use one of {endings}", file=str(path))
    if is_there(target) and not overwrite:
        raise InputError("exists already", "choose another name or add --force", file=str(path))
    try:
        write_text(target, writer(topology))
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise InputError(f"cannot be written: {reason}", file=str(path)) from None
