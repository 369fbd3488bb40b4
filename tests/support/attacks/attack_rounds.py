"""Attacks as a guest plays them, and what they came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import attack_gateway
import attacks_by_address
import attacks_by_control
import attacks_by_demand
import attacks_by_label
import attacks_by_shape
from attack_gateway import GROUP as BAD_GATEWAY
from attack_gateway import HUB as BAD_GATEWAY_HUB
from attack_shots import Attack
from attack_verdicts import Seen, Verdicts
from attack_world import HONEST_PORT, SERVED, Mesh
from corridor.controller.forwarding.program import Reason


@dataclass(frozen=True)
class Round:
    """An attack, and the breakage during the attack."""

    attack: Attack
    breakage: Mapping[str, Any] = field(default_factory=dict)

    def to_plain(self, mesh: Mesh) -> dict[str, Any]:
        rogue = BAD_GATEWAY_HUB if self.attack.group == BAD_GATEWAY else ""
        assessed = {plan["demand"] for plan in mesh.labels.get(rogue, {}).values()}
        return {
            "shots": [[one.hub, one.door, one.frame.hex()] for one in self.attack.shots],
            "breakage": self.breakage,
            "rogue": rogue,
            "spared": [demand for demand in SERVED if demand not in assessed],
        }


BY = (
    attacks_by_address,
    attacks_by_label,
    attacks_by_demand,
    attacks_by_control,
    attacks_by_shape,
    attack_gateway,
)


def every_attack(mesh: Mesh) -> list[Attack]:
    return [attack for one in BY for attack in one.kind.attacks(mesh)]


def given(mesh: Mesh, rounds: Iterable[Round]) -> dict[str, Any]:
    """Return the input of a guest."""
    return {
        **mesh.to_plain(),
        "honest_port": HONEST_PORT,
        "rounds": [one.to_plain(mesh) for one in rounds],
    }


def rows(verdicts: Verdicts, played: Sequence[tuple[Attack, Seen]]) -> Iterator[str]:
    """By group: frames, crossings on the demand's path and elsewhere, and their outcomes."""
    for group, some in groupby(played, key=lambda one: one[0].group):
        members = list(some)
        frames = sum(len(attack.shots) for attack, _ in members)
        own, elsewhere = map(sum, zip(*(verdicts.crossed(*one) for one in members), strict=True))
        fates = dict.fromkeys(fate for attack, _ in members for fate in _fates(attack))
        kinds = len(members)
        yield f"| {group} | {kinds} | {frames} | {'; '.join(fates)} | {own} | {elsewhere} |"


def _fates(attack: Attack) -> Iterator[str]:
    for one in attack.shots:
        if isinstance(one.fate, Reason):
            yield f"`{one.fate.name.removeprefix('DROP_')}`"
        else:
            yield one.fate.value
