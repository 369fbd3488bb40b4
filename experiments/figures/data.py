"""What the figures show, as values: groups of demands and their round trips.

A group is the demands between two jurisdictions, whichever way they go, or those
within one. Demands within one jurisdiction between its coast and its west are a
group of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.account_of_run import ACCOUNT_FILE
from corridor.experiments.account.flows import SERIES_FILE, Track, read_series
from corridor.experiments.account.probes import PROBE_PHASE
from corridor.experiments.account.run_files import Manifest, PlanHead, read_manifest, read_plan_head
from corridor.experiments.account.summary import REPORT_AGAIN, AccountFile, DemandSummary, Summary
from corridor.experiments.atlas import event_data
from corridor.experiments.results.messages import (
    MESSAGES_FILE,
    MessageRow,
    Round,
    read_messages,
    rounds_of,
)
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import read_document
from corridor.topologies.base.documents import read_document as read_yaml
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import short_name
from corridor.topologies.model.catalogue import load_jurisdictions
from corridor.topologies.model.wiring import Shape
from corridor.traffic.agents.jobs import clock_in_words
from corridor.traffic.measures import samples
from corridor.traffic.measures.samples import Probes

if TYPE_CHECKING:
    from corridor.experiments.answers.capacity_document import CapacityAnswer
    from corridor.experiments.answers.document import Answers


MAX_GROUPS = 6
Place = tuple[str, str]
"""Jurisdiction and role of a hub; the role is empty where it is not known."""


@dataclass(frozen=True)
class Group:
    """Demands by their position in the summary, in ascending order of predicted RTT."""

    name: str
    members: tuple[int, ...]


def read_places(out_dir: Path) -> dict[str, Place]:
    """Hub id to its place, from ``scenario.yaml``; empty if that cannot be read."""
    try:
        hubs = read_yaml(out_dir / "scenario.yaml").value("topology", "hubs")
    except InputError:
        return {}
    found = dict[str, Place]()
    for hub in hubs if isinstance(hubs, list) else ():
        match hub:
            case {"id": str(name), "located_in": str(country), "role": str(role)}:
                found[name] = country, role
            case _:
                return {}
    return found


def group_demands(demands: Sequence[DemandSummary], places: Mapping[str, Place]) -> list[Group]:
    """At most ``MAX_GROUPS``, fastest first; the smallest are put together at the end."""
    names = [_group_name(demand, places) for demand in demands]
    sizes = Counter(name for name, _ in names)
    kept = set(sizes)
    if len(kept) > MAX_GROUPS:
        kept = {name for name, _ in sizes.most_common(MAX_GROUPS - 1)}
    members: dict[str, list[int]] = {}
    for position, (name, _) in enumerate(names):
        if name in kept:
            members.setdefault(name, []).append(position)
    groups = [_group(name, found, demands) for name, found in members.items()]
    groups.sort(key=lambda group: _median_predicted_ms(group, demands))
    rest = [position for position, (name, _) in enumerate(names) if name not in kept]
    if rest:
        abroad = all(names[position][1] for position in rest)
        groups.append(_group("other cross-border" if abroad else "other", rest, demands))
    return groups


def _group(name: str, members: Sequence[int], demands: Sequence[DemandSummary]) -> Group:
    order = sorted(members, key=lambda position: predicted_ms(demands[position]))
    return Group(name, tuple(order))


def _median_predicted_ms(group: Group, demands: Sequence[DemandSummary]) -> float:
    middle = group.members[len(group.members) // 2]
    return float(predicted_ms(demands[middle]))


def _group_name(demand: DemandSummary, places: Mapping[str, Place]) -> tuple[str, bool]:
    """The group of one demand, and whether it crosses a border."""
    src = places.get(demand.src, (demand.crosses[0], ""))
    dst = places.get(demand.dst, (demand.crosses[-1], ""))
    names = [country(code) for code in sorted({src[0], dst[0]})]
    if len(names) == 2:
        return "–".join(names), True
    if {src[1], dst[1]} == {"coastal", "western"}:
        return f"{names[0]} coast–west", False
    return f"within {names[0]}", False


def country(code: str) -> str:
    """``CN`` as China."""
    return short_name(load_jurisdictions().name(code))


def read_rtt_ms(out_dir: Path, demands: int) -> list[Floats]:
    """Sorted RTTs of each demand's first replies in milliseconds; empty where there are none."""
    try:
        probes, _ = samples.read_parquet(out_dir / "probes.parquet")
    except (FileNotFoundError, InputError):
        return [np.empty(0)] * demands
    answered = probes.received & probes.is_first & ~probes.send_failed
    first = probes.where(answered & (probes.phase == PROBE_PHASE))
    rtt_ms = first.rtt_ns / 1e6
    order = np.lexsort((rtt_ms, first.demand))
    edges = np.searchsorted(first.demand[order], np.arange(demands + 1))
    return [rtt_ms[order[start:end]] for start, end in pairwise(edges)]


def expecting_answers(summary: Summary, rtt_ms: list[Floats]) -> tuple[Summary, list[Floats]]:
    """A summary and its RTTs without the demands that policies or missing fibres block."""
    kept = [at for at, demand in enumerate(summary.demands) if demand.predicted_rtt_ms is not None]
    narrowed = replace(summary, demands=tuple(summary.demands[at] for at in kept))
    return narrowed, [rtt_ms[at] for at in kept]


