"""A topology as the plain values of our own files."""

from __future__ import annotations

from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.units import format_duration, format_length, format_rate
from corridor.topologies.model.capacity import CapacityGroup
from corridor.topologies.model.catalogue import shipped_systems
from corridor.topologies.model.topology import Fibre, Topology


def to_data(topology: Topology) -> JsonObject:
    """Plain values that ``from_text`` reads back to the same topology, once dumped as YAML."""
    scaling = topology.scaling
    return {
        "name": topology.name,
        "title": topology.title,
        "capacity": {
            "scale": scaling.capacity_scale,
            "assumed_terrestrial": format_rate(round(scaling.assumed_terrestrial_gbps * 1e9)),
            "assumed_submarine": format_rate(round(scaling.assumed_submarine_gbps * 1e9)),
            "min_rate": format_rate(scaling.min_rate_bps),
            "max_rate": format_rate(scaling.max_rate_bps),
        },
        "notes": list(topology.notes),
        "hubs": [hub.model_dump(mode="json", exclude_defaults=True) for hub in topology.hubs],
        "systems": [
            {"id": name, "name": name}
            for name in sorted({f.system for f in topology.fibres if f.system})
            if name not in shipped_systems()
        ],
        "capacity_groups": [group_data(one) for one in topology.capacity_groups.values()],
        "fibres": [fibre_data(fibre) for fibre in topology.fibres],
    }


def group_data(group: CapacityGroup) -> JsonObject:
    """A capacity group as a topology file writes it."""
    data: JsonObject = group.model_dump(
        mode="json", exclude_defaults=True, exclude={"capacity_gbps"}
    )
    if group.capacity_gbps is not None:
        data["capacity"] = format_rate(round(group.capacity_gbps * 1e9))
    return data


_SAID_OTHERWISE = {
    "length_km", "length_basis", "one_way_delay_ns", "delay_basis", "capacity_gbps", "assumed_gbps",
    "may_cross", "shares",
}  # fmt: skip


def fibre_data(fibre: Fibre) -> JsonObject:
    """A fibre as a topology file writes it, every quantity with its unit."""
    data: JsonObject = fibre.model_dump(mode="json", exclude_defaults=True, exclude=_SAID_OTHERWISE)
    data["length"] = format_length(fibre.length_km)
    data["length_basis"] = fibre.length_basis
    if fibre.delay_basis == "given":
        data["one_way_delay"] = format_duration(fibre.one_way_delay_ns)
    for key, gbps in (("capacity", fibre.capacity_gbps), ("assumed_capacity", fibre.assumed_gbps)):
        if gbps is not None:
            data[key] = format_rate(round(gbps * 1e9))
    if fibre.may_cross:
        data["may_cross"] = {one.code: one.why for one in fibre.may_cross}
    if fibre.shares:
        data["shares"] = [group.id for group in fibre.shares]
    return data
