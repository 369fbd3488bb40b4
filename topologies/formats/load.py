"""One entrance for every topology: a shipped name, a file, or ``topohub:family/Name``.

Files are distinguished by their ending: ``.yaml``/``.yml`` (ours), ``.graphml``, ``.gml``,
``.graph`` (REPETITA), ``.json`` (node-link), ``.edgelist``/``.edges`` (of networkx), ``.txt``
(SNDlib), ``.netbox`` (answers of NetBox), ``.clab.yml``/``.clab.yaml`` (containerlab).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from corridor.topologies.base.bounded_file import is_folder, is_there, read_text, shown
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.registry import Registry
from corridor.topologies.base.suggestions import INSTALL, nearest
from corridor.topologies.formats import TOPOHUB, corridor_yaml
from corridor.topologies.formats.foreign_graph import (
    NO_OPTIONS,
    ImportOptions,
    import_options,
)
from corridor.topologies.model.topology import Topology

DATA = Path(__file__).parents[1] / "data"
SHIPPED = ("pan-asia", "edwc", "mini", "cloud-backbone")
MAX_EXTENDS = 8
CONTAINERLAB = (".clab.yml", ".clab.yaml")


class GraphFormat(NamedTuple):
    """A format of graphs of others."""

    key: str
    """The ending of its files."""
    module: str
    """Imported for a file of this ending only: ``from_text(text, name, options)`` reads it."""


FORMATS = Registry(
    "corridor.topologies",
    (
        GraphFormat(ending, f"corridor.topologies.formats.{module}")
        for ending, module in (
            (".graphml", "graphml"),
            (".graph", "repetita"),
            (".json", "networkx_graphs"),
            (".gml", "gml"),
            (".edgelist", "edge_list"),
            (".edges", "edge_list"),
            (".txt", "sndlib"),
            (".netbox", "netbox"),
            *((ending, "containerlab") for ending in CONTAINERLAB),
        )
    ),
    of=GraphFormat,
)
"""By the endings of files."""


def load_topology(
    name_or_path: str | Path,
    *,
    default_length: str | None = None,
    default_delay: str | None = None,
    attributes: Mapping[str, str] | None = None,
    ignore_delays: bool = False,
) -> Topology:
    """The topology a user named. Raises InputError with file, line and a way out.

    The options are for graphs of others: ``100km`` or ``1ms`` (one way) for links whose length the
    file does not tell, and units of attributes of links, such as ``{"weight": "km"}``. With
    ``ignore_delays`` the delays of the file are not read; lengths and places give them.
    """
    options = import_options(default_length, default_delay, attributes, ignore_delays=ignore_delays)
    return _load(str(name_or_path), (), options)


def _load(name: str, extended_by: tuple[str, ...], options: ImportOptions = NO_OPTIONS) -> Topology:
    if name in extended_by or len(extended_by) > MAX_EXTENDS:
        chain = " -> ".join((*extended_by, name))
        raise InputError(f"topologies extend each other in a circle: {chain}", file=extended_by[-1])
    if name in SHIPPED:
        return _from_yaml(DATA / f"{name}.yaml", (*extended_by, name))
    if name.startswith(TOPOHUB):
        from corridor.topologies.formats import networkx_graphs

        return networkx_graphs.from_key(name, options)
    path = Path(name)
    suffix, both = path.suffix.lower(), "".join(path.suffixes[-2:]).lower()
    if both in CONTAINERLAB:
        suffix = both
    elif suffix in (".yaml", ".yml"):
        return _from_yaml(path, (*extended_by, name))
    if suffix and suffix in FORMATS:
        module = importlib.import_module(FORMATS[suffix].module)
        made: Topology = module.from_text(read_text(path), name, options)
        return made
    raise _unknown(name, path)


def _from_yaml(path: Path, extended_by: tuple[str, ...]) -> Topology:
    def load_base(base: str) -> Topology:
        beside = path.parent / base
        return _load(base if base in SHIPPED or not is_there(beside) else str(beside), extended_by)

    return corridor_yaml.from_text(read_text(path), str(path), load_base)


def _unknown(name: str, path: Path) -> InputError:
    if is_folder(path):
        return InputError("is a directory", "name a topology file in it", file=name)
    if is_there(path):
        endings = ", ".join((".yaml", *FORMATS))
        hint = f"use one of {endings}, or {INSTALL}"
        return InputError("has an ending no loader knows", hint, file=name)
    shipped = ", ".join(SHIPPED)
    hint = nearest(name, SHIPPED) or f"use one of {shipped}, a file, or topohub:topozoo/Chinanet"
    return InputError(f'no topology "{shown(name)}"', hint)
