"""The part of a plan that workloads send: their messages, and the connections that carry them.

Everything is planned: which connection carries which message when, and what a message waits for.
Agents decide nothing, and results are judged by what is planned here. The mean offered load is
that of all workloads at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.experiments.plan.prediction import bottleneck_bps
from corridor.experiments.plan.timeline import Clock, Placed
from corridor.experiments.plan.traffic import STREAM_FRAME_BYTES, stream_hosts
from corridor.experiments.plan.values import (
    Messages,
    PlannedDemand,
    PlannedMessage,
    PlannedWorkload,
)
from corridor.experiments.plan.workload_scaling import Scaled, notes, scaled
from corridor.experiments.scenario.intents import turned_demands
from corridor.experiments.scenario.load_event import KIND as LOAD
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.scenario.stream_event import KIND as STREAM
from corridor.experiments.scenario.workloads import Transport, Workload
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.units import format_duration, format_rate
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import HostEnd, Wiring
from corridor.traffic.agents import jobs
from corridor.traffic.agents.messages import ConnectionEnd, Message
from corridor.traffic.agents.program import Part
from corridor.traffic.packets import ports
from corridor.traffic.packets.template import FrameTemplate
from corridor.traffic.workloads.outbox import Connection, Outbox, Sent
from corridor.traffic.workloads.workload_kind import Along, Load

# Both ends of the connections of workloads, with their addresses and ports, as parts of jobs.


def ends_of(
    carried: Iterable[tuple[Transport, Sequence[Connection]]],
    loaded: LoadedScenario,
    demands: Sequence[PlannedDemand],
    wiring: Wiring,
) -> tuple[jobs.Host, ...]:
    """Both ends of all connections, by host. Raises InputError for more connections than a host
    has ports."""
    scenario, turned = loaded.scenario, turned_demands(loaded.scenario.demands)
    hosts = {host.name: host for host in wiring.hosts}
    parts: defaultdict[str, list[Part]] = defaultdict(list)
    clients: defaultdict[str, Iterator[int]] = defaultdict(lambda: iter(ports.WORKLOAD_CLIENTS))
    for transport, connections in carried:
        for one in connections:
            ends, back = demands[one.demand].hosts, one.demand in turned
            connects, serves = ends[::-1] if back else ends
            port = next(clients[connects], None)
            if port is None:
                most = len(ports.WORKLOAD_CLIENTS)
                message = f"workloads open more than {most:,} connections at {connects}"
                hint = "let several messages share one: transport: {connections: 10}"
                raise loaded.document.error(message, "workloads", hint=hint)
            asked = scenario.demands[one.demand]
            near = _client(one, transport, hosts[connects], port, hosts[serves], back=back)
            near = near._replace(
                local_ip=hosts[connects].ip(asked.family),
                peer_ip=hosts[serves].ip(asked.family),
                dscp=scenario.dscp(asked),
            )
            parts[connects].append(near)
            parts[serves].append(_server(one, near, back=not back))
    return tuple(
        jobs.Host(host.name, "", host.host_interface, tuple(parts[host.name]))
        for host in wiring.hosts
        if host.name in parts
    )


def _client(
    one: Connection,
    transport: Transport,
    client: HostEnd,
    port: int,
    server: HostEnd,
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


PHASE = "workloads"
MOST_SHARE = STREAM.options["share"].most or 0
"""Of a path's bottleneck, as of streams of the timeline."""


@dataclass(frozen=True)
class Sending:
    """What workloads come to: phases in addition to all else, and what a plan states about them."""

    phases: tuple[jobs.Phase, ...] = ()
    workloads: tuple[PlannedWorkload, ...] = ()
    messages: Messages | None = None


@dataclass(frozen=True)
class _Placed:
    """A workload with its windows, after the epoch, and what is sent of it."""

    number: int
    workload: Workload
    demands: tuple[PlannedDemand, ...]
    windows: tuple[tuple[int, int], ...]
    scaled: Scaled


