"""Plain routing next to the controller, as tables. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corridor.experiments.routing.routing_documents import SLOWER_MS
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted

if TYPE_CHECKING:
    from corridor.experiments.routing.routing_documents import (
        AddedRtt,
        BrokenClause,
        CutOutcome,
        Routed,
        RoutedCut,
        RoutedDemand,
        RoutingAnswer,
    )

HEADS = ("demand", "law", "RTT", "by tables", "permitted", "path", "forbidden by")
CUT_HEADS = ("demand", "outage", "by tables", "SDN outage", "RTT", "SDN RTT", "law")
RIGHT = frozenset({"RTT", "by tables", "permitted", "outage", "SDN outage", "SDN RTT"})
LEGEND = (
    "RTT: measured; by tables: delays of the fibres on both paths; permitted: RTT of the paths "
    "that the controller computes"
)
CUT_LEGEND = (
    "outage: of probes; by tables: how long a direction had no path; SDN: predicted of the "
    "controller and its switches"
)
VERDICTS = ("permitted", "not covered", "forbidden", "no path")


def answer(found: RoutingAnswer, width: int | None, *, everything: bool = False) -> str:
    """All cuts, and the demands that plain routing carries against a policy; all of them if
    ``everything``."""
    of = found.verdicts
    count = (of.permitted, of.not_covered, of.forbidden, of.no_path)
    shown = [one for one in found.demands if everything or one.routed.verdict == "forbidden"]
    pairs = zip(count, VERDICTS, strict=True)
    verdicts = ", ".join(f"{number} {name}" for number, name in pairs if number)
    lines = [
        (
            f"{found.scenario}: {_protocols(found)} by {found.daemon} on "
            f"{counted(found.routers, 'router')} and {counted(found.links, 'link')} of "
            f"{found.topology}; cost 1 is {found.cost_unit_us} us of delay, seed {found.seed}"
        ),
        (
            f"converged {found.converged_ms / 1000:.3f} s after the first daemon started, with "
            f"{counted(found.changes, 'change')} of routes to hubs"
        ),
        (
            f"{counted(len(found.demands), 'demand')} under {found.policies} as of {found.as_of}: "
            f"{verdicts or 'none'}"
        ),
        *_added(found.added),
        "",
        *_demands(shown, width),
    ]
    for cut in found.cuts:
        lines += ["", *_cut(cut, width)]
    if not everything:
        lines += ["", "--all lists all demands"]
    return "\n".join(line.rstrip() for line in lines)


def _protocols(found: RoutingAnswer) -> str:
    if not found.systems:
        return "OSPF in one area"
    return f"OSPF in {counted(len(found.systems), 'autonomous system')} and BGP between them,"


def _added(of: AddedRtt) -> list[str]:
    if of.median_ms is None or of.maximum_ms is None:
        return []
    return [
        (
            f"RTT above that of permitted paths: median {of.median_ms:.1f} ms, maximum "
            f"{of.maximum_ms:.1f} ms; {of.slower} of {of.demands} demands by at least "
            f"{SLOWER_MS:.0f} ms"
        )
    ]


def _demands(shown: list[RoutedDemand], width: int | None) -> list[str]:
    if not shown:
        return ["no demand takes a forbidden path"]
    rows = [
        (
            one.demand,
            one.routed.verdict,
            _time(one.routed.rtt_ms),
            _time(one.routed.computed_rtt_ms),
            "blocked" if one.policy_rtt_ms is None else _time(one.policy_rtt_ms),
            _path(one.routed),
            _broken(one.routed.broken),
        )
        for one in shown
    ]
    spare = ("by tables", "path", "law")
    return [LEGEND, *render(HEADS, rows, RIGHT, width=width, spare=spare).splitlines()]


def _cut(cut: RoutedCut, width: int | None) -> list[str]:
    head = (
        f"cut of {cut.what} ({counted(len(cut.fibres), 'fibre')}): tables changed for "
        f"{cut.converged_ms / 1000:.3f} s, and for {cut.repaired_ms / 1000:.3f} s from the repair"
    )
    rows = [_cut_row(one) for one in cut.demands]
    if not rows:
        return [head, "it affects no demand"]
    spare = ("by tables",)
    table = render(CUT_HEADS, rows, RIGHT, width=width, spare=spare)
    return [head, CUT_LEGEND, *table.splitlines()]


def _cut_row(one: CutOutcome) -> tuple[str, ...]:
    """``all along``: until the repair."""
    until = "all along"
    return (
        one.demand,
        until if one.outage_ms is None else f"{one.outage_ms:.0f} ms",
        until if one.tables_out_ms is None else f"{one.tables_out_ms:.0f} ms",
        "blocked" if one.is_blocked else _outage(one.policy_outage_ms, until),
        _time(one.after.rtt_ms),
        _time(one.policy_rtt_ms),
        f"{one.after.verdict} {_broken(one.after.broken)}",
    )


def _outage(value: float | None, until: str) -> str:
    return until if value is None else f"{value:.0f} ms"


def _time(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f} ms"


def _path(routed: Routed) -> str:
    """There; and back, if it is another path."""
    if routed.there is None:
        return "none"
    there, back = routed.there.hubs, routed.back.hubs if routed.back else ()
    path = " > ".join(there)
    return path if back == there[::-1] else f"{path}; back {' > '.join(back) or 'none'}"


def _broken(broken: tuple[BrokenClause, ...]) -> str:
    names = dict.fromkeys(f"{one.policy} {one.clause}" for one in broken)
    return ", ".join(names)
