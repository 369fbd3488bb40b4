"""A result folder as figures read it: each part when the first of them asks for it, and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from corridor.experiments.account.account_of_run import ACCOUNT_FILE
from corridor.experiments.account.run_files import Manifest, PlanHead, read_manifest, read_plan_head
from corridor.experiments.account.summary import REPORT_AGAIN, AccountFile, Summary
from corridor.experiments.account.tracks import SERIES_FILE, Track, read_series
from corridor.experiments.atlas import event_data
from corridor.experiments.figures import data
from corridor.experiments.figures.data import Group
from corridor.experiments.results.messages import (
    MESSAGES_FILE,
    MessageRow,
    Round,
    read_messages,
    rounds_of,
)
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import read_document
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.wiring import Shape
from corridor.traffic.measures.samples import Probes

if TYPE_CHECKING:
    from corridor.experiments.answers.capacity_answer import CapacityAnswer
    from corridor.experiments.answers.document import Answers

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
        from corridor.experiments.answers.capacity_answer import read_capacity

        return read_capacity(self.out_dir)

    @cached_property
    def places(self) -> Mapping[str, data.Place]:
        return data.read_places(self.out_dir)

    @cached_property
    def expected(self) -> tuple[Summary, list[NDArray[np.float64]]]:
        """Without demands that no answer is expected of; and their round trips."""
        every_rtt_ms = data.read_rtt_ms(self.out_dir, len(self.summary.demands))
        return data.expecting_answers(self.summary, every_rtt_ms)

    @cached_property
    def groups(self) -> list[Group]:
        """Of the demands that are ``expected``."""
        return data.group_demands(self.expected[0].demands, self.places)

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
