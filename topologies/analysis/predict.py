"""What latency to expect between two places, by layer, and how sure that is; no network at hand.

``optical``: fibre along the delay-shortest route of pan-asia.
``ip``, ``public``: a carrier's IP service, the public Internet, over the same map.
``cloud``: between public-cloud regions, over the cloud-backbone reference graph.
``straight``: great circle x one factor; what the others fall back on off the map.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from corridor.topologies.analysis.layered import (
    ATTACH_KM,
    Parts,
    layered_map,
    straight_parts,
)
from corridor.topologies.analysis.measurements import (
    Measurement,
    cloud_places,
    shipped_measurements,
)
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.model.catalogue import shipped_hubs
from corridor.topologies.model.delay_model import (
    DelayModel,
    ErrorBasis,
    Layer,
    LayerName,
    Region,
    shipped_model,
)
from corridor.topologies.model.geo import LatLon, great_circle_km

Place = str | LatLon
NEAR_KM = 500.0
"""A measurement lies near a route if its two ends lie this near to the two ends of the route."""


@dataclass(frozen=True)
class Prediction:
    """A median round trip in ms with the 90 % interval of what a measurement would find."""

    layer: LayerName
    rtt_ms: float
    low_ms: float
    high_ms: float
    basis: ErrorBasis
    interval_basis: ErrorBasis
    source: str
    hubs: tuple[str, ...]
    """Of the route; none where it is the great circle."""
    straight: bool
    """A layer with a map fell back on the great circle."""
    near: tuple[str, ...]
    """Measurements of the layer near this route, by id; the model was fitted on some of them."""

    def to_json(self) -> JsonObject:
        ends = {"rtt_ms": round(self.rtt_ms, 2)}
        interval = {"interval_ms": [round(self.low_ms, 2), round(self.high_ms, 2)]}
        facts = {"basis": self.basis, "interval_basis": self.interval_basis, "source": self.source}
        rest = {"route": self.hubs, "straight": self.straight, "near": self.near}
        return {**ends, **interval, **facts, **rest, "near_km": NEAR_KM}


def predict(
    a: Place,
    z: Place,
    layer: LayerName = "cloud",
    *,
    model: DelayModel | None = None,
    tail: bool = False,
) -> Prediction:
    """The round trip between two hub ids of the catalogue, or (lat, lon).

    ``tail``: its 95th percentile instead of its median, where the layer tells them apart. Raises
    KeyError for an unknown hub id.
    """
    model = model or shipped_model()
    used, region, parts = parts_of(a, z, model.layer(layer), model)
    rtt_ms = parts.rtt_ms(used, region, tail=tail)
    low, high = region.interval
    return Prediction(
        layer=layer,
        rtt_ms=rtt_ms,
        low_ms=rtt_ms * low,
        high_ms=rtt_ms * high,
        basis=region.basis,
        interval_basis=region.interval_basis,
        source=region.source,
        hubs=parts.hubs,
        straight=used.layer != layer,
        near=near_measurements(place_of(a), place_of(z), layer),
    )


def predict_rtt_ms(a: Place, z: Place, layer: LayerName = "cloud") -> float:
    """The median of ``predict`` alone."""
    return predict(a, z, layer).rtt_ms


def parts_of(a: Place, z: Place, layer: Layer, model: DelayModel) -> tuple[Layer, Region, Parts]:
    """The layer and region that serve a pair, and the parts of its round trip.

    The layer is ``straight`` where the asked one has no route.
    """
    region = region_of(a, z, layer)
    parts = None
    if layer.topology:
        parts = layered_map(layer, region).parts(place_of(a), place_of(z))
    if parts is not None:
        return layer, region, parts
    straight = model.layer("straight")
    return straight, straight.regions[-1], straight_parts(place_of(a), place_of(z))


def near_measurements(
    a: LatLon, z: LatLon, layer: LayerName, rows: Iterable[Measurement] | None = None
) -> tuple[str, ...]:
    """Measurements of a layer whose ends lie within ``NEAR_KM`` of these, either way round."""
    known = shipped_measurements() if rows is None else rows
    return tuple(one.id for one in known if one.layer == layer and _is_near(one, a, z))


def _is_near(row: Measurement, a: LatLon, z: LatLon) -> bool:
    near, far = place_of(row.a), place_of(row.z)
    return any(
        great_circle_km(near, one) <= NEAR_KM and great_circle_km(far, other) <= NEAR_KM
        for one, other in ((a, z), (z, a))
    )


def place_of(place: Place) -> LatLon:
    """Degrees of a catalogue hub, or the degrees themselves."""
    return places()[place] if isinstance(place, str) else place


def places() -> dict[str, LatLon]:
    """Degrees by hub id, for every hub of the catalogue and of the cloud graph."""
    return {name: (lat, lon) for name, (lat, lon, _) in cloud_places().items()}


def region_of(a: Place, z: Place, layer: Layer) -> Region:
    """The region of a layer that holds both places."""
    return layer.region([_jurisdiction(a), _jurisdiction(z)])


def _jurisdiction(place: Place) -> str:
    """Of a hub; of degrees, that of the nearest hub they could hang on, else none."""
    if isinstance(place, str):
        return cloud_places()[place][2]
    return _jurisdiction_at(place)


@cache
def _jurisdiction_at(place: LatLon) -> str:
    found = min((great_circle_km(hub.place, place), hub.id) for hub in shipped_hubs().values())
    return shipped_hubs()[found[1]].located_in if found[0] <= ATTACH_KM else ""
