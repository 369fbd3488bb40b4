"""Collectives of training over several hubs: a round is over when every hub has what it needs, so
the slowest link decides.

What a hub sends next waits for what has arrived at that hub, as in a program that trains: a hub
that is late holds up the others by what it sends late, and by nothing else.

| `algorithm` | what is sent in a round |
|---|---|
| `ring` | all-reduce: 2 (n - 1) steps, in each every one of n hubs sends 1/n to the next |
| `star` | all to a parameter server, the hub that demands share, and back once it has all |
| `all` | all-gather: every hub sends what it has, 1/n, to every other |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from corridor.topologies.base.options import Option, Values
from corridor.traffic.workloads.arriving import AHEAD_NS, shares
from corridor.traffic.workloads.outbox import Outbox
from corridor.traffic.workloads.size_kind import DEADLINE, SIZE
from corridor.traffic.workloads.workload_kind import Along, Load, WorkloadKind

type Ends = tuple[tuple[str, str], ...]
"""Of demands, source and destination."""


class _Edge(NamedTuple):
    """A direction from one hub to another: a demand, or its answers."""

    along: Along
    back: bool

    @property
    def begins(self) -> str:
        return self.along.dst if self.back else self.along.src

    @property
    def ends(self) -> str:
        return self.along.src if self.back else self.along.dst


class _Sender:
    """Sends what belongs to one round over the connections of one window."""

    def __init__(self, load: Load, out: Outbox, window: int) -> None:
        begin_ns, end_ns = load.windows[window]
        self._out = out
        self._deadline_ns = load.deadline_ns
        self.begin_ns = begin_ns
        self._kept = {
            along.number: [
                out.connect(along.number, begin_ns - AHEAD_NS, end_ns)
                for _ in range(load.connections or 1)
            ]
            for along in load.demands
        }

    def send(
        self, edge: _Edge, written: float, round_: int, after: tuple[int, ...], wait_ns: int
    ) -> tuple[int, ...]:
        """The ids of what goes along an edge, over all of its connections."""
        kept = self._kept[edge.along.number]
        parts = shares(edge.along.octets(written), len(kept))
        return tuple(
            self._out.send(
                connection,
                part,
                round_,
                None if after else self.begin_ns,
                back=edge.back,
                after=after,
                wait_ns=wait_ns if after else 0,
                deadline_ns=self._deadline_ns,
            )
            for connection, part in zip(kept, parts, strict=False)
        )


def plan(load: Load, out: Outbox) -> None:
    """Number rounds of demands with ``apart`` separately: they are not one round."""
    send = ALGORITHMS[load.options["algorithm"]].plan
    groups = [(one,) for one in load.demands] if load.options["apart"] else [load.demands]
    first = 0
    for group in groups:
        of = replace(load, demands=group)
        for window in range(len(load.windows)):
            rounds = range(first, first + _rounds(load, window))
            send(of, _Sender(of, out, window), rounds)
            first = rounds.stop


def _rounds(load: Load, window: int) -> int:
    """As many as could be if the network took no time, unless it is stated."""
    if load.options["rounds"]:
        return int(load.options["rounds"])
    begin_ns, end_ns = load.windows[window]
    return -(-(end_ns - begin_ns) // max(1, load.compressed(load.options["compute"])))


def _ring(load: Load, sender: _Sender, rounds: range) -> None:
    """Each hub sends on what it has got a step before; the last that it gets ends its round."""
    edges = _cycle(load.demands)
    compute_ns = load.compressed(load.options["compute"])
    got: list[tuple[int, ...]] = [() for _ in edges]
    """By the hub where an edge begins: what came last from the hub before it."""
    for round_ in rounds:
        octets = load.options["size"].draw(load.numbers(edges[0].along, f"size {round_}"))
        for step in range(2 * (len(edges) - 1)):
            wait_ns = 0 if step else compute_ns
            sent = [
                sender.send(edge, octets / len(edges), round_, got[place], wait_ns)
                for place, edge in enumerate(edges)
            ]
            got = [sent[place - 1] for place in range(len(edges))]


def _star(load: Load, sender: _Sender, rounds: range) -> None:
    centre = _centre([(along.src, along.dst) for along in load.demands])
    compute_ns = load.compressed(load.options["compute"])
    got: dict[int, tuple[int, ...]] = {}
    for round_ in rounds:
        octets = load.options["size"].draw(load.numbers(load.demands[0], f"size {round_}"))
        there = [
            message
            for along in load.demands
            for message in sender.send(
                _Edge(along, back=along.src == centre),
                octets,
                round_,
                got.get(along.number, ()),
                compute_ns,
            )
        ]
        for along in load.demands:
            edge = _Edge(along, back=along.src != centre)
            got[along.number] = sender.send(edge, octets, round_, tuple(there), 0)


def _all(load: Load, sender: _Sender, rounds: range) -> None:
    hubs = {hub for along in load.demands for hub in (along.src, along.dst)}
    edges = [_Edge(along, back) for along in load.demands for back in (False, True)]
    compute_ns = load.compressed(load.options["compute"])
    got: dict[str, tuple[int, ...]] = {}
    for round_ in rounds:
        octets = load.options["size"].draw(load.numbers(load.demands[0], f"size {round_}"))
        arriving: dict[str, tuple[int, ...]] = {}
        for edge in edges:
            after = got.get(edge.begins, ())
            sent = sender.send(edge, octets / len(hubs), round_, after, compute_ns)
            arriving[edge.ends] = arriving.get(edge.ends, ()) + sent
        got = arriving


def _cycle(demands: Sequence[Along]) -> list[_Edge]:
    """The edges of the ring in order, from the source of the first demand on; there are two of one
    demand."""
    if len(demands) == 1:
        return [_Edge(demands[0], back=False), _Edge(demands[0], back=True)]
    found = [_Edge(demands[0], back=False)]
    left = list(demands[1:])
    while left:
        here = found[-1].ends
        following = next(one for one in left if here in (one.src, one.dst))
        left.remove(following)
        found.append(_Edge(following, back=following.src != here))
    return found


def _centre(ends: Sequence[tuple[str, str]]) -> str | None:
    """The hub that all share: of a single demand its destination."""
    shared = set[str].intersection(*(set(pair) for pair in ends))
    return next((hub for hub in reversed(ends[0]) if hub in shared), None)


def _no_ring(ends: Ends) -> str:
    if len(ends) == 1:
        return ""
    joined = Counter(hub for pair in ends for hub in pair)
    if any(count != 2 for count in joined.values()) or len(ends) == 2:
        odd = min(joined, key=lambda hub: (joined[hub] == 2, hub))
        return (
            f"its demands are not a ring: {odd} ends {joined[odd]} of them; a ring of three "
            "hubs or more has each at the ends of two, and one of two hubs is one demand"
        )
    reached, waiting = set[str](), [ends[0][0]]
    while waiting:
        here = waiting.pop()
        reached.add(here)
        waiting += [hub for pair in ends if here in pair for hub in pair if hub not in reached]
    return "" if len(reached) == len(joined) else "its demands are several rings: make each its own"


def _no_star(ends: Ends) -> str:
    if _centre(ends) is None:
        return "its demands share no hub, which a star needs: the server is there"
    return _doubled(ends)


def _not_all(ends: Ends) -> str:
    hubs = sorted({hub for pair in ends for hub in pair})
    joined = {frozenset(pair) for pair in ends}
    for place, hub in enumerate(hubs):
        for other in hubs[place + 1 :]:
            if frozenset((hub, other)) not in joined:
                return f"all send to all, and no demand of it joins {hub} and {other}"
    return _doubled(ends)


def _doubled(ends: Ends) -> str:
    pairs = Counter(frozenset(pair) for pair in ends)
    twice = next((sorted(pair) for pair, count in pairs.items() if count > 1), None)
    return f"two of its demands join {' and '.join(twice)}: leave one out" if twice else ""


class Algorithm(NamedTuple):
    """How hubs exchange what they have."""

    plan: Callable[[Load, _Sender, range], None]
    misfit: Callable[[Ends], str]


ALGORITHMS: Mapping[str, Algorithm] = {
    "ring": Algorithm(_ring, _no_ring),
    "star": Algorithm(_star, _no_star),
    "all": Algorithm(_all, _not_all),
}


def problem(options: Values) -> str:
    if options["algorithm"] not in ALGORITHMS:
        return f'algorithm "{options["algorithm"]}" is not one of {", ".join(ALGORITHMS)}'
    if not options["compute"] and not options["rounds"]:
        return "give compute, the time between rounds, or rounds, how many there are"
    return ""


def misfit(options: Values, ends: Ends) -> str:
    return "" if options["apart"] else ALGORITHMS[options["algorithm"]].misfit(ends)


def mean_bps(_options: Values) -> float:
    """How long a round takes, and so how many there are, follows from the network."""
    return 0.0


KIND = WorkloadKind(
    key="collective",
    words="rounds over several hubs: the slowest link decides",
    example="{size: 140GB, compute: 18s, compress: 100}",
    options={
        "size": SIZE,
        "algorithm": Option("name", "`ring`, `star` or `all`", "ring"),
        "apart": Option("flag", "the two hubs of each demand train separately", False),
        "compute": Option("time", "computing time of a hub before its next round", 0),
        "rounds": Option("count", "number of rounds; as many as fit if not given", above=0),
        "deadline": DEADLINE,
    },
    plan=plan,
    joint=True,
    mean_bps=mean_bps,
    problem=problem,
    misfit=misfit,
)
