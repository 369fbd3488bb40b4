"""Reference tables of the pages, from the models and registries that read files.

A page marks a block by ``<!-- generated: NAME -->`` and ``<!-- end -->``. In a checkout,
``python -m corridor.experiments.setup.reference`` writes all blocks again.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Protocol, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from corridor.controller.forwarding.program import Reason
from corridor.controller.intent.intent import Aggregate, Disjoint
from corridor.controller.policy.clauses.elements import Selector
from corridor.controller.policy.law import load_law
from corridor.controller.policy.law_calendar import policy_confidence
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import Policy
from corridor.controller.policy.schema import attribute_texts, field_texts
from corridor.experiments.scenario import event_registry as timeline
from corridor.experiments.scenario import (
    fields,
    kinds,
    lines,
    options,
    queues,
    workloads,
)
from corridor.experiments.scenario.demands import DemandEntry
from corridor.experiments.scenario.scenario import ScenarioFile
from corridor.topologies.base.options import Option
from corridor.topologies.base.units import format_duration, format_rate, format_size
from corridor.topologies.base.words import confidence_word
from corridor.topologies.emulation.queues.registry import KINDS as DISCIPLINES
from corridor.topologies.model.topology import Fibre, Hub
from corridor.traffic.workloads.arrivals import KINDS as ARRIVALS
from corridor.traffic.workloads.sizes import KINDS as SIZES
from corridor.traffic.workloads.workload_registry import KINDS as WORKLOADS

BLOCK = re.compile(r"(?s)(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)")
WIDTH = 120
WRITTEN: Mapping[str, Callable[..., str]] = {
    "time": format_duration,
    "percent": fields.format_share,
    "size": format_size,
    "rate": format_rate,
}
"""How YAML writes a value of a unit."""
SHARES = set(get_args(fields.Share)[1:])
LINKS = {
    "topology": "see [topologies](topologies.md)",
    "seed": "see [random numbers](#what-is-random)",
    "policies": "see [policies](policies.md)",
    "interpret": "see [interpretations](policies.md#interpretations)",
    "service": "see [services](policies.md#services)",
    "disjoint": "see [below](#disjoint)",
    "aggregates": "see [below](#aggregates)",
    "objective": "see [traffic engineering](#traffic-engineering)",
    "workloads": "see [below](#workloads)",
    "timeline": "see [below](#timeline)",
    "faults": "see [below](#faults)",
    "cuts": "see [below](#cuts)",
    "computing": "see [below](#computing)",
    "network": "see [below](#network)",
    "background": "see [below](#background)",
    "probe": "see [below](#probe)",
    "controller": "see [below](#controller)",
    "line": "see [below](#line)",
    "queues": "see [below](#queues)",
}
"""Where a page says more of a key of a scenario."""
CORRIDOR_SETS = ("gba", "sa", "th", "pk")
OTHER_SETS = (
    *("ae", "bh", "eu", "id", "in", "kz", "la", "my", "om", "qa", "ru", "sg", "tr", "vn"),
)


class HasWords(Protocol):
    """A kind of a registry with its text."""

    @property
    def words(self) -> str: ...


class HasOptions(Protocol):
    """A kind of a registry with its parameters."""

    @property
    def options(self) -> Mapping[str, Option]: ...


def blocks() -> dict[str, Callable[[], list[str]]]:
    """What makes the lines of each block, by its name."""
    return {
        "scenario": lambda: _keys(ScenarioFile, LINKS),
        "network": lambda: _keys(options.NetworkOptions, LINKS),
        "queues": lambda: _keys(queues.QueuesOptions),
        "queue-class": lambda: _keys(queues.ClassOptions),
        "disciplines": lambda: _table("name how-frames-queue", _named(DISCIPLINES)),
        "line": lambda: _keys(lines.LineOptions),
        "background": lambda: _keys(options.BackgroundOptions),
        "probe": lambda: _keys(options.ProbeOptions),
        "arrivals": lambda: _table("name sends example", _named(ARRIVALS)),
        "arrival-parameters": lambda: _parameters("kind", ARRIVALS),
        "demands": lambda: _keys(DemandEntry, {"dst": "see [below](#any-of-several-hubs)"}),
        "disjoint": lambda: _keys(Disjoint),
        "aggregates": lambda: _keys(Aggregate),
        "event": lambda: _keys(kinds.TimedEvent),
        "events": _events,
        "event-parameters": lambda: _parameters("of", timeline.KINDS),
        "fault": lambda: _keys(kinds.TimedFault),
        "cuts": lambda: _keys(options.CutOptions),
        "computing": lambda: _keys(options.Computing),
        "computing-hub": lambda: _keys(options.ComputingHub),
        "computing-run": lambda: _keys(options.ComputingRun),
        "computing-leg": lambda: _keys(options.ComputingLeg),
        "controller": lambda: _keys(options.ControllerOptions),
        "throughput": lambda: _keys(options.ThroughputOptions),
        "workload": lambda: _keys(workloads.WorkloadKeys),
        "transport": lambda: _keys(workloads.Transport),
        "workloads": lambda: _table("kind what example", _named(WORKLOADS)),
        "workload-parameters": lambda: _parameters("kind", WORKLOADS),
        "sizes": lambda: _table("kind what example", _named(SIZES)),
        "size-parameters": lambda: _parameters("kind", SIZES),
        "selectors": lambda: _table("key applies-to selects", _selectors()),
        "cookie-reasons": lambda: _paired("reason entry", _texts_of(Reason)),
        "corridor-sets": lambda: [line for name in CORRIDOR_SETS for line in _policy_set(name)],
        "other-sets": lambda: [line for name in OTHER_SETS for line in _policy_set(name)],
        "cn-outbound": lambda: _policies("cn-outbound"),
    }


def rewritten(page: str) -> str:
    """A page with its blocks as they are generated; KeyError for a block without a generator."""
    made = blocks()
    return BLOCK.sub(lambda found: f"{found[1]}{_lines(made[found[2]]())}{found[4]}", page)


def _lines(generated: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in generated)


def _table(heads: str, rows: Iterable[tuple[str, ...]]) -> list[str]:
    titles = [head.replace("-", " ") for head in heads.split()]
    made = [f"| {' | '.join(row)} |" for row in (titles, *rows)]
    return [made[0], "|---" * len(titles) + "|", *made[1:]]


def _paired(heads: str, rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A table of two rows side by side."""
    every = list(rows)
    half = -(-len(every) // 2)
    right = [*every[half:], *[("",) * len(every[0])] * (2 * half - len(every))]
    pairs = [(*one, *other) for one, other in zip(every[:half], right, strict=True)]
    return _table(f"{heads} {heads}", pairs)


def _code(text: object) -> str:
    return f"`{text}`"


def _marked(text: str) -> str:
    """A docstring's text as Markdown."""
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


def _keys(model: type[BaseModel], links: Mapping[str, str] | None = None) -> list[str]:
    """A bullet for each key: its default as YAML writes it, and what it means."""
    made = []
    for key, field, text in _fields(model):
        link = (links or {}).get(key)
        said = f"{_marked(text).removesuffix('.')}{f'; {link}' if link else ''}"
        made += _bullet(f"- {_code(key)}{_default(field)}: {said}")
    return made


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, str]]:
    texts = dict(field_texts(model))
    for name, field in model.model_fields.items():
        yield field.alias or name, field, texts[name]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return " (required)"
    value = field.get_default(call_default_factory=True)
    if value is None or value in ("", (), {}) or isinstance(value, BaseModel):
        return ""
    if SHARES & {*field.metadata}:
        return f" (default {_code(fields.format_share(value))})"
    if isinstance(value, bool):
        return f" (default {_code(str(value).lower())})"
    if isinstance(value, tuple):
        return f" (default {_code(f'[{", ".join(value)}]')})"
    return f" (default {_code(_written(value, field))})"


