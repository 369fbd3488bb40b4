"""What a run came to, for a terminal: the verdict, then what matters, or all of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.anycast_text import anycast_lines
from corridor.experiments.answers.document import Answers
from corridor.experiments.terminal.screen import wrapped
from corridor.experiments.text import run_sections
from corridor.experiments.text.classes_table import classes_table
from corridor.experiments.text.demand_table import cuts_lines, flow_table, sure_legend
from corridor.experiments.text.event_table import events_table, expectations_lines
from corridor.experiments.text.short_table import MOST_ROWS, short_table

MOST_WIDTH = 110
"""Of sentences: longer lines are hard to read."""


def sections(
    summary: Summary, of: Answers | None, width: int | None, *, everything: bool
) -> Iterator[str]:
    """Those that say something; ``width`` is that of the terminal in characters, if there is
    one."""
    yield from filter(None, [told(summary.verdict, width)])
    if of is None or everything or len(summary.demands) <= MOST_ROWS:
        yield from run_sections.sections(summary, width)
        return
    said = (
        short_table(of, summary, width),
        sure_legend(summary),
        events_table(summary, width),
        classes_table(summary, width),
        expectations_lines(summary),
        cuts_lines(summary),
        anycast_lines({one.id: one.anycast for one in summary.demands}),
        flow_table(summary, width),
        *(f"warning: {warning}" for warning in summary.warnings),
    )
    yield from filter(None, said)


def told(sentences: Sequence[str], width: int | None) -> str:
    """One below another; on a terminal, wrapped, what goes on set in."""
    return wrapped("\n".join(sentences), None if width is None else min(width, MOST_WIDTH))
