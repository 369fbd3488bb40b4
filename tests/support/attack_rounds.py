"""Attacks as a guest plays them, and what they came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from attack_gateway import GROUP as BAD_GATEWAY
from attack_gateway import HUB as BAD_GATEWAY_HUB
from attack_gateway import gateway_attacks
from attack_kinds import Attack, attacks
from attack_verdicts import Seen, Verdicts
from attack_world import HONEST_PORT, SERVED, World

from controller.program import Reason


@dataclass(frozen=True)
class Round:
    """An attack, and what is broken meanwhile."""

    attack: Attack
    breakage: Mapping[str, Any] = field(default_factory=dict)

    def to_plain(self, world: World) -> dict[str, Any]:
        rogue = BAD_GATEWAY_HUB if self.attack.group == BAD_GATEWAY else ""
        assessed = {plan["demand"] for plan in world.labels.get(rogue, {}).values()}
        return {
            "shots": [[one.hub, one.door, one.frame.hex()] for one in self.attack.shots],
            "breakage": self.breakage,
            "rogue": rogue,
            "spared": [demand for demand in SERVED if demand not in assessed],
        }


def every_attack(world: World) -> list[Attack]:
    return [*attacks(world), *gateway_attacks(world)]


def given(world: World, rounds: Iterable[Round]) -> dict[str, Any]:
    """What a guest is told."""
    return {
        **world.to_plain(),
        "honest_port": HONEST_PORT,
        "rounds": [one.to_plain(world) for one in rounds],
    }


def rows(verdicts: Verdicts, played: Sequence[tuple[Attack, Seen]]) -> Iterator[str]:
    """By group: frames, crossings on a demand's own way and elsewhere, and what became of them."""
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
