"""The account of a run as text for a terminal: whose packets were lost, where, by what. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.experiments.account.losses import CAUSES
from corridor.experiments.account.summary import AccountSummary, Summary
from corridor.experiments.terminal.columns import render

MOST_LINES = 20
TOTAL = "all"


def account_lines(summary: Summary, width: int | None) -> str:
    """A line, and a table where anything was lost; empty without counters."""
    account = summary.account
    if account is None:
        return ""
    said = [_sentence(account), *_table(account, width)]
    said += [f"account: {problem}" for problem in account.problems]
    return "\n".join(said)


def _sentence(account: AccountSummary) -> str:
    lost = sum(account.lost.values())
    marks = f"; {account.ce_marks} CE marks (not losses)" if account.ce_marks else ""
    end = "balanced" if account.closes else f"unbalanced by {account.off_by}"
    return (
        f"packet accounting: {account.sent} sent = {account.delivered} delivered + "
        f"{lost} lost + {account.in_flight} in flight ({end}){marks}"
    )


def _table(account: AccountSummary, width: int | None) -> Iterator[str]:
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
        for one in lossy[:MOST_LINES]
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
    if len(lossy) > MOST_LINES:
        yield f"and {len(lossy) - MOST_LINES} more rows in account.json"
