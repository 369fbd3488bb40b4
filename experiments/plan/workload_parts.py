"""Both ends of the connections of workloads, with their addresses and ports, as parts of jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from corridor.experiments.plan.values import PlannedDemand
from corridor.experiments.scenario.intents import turned_demands
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.scenario.workloads import Transport
from corridor.topologies.model.wiring import HubWire, Wiring
from corridor.traffic.agents import jobs
from corridor.traffic.agents.messages import ConnectionEnd, Message
from corridor.traffic.agents.program import Part
from corridor.traffic.packets import ports
from corridor.traffic.workloads.outbox import Connection


def ends_of(
    carried: Iterable[tuple[Transport, Sequence[Connection]]],
    loaded: LoadedScenario,
    demands: Sequence[PlannedDemand],
    wiring: Wiring,
) -> tuple[jobs.Host, ...]:
    """Both ends of all connections, by host. Raises InputError for more connections than a host
    has ports."""
    scenario, turned = loaded.scenario, turned_demands(loaded.scenario.demands)
    hubs = {hub.hub: hub for hub in wiring.hubs}
    parts: defaultdict[str, list[Part]] = defaultdict(list)
    clients: defaultdict[str, Iterator[int]] = defaultdict(lambda: iter(ports.WORKLOAD_CLIENTS))
    for transport, connections in carried:
        for one in connections:
            demand, back = demands[one.demand], one.demand in turned
            connects, serves = (demand.dst, demand.src) if back else (demand.src, demand.dst)
            port = next(clients[connects], None)
            if port is None:
                most = len(ports.WORKLOAD_CLIENTS)
                message = f"workloads open more than {most:,} connections at {connects}"
                hint = "let several messages share one: transport: {connections: 10}"
                raise loaded.document.error(message, "workloads", hint=hint)
            near = _client(one, transport, hubs[connects], port, hubs[serves], back=back)
            near = near._replace(dscp=scenario.dscp(scenario.demands[one.demand]))
            parts[connects].append(near)
            parts[serves].append(_server(one, near, back=not back))
    return tuple(
        jobs.Host(hub.hub, "", hub.host_interface, tuple(parts[hub.hub]))
        for hub in wiring.hubs
        if hub.hub in parts
    )


def _client(
    one: Connection,
    transport: Transport,
    client: HubWire,
    port: int,
    server: HubWire,
    *,
    back: bool,
) -> ConnectionEnd:
    """The end that connects, which sends what goes ``back`` or what does not."""
    return ConnectionEnd(
        connection=one.id,
        demand=one.demand,
        role="connects",
        local_ip=client.host_ip,
        local_port=port,
        peer_ip=server.host_ip,
        peer_port=ports.WORKLOAD_BASE + one.demand,
        opens_ns=one.opens_ns,
        closes_ns=one.closes_ns,
        congestion=transport.congestion,
        sends=_sends(one, back=back),
        expects=_expects(one, back=not back),
        sample_ns=transport.sample or 0,
    )


def _server(one: Connection, client: ConnectionEnd, *, back: bool) -> ConnectionEnd:
    return client._replace(
        role="listens",
        local_ip=client.peer_ip,
        local_port=client.peer_port,
        peer_ip=client.local_ip,
        peer_port=client.local_port,
        sends=_sends(one, back=back),
        expects=_expects(one, back=not back),
    )


def _sends(connection: Connection, *, back: bool) -> tuple[Message, ...]:
    return tuple(
        Message(one.id, one.bytes, one.at_ns or 0, one.after, one.wait_ns, one.pieces, one.gap_ns)
        for one in connection.messages
        if one.back == back
    )


def _expects(connection: Connection, *, back: bool) -> tuple[tuple[int, int], ...]:
    return tuple((one.id, one.bytes) for one in connection.messages if one.back == back)
