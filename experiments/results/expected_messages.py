"""When messages would arrive if fibres were shared in a fluid manner and nothing were lost. Pure.

The predictions next to measured completion times. A message is sent at the rate of its demand: the
max-min share of the fibres on its path, and of the meter at its edge. All other workloads that run
at the same time offer their average load (those without an average, as much as fits). A message
starts when its predecessor in the workload has arrived, by the same prediction, and after the
message before it on its connection. Slow start comes before the rate unless the connection was busy
just before; it starts from the window that a pause has left.

Losses, events, timeouts and the variation of other loads are not included: they explain the
difference to the measurement. With queues by class the shares are those of ``shares_bps``.
Without known shares there is no prediction, nor for BBR, whose share follows no such law."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from corridor.controller.forwarding.program import SwitchProgram
from corridor.experiments.plan.values import Plan, PlannedDemand, PlannedMessage, PlannedWorkload
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.emulation.queues.kinds import PRIORITY, WEIGHTED
from corridor.topologies.model.line import Queue
from corridor.topologies.model.wiring import Shape
from corridor.traffic.agents.messages import ConnectionEnd, Message
from corridor.traffic.measures.fair_shares import (
    Flow,
    TransferPath,
    by_class_bps,
    by_priority_bps,
    completion_s,
    max_min_bps,
)

FRAME_BYTES, PAYLOAD_BYTES = 1518, 1448
"""Of a full segment with time stamps: its frame with a label, as queues count it."""
IDLE_S = 0.2
"""Linux halves its window for each timeout without sending (RFC 2861); none is shorter than this
and a round trip."""
BBR = "tcp bbr"
MOST_FLOWS = 200
"""Demands of workloads, both directions: more would take too long to compute."""


class Side(NamedTuple):
    """One direction of a workload along a demand."""

    workload: int
    demand: int
    back: bool


class Expected(NamedTuple):
    """Of one message, in ns after the epoch."""

    intended_ns: int
    arrives_ns: int


class Expectations(NamedTuple):
    of: Mapping[int, Expected]
    """By message id; messages without a prediction are left out."""
    not_known: Mapping[int, str]
    """By the number of a workload, why nothing is expected along some demand of it."""


def expected_messages(plan: Plan) -> Expectations:
    if plan.messages is None:
        return Expectations({}, {})
    reckoning = _Reckoning(plan)
    return Expectations(reckoning.run(), reckoning.not_known())


class _Reckoning:
    """Messages in ascending order of ids: what one waits for has a lower one."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._found: dict[int, Expected] = {}
        self._busy_ns: dict[tuple[int, bool], int] = {}
        """Until when each end of a connection writes."""
        self._windows: dict[tuple[int, bool], int] = {}
        """In packets, as they are then."""
        self._rates = _Rates(plan)
        self._sent = dict(_sent(plan))
        rows = plan.messages.rows() if plan.messages is not None else ()
        self._rows = list(rows)
        self._abreast = Counter(self._group(row) for row in self._rows)

    def run(self) -> dict[int, Expected]:
        for row in self._rows:
            one = self._of(row)
            if one is not None:
                self._found[row.id] = one
        return self._found

    def not_known(self) -> dict[int, str]:
        used = sorted({row.workload for row in self._rows})
        return {number: why for number in used if (why := self._rates.why(number))}

    def _group(self, row: PlannedMessage) -> tuple[int, int, bool, int, int | None, int]:
        """Messages that share a demand's rate, for they are parts of one."""
        sent = self._sent.get(row.id)
        first = sent.after[0] if sent is not None and sent.after else -1
        return row.workload, row.demand, row.back, row.round, row.at_ns, first

    def _of(self, row: PlannedMessage) -> Expected | None:
        sent = self._sent.get(row.id)
        side = Side(row.workload, row.demand, row.back)
        rate_bps = self._rates.of.get(side)
        intended_ns = None if sent is None else self._intended_ns(sent)
        if sent is None or intended_ns is None or not rate_bps:
            return None
        end = row.connection, row.back
        busy_ns = self._busy_ns.get(end, 0)
        begins_ns = max(intended_ns, busy_ns)
        path = self._rates.path(side, rate_bps / self._abreast[self._group(row)])
        timeouts = int((begins_ns - busy_ns) / ((IDLE_S + path.rtt_s) * NS_PER_S))
        is_warm = busy_ns and not timeouts
        window = max(path.window_packets, self._windows.get(end, 0) >> timeouts)
        path = path._replace(window_packets=window)
        self._windows[end] = min(window + row.bytes // path.mss_bytes, _pipe_packets(path))
        took_s = self._took_s(row, sent, path, is_warm=bool(is_warm))
        took_ns = round(took_s * NS_PER_S)
        self._busy_ns[end] = begins_ns + max(0, took_ns - round(path.one_way_s * NS_PER_S))
        return Expected(intended_ns, begins_ns + took_ns)

    def _intended_ns(self, sent: Message) -> int | None:
        moments = [sent.at_ns]
        for other in sent.after:
            if other not in self._found:
                return None
            moments.append(self._found[other].arrives_ns + sent.wait_ns)
        return max(moments)

    def _took_s(
        self, row: PlannedMessage, sent: Message, path: TransferPath, *, is_warm: bool
    ) -> float:
        whole_s = (
            row.bytes * 8 / path.rate_bps + path.one_way_s
            if is_warm
            else completion_s(row.bytes, path)
        )
        if not sent.gap_ns:
            return whole_s
        last = row.bytes / sent.pieces
        written_s = (sent.pieces - 1) * sent.gap_ns / NS_PER_S
        return max(whole_s, written_s + last * 8 / path.rate_bps + path.one_way_s)


def _pipe_packets(path: TransferPath) -> int:
    """More packets in transit than these only wait in queues, or are lost."""
    return int(path.rate_bps * path.rtt_s / 8 / path.mss_bytes)


def _sent(plan: Plan) -> Iterator[tuple[int, Message]]:
    for host in plan.job.hosts:
        for end in host.of(ConnectionEnd):
            for message in end.sends:
                yield message.id, message


class _Rates:
    """What each side of workloads gets while all that are on at the same time bring theirs."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def path(self, side: Side, rate_bps: float) -> TransferPath:
        demand = self._plan.demands[side.demand]
        there_ns, back_ns = demand.predicted_forward_ns or 0, demand.predicted_backward_ns or 0
        one_way_ns = back_ns if side.back else there_ns
        return TransferPath(
            (there_ns + back_ns) / NS_PER_S, one_way_ns / NS_PER_S, rate_bps, PAYLOAD_BYTES
        )

    def why(self, workload: int) -> str:
        """Why no rate is known along some side of a workload; empty if all are."""
        if self._plan.workloads[workload].transport == BBR:
            return "no model predicts the share of BBR"
        if len(self._all) > MOST_FLOWS:
            return f"more than {MOST_FLOWS} flows are too many to compute"
        mine = [side for side in self._all if side.workload == workload]
        if any(side not in self.of for side in mine):
            return "how queue classes share the rate here is not known"
        if not all(self.of[side] for side in mine):
            return "queue classes of higher priority use the whole rate"
        return "" if mine else "its forward and reverse paths use different fibres"

    @cached_property
    def _all(self) -> Sequence[Side]:
        return list(self._sides())

    @cached_property
    def of(self) -> Mapping[Side, float]:
        """In bit/s of payload, where it is known."""
        sides = self._all
        if len(sides) > MOST_FLOWS:
            return {}
        shares = {
            side: self._share_bps(side, sides)
            for side in sides
            if self._plan.workloads[side.workload].transport != BBR
        }
        return {side: share_bps for side, share_bps in shares.items() if share_bps is not None}

    def _sides(self) -> Iterator[Side]:
        """The directions with traffic, of demands that have a path in both directions."""
        plan = self._plan
        used = sorted({(row.workload, row.demand, row.back) for row in _rows(plan)})
        for workload, demand, back in used:
            if self._links(plan.demands[demand], back=back):
                yield Side(workload, demand, back)

    def _links(self, demand: PlannedDemand, *, back: bool) -> Sequence[str]:
        """Directions of fibres; those of answers only where answers take the same path back, which
        their delay shows."""
        if demand.predicted_forward_ns is None or demand.predicted_backward_ns is None:
            return ()
        if back and demand.predicted_backward_ns != demand.predicted_forward_ns:
            return ()
        hubs = demand.hubs
        ends = zip(hubs, hubs[1:], demand.fibres, strict=False)
        fibres = [
            f"{fibre}:{there}->{here}" if back else f"{fibre}:{here}->{there}"
            for here, there, fibre in ends
        ]
        return [*self._meters_of.get((demand.index, back), ()), *fibres]

    @cached_property
    def _meters_of(self) -> Mapping[tuple[int, bool], Sequence[str]]:
        """Meters that a demand's data, or its answers (True), pass at their edge, but those that
        let all of its messages pass as bursts."""
        found = {
            ((flow.policy - 1) // 2, flow.policy % 2 == 0, _meter(switch.hub, flow.meter))
            for switch in self._plan.program.switches
            for flow in switch.flows
            if flow.meter and flow.policy and flow.meter not in self._lenient(switch, flow.policy)
        }
        meters: dict[tuple[int, bool], list[str]] = {}
        for demand, back, name in sorted(found):
            meters.setdefault((demand, back), []).append(name)
        return meters

    def _share_bps(self, own: Side, sides: Sequence[Side]) -> float | None:
        """With as much to send as there is room for; None where that is not known."""
        mine = self._plan.workloads[own.workload]
        beside = [
            side
            for side in sides
            if side == own or _overlap(mine, self._plan.workloads[side.workload])
        ]
        flows = {
            side: Flow(
                self._links(self._plan.demands[side.demand], back=side.back),
                float("inf") if side == own else self._brings_bps(side),
                self._plan.workloads[side.workload].connections or 1,
            )
            for side in beside
            if side == own or side.workload != own.workload or side.demand != own.demand
        }
        dscps = {side: self._dscps.get(side.demand, 0) for side in flows}
        left_bps = self._beside_streams_bps(mine)
        taken = {link for link, bps in left_bps.items() if bps < self._capacities_bps[link]}
        taken &= {link for flow in flows.values() for link in flow.links if link in self._queues}
        if any(self._queues[link].classes for link in taken):
            return None  # which class a stream of UDP takes it from is its own affair
        found = shares_bps(flows, dscps, Network(left_bps, self._queues))
        return None if found is None else found[own]

    @cached_property
    def _dscps(self) -> Mapping[int, int]:
        """By demand, as both ends of its connections mark packets."""
        hosts = self._plan.job.hosts
        return {end.demand: end.dscp for host in hosts for end in host.of(ConnectionEnd)}

    @cached_property
    def _queues(self) -> Mapping[str, Queue]:
        return {name: shape.queue for name, shape in self._directions}

    @cached_property
    def _directions(self) -> Sequence[tuple[str, Shape]]:
        return [
            (f"{wire.fibre}:{here.hub}->{there.hub}", shape)
            for wire in self._plan.wiring.fibres
            for here, there, shape in (
                (wire.a, wire.z, wire.forward),
                (wire.z, wire.a, wire.backward),
            )
        ]

    def _beside_streams_bps(self, mine: PlannedWorkload) -> Mapping[str, float]:
        """Capacities without active UDP streams, which do not slow down for others."""
        left = dict(self._capacities_bps)
        for other in self._plan.workloads:
            if other.transport != "udp" or not _overlap(mine, other):
                continue
            for number, sent_bps in zip(other.demands, other.mean_bps, strict=True):
                for link in self._links(self._plan.demands[number], back=False):
                    left[link] = max(0.0, left[link] - sent_bps)
        return left

    def _brings_bps(self, side: Side) -> float:
        """The average rate; where it is not known, as much as fits. Requests of a trace come at
        their own times."""
        workload = self._plan.workloads[side.workload]
        if workload.kind == "requests":
            lasts_ns = sum(until_ns - from_ns for from_ns, until_ns in workload.windows)
            return self._octets_of[side] * 8 * NS_PER_S / lasts_ns
        mean_bps = workload.mean_bps[workload.demands.index(side.demand)]
        total = self._octets[side.workload, side.demand]
        if not mean_bps or not total:
            return float("inf")
        return mean_bps * self._octets_of[side] / total

    @cached_property
    def _octets_of(self) -> Mapping[Side, int]:
        found: Counter[Side] = Counter()
        for row in _rows(self._plan):
            found[Side(row.workload, row.demand, row.back)] += row.bytes
        return found

    @cached_property
    def _octets(self) -> Mapping[tuple[int, int], int]:
        found: Counter[tuple[int, int]] = Counter()
        for side, octets in self._octets_of.items():
            found[side.workload, side.demand] += octets
        return found

    def _lenient(self, switch: SwitchProgram, policy: int) -> Iterator[int]:
        """Meters of a switch whose burst is all that a demand has to send at a time, and whose rate
        is more than it sends on average."""
        demand, back = (policy - 1) // 2, policy % 2 == 0
        sides = [side for side in self._octets_of if side[1:] == (demand, back)]
        octets, rounds = self._octets_of, self._rounds
        for meter in switch.meters:
            burst, rate_bps = meter.burst_kbit * 125, meter.rate_kbps * 1000
            fit = max((rounds[side] for side in sides), default=0) <= burst
            is_rare = fit and sum(map(self._brings_bps, sides)) < rate_bps
            if is_rare or sum(octets[side] for side in sides) <= burst:
                yield meter.id

    @cached_property
    def _rounds(self) -> Mapping[Side, int]:
        """Of each side the octets of its largest round."""
        octets: Counter[tuple[Side, int]] = Counter()
        for row in _rows(self._plan):
            octets[Side(row.workload, row.demand, row.back), row.round] += row.bytes
        largest: dict[Side, int] = {}
        for (side, _), found in octets.items():
            largest[side] = max(found, largest.get(side, 0))
        return largest

    @cached_property
    def _capacities_bps(self) -> Mapping[str, float]:
        """Of payload in full segments, by direction of a fibre, and by meter."""
        meters = {
            _meter(switch.hub, meter.id): meter.rate_kbps * 1000 * PAYLOAD_BYTES / FRAME_BYTES
            for switch in self._plan.program.switches
            for meter in switch.meters
        }
        return meters | {
            name: shape.rate_bps * PAYLOAD_BYTES / FRAME_BYTES for name, shape in self._directions
        }


def _meter(hub: str, number: int) -> str:
    return f"{hub} meter {number}"


def _rows(plan: Plan) -> Iterator[PlannedMessage]:
    if plan.messages is not None:
        yield from plan.messages.rows()


def _overlap(one: PlannedWorkload, other: PlannedWorkload) -> bool:
    return any(
        a_from < b_until and b_from < a_until
        for a_from, a_until in one.windows
        for b_from, b_until in other.windows
    )


# How flows share fibres in front of which queues stand, as far as a fluid knows.
#
# One queue and turns by flow give each its max-min share. Strict priority gives that level by
# level. Weighted classes give it where all that meet share the same fibres; over several fibres
# that different flows share, over fibres with other classes, and with committed rates, nothing is
# known.

NO_QUEUE = Queue()


class Network(NamedTuple):
    """Capacities of links, and the queues before those that have some."""

    capacities_bps: Mapping[str, float]
    queues: Mapping[str, Queue]


def shares_bps[Name: Hashable](
    flows: Mapping[Name, Flow], dscps: Mapping[Name, int], network: Network
) -> dict[Name, float] | None:
    """None where it is not known."""
    meeting = _meeting(flows)
    if any(network.queues.get(link, NO_QUEUE).committed for link in meeting):
        return None
    queues = {link: network.queues.get(link, NO_QUEUE) for link in meeting}
    mixed = {
        link: {name: _class_of(dscps[name], queues[link]) for name in names}
        for link, names in meeting.items()
    }
    mixed = {link: of for link, of in mixed.items() if len(set(of.values())) > 1}
    if not mixed:
        return max_min_bps(flows, network.capacities_bps)
    kinds = {(queues[link].name, queues[link].classes) for link in mixed}
    if len(kinds) > 1:
        return None
    ((kind, _),) = kinds
    if kind == PRIORITY.key:
        return _by_priority(flows, dscps, queues[min(mixed)], meeting, network)
    if kind == WEIGHTED.key and len({frozenset(of) for of in meeting.values()}) == 1:
        return _by_weight(flows, mixed, network)
    return None


def _by_priority[Name: Hashable](
    flows: Mapping[Name, Flow],
    dscps: Mapping[Name, int],
    queue: Queue,
    meeting: Mapping[str, set[Name]],
    network: Network,
) -> dict[Name, float] | None:
    """Where flows of several levels meet before such queues only."""
    levels = {name: _class_of(dscps[name], queue) for name in flows}
    for link, names in meeting.items():
        is_same = len({levels[name] for name in names}) == 1
        here = network.queues.get(link, NO_QUEUE)
        if not is_same and (here.name, here.classes) != (queue.name, queue.classes):
            return None
    return by_priority_bps(flows, levels, network.capacities_bps)


def _by_weight[Name: Hashable](
    flows: Mapping[Name, Flow], mixed: Mapping[str, Mapping[Name, int]], network: Network
) -> dict[Name, float] | None:
    """Where all flows that meet another meet the same ones, at the fibre that is narrowest."""
    capacities = network.capacities_bps
    narrowest = min(mixed, key=lambda link: (capacities[link], link))
    classes = mixed[narrowest]
    shared = set(_meeting(flows))
    if any(capacities[link] < capacities[narrowest] for link in shared):
        return None
    bounded = {
        name: flow._replace(
            links=(),
            most_bps=min(
                [flow.most_bps, *(capacities[link] for link in flow.links if link not in shared)]
            ),
        )
        for name, flow in flows.items()
        if name in classes
    }
    weights = {
        number: float(one.weight) for number, one in enumerate(network.queues[narrowest].classes)
    }
    alone = {name: flow for name, flow in flows.items() if name not in classes}
    found = by_class_bps(bounded, classes, weights, capacities[narrowest])
    return {**found, **max_min_bps(alone, capacities)}


def _meeting[Name: Hashable](flows: Mapping[Name, Flow]) -> dict[str, set[Name]]:
    """Links that several flows share, and which."""
    found: dict[str, set[Name]] = {}
    for name, flow in flows.items():
        for link in flow.links:
            found.setdefault(link, set()).add(name)
    return {link: names for link, names in found.items() if len(names) > 1}


def _class_of(dscp: int, queue: Queue) -> int:
    """The place of the class that takes such frames, as queues do; all are of one without any."""
    classes = queue.classes
    if not classes:
        return 0
    for place, one in enumerate(classes):
        if dscp in one.dscps:
            return place
    rest = (place for place, one in enumerate(classes) if not one.dscps)
    return next(rest, len(classes) - 1)
