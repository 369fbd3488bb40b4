"""What latency to expect between two places, by layer, and how certain that is; no network at hand.

``optical``: fibre along the delay-shortest route of pan-asia.
``ip``, ``public``: a carrier's IP service, the public Internet, over the same map.
``cloud``: between public-cloud regions, over the cloud-backbone reference graph; off it over the
fibre of pan-asia, and off both over the great circle, each with its own interval.

A layer without a path is not answered: constants of another layer say nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from corridor.topologies.analysis.layered import (
    ATTACH_KM,
    RTT_MS_PER_KM,
    Parts,
    layered_map,
    region_parts,
)
from corridor.topologies.analysis.measurements import (
    Measurement,
    cloud_places,
    shipped_measurements,
)
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.catalogue import shipped_hubs
from corridor.topologies.model.delay_model import (
    GREAT_CIRCLE,
    DelayModel,
    ErrorBasis,
    Layer,
    LayerName,
    Region,
    shipped_model,
)
from corridor.topologies.model.topology import LatLon, great_circle_km

Place = str | LatLon
NEAR_KM = 500.0
"""A measurement lies near a route if its two ends lie this near to the two ends of the route."""


@dataclass
class OffTheMap(InputError):
    """A layer has no path between two places, so it has no latency either."""

    why: str = ""


@dataclass(frozen=True)
class Prediction:
    """A median round trip in ms, and the interval of what a measurement would find.

    The interval holds 90 per cent of measurements where ``interval_basis`` is ``fitted``; a stated
    one is an estimate that no measurements support. No interval begins below light in fibre.
    """

    layer: LayerName
    rtt_ms: float
    low_ms: float
    high_ms: float
    basis: ErrorBasis
    interval_basis: ErrorBasis
    source: str
    topology: str
    """The map of the route, or ``great-circle``."""
    hubs: tuple[str, ...]
    """Of the route; none where it is the great circle."""
    fibre_ms: float | None
    """Of the optical layer between the same places; None where that has no path."""
    near: tuple[str, ...]
    """Measurements of the layer near this route, by id; the model was fitted on some of them."""

    @property
    def straight(self) -> bool:
        """Along the great circle, on no map."""
        return self.topology == GREAT_CIRCLE

    @property
    def beats_fibre(self) -> bool:
        """Faster than the optical layer, so over a path that is not on that layer's map."""
        return self.fibre_ms is not None and self.rtt_ms < self.fibre_ms

    def to_json(self) -> JsonObject:
        ends = {"rtt_ms": round(self.rtt_ms, 2)}
        interval = {"interval_ms": [round(self.low_ms, 2), round(self.high_ms, 2)]}
        facts = {"basis": self.basis, "interval_basis": self.interval_basis, "source": self.source}
        fibre_ms = None if self.fibre_ms is None else round(self.fibre_ms, 2)
        route = {"topology": self.topology, "route": self.hubs, "straight": self.straight}
        rest = {"fibre_ms": fibre_ms, "near": self.near, "near_km": NEAR_KM}
        return {**ends, **interval, **facts, **route, **rest}


def predict(
    a: Place,
    z: Place,
    layer: LayerName = "cloud",
    *,
    model: DelayModel | None = None,
    tail: bool = False,
) -> Prediction:
    """The round trip between two hub ids of the catalogue, or (lat, lon).

    ``tail``: its 95th percentile instead of its median, where the layer distinguishes them. Raises
    KeyError for an unknown hub id, OffTheMap where the layer has no path, and InputError where the
    model's answer lies below light in fibre.
    """
    model = model or shipped_model()
    used = model.layer(layer)
    region, parts = parts_of(a, z, used)
    rtt_ms = parts.rtt_ms(used, region, tail=tail)
    light_ms = RTT_MS_PER_KM * great_circle_km(place_of(a), place_of(z))
    _check_light(rtt_ms, light_ms, used, model)
    low, high = region.interval
    return Prediction(
        layer=layer,
        rtt_ms=rtt_ms,
        low_ms=max(light_ms, rtt_ms * low),
        high_ms=rtt_ms * high,
        basis=region.basis,
        interval_basis=region.interval_basis,
        source=region.source,
        topology=used.map_of(region),
        hubs=parts.hubs,
        fibre_ms=_fibre_ms(a, z, model),
        near=near_measurements(place_of(a), place_of(z), layer),
    )


def predict_rtt_ms(a: Place, z: Place, layer: LayerName = "cloud") -> float:
    """The median of ``predict`` alone."""
    return predict(a, z, layer).rtt_ms


def parts_of(a: Place, z: Place, layer: Layer) -> tuple[Region, Parts]:
    """The region of a layer that serves a pair, and the parts of its round trip.

    Raises OffTheMap where no region does.
    """
    found = _parts_or_none(a, z, layer)
    if found is not None:
        return found
    why = layered_map(layer, region_of(a, z, layer)).why_none(place_of(a), place_of(z))
    hint = "ask for --layer cloud, or name hubs of that map"
    raise OffTheMap(f"layer {layer.layer} has no path here: {why}", hint, why=why)


def _parts_or_none(a: Place, z: Place, layer: Layer) -> tuple[Region, Parts] | None:
    for region in layer.regions_of(jurisdictions_of(a, z)):
        parts = region_parts(layer, region, place_of(a), place_of(z))
        if parts is not None:
            return region, parts
    return None


def _fibre_ms(a: Place, z: Place, model: DelayModel) -> float | None:
    optical = model.layer("optical")
    found = _parts_or_none(a, z, optical)
    return None if found is None else found[1].rtt_ms(optical, found[0])


def _check_light(rtt_ms: float, light_ms: float, layer: Layer, model: DelayModel) -> None:
    if rtt_ms < light_ms:
        message = (
            f"layer {layer.layer} of the delay model {model.name} predicts {rtt_ms:.1f} ms, and "
            f"light in fibre takes {light_ms:.1f} ms along the great circle"
        )
        raise InputError(message, "raise the slope or the ends of this layer")


def near_measurements(
    a: LatLon, z: LatLon, layer: LayerName, rows: Iterable[Measurement] | None = None
) -> tuple[str, ...]:
    """Measurements of a layer whose ends lie within ``NEAR_KM`` of these, in either direction."""
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
    return layer.region(jurisdictions_of(a, z))


def jurisdictions_of(a: Place, z: Place) -> tuple[str, str]:
    """That of each of two places."""
    return _jurisdiction(a), _jurisdiction(z)


def _jurisdiction(place: Place) -> str:
    """Of a hub; of degrees, that of the nearest hub they could hang on, else none."""
    if isinstance(place, str):
        return cloud_places()[place][2]
    return _jurisdiction_at(place)


@cache
def _jurisdiction_at(place: LatLon) -> str:
    found = min((great_circle_km(hub.place, place), hub.id) for hub in shipped_hubs().values())
    return shipped_hubs()[found[1]].located_in if found[0] <= ATTACH_KM else ""
