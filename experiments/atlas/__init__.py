"""What pages and figures both draw: maps as marks in one plane, and the time line of a run. Pure.

``atlas`` places the hubs and fibres of a map document in one plane:
``x`` grows to the east, ``y`` to the south, ten units are a degree of latitude. There are no
borders of states in it.
"""

from __future__ import annotations

from corridor.experiments.atlas.atlas import Atlas, DrawnFibre, DrawnHub, Mark, atlas
from corridor.experiments.atlas.labels import Box, Label, PlacedLabel, place_labels

__all__ = [
    "Atlas",
    "Box",
    "DrawnFibre",
    "DrawnHub",
    "Label",
    "Mark",
    "PlacedLabel",
    "atlas",
    "place_labels",
]
