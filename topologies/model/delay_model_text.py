"""A delay model as the text of its file: what ``load_delay_model`` reads back as the same value."""

from __future__ import annotations

import yaml

from corridor.topologies.base.units import format_duration
from corridor.topologies.model.delay_model import Crossing, DelayModel, Layer, Region

HEAD = """\
# The delay model above the fibre, and how sure each number is. docs/topologies.md explains it;
# `corridor topology validate FILE.csv --fit OUT.yaml` writes a file of this form from measurements.
# Round trip = ends + slope x fibre + terminals, and tails. The first region answers whose map has a
# path. interval: measured over predicted, 90 % of it where fitted. own, common, spread: standard
# deviations of logarithms, 0.1 is about 10 %.
"""
type Entry = dict[str, object]


def to_text(model: DelayModel) -> str:
    """YAML, in the order of the model."""
    plain: Entry = {
        "name": model.name,
        "layers": [_layer(one) for one in model.layers],
        "lengths": [one.model_dump() for one in model.lengths],
        "constants": [one.model_dump() for one in model.constants],
        "unsure": model.unsure,
        "unsure_source": model.unsure_source,
    }
    return HEAD + yaml.safe_dump(
        plain, sort_keys=False, width=110, allow_unicode=True, default_flow_style=None
    )


def _layer(layer: Layer) -> Entry:
    entry: Entry = {"layer": layer.layer, "topology": layer.topology}
    if layer.without:
        entry["without"] = list(layer.without)
    if layer.crossings:
        entry["crossings"] = [_crossing(one) for one in layer.crossings]
    return {**entry, "regions": [_region(one) for one in layer.regions]}


def _crossing(crossing: Crossing) -> Entry:
    entry: Entry = {"id": crossing.id, "fibres": list(crossing.fibres)}
    if crossing.median_ms is not None:
        entry["median"] = written_ms(crossing.median_ms)
    if crossing.tail_ms is not None:
        entry["tail"] = written_ms(crossing.tail_ms)
    return {**entry, "source": crossing.source}


def _region(region: Region) -> Entry:
    entry: Entry = {"within": list(region.within)} if region.within else {}
    if region.topology:
        entry["topology"] = region.topology
    return {
        **entry,
        "ends": written_ms(region.ends_ms),
        "slope": region.slope,
        "interval": list(region.interval),
        "basis": region.basis,
        "rows": region.rows,
        "interval_basis": region.interval_basis,
        "source": region.source,
    }


def written_ms(milliseconds: float) -> str:
    """``5.46`` -> ``5460us``, to the microsecond."""
    sign = "-" if milliseconds < 0 else ""
    return sign + format_duration(round(abs(milliseconds) * 1000) * 1000)
