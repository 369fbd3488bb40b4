"""What a run came to, for a terminal: the verdict, then what matters, or all of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corridor.experiments.account.counters import ClassSummary, QueueSummary
from corridor.experiments.account.domains_summary import DomainsOfRun, Volume
from corridor.experiments.account.packet_classes import CAUSES
from corridor.experiments.account.summary import AccountSummary, Summary
from corridor.experiments.answers.demand_parts import anycast_lines
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.outcome import not_judged_line
from corridor.experiments.plan.domain_values import DirectionByDomains, PlannedDomains
from corridor.experiments.terminal.columns import Table, render
from corridor.experiments.terminal.screen import wrapped
from corridor.experiments.text.demand_table import (
    MOST_ROWS,
    crossings_line,
    cuts_lines,
    demand_table,
    doubtful_line,
    flow_table,
    lacks_lines,
    reasons,
    short_table,
    sure_legend,
)
from corridor.experiments.text.energy_text import audit_text
from corridor.experiments.text.event_text import events_table, expectations_lines
from corridor.experiments.text.workload_text import classes_table, stretches_table, workloads_table
from corridor.topologies.base.words import counted
from corridor.traffic.measures.quantiles import CONFIDENCE, QUANTILES, name_of, needed
from corridor.traffic.measures.statistics import Bounds

# How much the probes of a run say, in a line or two below its tables.

NAMES = tuple(name_of(*one) for one in QUANTILES)
NEEDED = dict(zip(NAMES, (needed(*one) for one in QUANTILES), strict=True))


def sampling_lines(summary: Summary) -> str:
    """Intervals of round trips, which have none and why, what too few replies do not carry, how
    losses came; empty where nothing was answered or lost."""
    return "\n".join((*_intervals(summary), *_losses(summary)))


def _intervals(summary: Summary) -> Iterator[str]:
    of = [one.sample for one in summary.demands if one.sample is not None and one.received]
    widest = {name: _widest_ms(one.rtt_ms.get(name) for one in of) for name in NAMES}
    told = [f"{name} +-{_time(width)}" for name, width in widest.items() if width is not None]
    if told:
        yield f"{CONFIDENCE:.0%} CI half-width of RTT, maximum: {', '.join(told)}"
    missing = [
        f"{name} of {counted(demands, 'demand')}"
        for name in NAMES
        if (demands := sum(name in one.no_interval for one in of))
    ]
    if missing:
        longest_s = max(one.correlated_s or 0.0 for one in of if one.no_interval)
        yield (
            f"no interval for {', '.join(missing)}: samples are correlated over up to "
            f"{longest_s:.2g} s; run longer or use several seeds"
        )
    few = {name: sum(name in one.left_out for one in of) for name in NAMES}
    lacking = [
        f"{name} of {counted(demands, 'demand')} (needs {NEEDED[name]})"
        for name, demands in few.items()
        if demands
    ]
    if lacking:
        yield f"too few replies: {', '.join(lacking)}"


def _widest_ms(bounds: Iterable[Bounds]) -> float | None:
    """Half of the widest."""
    known = [one[1] - one[0] for one in bounds if one is not None]
    return max(known) / 2 if known else None


def _time(ms: float) -> str:
    return f"{ms * 1000:.3g} us" if ms < 1 else f"{ms:.3g} ms"


def _losses(summary: Summary) -> Iterator[str]:
    """Of demands of which some were answered: of others all are lost, in one run."""
    patterns = [
        (losses, one.id)
        for one in summary.demands
        if one.sample is not None and one.received and (losses := one.sample.losses)
    ]
    if not patterns:
        return
    longest, demand = max(patterns, key=lambda one: one[0].longest)
    runs = sum(one.periods for one, _ in patterns)
    yield (
        f"losses form {counted(runs, 'burst')} in {counted(len(patterns), 'demand')}; longest "
        f"burst: {counted(longest.longest, 'probe')} ({demand})"
    )


# The account of a run as text for a terminal: whose packets were lost, where, by what.

MOST_ACCOUNTED = 20
TOTAL = "all"


def account_lines(summary: Summary, width: int | None) -> str:
    """A line, and a table where anything was lost; empty without counters."""
    account = summary.account
    if account is None:
        return ""
    said = [_account_sentence(account), *_account_table(account, width)]
    said += [f"account: {problem}" for problem in account.problems]
    return "\n".join(said)


def _account_sentence(account: AccountSummary) -> str:
    lost = sum(account.lost.values())
    marks = f"; {account.ce_marks} CE marks (not losses)" if account.ce_marks else ""
    end = "balanced" if account.closes else f"unbalanced by {account.off_by}"
    return (
        f"packet accounting: {account.sent} sent = {account.delivered} delivered + "
        f"{lost} lost + {account.in_flight} in flight ({end}){marks}"
    )


def _account_table(account: AccountSummary, width: int | None) -> Iterator[str]:
    """Those that lost most first."""
    lossy = sorted(account.demands, key=lambda one: -sum(one.lost.values()))
    if not lossy:
        return
    causes = [cause for cause in CAUSES if any(cause in one.lost for one in lossy)]
    headings = ("demand", "packets", "sent", "delivered", *causes, "in flight")
    rows = [
        (
            one.demand,
            f"{one.kind} {one.direction}",
            str(one.sent),
            str(one.delivered),
            *(str(one.lost.get(cause, 0)) for cause in causes),
            str(one.in_flight),
        )
        for one in lossy[:MOST_ACCOUNTED]
    ]
    rows.append(
        (
            TOTAL,
            "",
            str(account.sent),
            str(account.delivered),
            *(str(account.lost.get(cause, 0)) for cause in causes),
            str(account.in_flight),
        )
    )
    yield render(headings, rows, frozenset(headings[2:]), width=width, spare=("packets",))
    if len(lossy) > MOST_ACCOUNTED:
        yield f"and {len(lossy) - MOST_ACCOUNTED} more rows in account.json"


# What the classes of queues passed, marked and dropped, as a table for a terminal.

MOST_QUEUE_CLASSES = 20
QUEUE_HEADINGS = ("fibre", "from hub", "discipline", "queue class", "sent", "dropped")
CE_MARKS = "CE marks"


def queues_table(summary: Summary, width: int | None) -> str:
    """A row for each class of the queues that dropped or marked packets, those that dropped most
    first; empty where none did."""
    full = [queue for queue in summary.queues if any(_dropped_and_marked(queue))]
    full.sort(key=_dropped_and_marked, reverse=True)
    classes = [(queue, one) for queue in full for one in queue.classes]
    if not classes:
        return ""
    has_marks = any(one.ce_marks is not None for _queue, one in classes)
    headings = (*QUEUE_HEADINGS, CE_MARKS) if has_marks else QUEUE_HEADINGS
    rows = [_queue_row(queue, one)[: len(headings)] for queue, one in classes]
    more = (
        [f"and {len(rows) - MOST_QUEUE_CLASSES} more queue classes"]
        if len(rows) > MOST_QUEUE_CLASSES
        else []
    )
    numbers = frozenset(headings[4:])
    table = render(headings, rows[:MOST_QUEUE_CLASSES], numbers, width=width, spare=("discipline",))
    return "\n".join([table, *more])


def _dropped_and_marked(queue: QueueSummary) -> tuple[int, int]:
    classes = queue.classes
    return sum(one.drops for one in classes), sum((one.ce_marks or 0) for one in classes)


def _queue_row(queue: QueueSummary, one: ClassSummary) -> tuple[str, ...]:
    """A queue that never marks says so by nothing."""
    return (
        queue.fibre,
        queue.from_,
        queue.discipline,
        one.name,
        str(one.sent_packets),
        str(one.drops),
        str(one.ce_marks or ""),
    )


def all_sections(summary: Summary, width: int | None) -> Iterator[str]:
    """Those that say something; ``width`` is that of the terminal in characters, if there is
    one."""
    said = (
        demand_table(summary, width),
        doubtful_line(one.may_cross for one in summary.demands),
        sure_legend(summary),
        reasons(summary),
        anycast_lines({one.id: one.anycast for one in summary.demands}),
        lacks_lines((one.id, one.lacks) for one in summary.demands),
        events_table(summary, width),
        expectations_lines(summary),
        cuts_lines(summary),
        crossings_line(summary),
        domains_section(summary.domains, width),
        not_judged_line(
            summary.policies,
            ((one.id, one.not_judged) for one in summary.demands),
        ),
        flow_table(summary, width),
        queues_table(summary, width),
        workloads_table(summary, width),
        stretches_table(summary, width),
        audit_text(summary.energy, width),
        account_lines(summary, width),
        sampling_lines(summary),
        *(f"warning: {warning}" for warning in summary.warnings),
    )
    yield from filter(None, said)


# What a run came to, for a terminal: the verdict, then what matters, or all of it.

MOST_WIDTH = 110
"""Of sentences: longer lines are hard to read."""


def sections(
    summary: Summary, of: Answers | None, width: int | None, *, everything: bool
) -> Iterator[str]:
    """Those that say something; ``width`` is that of the terminal in characters, if there is
    one."""
    yield from filter(None, [sentences_below(summary.verdict, width)])
    if of is None or everything or len(summary.demands) <= MOST_ROWS:
        yield from all_sections(summary, width)
        return
    said = (
        short_table(of, summary, width),
        sure_legend(summary),
        events_table(summary, width),
        classes_table(summary, width),
        audit_text(summary.energy, width),
        expectations_lines(summary),
        cuts_lines(summary),
        anycast_lines({one.id: one.anycast for one in summary.demands}),
        flow_table(summary, width),
        domains_section(summary.domains, width),
        *(f"warning: {warning}" for warning in summary.warnings),
    )
    yield from filter(None, said)


def sentences_below(sentences: Sequence[str], width: int | None) -> str:
    """One below another; on a terminal, wrapped, what goes on set in."""
    return wrapped("\n".join(sentences), None if width is None else min(width, MOST_WIDTH))


# A run whose domains have a controller each, as sentences and tables.

MOST_DIRECTIONS = 40
BYTES_PER_KB = 1000


def domains_section(found: DomainsOfRun | None, width: int | None) -> str:
    """Who carried what for whom, and what was told; empty if one controller served the network."""
    if found is None:
        return ""
    most = sorted(found.directions, key=lambda one: -len(one.domains))[:MOST_DIRECTIONS]
    left = len(found.directions) - len(most)
    shown = carried_table(one for one in found.directions if one in most)
    handed = handed_over_table(found)
    parts = [
        *told_sentences(found),
        settlement_table(found).drawn(width),
        *([handed.drawn(width)] if handed.rows else []),
        shown.drawn(width),
        *([f"and {left} more directions in summary.json"] if left else []),
    ]
    return "\n\n".join(parts)


def told_sentences(found: DomainsOfRun) -> list[str]:
    """What controllers told each other, as one sentence; none before they had agreed."""
    told = [one.told for one in found.domains if one.told is not None]
    if not told:
        return []
    least = sum(one.numbers for one in found.directions)
    refused = sum(one.refused for one in told)
    domains = counted(len(found.domains), "domain")
    delays = counted(sum(one.delays for one in told), "delay")
    messages = counted(sum(one.messages for one in told), "message")
    said = [
        (
            f"{domains} with a controller each: they disclosed {delays} (minimum {least}) "
            f"in {messages} until all had agreed; {refused or 'none'} refused"
        )
    ]
    if found.moments is not None:
        moments, broken = counted(found.moments.proven, "moment"), found.moments.violated
        result = f"violated: {'; '.join(broken)}" if broken else "no claim about paths violated"
        said.append(f"tables of all domains proven together at {moments} of the run: {result}")
    return said


def settlement_table(found: DomainsOfRun) -> Table:
    """A row for each domain: what it disclosed, received from others, and carried for others."""
    counts = ("hubs", "messages", "delays disclosed", "received kB", "transit kB")
    heads = ("domain", *counts, "most for")
    rows = [
        (
            one.domain,
            str(len(one.hubs)),
            str(one.told.messages) if one.told else "-",
            str(one.told.delays) if one.told else "-",
            _kb(one.received),
            _kb(one.transit),
            one.transit_for[0].demand if one.transit_for else "-",
        )
        for one in found.domains
    ]
    return Table("", heads, rows, frozenset(counts))


def handed_over_table(found: DomainsOfRun) -> Table:
    """A row for each direction of a fibre between domains that carried anything."""
    state = {one.fibre: one.state for one in found.fibres}
    heads = ("hand-over", "from", "to", "state", "packets", "kB")
    rows = [
        (one.fibre, one.by, one.to, state[one.fibre], str(one.volume.packets), _kb(one.volume))
        for one in found.handed_over
    ]
    return Table("", heads, rows, frozenset(heads[-2:]))


def carried_table(directions: Iterable[DirectionByDomains]) -> Table:
    """A row for each direction of a demand: the domains of its path, and what they disclose."""
    heads = ("demand", "numbers", "rounds", "carried by")
    rows = [
        (
            one.id,
            str(one.numbers),
            str(one.rounds),
            " > ".join(one.domains) or "no permitted path",
        )
        for one in directions
    ]
    return Table("", heads, rows, frozenset(heads[1:3]), wrap="carried by")


def _kb(volume: Volume | None) -> str:
    if volume is None:
        return "-"
    return f"{volume.bytes / BYTES_PER_KB:.1f}"


def planned_lines(planned: PlannedDomains, width: int | None) -> list[str]:
    """Domains, hand-overs and carriers of a scenario that was not run."""
    heads = ("domain", "operator", "hubs")
    domains = [(one.id, one.name, ", ".join(one.hubs)) for one in planned.domains]
    fibres = [(one.fibre, *one.domains, one.state) for one in planned.fibres]
    number, between = counted(len(planned.domains), "domain"), len(planned.fibres)
    return [
        (
            f"{number} with a controller each, which programs the switches of its hubs; "
            f"{counted(between, 'fibre')} between them"
        ),
        "",
        render(heads, domains, width=width, wrap="hubs"),
        "",
        render(("hand-over", "between", "and", "state"), fibres, width=width),
        "",
        carried_table(planned.directions).drawn(width),
    ]
