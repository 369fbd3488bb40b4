"""The result of every message that workloads sent: a row each, and ``messages.parquet``; when
policies block them. Pure but for reading and writing the files named.

Blocked as planned: a demand that is blocked at first, or by a change of policies or of the day,
stays blocked until a later change permits it. Packets that a failure drops are lost, not blocked.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corridor.experiments.plan.values import Plan, PlannedDemand, PlannedMessage
from corridor.experiments.scenario.event_registry import KINDS as EVENT_KINDS
from corridor.topologies.base.bounded_file import RESULT, read_text
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_parquet_file
from corridor.traffic.measures.metrics import met
from corridor.traffic.workloads.workload_registry import KINDS as WORKLOAD_KINDS

if TYPE_CHECKING:
    import pyarrow as pa


ENDLESS_NS = 1 << 62
CHANGES = ("day", "file")
"""Of events that change which policies apply: what the values of their keys name."""


class BlockedPeriod(NamedTuple):
    """A demand, from when until when after the epoch."""

    demand: str
    from_ns: int
    until_ns: int

    def holds(self, at_ns: int) -> bool:
        return self.from_ns <= at_ns < self.until_ns


def kept_back(plan: Plan) -> list[BlockedPeriod]:
    """All times at which any demand is."""
    return [one for demand in plan.demands for one in _of(plan, demand)]


def _of(plan: Plan, demand: PlannedDemand) -> Iterator[BlockedPeriod]:
    since_ns = 0 if demand.predicted_rtt_ns is None else None
    for event in plan.events:
        impact = next((one for one in event.impacts if one.demand == demand.index), None)
        if EVENT_KINDS[event.kind].of not in CHANGES or impact is None:
            continue
        if impact.followed_rtt_ns is None and since_ns is None:
            since_ns = event.begin_ns
        elif impact.followed_rtt_ns is not None and since_ns is not None:
            yield BlockedPeriod(demand.id, since_ns, event.begin_ns)
            since_ns = None
    if since_ns is not None:
        yield BlockedPeriod(demand.id, since_ns, ENDLESS_NS)


class Keeping:
    """Decides of each message, in order, whether it is blocked: its demand is blocked, or a
    blocked message is before it on its connection."""

    def __init__(self, kept: Iterable[BlockedPeriod]) -> None:
        self._spans: dict[str, list[BlockedPeriod]] = {}
        for one in kept:
            self._spans.setdefault(one.demand, []).append(one)
        self._until_ns: dict[int, int] = {}
        """By connection: when the last blocked message has arrived."""

    def keeps(
        self, demand: str, connection: int, from_ns: int | None, completed_ns: int | None
    ) -> bool:
        """``from_ns`` is when it was meant to begin; None: never, and then it is not."""
        if from_ns is None or demand not in self._spans:
            return False
        is_kept = any(span.holds(from_ns) for span in self._spans[demand])
        is_behind = from_ns < self._until_ns.get(connection, 0)
        if is_kept or is_behind:
            arrived_ns = ENDLESS_NS if completed_ns is None else completed_ns
            self._until_ns[connection] = max(arrived_ns, self._until_ns.get(connection, 0))
        return is_kept or is_behind


# The result of every message that workloads sent: a row each, and ``messages.parquet``. Pure but
# for reading and writing the files named.
#
# Hosts wrote lines as things happened, so of a killed run what had happened is known. Times are
# ns after the epoch, None for what has not been.

MESSAGES_SCHEMA = 1
MESSAGES_FILE = "messages.parquet"


class MessageRow(NamedTuple):
    """A message as it was planned, and its result."""

    workload: str
    kind: str
    data_class: str
    """``class`` in Parquet."""
    demand: str
    connection: int
    message: int
    back: bool
    round: int
    bytes: int
    intended_ns: int | None
    """When it was meant to begin; None where what it waits for never arrived."""
    began_ns: int | None
    written_ns: int | None
    """When the kernel had taken all of it."""
    first_ns: int | None
    """When its first octet arrived, and its last."""
    completed_ns: int | None
    from_ns: int | None
    """From when its completion counts: an answer's from when its request was intended."""
    deadline_ns: int | None
    met: bool | None
    background: bool
    kept_back: bool
    """Whether policies blocked its demand at its planned start, or a message before it on its
    connection."""
    arrived_bytes: int | None = None
    """Of an unfinished one, what had come when its connection ended; None where that is not
    known."""
    until_ns: int | None = None
    """Up to when these came."""

    @property
    def came_from_ns(self) -> int | None:
        """When its first octet arrived, or the last that is known of, if only that is."""
        return self.until_ns if self.first_ns is None else self.first_ns

    @property
    def took_ns(self) -> int | None:
        if self.from_ns is None or self.completed_ns is None:
            return None
        return self.completed_ns - self.from_ns