def _written(value: object, field: FieldInfo) -> str:
    found = {getattr(one, "func", None) for one in field.metadata}
    write = next((write for write in WRITTEN.values() if write in found), _plain)
    return write(value)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _bullet(text: str) -> list[str]:
    """Wrapped to the width of a page, with links and code in one piece."""
    whole = re.sub(r"\[[^\]]*\]\([^)]*\)|`[^`]*`", lambda part: part[0].replace(" ", "\0"), text)
    wrapped = textwrap.wrap(
        whole, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\0", " ") for line in wrapped]


def _named(registry: Mapping[str, HasWords]) -> Iterator[tuple[str, ...]]:
    for name, kind in registry.items():
        example = getattr(kind, "example", None)
        yield (_code(name), kind.words, *([_code(example)] if example else []))


def _events() -> list[str]:
    return [
        line
        for kind in timeline.KINDS.values()
        for line in _bullet(f"- {_code(kind.key)} ({kind.of}): {kind.words}, {_code(kind.example)}")
    ]


def _parameters(of: str, registry: Mapping[str, HasOptions]) -> list[str]:
    """A row for each parameter of the kinds, once where several kinds share one."""
    found: dict[tuple[str, Option], list[str]] = {}
    for name, kind in registry.items():
        for key, option in kind.options.items():
            found.setdefault((key, option), []).append(_code(name))
    rows = (
        (_code(key), ", ".join(names), _unit(option), _stated(option), _bounded(option))
        for (key, option), names in found.items()
    )
    return _table(f"key {of} unit default meaning", rows)


def _unit(option: Option) -> str:
    return "" if option.unit in ("flag", "name", "count", "number") else option.unit


def _stated(option: Option) -> str:
    if option.required:
        return "required"
    if option.unit == "flag":
        return _code(str(bool(option.default)).lower())
    return "" if option.default is None else _code(_value(option, option.default))


def _value(option: Option, value: object) -> str:
    return "0s" if option.unit == "time" and not value else WRITTEN.get(option.unit, _plain)(value)


def _bounded(option: Option) -> str:
    whole = option.most is None or (option.unit == "percent" and option.most == 1)
    return option.words if whole else f"{option.words}; at most {_value(option, option.most)}"


def _selectors() -> Iterator[tuple[str, ...]]:
    of_kinds: dict[frozenset[type], str] = {frozenset({Hub}): "hubs", frozenset({Fibre}): "fibres"}
    known = Selector.keys()
    for key, _, text in _fields(Selector):
        yield (
            _code(key),
            of_kinds.get(known[key].of, "both") if key in known else "both",
            _marked(text),
        )


def _texts_of(enumeration: type[IntEnum]) -> Iterator[tuple[str, ...]]:
    texts = dict(attribute_texts(enumeration))
    for one in enumeration:
        yield str(one.value), _marked(texts[one.name]).removesuffix(".")


def _policies(name: str) -> list[str]:
    """A bullet for each policy of a shipped set: its effect, its basis, the rules that it cites."""
    return [
        line
        for policy in load_policies(name).policies
        for line in _bullet(f"- {_code(policy.id)} ({_basis(policy)}): {_cited(policy)}")
    ]


def _policy_set(name: str) -> list[str]:
    """A bullet for a shipped set, with all its policies."""
    policies = load_policies(name).policies
    words = [f"{policy.id} ({_basis(policy)}; {_cited(policy)})" for policy in policies]
    return _bullet(f"- {_code(name)}: {', '.join(words)}")


def _basis(policy: Policy) -> str:
    law = load_law()
    basis: list[str] = [policy.effect, confidence_word(policy_confidence(policy, law, law.as_of))]
    basis += [policy.kind] if policy.kind not in (None, "text") else []
    return "; ".join([*basis, *([] if policy.enabled else ["switched off"])])


def _cited(policy: Policy) -> str:
    return ", ".join(policy.legal_ref)


def main() -> None:
    """Write the blocks of all pages again."""
    for page in Path("docs").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        if (made := rewritten(text)) != text:
            page.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
