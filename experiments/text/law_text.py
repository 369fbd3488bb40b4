"""What ``corridor law`` answers, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from textwrap import wrap

from corridor.controller.policy.clauses.clause import StatementKind
from corridor.controller.policy.law import Law, Rule
from corridor.controller.policy.law_calendar import CalendarEntry, Change
from corridor.experiments.answers.law_answers import (
    AnswerUnderReading,
    Classified,
    PolicyShown,
    RuleShown,
    shown,
)
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import confidence_word, counted

WIDTH = 100
INDENT = 2
MOST_SAID = 60
READ = {
    "text": "text read there",
    "copy": "text read in a copy",
    "address": "cited only, not read",
    "home-page": "the authority's site; text not found",
}
KINDS: Mapping[StatementKind, str] = {
    "text": "The answer rests on the text of the law.",
    "interpretation": "The answer rests on an interpretation of the law.",
    "assumption": "The answer rests on our assumption, not on a text.",
}
NOTES = {
    "allow": "Nothing is missing.",
    "require": "Not permitted until the requirements below are met.",
    "deny": "The transfer is forbidden.",
    "undecided": "Undecided, because facts are missing. Policies treat this as forbidden.",
    "not-researched": "The rules of {} on such data were not researched. This is not a permission.",
    "domestic": "No border is crossed; rules within a jurisdiction were not researched.",
}


def told(answer: Classified, titles: Mapping[str, str], width: int | None = None) -> str:
    """A flow classified: the answer, what it needs, by which rules, and what its class may do."""
    parts = [
        _answer(answer, titles),
        _rules(answer.rules, width),
        _readings(answer, titles, width),
        _options(answer),
        _class(answer),
        "Summaries for experiments, not legal advice.",
    ]
    return "\n\n".join(part for part in parts if part)


def _answer(answer: Classified, titles: Mapping[str, str]) -> str:
    flow, finding = answer.flow, answer.finding
    places = f"{flow.origin} to {flow.destination}"
    sure = confidence_word(finding.confidence)
    lines = [
        f"{flow.operation} of {flow.sensitivity} data, {places}, on {answer.day}",
        "",
        f"{finding.outcome.upper()} ({sure}), data class {finding.data_class}",
        NOTES[finding.outcome].format(", ".join(finding.not_researched)),
    ]
    lines += [KINDS[finding.kind]] if finding.kind else []
    for item in finding.requires:
        there = "" if item in finding.outstanding else " (in place)"
        lines.append(f"  requires: {' or '.join(titles[name] for name in sorted(item))}{there}")
    lines += [f"  duty: {titles[name]}" for name in finding.owes]
    lines += [f"  the primary copy must stay in {place}" for place in finding.keep_in]
    lines += [
        f"  rules of {place} on other data: corridor law list --jurisdiction {place}"
        for place in finding.not_researched
    ]
    if finding.missing:
        lines.append(f"  missing facts: {', '.join(finding.missing)}")
    elif finding.outcome == "undecided":
        lines.append(f"  unknown: whether {', '.join(finding.open_rules)} applies")
    return "\n".join(lines)


def _rules(rules: Iterable[RuleShown], width: int | None) -> str:
    return "\n".join(line for rule in rules for line in rule_lines(rule, width))


def rule_lines(rule: RuleShown, width: int | None = None) -> Iterator[str]:
    """A rule with where it can be read, some lines."""
    yield f"{rule.id}: {rule.citation}"
    yield from _indented(rule.says, INDENT, width)
    yield f"  {_standing(rule)}"
    if rule.from_memory:
        yield f"  written from memory, not from a text: {rule.from_memory}"
    if rule.official:
        yield f"  {rule.official} ({READ[rule.read]})"
    elif not rule.secondary:
        yield "  no address is known"
    yield from (f"  {url}" for url in rule.secondary[:2])
    more = len(rule.secondary) - 2
    if more > 0:
        yield f"  and {counted(more, 'more secondary source')}: corridor law list {rule.id} --json"
    yield f"  looked up {rule.looked_up}, to be reviewed by {rule.review_by}"


def _standing(rule: RuleShown) -> str:
    since = f" from {rule.effective}" if rule.effective else ""
    until = f" until {rule.until}" if rule.until else ""
    kind = "" if rule.kind == "text" else f", {rule.kind}"
    return f"{rule.status}{since}{until}: {rule.applies}, {confidence_word(rule.confidence)}{kind}"


def _readings(answer: Classified, titles: Mapping[str, str], width: int | None) -> str:
    """Return each disputed reading that changes the answer, with the answer under each."""
    lines = ["Disputed interpretations change the answer:"]
    for one in answer.readings:
        lines += _indented(f"{one.reading}: {one.question}", INDENT, width)
        for each in one.answers:
            lines += _indented(_under(each, titles), 2 * INDENT, width)
            lines += _indented(each.says, 3 * INDENT, width)
    lines.append("  corridor law classify ... --reading NAME=ANSWER chooses another answer")
    return "\n".join(lines) if answer.readings else ""


def _under(one: AnswerUnderReading, titles: Mapping[str, str]) -> str:
    chosen = " (chosen)" if one.chosen else ""
    needs = " and ".join(" or ".join(titles[name] for name in item) for item in one.requires)
    parts = [
        f"{one.outcome.upper()} ({confidence_word(one.confidence)}), data class {one.data_class}",
        f"requires {needs}" if needs else "",
        *(f"the primary copy must stay in {place}" for place in one.keep_in),
        f"by {', '.join(one.decided_by)}" if one.decided_by else "",
    ]
    return f"{one.answer}{chosen}: {'; '.join(part for part in parts if part)}"


def _options(answer: Classified) -> str:
    if not answer.options:
        return ""
    lines = [f"  {' and '.join(one.mechanisms)}: {one.data_class}" for one in answer.options]
    return "\n".join(["Data class after the requirements are met:", *lines])


def _class(answer: Classified) -> str:
    name = answer.finding.data_class
    if not answer.policies:
        return f"No shipped policy set has the data class {name}, so none permits it."
    lines = [f"Shipped policies for data class {name}:"]
    lines += [_policy(one) for one in answer.policies]
    if not any(one.effect == "permit" and one.in_force for one in answer.policies):
        lines.append("  No permit matches, so such data is blocked.")
    return "\n".join(lines)


def _policy(one: PolicyShown) -> str:
    off = "" if one.in_force else " (not in force)"
    says = f": {one.says}" if one.says else ""
    sure = confidence_word(one.confidence)
    return f"  {one.policy_set} {one.effect} {one.policy}, {sure}{off}{says}"


def changes_told(
    found: tuple[Change, ...], law: Law, earlier: date, later: date, width: int | None = None
) -> str:
    if not found:
        return f"no change in the legal rules between {earlier} and {later}"
    lines = [f"legal rules on {later} compared with {earlier}:"]
    for kind, title in (
        ("begins", "came into force"),
        ("ends", "ended"),
        ("confidence", "changed its confidence"),
    ):
        some = [one for one in found if one.kind == kind]
        if some:
            lines += ["", f"{title}:"]
        for one in some:
            rule = law.by_id[one.rule]
            lines.append(f"  {one.rule}: {rule.citation}")
            lines.append(f"    {one.before} -> {one.after}")
            lines += _indented(rule.says, 2 * INDENT, width)
            if rule.official.url:
                lines.append(f"    {rule.official.url}")
    return "\n".join(lines)


def list_told(rules: Iterable[Rule], day: date, width: int | None = None) -> str:
    """A line for each rule."""
    headings = (
        "rule",
        "applies",
        "from",
        "status",
        "confidence",
        "text read",
        "review by",
        "source",
    )
    rows = [
        (
            one.id,
            one.applies,
            one.effective or "-",
            one.status,
            confidence_word(one.confidence),
            one.read,
            one.review_by,
            one.citation if width else one.citation[:MOST_SAID],
        )
        for one in (shown(rule, day) for rule in rules)
    ]
    spare = ("text read", "review by", "status", "from", "confidence")
    table = render(headings, rows, width=width, spare=spare, wrap="source")
    return f"{table}\n\n{counted(len(rows), 'rule')} on {day}"


def calendar_told(entries: Iterable[CalendarEntry], law: Law, width: int | None = None) -> str:
    lines = [f"law last reviewed on {law.as_of}"]
    for entry in entries:
        lines.append(f"{entry.day:<11} {entry.what:<9} {counted(len(entry.rules), 'rule')}")
        lines += _indented(", ".join(entry.rules), INDENT, width, break_on_hyphens=False)
    if len(lines) == 1:
        lines.append("no dates in this period")
    return "\n".join(lines)


def _indented(
    text: str, indent: int, width: int | None, *, break_on_hyphens: bool = True
) -> list[str]:
    """Lines of a terminal, or of a hundred characters and the indent."""
    room = WIDTH if width is None else min(WIDTH, width - indent)
    lines = wrap(text, room, break_on_hyphens=break_on_hyphens)
    return [f"{' ' * indent}{line}" for line in lines]