def plan_workloads(
    loaded: LoadedScenario,
    clock: Clock,
    placed: Iterable[Placed],
    ends_ns: int,
    demands: Sequence[PlannedDemand],
    wiring: Wiring,
    templates: Mapping[str, FrameTemplate],
    seed: int,
) -> Sending:
    """``placed`` are the events that switch workloads on; ``ends_ns`` is when those end that have
    no end. Raises InputError for what cannot be planned."""
    if not loaded.workloads:
        return Sending()
    windows = _windows(clock, placed, ends_ns)
    numbers = {demand.id: demand.index for demand in demands}
    placed_workloads = []
    for number, workload in enumerate(loaded.workloads):
        own = tuple(demands[numbers[name]] for name in workload.demands)
        scaling = scaled(workload, own, loaded.topology)
        when = windows[workload.entry.id]
        placed_workloads.append(_Placed(number, workload, own, when, scaling))
    by_tcp = [one for one in placed_workloads if one.workload.entry.transport.udp is None]
    out = Outbox()
    first = []
    for one in by_tcp:
        first.append(len(out.connections))
        _fill(loaded, one, out, seed)
    first.append(len(out.connections))
    sent = {
        one.number: out.connections[begin:end]
        for one, (begin, end) in zip(by_tcp, pairwise(first), strict=True)
    }
    carried = [(one.workload.entry.transport, sent[one.number]) for one in by_tcp]
    ends = ends_of(carried, loaded, demands, wiring)
    phases = [jobs.Phase(PHASE, 0, ends)] if ends else []
    for one in placed_workloads:
        if one.workload.entry.transport.udp is not None:
            phases += _streams(loaded, one, wiring, templates)
    return Sending(
        tuple(phases),
        tuple(_planned(one, sent.get(one.number, [])) for one in placed_workloads),
        _messages(sent) if len(out) else None,
    )


def _windows(
    clock: Clock, placed: Iterable[Placed], ends_ns: int
) -> dict[str, tuple[tuple[int, int], ...]]:
    """By workload, in order of time."""
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in placed:
        if one.event.kind is not LOAD:
            continue
        end_ns = ends_ns if one.end_ns is None else one.end_ns
        known = found[one.event.what]
        if end_ns <= one.begin_ns:
            hint = "give it an end, or let probes go on for longer (probe: count)"
            raise clock.wrong(one.event, "begins when the last probe has been sent", hint)
        if known and known[-1][1] > one.begin_ns:
            why = f'begins while another load of "{one.event.what}" lasts'
            raise clock.wrong(one.event, why, "end that one before, or make one of both")
        known.append((one.begin_ns, end_ns))
    return {name: tuple(windows) for name, windows in found.items()}


def _fill(
    loaded: LoadedScenario,
    one: _Placed,
    out: Outbox,
    seed: int,
) -> None:
    workload, kind = one.workload, one.workload.kind
    entry = workload.entry
    connections = entry.transport.connections
    load = Load(
        id=entry.id,
        options=workload.options,
        demands=tuple(
            Along(demand.index, demand.id, *demand.hosts, factor, rarer)
            for demand, factor, rarer in zip(
                one.demands, one.scaled.factors, one.scaled.rarer, strict=True
            )
        ),
        windows=one.windows,
        drain_ns=entry.drain,
        connections=kind.connections if connections is None else connections,
        compress=entry.compress,
        seed=seed,
        trace=workload.trace,
    )
    try:
        kind.plan(load, out)
    except InputError as error:
        message = f'with workload "{entry.id}" {error.message}'
        raise loaded.document.error(message, *workload.place, hint=error.hint) from None


def _streams(
    loaded: LoadedScenario,
    one: _Placed,
    wiring: Wiring,
    templates: Mapping[str, FrameTemplate],
) -> Iterator[jobs.Phase]:
    """Of a workload that is a stream of UDP; for demands with a path."""
    ((begin_ns, end_ns),) = one.windows
    for known, rate_bps in zip(one.demands, one.scaled.mean_bps, strict=True):
        if known.bottleneck_bps is None:
            continue
        problem = _misfit(known, known.bottleneck_bps, rate_bps, end_ns - begin_ns)
        if problem:
            at = (*one.workload.place, "transport", "udp")
            message = f'workload "{one.workload.entry.id}" {problem}'
            raise loaded.document.error(message, *at, hint="give it another rate")
        demand = replace(known, stream_bps=rate_bps)
        hosts = stream_hosts(demand, wiring, dict(templates), end_ns - begin_ns)
        yield jobs.Phase(f"stream:{demand.id}", begin_ns, hosts)