@dataclass
class Said:
    """What hosts wrote of messages and connections; times are CLOCK_REALTIME."""

    out: dict[int, Sequence[int | None]] = field(default_factory=dict)
    came: dict[int, Sequence[int | None]] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    """Why, by connection: of its two ends the one that connects has the first word."""
    retransmitted: dict[int, int] = field(default_factory=dict)
    """Segments sent again, by connection, of both ends."""
    ended: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    """By connection and host: the octets that came there, and when it ended."""
    torn: int = 0


def read_said(raw: Path) -> Said:
    """From a run's ``raw`` folder; nothing of runs without workloads."""
    said = Said()
    for path in sorted(raw.glob("messages-*.jsonl")):
        host = path.stem.removeprefix("messages-")
        for line in read_text(path, RESULT).splitlines():
            _take(line, host, said)
    return said


def _take(line: str, host: str, said: Said) -> None:
    """What a line tells; a torn one is counted."""
    try:
        match json.loads(line):
            case {"out": list(times), "m": int(message)}:
                said.out[message] = times
            case {"in": list(times), "m": int(message)}:
                said.came[message] = times
            case {"failed": reason, "c": int(connection)}:
                said.failed.setdefault(connection, str(reason))
            case {"end": dict(end), "c": int(connection)}:
                again = said.retransmitted.get(connection, 0)
                said.retransmitted[connection] = again + int(end.get("total_retrans", 0))
                # The kernel has acknowledged what was not read yet, too.
                came = max(int(end.get("received", 0)), int(end.get("bytes_received", 0)))
                if "at_ns" in end:
                    said.ended[connection, host] = came, int(end.get("at_ns", 0))
            case {"open": _} | {"info": _}:
                pass
            case _:
                said.torn += 1
    except (ValueError, TypeError):
        said.torn += 1


def message_rows(plan: Plan, said: Said, epoch_ns: int) -> list[MessageRow]:
    """One a planned message, by ascending id."""
    if plan.messages is None:
        return []
    intended: dict[int, int] = {}
    keeping = Keeping(kept_back(plan))
    rows = []
    for planned in plan.messages.rows():
        row = _row(planned, plan, said, epoch_ns, intended)
        if keeping.keeps(row.demand, row.connection, row.from_ns, row.completed_ns):
            row = row._replace(kept_back=True)
        if row.intended_ns is not None:
            intended[planned.id] = row.intended_ns
        rows.append(row)
    return _with_parts(rows, plan, said, epoch_ns)


def _with_parts(
    rows: Sequence[MessageRow], plan: Plan, said: Said, epoch_ns: int
) -> list[MessageRow]:
    """With the result of each: messages follow one another on their connection, so the bytes that
    arrived after the last whole message belong to the next."""
    ends = {one.id: one.hosts for one in plan.demands}
    whole = Counter[tuple[int, bool]]()
    for row in rows:
        if row.completed_ns is not None:
            whole[row.connection, row.back] += row.bytes
    left: dict[tuple[int, bool], int] = {}
    found = []
    for row in rows:
        side = row.connection, row.back
        if row.completed_ns is not None:
            found.append(row._replace(arrived_bytes=row.bytes, until_ns=row.completed_ns))
            continue
        ended = said.ended.get((row.connection, ends[row.demand][not row.back]))
        if ended is None:
            found.append(row)
            continue
        came, at_ns = ended
        rest = left.get(side, max(0, came - whole[side]))
        part = min(rest, row.bytes)
        left[side] = rest - part
        found.append(row._replace(arrived_bytes=part, until_ns=at_ns - epoch_ns))
    return found


def _row(
    planned: PlannedMessage, plan: Plan, said: Said, epoch_ns: int, intended: dict[int, int]
) -> MessageRow:
    workload, demand = plan.workloads[planned.workload], plan.demands[planned.demand]
    due_ns, began_ns, written_ns = _after(said.out.get(planned.id, (None,) * 3), epoch_ns)
    first_ns, completed_ns = _after(said.came.get(planned.id, (None,) * 2), epoch_ns)
    if due_ns is None:
        due_ns = planned.at_ns
    from_ns = due_ns if planned.answers is None else intended.get(planned.answers)
    is_met = met(from_ns or 0, completed_ns, planned.deadline_ns)
    return MessageRow(
        workload=workload.id,
        kind=workload.kind,
        data_class=demand.data_class,
        demand=demand.id,
        connection=planned.connection,
        message=planned.id,
        back=planned.back,
        round=planned.round,
        bytes=planned.bytes,
        intended_ns=due_ns,
        began_ns=began_ns,
        written_ns=written_ns,
        first_ns=first_ns,
        completed_ns=completed_ns,
        from_ns=from_ns,
        deadline_ns=planned.deadline_ns,
        met=is_met,
        background=workload.background,
        kept_back=False,
    )


