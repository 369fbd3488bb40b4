"""A live network as text of a terminal's width: how it stands, how each demand is served. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from corridor.experiments.live_network.event_text import counted
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.coverage_text import NOT_JUDGED, with_coverage
from corridor.topologies.base.units import format_rate
from corridor.topologies.base.words import ms

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import DemandAnswer, StatusAnswer, TopologyAnswer

LEAST_WIDTH = 40
HEADINGS = ("demand", "status", "one way", "path")
FLAGS: tuple[tuple[Literal["works", "held_out", "drained"], bool, str], ...] = (
    ("works", False, "failed"),
    ("held_out", True, "held out"),
    ("drained", True, "drained"),
)


def network(
    status: StatusAnswer,
    topology: TopologyAnswer,
    demands: Sequence[DemandAnswer],
    width: int,
) -> str:
    """The answer first: what is unproven or out of order, then every demand."""
    width = max(width, LEAST_WIDTH)
    lines = [*_standing(status, demands), *_out_of_order(status, topology)]
    wrapped = [part for line in lines for part in _wrapped(line, width)]
    return "\n".join([*wrapped, "", *_table(demands, width)])


def one_demand(demand: DemandAnswer, width: int) -> str:
    """All that is known of one, a line for each thing there is to say."""
    rows = [
        ("status", _status(demand)),
        ("permit", demand["permit"]),
        ("path", " > ".join(demand["hubs"])),
        ("one way", _ms(demand["one_way_ns"])),
        ("why", demand["reason"]),
        ("clause", demand["clause"]),
        ("law", ", ".join(demand["legal_ref"])),
        ("remedy", demand["remedy"]),
    ]
    lines = [demand["demand"]]
    for name, said in rows:
        if said:
            lines += _wrapped(f"  {name:<11}{said}", max(width, LEAST_WIDTH), indent=13)
    return "\n".join(lines)


def _standing(status: StatusAnswer, demands: Sequence[DemandAnswer]) -> Iterator[str]:
    if not status["installed"]:
        yield f"nothing is installed yet: {status['unproven']}"
        return
    proven = "all tables verified"
    if status["unproven"]:
        proven = f"NOT VERIFIED: {status['unproven']}"
    epoch = "" if status["epoch"] is None else f"epoch {status['epoch']}, "
    yield f"{epoch}policies {status['policies']} as of {status['as_of']}, {proven}"
    done = {name: count for name, count in status["happened"]["updates"].items() if count}
    updates = ", ".join(f"{count} {name}" for name, count in done.items()) or "none yet"
    unjudged = sum(not one["judged"] for one in demands)
    of_these = f", {unjudged} of them {NOT_JUDGED}" if unjudged else ""
    yield f"demands: {counted(status['demands'])}{of_these}; updates: {updates}"


def _out_of_order(status: StatusAnswer, topology: TopologyAnswer) -> Iterator[str]:
    """Fibres, hubs, gateways and switches that are not as they might be."""
    fibres, hubs = topology["fibres"], topology["hubs"]
    for key, value, word in FLAGS:
        names = [name for name, fibre in fibres.items() if fibre[key] is value]
        if key == "works":
            names = [name for name in names if not fibres[name]["held_out"]]
            names += [f"hub {name}" for name, hub in hubs.items() if hub["failed"]]
            names += [f"gateway {name}" for name, hub in hubs.items() if hub["gateway"] is False]
        if names:
            yield f"{word}: {', '.join(names)}"
    for link in status["lacking"]:
        demands = f"demands {', '.join(link['demands'])}" if link["demands"] else "no demand"
        yield f"DEGRADED: {link['said']}: {demands}, {format_rate(link['lacks_bps'])} too much"
    if status["away"]:
        yield f"away: {', '.join(status['away'])}"
    if status["deferred"]:
        yield f"deferred: {status['deferred']}"
    if status["foreign"]:
        yield f"foreign entries removed: {status['foreign']}"


def _table(demands: Sequence[DemandAnswer], width: int) -> Iterator[str]:
    """A row for each, and beneath it why it is not better served."""
    plain = [(one["demand"], _status(one), _ms(one["one_way_ns"])) for one in demands]
    used = (
        sum(
            max(len(cells[column]) for cells in (HEADINGS, *plain)) + 2
            for column in range(len(plain[0]))
        )
        if plain
        else 0
    )
    paths = [_path(one["hubs"], width - used) for one in demands]
    rows = [(*cells, path) for cells, path in zip(plain, paths, strict=True)]
    table = render(HEADINGS, rows, frozenset({"one way"}), width=width, spare=("one way",))
    head, rule, *body = table.splitlines()
    yield from (head, rule)
    for line, one in zip(body, demands, strict=False):  # a line below states what is left out
        yield line
        why = _why(one)
        if why:
            yield from _wrapped(f"  {why}", width, indent=2)
    yield from body[len(demands) :]


def _status(demand: DemandAnswer) -> str:
    return with_coverage(demand["status"], () if demand["judged"] else ("data",))


def _why(demand: DemandAnswer) -> str:
    law = [one for one in (demand["clause"], *demand["legal_ref"]) if one]
    parts = [demand["reason"] + (f" ({'; '.join(law)})" if law and demand["reason"] else "")]
    parts += [f"remedy: {demand['remedy']}"] if demand["remedy"] else []
    return "; ".join(part for part in parts if part)


def _path(hubs: Sequence[str], room: int) -> str:
    """Both ends and as much of the middle as fits."""
    whole = " > ".join(hubs)
    if len(whole) <= room or len(hubs) < 3:
        return whole
    return f"{hubs[0]} > ({len(hubs) - 2}) > {hubs[-1]}"


def _ms(one_way_ns: int | None) -> str:
    return "" if one_way_ns is None else ms(one_way_ns / 1e6, 3)


def _wrapped(line: str, width: int, indent: int = 4) -> list[str]:
    return textwrap.wrap(line, width, subsequent_indent=" " * indent, break_on_hyphens=False) or [
        ""
    ]