def answered(demand: DemandSummary) -> bool:
    """Whether any probe of a demand came back; its RTTs are null or missing otherwise."""
    return demand.rtt_ms is not None and demand.rtt_ms.min is not None


def predicted_ms(demand: DemandSummary) -> float:
    """The round trip of a demand that expects answers."""
    assert demand.predicted_rtt_ms is not None
    return demand.predicted_rtt_ms


def ecdf(values: Floats, most: int = 2000) -> tuple[Floats, Floats]:
    """Steps of the empirical distribution of sorted values, at most ``most`` of them."""
    count = len(values)
    ranks = np.unique(np.ceil(np.linspace(1, count, min(count, most))).astype(int))
    return values[np.r_[0, ranks - 1]], np.r_[0, ranks] / count


def caption(summary: Summary, shown: str) -> str:
    """What is shown, then where it comes from: scenario, testbed, clock, seed."""
    parts = [shown, f"scenario {summary.scenario}", f"{summary.testbed} testbed"]
    parts += [clock_in_words(summary.clock), f"seed {summary.seed}"]
    if not summary.complete:
        parts.append("run not complete")
    return " · ".join(parts)


def without_reply(summary: Summary) -> str:
    """``, 2 without reply``, or nothing where all demands were answered."""
    silent = sum(1 for demand in summary.demands if not answered(demand))
    return f", {silent:,} without reply" if silent else ""


# A result folder as figures read it: each part when the first of them asks for it, and once.

CAPACITY_FILE = "capacity.json"
"""``CAPACITY_FILE`` of answers, without all that they are computed by."""


def made_by(out_dir: Path) -> str:
    """What each figure carries: version, scenario, seed; of old results, what is known."""
    try:
        of = read_manifest(out_dir) or Manifest()
    except InputError:
        of = Manifest()
    scenario = f"scenario {of.scenario}" if of.scenario else ""
    seed = "" if of.seed is None else f"seed {of.seed}"
    return ", ".join(filter(None, (of.version, scenario, seed)))


@dataclass(frozen=True)
class RunData:
    out_dir: Path
    summary: Summary

    @cached_property
    def made_by(self) -> str:
        return made_by(self.out_dir)

    @cached_property
    def answers(self) -> Answers | None:
        from corridor.experiments.text.run_verdict import read_answers

        return read_answers(self.out_dir)

    @cached_property
    def capacity(self) -> CapacityAnswer | None:
        """None where no rates are promised, or it cannot be read."""
        if not (self.out_dir / CAPACITY_FILE).exists():
            return None
        from corridor.experiments.answers.capacity_document import read_capacity

        return read_capacity(self.out_dir)

    @cached_property
    def places(self) -> Mapping[str, Place]:
        return read_places(self.out_dir)

    @cached_property
    def expected(self) -> tuple[Summary, list[NDArray[np.float64]]]:
        """Without demands that no answer is expected of; and their round trips."""
        every_rtt_ms = read_rtt_ms(self.out_dir, len(self.summary.demands))
        return expecting_answers(self.summary, every_rtt_ms)

    @cached_property
    def groups(self) -> list[Group]:
        """Of the demands that are ``expected``."""
        return group_demands(self.expected[0].demands, self.places)

    @cached_property
    def tracks(self) -> list[Track]:
        """Of streams and transfers; empty where there are none."""
        try:
            return read_series(self.out_dir / SERIES_FILE)
        except (FileNotFoundError, InputError):
            return []

    @cached_property
    def account(self) -> AccountFile | None:
        """None where no one counted, or it cannot be read."""
        file = self.out_dir / ACCOUNT_FILE
        try:
            return read_document(AccountFile, read_json(file, RESULT), str(file), REPORT_AGAIN)
        except InputError:
            return None

    @cached_property
    def plan(self) -> PlanHead | None:
        """None where it cannot be read."""
        try:
            return read_plan_head(self.out_dir)
        except InputError:
            return None

    @property
    def shapes(self) -> Mapping[tuple[str, str], Shape]:
        """How each fibre treats what enters it at a hub; empty where the plan cannot be read."""
        return self.plan.shapes if self.plan else {}

    @property
    def has_bfd(self) -> bool:
        return bool(self.plan and self.plan.bfd_interval_ms)

    @property
    def start_ns(self) -> int:
        """When probing starts, after the epoch; 0 where the plan cannot be read."""
        return self.plan.start_ns if self.plan else 0

    @cached_property
    def messages(self) -> Sequence[MessageRow]:
        """Of workloads; empty where there are none, or they cannot be read."""
        try:
            return list(read_messages(self.out_dir / MESSAGES_FILE))
        except InputError:
            return []

    @cached_property
    def rounds(self) -> Sequence[Round]:
        return rounds_of(self.messages)

    @cached_property
    def probes(self) -> Probes:
        """Each once; the times at which they were to be sent are from the start of probing. None
        where they or the plan cannot be read."""
        probes = event_data.read_probes(self.out_dir, self.start_ns)
        return probes if self.plan is not None else probes.where(np.zeros(len(probes), np.bool_))
