"""The account of a run from its folder: ``account.json``, ``account.parquet``, and the summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corridor.experiments.account.counters import Health, read_health
from corridor.experiments.account.ends import ends_of
from corridor.experiments.account.fibres import FibreAccount
from corridor.experiments.account.ledger import Ledger, Line, ledger
from corridor.experiments.account.packet_classes import (
    BACKWARD,
    CONTROL,
    FORWARD,
    IN_FLIGHT,
    MACHINE,
    METER,
    PROBE,
    QUEUE,
    RANDOM,
    STREAM,
    TRANSFER,
    Loss,
    classes_of,
)
from corridor.experiments.account.readings import READINGS_FILE, moments, read_readings
from corridor.experiments.account.run_files import CONTROLLER_EVENTS, ControllerEvents
from corridor.experiments.account.summary import (
    AccountedDemand,
    AccountedFibre,
    AccountedPackets,
    AccountFile,
    AccountSummary,
    AccountTotals,
    LossAt,
)
from corridor.experiments.account.switches import Reasons
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_parquet_file, write_text
from corridor.topologies.model.wiring import FibreWire, Wiring
from corridor.traffic.agents.messages import ConnectionEnd
from corridor.traffic.measures.samples import HostRecords

if TYPE_CHECKING:
    import pyarrow as pa

ACCOUNT_SCHEMA = 1
ACCOUNT_FILE, ACCOUNT_TABLE = "account.json", "account.parquet"
DELIVERED = "delivered"
COLUMNS = ("demand", "kind", "direction", "place", "cause", "event", "reason")
MOST_PROBLEMS = 20
NOT_DARK = (QUEUE, RANDOM, METER, MACHINE)
"""Causes that take some packets while others pass."""


class Account(NamedTuple):
    """The counts of a run. Without counters ``ledger`` is None, and ``problem`` says why."""

    ledger: Ledger | None
    problem: str = ""

    @property
    def warnings(self) -> list[str]:
        said = f"no account of packets, by demand or by fibre: {self.problem}"
        return [said] if self.problem else []

    def lost_at(self, demand: str, kind: str) -> dict[str, int] | None:
        """By place and cause, one kind of a demand's packets, both directions; None: not known."""
        if self.ledger is None:
            return None
        return _sums(self._losses(demand, kind), lambda one: f"{one.place} {one.cause.kind}")

    def lost_by(self, demand: str, kind: str) -> dict[str, int] | None:
        """The same by event, or by cause where none is to blame."""
        if self.ledger is None:
            return None
        return _sums(self._losses(demand, kind), lambda one: one.cause.event or one.cause.kind)

    def flow_lost_by(self, demand: str, protocol: str) -> dict[str, int] | None:
        """The same of a demand's stream or transfer."""
        return self.lost_by(demand, STREAM if protocol == "udp" else TRANSFER)

    def dark(self, demand: str, kind: str) -> dict[str, int]:
        """How many packets found no path, or a path that an event removed: by event, or under no
        name. Empty without counters."""
        if self.ledger is None:
            return {}
        of = [one for one in self._losses(demand, kind) if one.cause.kind not in NOT_DARK]
        return _sums(of, lambda one: one.cause.event)

    def _losses(self, demand: str, kind: str) -> list[Loss]:
        assert self.ledger is not None
        return [
            loss
            for line in self.ledger.lines
            if (line.of.demand, line.of.kind) == (demand, kind)
            for loss in line.losses
            if loss.cause.kind != IN_FLIGHT
        ]


def account_of(raw: Path, plan: Plan, hosts: Sequence[HostRecords], epoch_ns: int) -> Account:
    """Return the account of a run that ended; other runs are not supported."""
    said, health = read_readings(raw), read_health(raw)
    if said is None or health is None:
        return Account(None)
    if said.problem:
        return Account(None, said.problem)
    classes = classes_of(plan)
    before, after = health.before.bfd_changes, health.after.bfd_changes
    flapped = frozenset(name for name in after if after[name] != before.get(name, after[name]))
    lost_upcalls = health.after.datapath_lost - health.before.datapath_lost
    told = ControllerEvents(raw / CONTROLLER_EVENTS).statuses()
    try:
        reasons = Reasons(
            plan, {one.number: one for one in classes}, told, epoch_ns, flapped, lost_upcalls
        )
        ids = [demand.id for demand in plan.demands]
        unheard = {hub: one.nobody for hub, one in health.udp.items()}
        dropped, connections = _dropped(health), _connections(plan)
        ends = ends_of(raw, hosts, classes, ids, dropped, unheard, connections)
        return Account(ledger(plan.wiring, classes, moments(said), ends, reasons))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"contains no account of this version ({type(error).__name__}: {error})",
            file=str(raw / READINGS_FILE),
        ) from error


def _connections(plan: Plan) -> dict[int, str]:
    """The demand of each connection of workloads, those without messages included; where
    segmentation is left to the end, frames are not segments, so the result is empty."""
    if plan.segmentation_offload:
        return {}
    return {
        part.connection: plan.demands[part.demand].id
        for host in plan.job.hosts
        for part in host.parts
        if isinstance(part, ConnectionEnd)
    }


def _dropped(health: Health) -> dict[tuple[str, str, str], int]:
    """By hub, kind and direction: what sockets had no room for."""
    return {
        (hub, *what): packets
        for hub, one in health.sockets.items()
        for what, packets in (
            ((PROBE, FORWARD), one.requests),
            ((PROBE, BACKWARD), one.replies),
            ((STREAM, FORWARD), one.streams),
        )
    }


