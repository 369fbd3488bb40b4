"""A live network as text of a terminal's width: its status, its demands, its events."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from corridor.controller.prover.counterexample import Counterexample
from corridor.experiments.answers.outcome import NOT_JUDGED, with_coverage
from corridor.experiments.lab.run_events import Event, SessionOpen
from corridor.experiments.live_network.session import Session
from corridor.experiments.run.event_log import Say
from corridor.experiments.terminal.columns import render
from corridor.experiments.terminal.live import LiveLines
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.units import format_rate
from corridor.topologies.base.words import few, ms

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import DemandAnswer, StatusAnswer, TopologyAnswer
    from corridor.experiments.lab.line_process import Said


UNTOLD = ("ready", "report", "flipped")
"""Of the wiring: what is wrong with it comes as an error. An update is reported once it is over."""
KINDS = {"links": "fibre", "srlgs": "risk group", "hubs": "hub", "gateways": "gateway"}
SHOWN = 5


def told(said: Said) -> str | None:
    """One line of what happened; None where there is nothing to tell."""
    kind = said["event"]
    if kind in UNTOLD:
        return None
    return _TOLD.get(kind, _anything)(said)


def counted(demands: Mapping[str, int]) -> str:
    """``12 UP, 2 BLOCKED`` of how many demands have which status."""
    return ", ".join(f"{count} {status}" for status, count in sorted(demands.items()))


def _anything(said: Said) -> str:
    known = {"event", "n", "at_ns"}
    parts = [f"{key} {value}" for key, value in said.items() if key not in known]
    return ": ".join([said["event"], *([", ".join(parts)] if parts else [])])


def _switch(said: Said) -> str:
    return f"switch of {said['hub']} " + ("connected" if said["connected"] else "went away")


def _failures(said: Said) -> str:
    failed = [f"{word} {name}" for kind, word in KINDS.items() for name in said.get(kind, ())]
    return f"failed: {few(failed, SHOWN)}" if failed else "no failures remain"


def _installed(said: Said) -> str:
    return f"installed and verified: {said['entries']} entries{_tampering(said)}"


def _taken_over(said: Said) -> str:
    how = "" if said["was"] == "whole" else f" and corrected them (found: {said['was']})"
    return f"a new controller took over the installed tables{how}{_tampering(said)}"


def _update(said: Said) -> str:
    done_ms, entries = said["done_ms"], said["entries"]
    return (
        f"moved to epoch {said['epoch']} ({said['why']}): "
        f"flipped after {done_ms['flipped']:.0f} ms, done after {max(done_ms.values()):.0f} ms; "
        f"{entries['before']} entries, {entries['most']} during the update, {entries['after']} now"
    )


def _withdrawn(said: Said) -> str:
    return f"withdrawn at once: {few(said['demands'], SHOWN)}"


def _repaired(said: Said) -> str:
    return f"deviating tables were corrected ({said['why']}){_tampering(said)}"


def _judged(said: Said) -> str:
    return f"the tables of your controller: {said['said']}"


def _rates(said: Said) -> str:
    lacking = [one["said"] for one in said["lacking"]]
    return f"committed rates: {few(lacking, SHOWN)}" if lacking else "committed rates fit again"


def _status_change(said: Said) -> str:
    was = f"{said['was']} -> " if said.get("was") not in (None, said["status"]) else ""
    path = f", {_path_in_event(said['hubs'])}" if said.get("hubs") else ""
    delay_ns = said.get("one_way_ns")
    delay = f", {delay_ns / 1e6:.3f} ms one way" if delay_ns is not None else ""
    law = [one for one in (said.get("clause"), *said.get("legal_ref", ())) if one]
    reason = said.get("reason") or ""
    why = f": {reason}" if reason else ""
    by = f" ({'; '.join(law)})" if law else ""
    return f"{said['demand']}: {was}{said['status']}{path}{delay}{why}{by}"


def _reason(said: Said) -> str:
    what = f" {said['do']}" if said.get("do") else ""
    return f"{said['event']}{what}: {said['reason']}"


def _error(said: Said) -> str:
    return f"error: {said['message']}"


def _tampering(said: Said) -> str:
    foreign = sum(len(flows) for flows in said.get("foreign", {}).values())
    missing = sum(said.get("missing", {}).values())
    stray = sum(said.get("stray", {}).values())
    counts = [("foreign", foreign), ("missing", missing), ("left over", stray)]
    parts = [f"{count} {word}" for word, count in counts if count]
    parts += [f"{n} that could not be read at {hub}" for hub, n in said.get("unread", {}).items()]
    return f"; {', '.join(parts)}" if parts else ""


def _path_in_event(hubs: list[str]) -> str:
    if len(hubs) <= SHOWN:
        return " > ".join(hubs)
    return f"{hubs[0]} > ({len(hubs) - 2} hubs) > {hubs[-1]}"


_TOLD: Mapping[str, Callable[[Said], str]] = {
    "switch": _switch,
    "failures": _failures,
    "installed": _installed,
    "taken over": _taken_over,
    "update": _update,
    "withdrawn": _withdrawn,
    "repaired": _repaired,
    "judged": _judged,
    "rates": _rates,
    "status": _status_change,
    "deferred": _reason,
    "refused": _reason,
    "failed": _reason,
    "forgotten": _reason,
    "error": _error,
}


# Counterexamples as the API tells them, as text for a person. Pure.


def shown(counterexamples: Iterable[Any]) -> str:
    """As ``corridor check`` prints them."""
    return "\n\n".join(
        one if isinstance(one, str) else str(from_plain(Counterexample, one))
        for one in counterexamples
    )


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


Note = Callable[[Event], object]
PHASES = {
    "build": "building the network, installing and proving tables",
    "read-back": "reading tables back",
    "teardown": "taking down",
}
NOT_OF_OWN = ("policy", "drain", "trace")
"""Commands that ask the product's controller."""
LOUD = ("refused", "failed", "error", "forgotten")
"""Of the controller's events, those printed also while the network is built or taken down."""