def _misfit(demand: PlannedDemand, bottleneck_bps: int, rate_bps: int, lasts_ns: int) -> str:
    """What is wrong with the emulated rate of a stream; empty if nothing."""
    if rate_bps > MOST_SHARE * bottleneck_bps:
        share, path = f"{rate_bps / bottleneck_bps:.3g}", format_rate(bottleneck_bps)
        return (
            f"streams {format_rate(rate_bps)} as emulated along {demand.id}, {share} times the "
            f"{path} of its path: {MOST_SHARE:.0%} is the maximum"
        )
    if rate_bps * lasts_ns < STREAM_FRAME_BYTES * 8 * NS_PER_S:
        return (
            f"streams {format_rate(rate_bps)} as emulated along {demand.id}: not one frame of "
            f"{STREAM_FRAME_BYTES} octets in {format_duration(lasts_ns)}"
        )
    return ""


def _planned(one: _Placed, sent: Sequence[Connection]) -> PlannedWorkload:
    entry, kind = one.workload.entry, one.workload.kind
    transport = entry.transport
    given = transport.connections
    return PlannedWorkload(
        id=entry.id,
        kind=entry.kind,
        shipped=entry.shipped,
        background=entry.background,
        demands=tuple(demand.index for demand in one.demands),
        transport="udp" if transport.udp is not None else f"tcp {transport.congestion}",
        connections=kind.connections if given is None else given,
        windows=one.windows,
        closes_ns=max((each.closes_ns for each in sent), default=one.windows[-1][1]),
        scale=entry.scaled_by,
        compress=entry.compress,
        factors=one.scaled.factors,
        customers=one.scaled.customers,
        mean_bps=one.scaled.mean_bps,
        notes=notes(one.workload, one.scaled, one.demands, sent),
    )


def _messages(sent: Mapping[int, Sequence[Connection]]) -> Messages:
    rows = sorted(
        _row(number, connection, message)
        for number, connections in sent.items()
        for connection in connections
        for message in connection.messages
    )
    return Messages(*(tuple(column) for column in zip(*rows, strict=True)))


def _row(workload: int, connection: Connection, message: Sent) -> PlannedMessage:
    return PlannedMessage(
        id=message.id,
        workload=workload,
        demand=connection.demand,
        connection=connection.id,
        back=message.back,
        bytes=message.bytes,
        round=message.round,
        answers=message.answers,
        at_ns=message.at_ns,
        deadline_ns=message.deadline_ns,
    )


@dataclass(frozen=True)
class Offered:
    bps: Mapping[str, int]
    """Payload as emulated, by demand and, for answers, by theirs; only of those with a path."""
    uncounted: tuple[str, ...]
    """Workloads whose load follows from the network, or from a trace."""


@dataclass(frozen=True)
class _OnPath:
    bottleneck_bps: int | None


def offered(loaded: LoadedScenario, graphs: Mapping[str, ForwardingGraph]) -> Offered:
    """Return the load that demands offer on their paths."""
    loads: dict[str, float] = defaultdict(float)
    uncounted = []
    for workload in loaded.workloads:
        if not workload.kind.mean_bps(workload.options):
            uncounted.append(workload.entry.id)
            continue
        for name, bps in _loads(workload, loaded.topology, graphs):
            loads[name] += bps
    sent = {name: max(1, round(bps)) for name, bps in loads.items() if bps}
    return Offered(sent, tuple(uncounted))


def _loads(
    workload: Workload, topology: Topology, graphs: Mapping[str, ForwardingGraph]
) -> Iterator[tuple[str, float]]:
    back = workload.kind.back_share(workload.options)
    on_paths = [_on_path(topology, graphs[name]) for name in workload.demands]
    rates = scaled(workload, on_paths, topology).mean_bps
    for name, on_path, bps in zip(workload.demands, on_paths, rates, strict=True):
        if on_path.bottleneck_bps is not None:
            yield name, bps * (1 - back)
            yield f"{name}{RETURN}", bps * back


def _on_path(topology: Topology, graph: ForwardingGraph) -> _OnPath:
    if isinstance(graph.route, NoPermittedPath):
        return _OnPath(None)
    return _OnPath(bottleneck_bps(topology, graph.route.path))
