"""What a run came to, as text for a terminal: sections, the demands first. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.anycast_text import anycast_lines
from corridor.experiments.text.account_text import account_lines
from corridor.experiments.text.coverage_text import not_judged_line
from corridor.experiments.text.demand_table import (
    crossings_line,
    cuts_lines,
    demand_table,
    doubtful_line,
    flow_table,
    lacks_lines,
    reasons,
    sure_legend,
)
from corridor.experiments.text.event_table import events_table, expectations_lines
from corridor.experiments.text.queue_text import queues_table
from corridor.experiments.text.sampling_text import sampling_lines
from corridor.experiments.text.workload_text import stretches_table, workloads_table


def sections(summary: Summary, width: int | None) -> Iterator[str]:
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
        not_judged_line(
            summary.policies,
            ((one.id, one.not_judged) for one in summary.demands),
        ),
        flow_table(summary, width),
        queues_table(summary, width),
        workloads_table(summary, width),
        stretches_table(summary, width),
        account_lines(summary, width),
        sampling_lines(summary),
        *(f"warning: {warning}" for warning in summary.warnings),
    )
    yield from filter(None, said)
