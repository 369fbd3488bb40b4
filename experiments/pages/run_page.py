"""The page of one run: its answers, what it measured, what was proven; and that of a live network.
Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.counters import ClassSummary, QueueSummary
from corridor.experiments.account.domains_summary import DomainsOfRun
from corridor.experiments.account.proof_document import ProofDocument
from corridor.experiments.account.run_files import Manifest
from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.capacity_document import CapacityAnswer
from corridor.experiments.answers.document import Answers
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.pages.answers import costs_of, cuts_of, sureness_of
from corridor.experiments.pages.capacity import capacity_of, carried_of
from corridor.experiments.pages.claims import (
    broken_or_unproven,
    claims_of,
    provenance_of,
    verification_of,
)
from corridor.experiments.pages.demands import Asked, demand_table, of_answers, of_summary
from corridor.experiments.pages.page import Page, Section, map_and_sources, section
from corridor.experiments.pages.stage import stage_of
from corridor.experiments.pages.time_chart import course_of
from corridor.experiments.pages.words import NOTHING, PageTable, Tables, fibres_by_name, ms
from corridor.experiments.pages.workloads import audit_section, workloads_of
from corridor.experiments.results.messages import Round
from corridor.experiments.terminal.columns import Table
from corridor.experiments.text.run_text import (
    carried_table,
    handed_over_table,
    settlement_table,
    told_sentences,
)
from corridor.topologies.base.words import counted
from corridor.traffic.measures.samples import Probes

NEXT = ("Next step: ", "Next: ")
"""The second in the folders of older runs."""


@dataclass(frozen=True)
class RunResults:
    """What a page is made of; None where the folder has no such file."""

    summary: Summary
    answers: Answers | None
    proof: ProofDocument | None
    manifest: Manifest | None
    probes: Callable[[], Probes]
    """Each once; their times count from the start of probing."""
    has_bfd: bool = False
    rounds: Sequence[Round] = ()
    """Of workloads; times are after the epoch, and so is the start of probing."""
    start_ns: int = 0
    capacity: CapacityAnswer | None = None


def run_page(of: RunResults) -> Page:
    answers, summary = of.answers, of.summary
    demands = of_answers(answers, summary) if answers else of_summary(summary)
    scenario = summary.scenario
    title = (answers.title if answers else "") or scenario
    return Page(
        title=f"Data corridor under policies: {title}",
        about=_about(summary, demands),
        alarms=list(alarms_of(of)),
        verdict=_told(summary) or _verdict(of, demands),
        stage=stage_of(answers.map, demands, [summary.policies]) if answers else None,
        sections=list(_sections(of, demands)),
        footer=f"Made by corridor from the run of scenario {scenario}, seed {summary.seed}.",
    )


def _about(summary: Summary, demands: list[Asked]) -> str:
    network = summary.network
    over = f"{counted(network.hubs, 'hub')} and {counted(network.fibres, 'fibre')}"
    under = f"policies {summary.policies} as of {summary.as_of}"
    plain = f"{counted(len(demands), 'demand')} over {over}, {under}."
    question = next(iter(summary.verdict), plain)
    drawn = " Paths on the map are those of the built-in controller."
    other = drawn if summary.controller else ""
    return f"{question}{other} Computed, verified and measured in an emulation. Not legal advice."


def alarms_of(of: RunResults) -> Iterator[str]:
    """What makes the numbers of a run worth less."""
    summary = of.summary
    if not summary.complete:
        yield f"The run is incomplete: {summary.failure}"
    if summary.invalid:
        yield f"The measurement is invalid: {summary.invalid}"
    if of.proof is not None and not of.proof.holds:
        yield broken_or_unproven(of.proof, summary)
    seen = summary.crossings
    if seen and (seen.forbidden or seen.strange):
        yield "Packets violated a policy: see the verified properties."
    for one in summary.expectations:
        if not one.holds:
            found = f"it was {one.found}"
            if one.left_out is not None:
                found = f"that cannot be evaluated: it {one.left_out}"
            bound = f"{one.of} {one.expected} of {one.demand}"
            yield f"{one.id} expected {bound}, and {found}"
    yield from summary.warnings


def _told(summary: Summary) -> list[str]:
    """The answers of its verdict: without the question, and the command to try next."""
    return [line for line in summary.verdict[1:] if not line.startswith(NEXT)]


def _verdict(of: RunResults, demands: list[Asked]) -> list[str]:
    """Counted, where no one wrote a better one."""
    kept = sum(one.under[0].is_kept_back for one in demands)
    added = [one.under[0].extra_ms for one in demands if one.under[0].extra_ms is not None]
    many = counted(len(demands), "demand")
    served = len(demands) - kept
    said = [f"{served} of {many} {'is' if served == 1 else 'are'} served."]
    if added:
        said.append(f"The policies add at most {ms(max(added))} ms RTT.")
    if of.proof is not None:
        holds = "All properties are verified" if of.proof.holds else "Verification failed"
        said.append(f"{holds}: see the verified properties.")
    return said


def _sections(of: RunResults, demands: list[Asked]) -> Iterator[Section]:
    summary, answers = of.summary, of.answers
    where: MapDocument | None = answers.map if answers else None
    fibres = fibres_by_name(where)
    yield section("demands", "demands", demand_table(demands, where))
    if answers is not None and answers.policies != NO_POLICIES:
        yield section("costs", "costs", costs_of(answers, demands))
    if of.capacity is not None and where is not None:
        yield section("capacity", "capacity", capacity_of(of.capacity, where))
    course = course_of(summary, of.probes, fibres, has_bfd=of.has_bfd)
    if course is not None:
        yield section("timeline", "course", course)
    shared = workloads_of(summary, of.rounds, of.start_ns)
    if shared is not None:
        yield section("sharing", "workloads", shared)
    audit = audit_section(summary.energy)
    if audit is not None:
        yield section("energy", "energy_audit", audit)
    carried = carried_of(summary, answers)
    if carried is not None:
        yield section("carried", "tables", carried)
    domains = domains_of(summary.domains)
    if domains is not None:
        yield section("domains", "tables", domains)
    marks = queue_marks_of(summary)
    if marks is not None:
        yield section("queues", "queue_marks", marks)
    yield section("cuts", "cuts", cuts_of(demands, summary, fibres))
    yield section("proof", "claims", claims_of(of.proof, summary))
    yield section("sure", "sureness", sureness_of(demands, summary, where))
    if where is not None:
        yield from map_and_sources(where, demands)
    yield section("provenance", "provenance", provenance_of(summary, of.manifest))
    yield section("verification", "verification", verification_of(summary))


# What queues with ECN marked, in addition to what queues dropped. Pure.


def queue_marks_of(summary: Summary) -> Tables | None:
    """None where no queue marks."""
    found = [(queue, one) for queue in summary.queues for one in queue.classes]
    marking = [one.ce_marks for _queue, one in found if one.ce_marks is not None]
    if not marking:
        return None
    rows = [_row(queue, one) for queue, one in found if one.drops or one.ce_marks]
    said = (
        f"Queues with marking have marked {counted(sum(marking), 'packet')} (congestion "
        "experienced, RFC 3168). Marks are not losses: senders that support them slow down as "
        "after a loss."
    )
    heads = [(name, False) for name in ("Fibre", "From", "Discipline", "Class")]
    heads += [(name, True) for name in ("Passed", "Dropped", "CE marks")]
    about = "Packets, by fibre and direction; classes that dropped or marked any."
    table = PageTable("queues-table", "Queues", about, heads, rows)
    return Tables("Packets marked by queues", [said], [table] if rows else [])


def _row(queue: QueueSummary, one: ClassSummary) -> Sequence[str]:
    """A class of a queue before one direction of a fibre."""
    marked = str(one.ce_marks) if one.ce_marks is not None else NOTHING
    where = (queue.fibre, queue.from_, queue.discipline, one.name)
    return *where, str(one.sent_packets), str(one.drops), marked


# The page of a network that lives: its answers now; its script adds what happens.


@dataclass(frozen=True)
class Happenings:
    title: str = "Events"
    said: str = (
        "Events since this page was opened, and earlier events that the controller still stores."
    )


def network_page(answers: Answers, verdict: Sequence[str]) -> Page:
    demands = of_answers(answers, None)
    where = answers.map
    hubs, fibres = counted(len(where.hubs), "hub"), counted(len(where.fibres), "fibre")
    return Page(
        title=f"Live: {answers.title}",
        about=(
            f"{counted(len(demands), 'demand')} between {hubs} over {fibres}, started with policy "
            f"set {answers.policies} as of {answers.as_of}. An emulation. Not legal advice."
        ),
        alarms=[],
        verdict=verdict,
        stage=stage_of(where, demands, [answers.policies], lawful="path in use"),
        sections=list(_network_sections(answers, demands)),
        footer=f"A live network of scenario {answers.scenario}, by corridor.",
    )


def _network_sections(answers: Answers, demands: Sequence[Asked]) -> Iterator[Section]:
    where = answers.map
    yield section("events", "events", Happenings())
    yield section("demands", "demands", demand_table(demands, where))
    yield section("costs", "costs", costs_of(answers, demands))
    yield section("cuts", "cuts", cuts_of(demands, None, fibres_by_name(where)))
    yield section("sure", "sureness", sureness_of(demands, None, where))
    yield from map_and_sources(where, demands)


# The section of a run's page about domains with a controller each.


def domains_of(found: DomainsOfRun | None) -> Tables | None:
    """Return the section; None if one controller served the network."""
    if found is None:
        return None
    tables = (
        ("settlement", "Volumes by domain", SETTLEMENT, settlement_table(found)),
        ("handed-over", "Hand-overs", HANDED_OVER, handed_over_table(found)),
        ("carrying-domains", "Domains of each demand", CARRIED, carried_table(found.directions)),
    )
    return Tables("Domains", told_sentences(found), [_page(*one) for one in tables if one[-1].rows])


SETTLEMENT = (
    "Received over fibres from other domains; transit is the part that is neither from nor to a "
    "hub of the domain. From the account of packets, with Ethernet headers."
)
HANDED_OVER = "Packets of demands over fibres between domains, by direction."
CARRIED = (
    "Domains in the order of the path. Numbers: the minimum of delays that domains disclose for "
    "it; rounds: messages that follow one another."
)


def _page(name: str, title: str, about: str, table: Table) -> PageTable:
    heads = [(_capital(one), numbers) for one, numbers in table.columns]
    return PageTable(f"{name}-table", title, about, heads, table.rows)


def _capital(head: str) -> str:
    return head if head == "kB" else head[0].upper() + head[1:]