def _after(times_ns: Sequence[int | None], epoch_ns: int) -> list[int | None]:
    return [None if one is None else one - epoch_ns for one in times_ns]


type RoundKey = tuple[str, str, int]


class Round(NamedTuple):
    """What a user waits for: messages that belong together."""

    workload: str
    data_class: str
    demand: str
    """Empty where it is of several."""
    number: int
    messages: int
    bytes: int
    from_ns: int | None
    """When its first message was intended; None if none ever was."""
    completed_ns: int | None
    """None unless all of them arrived whole."""
    deadline_ns: int | None
    met: bool | None
    background: bool
    kept_back: bool
    """Whether policies blocked a demand of it as it began."""

    @property
    def key(self) -> RoundKey:
        return self.workload, self.demand, self.number

    @property
    def took_ns(self) -> int | None:
        if self.from_ns is None or self.completed_ns is None:
            return None
        return self.completed_ns - self.from_ns


def rounds_of(rows: Iterable[MessageRow]) -> list[Round]:
    """In order of workloads, demands and numbers."""
    groups: dict[tuple[str, str, int], list[MessageRow]] = {}
    for row in rows:
        demand = "" if WORKLOAD_KINDS[row.kind].joint else row.demand
        groups.setdefault((row.workload, demand, row.round), []).append(row)
    return [_round(key[1], group) for key, group in groups.items()]


def _round(demand: str, group: Sequence[MessageRow]) -> Round:
    first = group[0]
    begins = [row.intended_ns for row in group if row.intended_ns is not None]
    ends = [row.completed_ns for row in group if row.completed_ns is not None]
    from_ns = min(begins, default=None)
    completed_ns = max(ends) if len(ends) == len(group) else None
    begun = from_ns is not None
    return Round(
        workload=first.workload,
        data_class=first.data_class,
        demand=demand,
        number=first.round,
        messages=len(group),
        bytes=sum(row.bytes for row in group),
        from_ns=from_ns,
        completed_ns=completed_ns,
        deadline_ns=first.deadline_ns,
        met=met(from_ns or 0, completed_ns, first.deadline_ns) if begun else None,
        background=first.background,
        kept_back=any(row.kept_back for row in group),
    )


_NAMES = {"data_class": "class"}
_TEXTS = ("workload", "kind", "data_class", "demand")
_FLAGS = ("back", "met", "background", "kept_back")


def write_messages(path: Path, rows: Sequence[MessageRow]) -> None:
    """``messages.parquet``, where there are any: the same bytes for the same messages."""

    if not rows:
        path.unlink(missing_ok=True)
        return
    write_parquet_file(path, messages_table(rows))


def messages_table(rows: Sequence[MessageRow]) -> pa.Table:
    """A column each; null what has not been."""
    import pyarrow as pa

    types = dict.fromkeys(_TEXTS, pa.string()) | dict.fromkeys(_FLAGS, pa.bool_())
    columns = {
        _NAMES.get(name, name): pa.array(
            [getattr(row, name) for row in rows], types.get(name, pa.int64())
        )
        for name in MessageRow._fields
    }
    metadata = {"corridor_schema": f"messages/{MESSAGES_SCHEMA}"}
    return pa.table(columns).replace_schema_metadata(metadata)


def read_messages(path: Path) -> Iterator[MessageRow]:
    """Read the rows; none without the file. Raises InputError for another schema."""
    import pyarrow.parquet as pq

    if not path.exists():
        return
    table = pq.read_table(path)
    schema = (table.schema.metadata or {}).get(b"corridor_schema", b"").decode()
    if schema != f"messages/{MESSAGES_SCHEMA}":
        raise InputError(f"has schema {schema!r}, not messages/{MESSAGES_SCHEMA}", file=str(path))
    names = [_NAMES.get(name, name) for name in MessageRow._fields]
    columns = (table[name].to_pylist() for name in names if name in table.column_names)
    yield from (MessageRow(*values) for values in zip(*columns, strict=True))
