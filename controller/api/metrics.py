"""What a live network looks like to Prometheus.

Names and labels of datapaths and ports are those of FAUCET and Gauge, so that their dashboards
serve here too: ``dp_id`` is hexadecimal, ``dp_name`` the hub, ``port`` the number, and
``port_description`` the fibre. What they have no name for begins with ``corridor_``. Each answer of
the controller is a part; one that does not come is left out, which ``corridor_scrape_success``
says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, TypedDict, cast

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from corridor.controller.api.control_answers import (
    CountersAnswer,
    DemandsAnswer,
    HubAnswer,
    ProofTold,
    StatusAnswer,
    TopologyAnswer,
    Updates,
)
from corridor.controller.api.link import ControllerLink, Problem
from corridor.controller.openflow.statuses import SERVED, Status
from corridor.controller.openflow.table_dump import PortCounts
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.seconds import NS_PER_S

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
PARTS = ("status", "demands", "topology", "proof", "counters")
SCRAPE_S = 8.0
"""Below the ten seconds that Prometheus waits by default."""
DP = ["dp_id", "dp_name"]
PORT = [*DP, "port", "port_description"]
MS = 1e3


class Said(TypedDict, total=False):
    """What the controller answered, by part."""

    status: StatusAnswer
    demands: DemandsAnswer
    topology: TopologyAnswer
    proof: ProofTold
    counters: CountersAnswer


type Families = Iterator[Metric]


async def gathered(link: ControllerLink) -> Said:
    """What the controller answers in time to each part. Never raises."""

    async def part(name: str) -> tuple[str, JsonObject | None]:
        try:
            async with asyncio.timeout(SCRAPE_S):
                return name, await link.read(name)
        except (Problem, TimeoutError):
            return name, None

    answers = await asyncio.gather(*map(part, PARTS))
    return cast(Said, {name: answer for name, answer in answers if answer is not None})


def exposition(said: Said) -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(_Kept(said))
    return generate_latest(registry)


class _Kept(Collector):
    def __init__(self, said: Said) -> None:
        self._said = said

    def collect(self) -> Iterable[Metric]:
        yield _gauge(
            "corridor_scrape_success",
            "Whether the controller answered for a part of these metrics in time",
            ["part"],
            (((name,), name in self._said) for name in PARTS),
        )
        for name, families in _FAMILIES.items():
            if name in self._said:
                yield from families(self._said)


def _status(said: Said) -> Families:
    status = said["status"]
    happened = status["happened"]
    yield InfoMetricFamily(
        "corridor_policies",
        "Policy set in force, and the day whose policies are",
        {"name": status["policies"], "as_of": status["as_of"]},
    )
    if status["epoch"] is not None:
        yield GaugeMetricFamily("corridor_epoch", "Epoch of the tables in force", status["epoch"])
    yield GaugeMetricFamily(
        "corridor_unproven",
        "Whether the installed tables are not verified",
        bool(status["unproven"]),
    )
    yield GaugeMetricFamily(
        "corridor_rates_lacking",
        "Directions of fibres that committed rates do not fit, now or under the next failures",
        len(status["lacking"]),
    )
    yield GaugeMetricFamily(
        "corridor_deferred", "Whether a change waits for a switch", bool(status["deferred"])
    )
    yield GaugeMetricFamily(
        "corridor_switches_away",
        "Switches that lost their connection and are not given up",
        len(status["away"]),
    )
    yield _gauge(
        "corridor_demands",
        "Demands by how they are served",
        ["status"],
        (((one,), status["demands"].get(one, 0)) for one in Status),
    )
    yield _counter(
        "corridor_updates",
        "Changes of tables by result",
        ["result"],
        (((result,), count) for result, count in _numbers(happened["updates"]).items()),
    )
    yield CounterMetricFamily(
        "corridor_foreign_entries", "Foreign entries removed from switches", status["foreign"]
    )
    yield CounterMetricFamily(
        "corridor_audits_repaired", "Audits that found something to put right", happened["repaired"]
    )
    yield CounterMetricFamily("corridor_errors", "Defects of the controller", happened["error"])
    last = happened["last_update"]
    if last is not None:
        yield GaugeMetricFamily(
            "corridor_last_update_flip_seconds",
            "From the start of the newest update to the flip of all edges",
            last["done_ms"]["flipped"] / MS,
        )
        yield GaugeMetricFamily(
            "corridor_last_update_timestamp_seconds",
            "When the newest update was over, since 1970",
            last["at_ns"] / NS_PER_S,
        )


def _demands(said: Said) -> Families:
    demands = said["demands"]["demands"]
    yield _gauge(
        "corridor_demand_served",
        "Whether a demand is delivered, by whatever permit",
        ["demand"],
        (((one["demand"],), one["status"] in SERVED) for one in demands),
    )
    yield _gauge(
        "corridor_demand_one_way_delay_seconds",
        "One-way delay of the present path of a demand",
        ["demand"],
        (
            ((one["demand"],), one["one_way_ns"] / NS_PER_S)
            for one in demands
            if one["one_way_ns"] is not None
        ),
    )


def _topology(said: Said) -> Families:
    hubs, fibres = said["topology"]["hubs"], said["topology"]["fibres"]
    each = [((hex(hub["dpid"]), name), hub) for name, hub in hubs.items()]
    yield _gauge(
        "dp_status", "status of datapaths", DP, ((dp, hub["connected"]) for dp, hub in each)
    )
    yield _counter(
        "of_dp_connections",
        "number of OF connections from a DP",
        DP,
        ((dp, hub["connections"]) for dp, hub in each),
    )
    yield _counter(
        "of_dp_disconnections",
        "number of OF disconnections from a DP",
        DP,
        ((dp, hub["disconnections"]) for dp, hub in each),
    )
    yield _gauge(
        "port_status",
        "status of switch ports",
        PORT,
        (
            ((*dp, number, port["leads_to"]), port["live"])
            for dp, hub in each
            for number, port in hub["ports"].items()
        ),
    )
    yield _gauge(
        "corridor_hub_failed",
        "Whether a hub is done without, since its switch has been away for so long",
        DP,
        ((dp, hub["failed"]) for dp, hub in each),
    )
    yield _gauge(
        "corridor_gateway_status",
        "Whether the gateway of a hub works",
        DP,
        ((dp, hub["gateway"]) for dp, hub in each if hub["gateway"] is not None),
    )
    told: tuple[tuple[Literal["works", "held_out", "drained"], str], ...] = (
        ("works", "Whether a fibre works, and is not held out"),
        ("held_out", "Whether a fibre is held out, since it flapped"),
        ("drained", "Whether a fibre is drained"),
    )
    for key, what in told:
        values = (((name,), fibre[key]) for name, fibre in fibres.items())
        yield _gauge(f"corridor_fibre_{key}", what, ["fibre"], values)


def _proof(said: Said) -> Families:
    proof = said["proof"]["proof"]
    if proof:
        yield GaugeMetricFamily(
            "corridor_proof_holds", "Whether every claim of the last proof holds", proof["holds"]
        )


def _counters(said: Said) -> Families:
    counters = said["counters"]
    hubs = said["topology"]["hubs"] if "topology" in said else {}

    def dp(name: str) -> tuple[str, str]:
        return hex(hubs[name]["dpid"]) if name in hubs else "", name

    yield _counter(
        "corridor_drops",
        "Packets dropped by tables, by reason; from nothing where entries were replaced",
        [*DP, "reason"],
        (
            ((*dp(name), reason.removeprefix("DROP_").lower()), count)
            for name, drops in counters["by_hub"].items()
            for reason, count in drops.items()
        ),
    )
    for unit in ("packets", "bytes"):
        yield _counter(
            f"corridor_demand_sent_{unit}",
            f"{unit.capitalize()} sent at the edge of a demand; from zero in each epoch",
            ["demand"],
            (((name,), sent[unit]) for name, sent in counters["sent"].items()),
        )
    ports = {
        (name, number): _numbers(counts)
        for name, counted in counters["ports"].items()
        for number, counts in counted.items()
    }
    for key in sorted({key for counts in ports.values() for key in counts}):
        yield _gauge(
            f"of_port_{key}",
            f"{key.replace('_', ' ')} of a port, as OpenFlow counts them",
            PORT,
            (
                ((*dp(name), number, _leads_to(hubs, name, number)), counts[key])
                for (name, number), counts in ports.items()
            ),
        )


def _numbers(counts: Updates | PortCounts) -> Mapping[str, int]:
    """By key, for who goes through all of them."""
    return cast(Mapping[str, int], counts)


def _leads_to(hubs: Mapping[str, HubAnswer], hub: str, port: str) -> str:
    known = hubs[hub]["ports"] if hub in hubs else {}
    return str(known[port]["leads_to"]) if port in known else ""


_FAMILIES: Mapping[str, Callable[[Said], Families]] = {
    "status": _status,
    "demands": _demands,
    "topology": _topology,
    "proof": _proof,
    "counters": _counters,
}


def _gauge(
    name: str, what: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=labels)
    for given, value in values:
        family.add_metric(given, float(value))
    return family


def _counter(
    name: str, what: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, what, labels=labels)
    for given, value in values:
        family.add_metric(given, float(value))
    return family
