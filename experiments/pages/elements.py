"""What may fail on a map, by kind and name. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.experiments.answers.map_document import MapDocument

KINDS: Mapping[str, str] = {
    "link": "fibre",
    "srlg": "shared risk",
    "hub": "hub",
    "gateway": "gateway",
}
OF_FIBRES = ("link", "srlg")


def fibres_by_name(where: MapDocument | None) -> dict[str, list[int]]:
    """Numbers of the fibres that a fibre's or a shared risk's name stands for."""
    found: dict[str, list[int]] = {}
    for number, fibre in enumerate(where.fibres if where else ()):
        for name in (fibre.id, *fibre.srlgs):
            found.setdefault(name, []).append(number)
    return found