def write_account(out_dir: Path, account: Account) -> AccountSummary | None:
    """Write the files; return the part for the summary, or None without counters."""
    found = account.ledger
    if found is None:
        return None
    text = json.dumps(_document(found).to_json(), indent=1)
    write_text(out_dir / ACCOUNT_FILE, text + "\n")
    write_table(out_dir / ACCOUNT_TABLE, found)
    return AccountSummary(
        **vars(_totals(found)),
        demands=tuple(_packets(line) for line in found.lines if line.losses or line.off_by),
        fibres=tuple(_fibre(one) for one in found.fibres if one.losses or one.ce_marks),
        ce_marks=sum(one.ce_marks for one in found.fibres),
    )


def unbalanced(account: AccountSummary | None) -> str | None:
    """Why a run is not valid: its account does not close."""
    if account is None or account.closes:
        return None
    first = account.problems[0] if account.problems else "packets are not accounted for"
    return f"packet accounting is not balanced: {first}"


def to_arrow(found: Ledger) -> pa.Table:
    """One row for each class of packets, place and cause, and one for what was delivered: the sum
    of a class is what was sent."""
    import pyarrow as pa

    rows = [row for line in found.lines for row in _rows(line)]
    schema = pa.schema(
        [
            *((name, pa.string()) for name in COLUMNS),
            ("packets", pa.int64()),
            ("shared", pa.int64()),
        ],
        metadata={"corridor_schema": f"account/{ACCOUNT_SCHEMA}"},
    )
    names = (*COLUMNS, "packets", "shared")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)


def write_table(path: Path, found: Ledger) -> None:

    write_parquet_file(path, to_arrow(found))


def _rows(line: Line) -> list[tuple[str | int, ...]]:
    of = (line.of.demand, line.of.kind, line.of.direction)
    delivered = (*of, f"host {line.of.dst}", DELIVERED, "", "", line.delivered, 0)
    return [
        delivered,
        *((*of, one.place, *one.cause, one.packets, one.shared) for one in line.losses),
    ]


def _totals(found: Ledger) -> AccountTotals:
    """What the summary and the whole account have in common."""
    return AccountTotals(
        closes=found.closes,
        off_by=found.off_by,
        sent=sum(line.sent for line in found.lines),
        delivered=sum(line.delivered for line in found.lines),
        in_flight=sum(line.in_flight for line in found.lines),
        lost=_lost(loss for line in found.lines for loss in line.losses),
        problems=found.problems[:MOST_PROBLEMS],
        unsure=found.unsure,
    )


def _document(found: Ledger) -> AccountFile:
    """All of it, with places."""
    return AccountFile(
        schema=ACCOUNT_SCHEMA,
        **vars(_totals(found)),
        demands=tuple(
            AccountedDemand(
                **vars(_packets(line)),
                from_=line.of.src,
                to=line.of.dst,
                lost_at=tuple(_loss(one) for one in line.losses if not _is_in_flight(one)),
            )
            for line in found.lines
        ),
        fibres=tuple(_fibre(one) for one in found.fibres),
        ce_marks=sum(one.ce_marks for one in found.fibres),
    )


def _packets(line: Line) -> AccountedPackets:
    return AccountedPackets(
        demand=line.of.demand,
        kind=line.of.kind,
        direction=line.of.direction,
        sent=line.sent,
        delivered=line.delivered,
        in_flight=line.in_flight,
        off_by=line.off_by,
        lost=_lost(line.losses),
    )


def _fibre(one: FibreAccount) -> AccountedFibre:
    return AccountedFibre(
        fibre=one.direction.fibre,
        from_=one.direction.src,
        to=one.direction.dst,
        entered=one.entered,
        arrived=one.arrived,
        in_flight=sum(part.packets for part in one.losses if _is_in_flight(part)),
        lost=_lost(one.losses),
        control_lost=_lost(part for part in one.losses if part.number == CONTROL),
        ce_marks=one.ce_marks,
    )


def _loss(of: Loss) -> LossAt:
    return LossAt(
        place=of.place,
        cause=of.cause.kind,
        event=of.cause.event,
        reason=of.cause.reason,
        packets=of.packets,
        shared=of.shared,
    )


def _is_in_flight(loss: Loss) -> bool:
    return loss.cause.kind == IN_FLIGHT


def _sums(losses: Iterable[Loss], key: Callable[[Loss], str]) -> dict[str, int]:
    found = Counter[str]()
    for one in losses:
        found[key(one)] += one.packets
    return dict(found)


def _lost(losses: Iterable[Loss]) -> dict[str, int]:
    return _sums((one for one in losses if not _is_in_flight(one)), lambda one: one.cause.kind)


# Where packets were lost: by place, from the counters of fibres before and after. Pure.

type Counters = Mapping[str, Mapping[str, int]]
"""By interface, then by ``FibreCounters`` of ``topologies/emulation/netlink.py``."""
type LostAt = dict[str, int]
"""Packets by place: ``fibre:from->to queue`` (buffer full) or ``line`` (at random)."""


def lost_between(before: Counters, after: Counters, wiring: Wiring) -> LostAt:
    """Only the places where some were lost."""
    lost = {}
    for fibre in wiring.fibres:
        for interface, name in _directions(fibre):
            for kind in ("queue", "line"):
                counter = f"{kind}_drops"
                since, until = before[interface][counter], after[interface][counter]
                dropped = until - since if until >= since else until  # else it began again
                if dropped:
                    lost[f"{name} {kind}"] = dropped
    return lost


def _directions(fibre: FibreWire) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (fibre.a.interface, f"{fibre.fibre}:{fibre.a.hub}->{fibre.z.hub}"),
        (fibre.z.interface, f"{fibre.fibre}:{fibre.z.hub}->{fibre.a.hub}"),
    )