class ProgressPrinter:
    """Takes events as they come: ``say`` gets lines, ``note`` all events."""

    def __init__(self, name: str, out_dir: Path, say: Say, note: Note, started_s: float) -> None:
        self._name = name
        self._out_dir = out_dir
        self._say = say
        self._note = note
        self._started_s = started_s
        self._ready = False
        self._at_ready: Callable[[], object] = lambda: None
        self.is_own = False
        """Whether a controller of a user's steers."""

    def at_ready(self, do: Callable[[], object]) -> None:
        """Once it is up, and that was stated."""
        self._at_ready = do

    def offered(self, session: Session) -> None:
        """The network can be reached from now on."""
        plain = to_plain(session)
        said = {"event": "session", "wall_s": time.monotonic(), **plain, "out": str(self._out_dir)}
        self(cast(SessionOpen, said))

    def __call__(self, event: Event) -> None:
        since_s = event["wall_s"] - self._started_s
        event["wall_s"] = round(since_s, 3)
        self._note(event)
        for line in self._lines(event):
            self._tell(event, f"[{since_s:6.1f} s] {line}")
        if event["event"] == "step" and isinstance(self._say, LiveLines):
            self._say.step(f"{event['done']} of {event['of']} {event['name']}")
        if event["event"] == "phase":
            self._ready = event["name"] == "ready"
            if self._ready:
                self._say(self._usage())
                if isinstance(self._say, LiveLines):
                    self._say.rest()
                self._at_ready()

    def _tell(self, event: Event, line: str) -> None:
        if isinstance(self._say, LiveLines) and event["event"] == "phase":
            self._say.begin(line)
        else:
            self._say(line)

    def _lines(self, event: Event) -> list[str]:
        if event["event"] == "session":
            return [f"API at {event['url']}, its token in {event['token_file']}"]
        if event["event"] == "phase" and event["name"] == "ready":
            return [f"ready: {counted(event['demands'])}"]
        if event["event"] == "phase":
            return [PHASES[event["name"]]] if event["name"] in PHASES else []
        if event["event"] == "restart":
            return [f"the controller ended with code {event['code']}, another is started"]
        if event["event"] == "controller_event" and (self._ready or event["said"]["event"] in LOUD):
            line = told(event["said"])
            return [line] if line else []
        return []

    def _usage(self) -> str:
        words = (
            ("status", "how each demand is served"),
            ("policy set SET", "other policies: a shipped set, or a file"),
            ("drain FIBRE", "remove all traffic from a fibre; restore FIBRE undoes it"),
            ("events", "what happens, also from elsewhere"),
            ("page", "its map in a browser, with buttons to cut, drain and set policies"),
            ("exec HUB CMD", "a program at a hub; shell HUB, ping FROM TO, probe DEMAND"),
            ("mininet", "Mininet's command line"),
            ("cut FIBRE", "cut it; mend FIBRE undoes it; kill, start, fault for the rest"),
            ("trace DEMAND", "the path of its packets now; capture FIBRE -w FILE"),
        )
        lines = [
            f"  corridor {word:16}{meaning}"
            for word, meaning in words
            if not (self.is_own and word.startswith(NOT_OF_OWN))
        ]
        last = f"With several add --network {self._name}. Ctrl-C, or corridor down, ends this one."
        return "\n".join([*lines, last])
