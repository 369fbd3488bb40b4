"""One switch's entries as packets meet them, and what is left of packets while entries take theirs.

What was cut is kept as a tree, so that an entry is held against those pieces only that it may cut:
of a thousand entries that differ in one field, each meets the one piece with its value. Pieces are
cut, and stand in the order, as if each entry were held against every piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from corridor.controller.forwarding.program import Action, Bucket, Flow, SwitchProgram, Value
from corridor.controller.prover.search.headers import (
    FEW,
    NO_LABEL_NAMED,
    Box,
    Condition,
    Packet,
    Sieve,
    in_order,
    is_exact,
)
from corridor.topologies.model.wiring import is_host_port

DEEPEST = 100
"""Pieces further down are kept in a row: a tree must not outgrow the stack."""


@dataclass(slots=True)
class _Row:
    """Pieces that are all looked at each time."""

    packets: list[Packet]


@dataclass(slots=True)
class _Fork:
    """Pieces by what a field holds."""

    name: str
    packet: Packet
    """What was cut."""
    by_value: dict[Value, _Piece | None] = field(default_factory=dict)
    others: _Piece | None = None
    """With no value that was asked for, once anything else was asked of them."""
    whole: bool = True
    """Nothing else was asked of them, so that they need not be spelt out."""

    def spelt_out(self) -> Packet:
        sent = self.packet.sent
        asked = frozenset((self.name, value) for value in self.by_value)
        return self.packet.of(Box(sent.equal, sent.unequal | asked))


type _Piece = Packet | _Row | _Fork


class Rest:
    """The packets that no entry has taken yet."""

    def __init__(self, packet: Packet) -> None:
        self._root: _Piece | None = packet
        self._conditions: tuple[Condition, ...] = ()
        self._certain = True
        self._taken: list[Packet] = []

    @property
    def is_empty(self) -> bool:
        return self._root is None

    def __iter__(self) -> Iterator[Packet]:
        return _pieces(self._root)

    def take(self, rule: Rule) -> list[Packet]:
        """The packets that a rule takes, in order."""
        self._conditions, self._certain, self._taken = rule.conditions, rule.certain, []
        self._root = self._held(self._root, 0)
        return self._taken

    def _held(self, piece: _Piece | None, depth: int) -> _Piece | None:
        """What a rule leaves of a piece."""
        if piece is None:
            return None
        if type(piece) is _Fork:
            return self._along(piece, depth)
        if type(piece) is _Row:
            left: list[Packet] = []
            for packet in piece.packets:
                self._cut_flat(packet, left)
            return _Row(left) if left else None
        assert isinstance(piece, Packet)
        return self._cut(piece, 0, depth)

    def _along(self, fork: _Fork, depth: int) -> _Piece | None:
        for position, (name, value) in enumerate(self._conditions):
            if name == fork.name:
                self._into(fork, value, position, depth)
                break
            held = fork.packet.value(name)
            if held is None:
                self._through(fork, depth)
                break
            if held != value:
                return fork
        else:
            self._through(fork, depth)
        is_taken = not fork.whole and fork.others is None and not any(fork.by_value.values())
        return None if is_taken else fork

    def _into(self, fork: _Fork, value: Value, position: int, depth: int) -> None:
        """Only the pieces that may hold a value."""
        if value in fork.by_value:
            fork.by_value[value] = self._held(fork.by_value[value], depth + 1)
        elif fork.whole:
            here, _ = fork.packet.cut(fork.name, value)
            if here is not None:
                fork.by_value[value] = self._cut(here, position + 1, depth + 1)
        else:
            fork.others = self._held(fork.others, depth + 1)

    def _through(self, fork: _Fork, depth: int) -> None:
        """All pieces, in order."""
        if fork.whole:
            fork.others, fork.whole = fork.spelt_out(), False
        fork.others = self._held(fork.others, depth + 1)
        for value in reversed(fork.by_value):
            fork.by_value[value] = self._held(fork.by_value[value], depth + 1)

    def _cut(self, packet: Packet, position: int, depth: int) -> _Piece | None:
        """What the conditions from a position on leave of a packet that meets those before."""
        for at in range(position, len(self._conditions)):
            name, value = self._conditions[at]
            here, left = packet.cut(name, value)
            if here is None:
                return packet
            if left is not None:
                return self._split(packet, here, left, at, depth)
            packet = here
        self._taken.append(packet)
        return None if self._certain else packet

    def _split(
        self, packet: Packet, here: Packet, left: Packet, at: int, depth: int
    ) -> _Piece | None:
        name, value = self._conditions[at]
        if left is packet or depth > DEEPEST:
            row = [left]
            self._cut_flat(here, row)
            return _Row(row)
        return _Fork(name, packet, {value: self._cut(here, at + 1, depth + 1)})

    def _cut_flat(self, packet: Packet, left: list[Packet]) -> None:
        """The same, with what is left in a row."""
        hit = cut(packet, self._conditions, self._certain, left)
        if hit is not None:
            self._taken.append(hit)


def cut(
    packet: Packet, conditions: tuple[Condition, ...], certain: bool, left: list[Packet]
) -> Packet | None:
    """The packets that an entry takes; those it leaves go to ``left``."""
    hit: Packet | None = packet
    for name, value in conditions:
        assert hit is not None
        hit, others = hit.cut(name, value)
        if others is not None:
            left.append(others)
        if hit is None:
            return None
    if hit is not None and not certain:
        left.append(hit)
    return hit


def _pieces(piece: _Piece | None) -> Iterator[Packet]:
    if piece is None:
        return
    if type(piece) is _Fork:
        if piece.whole:
            yield piece.spelt_out()
        else:
            yield from _pieces(piece.others)
        for value in reversed(piece.by_value):
            yield from _pieces(piece.by_value[value])
    elif type(piece) is _Row:
        yield from piece.packets
    else:
        assert isinstance(piece, Packet)
        yield piece


type Key = tuple[int, Value | None, Value | None]
"""Table, and the port and the label that an entry matches; None where it matches any."""


class Rule(NamedTuple):
    """An entry as a packet meets it. ``certain`` is False if part of its match has no meaning here:
    then it may also let pass what the rest of its match fits."""

    flow: Flow
    conditions: tuple[Condition, ...]
    certain: bool
    key: Key


type _Slot = dict[Value | None, tuple[Rule, ...]]
"""Rules of one table and port, by label."""


def rule_of(flow: Flow) -> Rule:
    exact = {name: value for name, value in flow.match if is_exact(name, value)}
    certain = len(exact) == len(flow.match)
    key = (flow.table, exact.pop("in_port", None), exact.get("mpls_label"))
    return Rule(flow, in_order(exact.items()), certain, key)


class Lookup:
    """Entries by table, port and label, in the order a packet meets them."""

    def __init__(self, switch: SwitchProgram) -> None:
        self.groups = {group.id: group for group in switch.groups}
        self.meters = {meter.id: meter for meter in switch.meters}
        self._rules: dict[tuple[int, Value | None], _Slot] = {}
        self._of_port: dict[tuple[int, Value | None], tuple[_Slot, ...]] = {}
        self._met: dict[Key, tuple[Rule, ...]] = {}
        self._sending_back: dict[int, tuple[Bucket, ...]] = {}
        self._sieves: dict[int, tuple[tuple[Rule, ...], Sieve[Rule]]] = {}
        """By the id of rules that are many, which they hold on to."""
        self._add(map(rule_of, switch.flows))

    @cached_property
    def relays(self) -> frozenset[Value | None]:
        """Ports, None for any, whose packets may come to a table by another label than they came
        in by. Those of hosts are not counted."""
        return frozenset(
            rule.key[1]
            for rule in self.every()
            if rule.flow.goto is not None and not is_host_port(rule.key[1]) and _relabels(rule.flow)
        )

    def _add(self, rules: Iterable[Rule]) -> None:
        by_key: dict[Key, list[Rule]] = {}
        for rule in rules:
            by_key.setdefault(rule.key, []).append(rule)
        for (table, port, label), more in by_key.items():
            by_label = self._rules.setdefault((table, port), {})
            by_label[label] = (*by_label.get(label, ()), *more)

    def changed(
        self, switch: SwitchProgram, removed: Sequence[Flow], added: Sequence[Flow]
    ) -> Lookup:
        """The entries of ``switch``, which differ from these only by those named."""
        after = Lookup(replace(switch, flows=()))
        after._rules = {**self._rules}
        if not self.relays and not any(map(_relabels, added)):
            after.relays = self.relays
        if after.groups == self.groups:
            after._sending_back = self._sending_back
        gone, new = [rule_of(flow) for flow in removed], [rule_of(flow) for flow in added]
        for slot in {rule.key[:2] for rule in (*gone, *new)}:
            after._rules[slot] = {**after._rules.get(slot, {})}
        for rule in gone:
            table, port, label = rule.key
            by_label = after._rules[table, port]
            rules = by_label[label]
            at = next(at for at, one in enumerate(rules) if one.flow is rule.flow)
            by_label[label] = rules[:at] + rules[at + 1 :]
            if not by_label[label]:
                del by_label[label]
        after._add(new)
        if "overlaps" in self.__dict__:
            stale = {*map(id, removed)}
            kept = (pair for pair in self.overlaps if stale.isdisjoint(map(id, pair)))
            after.overlaps = (*kept, *after._overlapping(new))
        touched = {rule.key for rule in (*gone, *new)}
        if all(None not in key for key in touched):
            after._met = self._met.copy()
            for table, port, label in touched:
                after._met.pop((table, port, label), None)
                after._met.pop((table, port, None), None)
        return after

    def rules(self, table: int, port: Value, label: Value | None) -> tuple[Rule, ...]:
        """Entries that a packet from ``port`` may meet; ``label`` None stands for any or none."""
        met = self._met.get((table, port, label))
        if met is not None:
            return met
        slots = self._slots(table, port)
        if label is None:
            return self._kept((table, port, None), slots, _precedence)
        for by_label in slots:
            if label in by_label:
                return self._kept((table, port, label), slots, _priority)
        key = (table, port, NO_LABEL_NAMED)
        met = self._met.get(key)
        return self._kept(key, slots, _priority) if met is None else met

    def _slots(self, table: int, port: Value) -> tuple[_Slot, ...]:
        known = self._of_port.get((table, port))
        if known is None:
            slots = (self._rules.get((table, port)), self._rules.get((table, None)))
            known = tuple(slot for slot in slots if slot is not None)
            self._of_port[table, port] = known
        return known

    def _kept(
        self, key: Key, slots: tuple[_Slot, ...], order: Callable[[Rule], Any]
    ) -> tuple[Rule, ...]:
        """What packets of a key meet, in that order."""
        label = key[2]
        found: list[Rule] = []
        for by_label in slots:
            for one in by_label if label is None else (label, None):
                found += by_label.get(one, ())
        if len(found) > 1:
            found.sort(key=order)
        met = self._met[key] = tuple(found)
        return met

    def rules_for(self, table: int, port: Value, packet: Packet) -> Sequence[Rule]:
        """As ``rules``; of many only those that may cut a packet."""
        rules = self.rules(table, port, packet.label)
        if len(rules) <= FEW:
            return rules
        return self._sieve(rules).cutting(packet.value)

    def _sieve(self, rules: tuple[Rule, ...]) -> Sieve[Rule]:
        known = self._sieves.get(id(rules))
        if known is None:
            sieve = Sieve((rule.conditions, rule) for rule in rules)
            known = self._sieves[id(rules)] = (rules, sieve)
        return known[1]

    def labels(self, port: int) -> set[int]:
        """Labels that entries name for packets from ``port``."""
        named: set[Value | None] = set()
        for (_, in_port), by_label in self._rules.items():
            if in_port is None or in_port == port:
                named |= by_label.keys()
        return {label for label in named if isinstance(label, int)}

    def names(self, port: int, label: int) -> bool:
        """Whether some entry names a label for packets from a port."""
        return any(
            label in by_label
            for (_, in_port), by_label in self._rules.items()
            if in_port is None or in_port == port
        )

    @cached_property
    def overlaps(self) -> tuple[tuple[Flow, Flow], ...]:
        """Pairs of one table and priority that one packet could meet."""
        return tuple(self._overlapping(self.every()))

    def _overlapping(self, rules: Iterable[Rule]) -> Iterator[tuple[Flow, Flow]]:
        """Such pairs of one of these rules and any other."""
        seen: set[frozenset[int]] = set()
        for rule in rules:
            wanted = dict(rule.conditions)
            for other in self._beside(rule, wanted):
                if other.flow is rule.flow or other.flow.priority != rule.flow.priority:
                    continue
                pair = frozenset((id(rule.flow), id(other.flow)))
                if pair not in seen and all(
                    wanted.get(name, value) == value for name, value in other.conditions
                ):
                    seen.add(pair)
                    yield rule.flow, other.flow

    def sending_back(self, number: int) -> tuple[Bucket, ...]:
        """Buckets of a group, and of those it leads to, that send packets back to where they came
        from."""
        if number not in self._sending_back:
            found: list[Bucket] = []
            waiting, seen = [number], {number}
            while waiting:
                group = self.groups.get(waiting.pop())
                for bucket in group.buckets if group else ():
                    if sends_back(bucket.actions):
                        found.append(bucket)
                    more = {*uses(bucket.actions, "group")} - seen
                    seen |= more
                    waiting += more
            self._sending_back[number] = tuple(found)
        return self._sending_back[number]

    def every(self) -> Iterator[Rule]:
        for by_label in self._rules.values():
            for rules in by_label.values():
                yield from rules

    def _beside(self, rule: Rule, wanted: dict[str, Value]) -> Iterator[Rule]:
        """Rules of its table that the port and the label do not distinguish from it; of many only
        those that nothing distinguishes from it."""
        table, port, label = rule.key
        if port is None:
            slots = [slot for slot in self._rules if slot[0] == table]
        else:
            slots = [slot for slot in ((table, port), (table, None)) if slot in self._rules]
        for slot in slots:
            by_label = self._rules[slot]
            for one in by_label if label is None else (label, None):
                rules = by_label.get(one, ())
                yield from rules if len(rules) <= FEW else self._sieve(rules).fitting(wanted.get)


def _priority(rule: Rule) -> int:
    return -rule.flow.priority


def _precedence(rule: Rule) -> tuple[int, str]:
    """Of equal priority in one order always, so that headers are cut alike."""
    return (-rule.flow.priority, repr((rule.flow.match, rule.flow.actions)))


def uses(actions: Iterable[Action], kind: str) -> list[int]:
    """The ports or groups that actions of a kind name."""
    return [
        int(action.arguments[0])
        for action in actions
        if action.kind == kind and action.arguments and isinstance(action.arguments[0], int)
    ]


def sends_back(actions: Iterable[Action]) -> bool:
    return any(action.kind == "in_port" for action in actions)


def _relabels(flow: Flow) -> bool:
    return any(
        action.kind in ("push_label", "pop_label") or action.arguments[:1] == ("mpls_label",)
        for action in flow.actions
    )
