"""One owner's capacity after a cut as a topology and a scenario, for real packets. Pure.

The network is a star: the landing of the owner's country, and a hub for each holding that is left,
at the end of a fibre of its length and capacity. A steady UDP stream offers each fibre what the
fluid model carries on it, and its part of the shortfall. ``expected`` is the fluid model's answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from corridor.experiments.replays.figures import CutMarket
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.base.whole_file import write_text
from corridor.topologies.model.delay import one_way_delay_ns
from corridor.traffic.background import HoldingCarried, Reaction

EXPECTED_SCHEMA = 1
SCALE = 1e-5
"""Emulated rates: 1 Tbit/s is 10 Mbit/s."""
FULL = 0.999
"""Utilization from which on a holding takes a part of the shortfall."""
LANDING = "landing"
CALM_MS, LOADED_MS, PROBE_MS = 500, 3000, 20
"""Before streams, during streams, and between two probes, which take 1 % of the smallest fibre."""


@dataclass(frozen=True, kw_only=True)
class ExpectedFibre:
    """What the fluid model has for one fibre while its stream is sent."""

    fibre: str
    offered_share: float
    """Of the capacity; above 1 the fibre is overloaded."""
    utilization: float
    loss_share: float
    rtt_ms: float
    """With the queueing delay of a full buffer in one direction."""
    rtt_before_ms: float


@dataclass(frozen=True, kw_only=True)
class Emulation:
    """Documents of the product's own formats, and what the fluid model expects of a run."""

    topology: JsonObject
    scenario: JsonObject
    expected: tuple[ExpectedFibre, ...]


def emulation(cut_market: CutMarket, country: str, owner: str, reaction: Reaction) -> Emulation:
    """Return a network of one owner after a cut.

    Args:
        cut_market: The market and what is cut in it.
        country: Of the owner.
        owner: Its holdings become fibres.
        reaction: How far operators have reacted.

    Raises:
        InputError: The owner has no capacity left, or offers no traffic to it.
    """
    carried = cut_market.carried(reaction)
    lengths = {one.id: one.length_km for one in cut_market.market.holdings}
    left = [
        one
        for one in carried.holdings
        if (one.country, one.owner) == (country, owner) and one.load_gbps > 0 and not one.cut
    ]
    if not left:
        raise InputError(f"{owner} of {country} carries nothing after this cut")
    offered = _offered(left, carried.total(country, owner).shortfall_gbps)
    names = [one.id.replace("/", "-") for one in left]
    return Emulation(
        topology=_topology(names, left, lengths),
        scenario=_scenario(
            names,
            [gbps / one.capacity_gbps for gbps, one in zip(offered, left, strict=True)],
            cut_market.market.buffer_ms,
        ),
        expected=tuple(
            _expected(name, one, gbps, lengths[one.id], cut_market.market.buffer_ms)
            for name, one, gbps in zip(names, left, offered, strict=True)
        ),
    )


def write_emulation(folder: Path, of: Emulation) -> None:
    """Write ``topology.yaml``, ``scenario.yaml`` and ``expected.json`` to a folder."""
    for name, document in (("topology", of.topology), ("scenario", of.scenario)):
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
        write_text(folder / f"{name}.yaml", text)
    plain = {"schema": EXPECTED_SCHEMA, "fibres": to_plain(of.expected)}
    write_text(folder / "expected.json", json.dumps(plain, indent=1) + "\n")


def _offered(left: Sequence[HoldingCarried], shortfall_gbps: float) -> list[float]:
    """The load of each holding, and on full ones a part of the shortfall in proportion to it."""
    full = [one.load_gbps >= FULL * one.capacity_gbps for one in left]
    total = sum(one.load_gbps for one, is_full in zip(left, full, strict=True) if is_full)
    return [
        one.load_gbps * (1 + shortfall_gbps / total if is_full else 1)
        for one, is_full in zip(left, full, strict=True)
    ]


def _expected(
    name: str, of: HoldingCarried, offered_gbps: float, length_km: float, buffer_ms: float
) -> ExpectedFibre:
    ratio = offered_gbps / of.capacity_gbps
    before = 2 * one_way_delay_ns(length_km) / NS_PER_MS
    return ExpectedFibre(
        fibre=name,
        offered_share=ratio,
        utilization=min(1.0, ratio),
        loss_share=max(0.0, 1 - 1 / ratio),
        rtt_ms=before + (buffer_ms if ratio > 1 else 0.0),
        rtt_before_ms=before,
    )


def _topology(
    names: Sequence[str], left: Sequence[HoldingCarried], lengths: Mapping[str, float]
) -> JsonObject:
    hubs: list[JsonObject] = [_hub(LANDING, left[0].country)]
    hubs += [_hub(f"to-{name}", left[0].country) for name in names]
    fibres = [
        {
            "id": name,
            "a": LANDING,
            "z": f"to-{name}",
            "medium": "submarine",
            "length": f"{lengths[one.id]:.0f}km",
            "length_basis": "derived",
            "capacity": f"{one.capacity_gbps:.3f}Gbit",
            "capacity_basis": "derived",
        }
        for name, one in zip(names, left, strict=True)
    ]
    return {
        "name": "replayed-owner",
        "title": "Capacity of one owner after a cut, a fibre for each holding",
        "capacity": {
            "scale": SCALE,
            "assumed_terrestrial": "1Tbit",
            "assumed_submarine": "1Tbit",
            "min_rate": "100kbit",
            "max_rate": "1Gbit",
        },
        "hubs": hubs,
        "fibres": fibres,
    }


def _hub(name: str, country: str) -> JsonObject:
    return {
        "id": name,
        "name": name,
        "role": "foreign",
        "located_in": country,
        "lat": 25.0,
        "lon": 67.0,
    }


def _scenario(names: Sequence[str], shares: Sequence[float], buffer_ms: float) -> JsonObject:
    count = (CALM_MS + LOADED_MS) // PROBE_MS
    return {
        "schema": 1,
        "name": "replayed-owner",
        "title": "Steady streams of one owner after a cut, as the fluid model places them",
        "topology": "topology.yaml",
        "network": {"queues": {"discipline": "fifo", "buffer": f"{buffer_ms:.0f}ms"}},
        "probe": {"interval": f"{PROBE_MS}ms", "count": count},
        "demands": [
            {"id": name, "class": "ai_bulk", "src": LANDING, "dst": f"to-{name}"} for name in names
        ],
        "timeline": [
            {
                "at": f"{CALM_MS}ms",
                "for": f"{LOADED_MS}ms",
                "stream": name,
                "share": f"{100 * share:.2f}%",
            }
            for name, share in zip(names, shares, strict=True)
        ],
    }
