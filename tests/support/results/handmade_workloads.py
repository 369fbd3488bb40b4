"""Workloads of the handmade run: what they sent, and the results.

| workload | demand | rounds                                     | took                            |
|----------|--------|--------------------------------------------|---------------------------------|
| chat     | near   | 60 requests with answers, every 50 ms      | 50 ms; 250 ms from the 31st on  |
| saves    | far    | 4 checkpoints, every 800 ms, due in 500 ms | 100 ms, 700 ms, 100 ms, never   |
| backup   | silent | 1 in the background, kept back by policies | never                           |

All begin as probing does. The fibre ``one`` is cut from 1.5 to 2.5 s after that, and two carries 5
Mbit/s.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import handmade_run
from corridor.experiments.account.utilisation import USE_RAW_FILE, Reading
from corridor.experiments.plan.values import (
    Messages,
    Plan,
    PlannedEvent,
    PlannedMessage,
    PlannedWorkload,
)
from corridor.topologies.base.codec import to_plain

MS = 1_000_000
START_NS = 1_000 * MS
CUT = PlannedEvent("dig", "cut", "one", {}, START_NS + 1500 * MS, START_NS + 2500 * MS)
CHATS, CHAT_MS, SLOW_FROM = 60, 50, 30
SAVES_MS = (100, 700, 100, None)


def plan() -> Plan:
    made = handmade_run.plan()
    near, silent, far = made.demands
    demands = (
        near,
        replace(silent, data_class="dr", predicted_forward_ns=None, predicted_backward_ns=None),
        replace(far, data_class="ckpt"),
    )
    workloads = (
        _workload("chat", "requests", 0, notes=("Octets are those written.",)),
        _workload("saves", "checkpoint", 2, notes=("Octets are times 3e-06.",)),
        _workload("backup", "bulk", 1, background=True),
    )
    rows = sorted(_messages())
    columns = (tuple(column) for column in zip(*rows, strict=True))
    return replace(
        made,
        demands=demands,
        workloads=workloads,
        messages=Messages(*columns),
        events=(CUT,),
    )


def write_run(folder: Path) -> None:
    """Everything a run leaves before it is summed up."""
    handmade_run.write_run(folder)
    raw = folder / "raw"
    (raw / "plan.json").write_text(json.dumps(to_plain(plan())))
    (raw / "messages-shanghai.jsonl").write_text("".join(_lines()))
    (raw / USE_RAW_FILE).write_text("".join(_use()))


def _workload(
    name: str, kind: str, demand: int, *, background: bool = False, notes: tuple[str, ...] = ()
) -> PlannedWorkload:
    return PlannedWorkload(
        id=name,
        kind=kind,
        shipped="",
        background=background,
        demands=(demand,),
        transport="tcp cubic",
        connections=1,
        windows=((START_NS, START_NS + 3000 * MS),),
        closes_ns=START_NS + 4000 * MS,
        scale="bytes",
        compress=900.0,
        factors=(3e-6,),
        customers=(1.0,),
        mean_bps=(1_000_000,),
        notes=notes,
    )


def _messages() -> list[PlannedMessage]:
    found = []
    for number in range(CHATS):
        at_ns = START_NS + number * CHAT_MS * MS
        request = PlannedMessage(2 * number, 0, 0, 0, False, 1000, number, None, at_ns, None)
        found += [
            request,
            request._replace(
                id=2 * number + 1, back=True, bytes=9000, answers=2 * number, at_ns=None
            ),
        ]
    first = 2 * CHATS
    for number in range(len(SAVES_MS)):
        at_ns = START_NS + 800 * number * MS
        found.append(
            PlannedMessage(first + number, 1, 2, 1, False, 50_000, number, None, at_ns, 500 * MS)
        )
    backup = PlannedMessage(
        first + len(SAVES_MS), 2, 1, 2, False, 1_000_000, 0, None, START_NS, None
    )
    return [*found, backup]


def _lines() -> list[str]:
    found = []
    for row in _messages():
        if row.workload == 2:
            continue
        took_ms: int | None = SAVES_MS[row.round] if row.workload == 1 else 20
        base_ns = row.at_ns
        if row.answers is not None:
            base_ns = START_NS + row.round * CHAT_MS * MS + 20 * MS
            took_ms = 30 if row.round < SLOW_FROM else 230
        assert base_ns is not None
        due_ns = handmade_run.EPOCH_NS + base_ns
        found.append(_line({"m": row.id, "c": row.connection, "out": [due_ns, due_ns, due_ns]}))
        if took_ms is not None:
            end_ns = due_ns + took_ms * MS
            arrived = [end_ns - took_ms * MS // 2, end_ns]
            found.append(_line({"m": row.id, "c": row.connection, "in": arrived}))
    return found


def _use() -> list[str]:
    """``one`` from shanghai carries 8 Mbit/s, but for the second second, in which its queue drops;
    ``two`` from guian 5."""
    found = []
    for number, half_seconds in enumerate((0, 1, 2, 2, 2, 3, 4)):
        sent = {"s1p2": 500_000 * half_seconds, "s2p3": 312_500 * number}
        reading = Reading(START_NS + 500 * number * MS, sent, {"s1p2": 7 * (number > 2)})
        found.append(f"{reading.to_json()}\n")
    return found


def _line(said: dict[str, object]) -> str:
    return f"{json.dumps(said)}\n"
