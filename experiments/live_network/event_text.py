"""What a controller states about itself, in a line each for a person. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from corridor.controller.prover.counterexample import Counterexample
from corridor.topologies.base.codec import from_plain
from corridor.topologies.base.words import few

if TYPE_CHECKING:
    from corridor.experiments.lab.status_line import Said

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


def _status(said: Said) -> str:
    was = f"{said['was']} -> " if said.get("was") not in (None, said["status"]) else ""
    path = f", {_path(said['hubs'])}" if said.get("hubs") else ""
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


def _path(hubs: list[str]) -> str:
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
    "status": _status,
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
