"""A topology as the plain values of our own files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.units import format_duration, format_length, format_rate
from corridor.topologies.model.capacity import CapacityGroup
from corridor.topologies.model.catalogue import shipped_systems
from corridor.topologies.model.hosts import Host
from corridor.topologies.model.topology import Fibre, Hub, Topology


def to_data(topology: Topology) -> JsonObject:
    """Plain values that ``from_text`` reads back to the same topology, once dumped as YAML."""
    scaling = topology.scaling
    domains = topology.domains
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
        **({"hosts": [host_data(host) for host in topology.hosts]} if topology.hosts else {}),
        **({"domains": domains.model_dump(mode="json", exclude_defaults=True)} if domains else {}),
    }


def host_data(host: Host) -> JsonObject:
    """A host as a topology file writes it."""
    data: JsonObject = host.model_dump(mode="json", exclude_defaults=True)
    return data


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


# What a topology file changes of those that it extends: which keys of an entry then hold.
#
# An overridden fibre is its own entry, as a file would write it, with some keys changed. What
# followed from a changed key is dropped, so that it follows again: a length from the route, a delay
# from the length.


_ROUTE = frozenset({"a", "z", "via", "medium"})
_ASSUMED = frozenset({"capacity_class", "assumed_capacity", "assumed_because"})


def hub_data(hub: Hub) -> JsonObject:
    """A hub as a topology file writes it."""
    data: JsonObject = hub.model_dump(mode="json", exclude_defaults=True)
    return data


def kept_of(fibre: Fibre, written: Mapping[str, object], *, moved: bool) -> JsonObject:
    """Keys of a fibre's entry that still hold once those in ``written`` have changed, and hubs at
    its ends if ``moved``: then a length that was derived does not, and one that was given does."""
    kept = fibre_data(fibre)
    if moved and fibre.length_basis == "derived":
        _drop(kept, ["length", "length_basis"])
    if not _ROUTE.isdisjoint(written):
        _drop(kept, ["length", "length_basis", "one_way_delay"])
    if "length" in written:
        _drop(kept, ["length_basis", "one_way_delay"])
        _state(kept, written, "length_basis")
    if "system" in written:
        kept["srlgs"] = [name for name in fibre.srlgs if name != f"cable:{fibre.system}"]
        _drop(kept, ["capacity", "capacity_basis"])
    if not _ASSUMED.isdisjoint(written) or "capacity" in written:
        _drop(kept, ["capacity", "capacity_basis", *_ASSUMED])
    if written.get("capacity") is not None:
        _state(kept, written, "capacity_basis")
    return kept


def kept_of_group(group: CapacityGroup, written: Collection[str]) -> JsonObject:
    """The same of a capacity group: another capacity is not that of its sources."""
    kept = group_data(group)
    if "capacity" in written:
        _drop(kept, ["sources"])
    return kept


def moved(before: Mapping[str, Hub], after: Mapping[str, Hub]) -> frozenset[str]:
    """Hubs that stand elsewhere now."""
    return frozenset(name for name, hub in after.items() if hub.place != before[name].place)


def told(removed: Iterable[str], changed: Mapping[str, Collection[str]]) -> str:
    """A topology's note about what its file changed; empty if nothing."""
    parts = [f"{name} ({', '.join(keys)})" for name, keys in changed.items()]
    lines = [f"changes {'; '.join(parts)}" if parts else ""]
    left_out = ", ".join(removed)
    lines.append(f"leaves out {left_out}" if left_out else "")
    said = " and ".join(filter(None, lines))
    return f"This file {said} of what it extends." if said else ""


def _state(kept: JsonObject, written: Mapping[str, object], key: str) -> None:
    """A user-supplied figure does not inherit the source of the published one."""
    if "sources" not in written:
        kept[key] = "stated"


def _drop(kept: JsonObject, keys: Iterable[str]) -> None:
    for key in keys:
        kept.pop(key, None)
