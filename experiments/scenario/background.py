"""The background traffic of a scenario: from figures of a day, or from stated rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from corridor.experiments.scenario.options import INTERNET, MOST_LOAD, BackgroundOptions
from corridor.topologies.base.documents import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import format_rate
from corridor.topologies.model.background import BackgroundTraffic, FibreFlow
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.topology import Topology


def background_of(
    document: Document,
    asked: BackgroundOptions | None,
    topology: Topology,
    name: str,
    day: date,
    folder: Path,
) -> BackgroundTraffic | None:
    """Return the background of a scenario; None without the key.

    Args:
        document: The scenario, for the lines of mistakes.
        asked: The key.
        topology: Of the scenario.
        name: Of the topology, as it is written.
        day: Of the scenario.
        folder: Where its files are.

    Raises:
        InputError: A file or a day has no figures, or a rate is not possible: with its line.
    """
    if asked is None:
        return None
    if asked.fibres:
        stated = tuple(_stated_rates(document, asked.fibres, topology, name))
        return BackgroundTraffic(source="stated", topology=topology, stated=stated)
    from corridor.traffic.background.internet import read_internet
    from corridor.traffic.background.on_fibres import internet_on_fibres

    try:
        return internet_on_fibres(
            topology,
            read_internet(folder / asked.file if asked.file else None),
            asked.date or day,
            source=asked.file or INTERNET,
            load=asked.load,
        )
    except InputError as error:
        raise document.error_of_named(error, "background") from error


def _stated_rates(
    document: Document,
    rates: Mapping[str, int | Mapping[str, int]],
    topology: Topology,
    name: str,
) -> Iterator[FibreFlow]:
    fibres = {fibre.id: fibre for fibre in topology.fibres}
    for key, rate in rates.items():
        at = ("background", "fibres", key)
        if key not in fibres:
            hint = nearest_named(key, fibres) or f"corridor topology show {name}"
            raise document.error(f'background on unknown fibre "{key}"', *at, hint=hint)
        fibre = fibres[key]
        toward = rate if isinstance(rate, Mapping) else dict.fromkeys(fibre.ends, rate)
        for hub, bps in toward.items():
            if hub not in fibre.ends:
                hint = f"it joins {' and '.join(fibre.ends)}"
                raise document.error(f'fibre "{key}" does not end at "{hub}"', *at, hub, hint=hint)
            most_bps = MOST_LOAD * topology.capacity_gbps(fibre) * 1e9
            if bps > most_bps:
                message = f"{format_rate(bps)} is over {MOST_LOAD} times the capacity of {key}"
                hint = f"state at most {format_rate(round(most_bps))}"
                place = (*at, hub) if toward is rate else at
                raise document.error(message, *place, hint=hint)
            yield FibreFlow(f"{key}/{hub}", bps / 1e9, ((key, fibre.other_end(hub)),))
