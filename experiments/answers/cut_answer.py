"""One question: what would become of each demand if these were cut? Pure.

Nothing is emulated: tables are followed as compiled, and paths are planned again as the controller
would. Times are round trips of fibres and terminals; how long demands are out is for a run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from corridor.controller.explain.explanation import Outage, outage_under
from corridor.controller.explain.path_summary import Reference, passage_of_graph
from corridor.controller.forwarding.compiler import GraphsOnDemand
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.intent.anycast import settle
from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.semantics import Failures
from corridor.experiments.answers.internet_cut import (
    SEGMENT,
    SYSTEM,
    InternetCut,
    figures_of,
    internet_cut,
)
from corridor.experiments.answers.map_document import (
    MapDocument,
    PathDocument,
    map_document,
    path_document,
)
from corridor.experiments.answers.names import Names, names_of
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario, whole_map
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.codec import OMIT_NONE, Document, JsonObject, read_document, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.whole_file import write_text
from corridor.topologies.model.catalogue import nearest_named
from corridor.topologies.model.footprint import GROUP, Footprint, struck
from corridor.topologies.model.topology import Topology
from corridor.traffic.background.internet import COARSE

# Which hub would serve a demand that may go to any of several, were it planned again. Pure.
#
# Packets carry the address of the hub that was chosen, so a network that runs keeps it. What is
# told
# here is what a scenario comes to that is planned with the failures known.


@dataclass(frozen=True)
class OtherHub:
    """One demand that another hub would serve."""

    demand: str
    serves: str
    chosen: str
    """The nearest lawful one that is left."""
    why: str


def other_hubs(loaded: LoadedScenario, failures: Failures) -> Iterator[OtherHub]:
    """Those that some other hub would serve without what has failed."""
    for one in loaded.scenario.demands:
        if one.sought is None or one.src in failures.hubs:
            continue
        asked = one.ruled(loaded.scenario.service).model_copy(update={"dst": one.sought})
        found = settle(loaded.policies, loaded.topology, asked, loaded.as_of, failures)
        if found.choice is not None and found.may_go and found.demand.dst != one.dst:
            yield OtherHub(one.id, one.dst, found.demand.dst, found.choice.why)


CUT_SCHEMA = 1
PREFIXES = ("cable:", "corridor:", GROUP)
"""That a shared-risk group may be named without."""


@dataclass(frozen=True)
class CutDemand:
    """One demand that meets what is cut, there or back. Round trips are in ms; None where packets
    are dropped."""

    demand: str
    before_ms: float
    at_once_ms: float | None
    """By the tables that are installed."""
    again_ms: float | None
    adds: tuple[str, ...]
    """Jurisdictions that its path then meets, and does not before; ``?`` after those it may meet.
    """
    why: str
    """What forbids the shortest remaining path, where no path is permitted."""

    @property
    def longer_ms(self) -> float:
        """What recomputed paths add; not of a demand without a path."""
        return (self.again_ms or 0.0) - self.before_ms


@dataclass(frozen=True)
class FootprintCut:
    """The fibres whose routes pass the shape of a disaster. The answer cuts all of them."""

    id: str
    what: str
    date: str
    shape: str
    """In words."""
    sure: tuple[str, ...]
    possible: tuple[str, ...]
    """Fibres whose route may lie outside the shape."""
    affected_at_least: int
    """Demands that are affected if only the sure ones fail."""
    disconnected_at_least: tuple[str, ...]
    """Of these, the disconnected ones."""
    cut: tuple[str, ...]
    """Cable systems that the event is known to have cut."""
    sources: tuple[str, ...]
    confidence: str
    note: str


@dataclass(frozen=True)
class CutAnswer:
    scenario: str
    policies: str
    as_of: str
    dead: tuple[str, ...]
    """Elements as ``link:``, ``srlg:``, ``hub:``, ``gateway:``, or ``segment:`` and ``system:`` of
    background traffic."""
    fibres: tuple[str, ...]
    """All fibres of the map that are cut."""
    served: int
    """Demands that have a path before."""
    own_end: tuple[str, ...]
    """Demands of which an end itself is dead."""
    hit: tuple[CutDemand, ...]
    """Disconnected demands first, then the others by added delay."""
    other_hubs: tuple[OtherHub, ...] = ()
    """Demands that may go to any of several hubs, and that another would serve if they were planned
    with this known."""
    internet: InternetCut | None = field(default=None, metadata=OMIT_NONE)
    """The effect on background Internet traffic; left out if it does not use the map."""
    footprint: FootprintCut | None = field(default=None, metadata=OMIT_NONE)
    """What a shape hits; left out if elements are named alone."""

    @property
    def disconnected(self) -> tuple[str, ...]:
        """Demands without a path after the cut, first those of which an end is dead."""
        return (*self.own_end, *(one.demand for one in self.hit if one.again_ms is None))

    def to_json(self) -> JsonObject:
        plain = to_plain(self)
        demands, others = plain.pop("hit"), plain.pop("other_hubs")
        return {"schema": CUT_SCHEMA, **plain, "demands": demands, "other_hubs": others}


def dead_elements(loaded: LoadedScenario, written: Iterable[str]) -> tuple[str, ...]:
    """What words of a command line name: fibres, shared-risk groups (``red-sea`` will do for
    ``corridor:red-sea``), ``hub:ID``, ``gateway:ID``, and the fibres that pass a segment.

    Raises:
        InputError: There is no such element, with a near match; or a segment has no fibre here.
    """
    named = cut_elements(loaded, written)
    for one in named:
        if not tuple(on_topology(loaded, (one,))):
            name = one.partition(":")[2]
            hint = "corridor cut computes its effect on Internet traffic"
            raise InputError(f'no fibre of {loaded.topology.name} passes "{name}"', hint)
    return tuple(dict.fromkeys(on_topology(loaded, named)))


def cut_elements(loaded: LoadedScenario, written: Iterable[str]) -> tuple[str, ...]:
    """The same with ``segment:smw4:red-sea`` for a segment, and ``system:fea`` for a system of
    background traffic that has no fibre on the map."""
    return tuple(dict.fromkeys(_element(loaded, word) for word in written))


def on_topology(loaded: LoadedScenario, named: Iterable[str]) -> Iterator[str]:
    """Yield elements of the map: of a segment or system, the fibres that pass it."""
    for one in named:
        if not one.startswith((SEGMENT, SYSTEM)):
            yield one
        elif (related := figures_of(loaded)[0]) is not None:
            for segment in sorted(related.internet.cut(one.partition(":")[2])):
                yield from (f"link:{fibre}" for fibre in related.fibres_of[segment])


def _element(loaded: LoadedScenario, word: str) -> str:
    topology = loaded.topology
    element = _of_fibres(topology, word)
    if element is not None:
        return element
    if word.startswith(("hub:", "gateway:")):
        failures_of(topology, [word])  # raises for what there is not
        return word
    if word in {hub.id for hub in topology.hubs}:
        raise InputError(f'"{word}" is a hub', f"write hub:{word}, or gateway:{word}")
    related, _ = figures_of(loaded)
    bare = word.removeprefix(SEGMENT).removeprefix(SYSTEM).removeprefix("cable:")
    segments = {} if related is None else related.internet.lengths_km
    systems = {one.partition(":")[0] for one in segments} - {COARSE}
    if bare in segments:
        return f"{SEGMENT}{bare}"
    if bare in systems:
        return f"{SYSTEM}{bare}"
    kept_out = loaded.scenario.leave_out
    if kept_out and _of_fibres(whole_map(loaded), word) is not None:
        hint = f"leave_out of the scenario removes fibres that are {' or '.join(kept_out)}"
        raise InputError(f'"{word}" is not on the map of {loaded.scenario.name}', hint)
    groups = {group.partition(":")[2] or group for group in topology.srlgs}
    known = {*(fibre.id for fibre in topology.fibres), *groups, *segments, *systems}
    same = sorted(one for one in segments if one.startswith(f"{bare.partition(':')[0]}:"))
    hint = nearest(bare, same) or (f"its segments are {', '.join(same)}" if same else "")
    hint = hint or nearest_named(word, sorted(known))
    hint = hint or "corridor topology show lists fibres and groups"
    raise InputError(f'no fibre or shared-risk group is called "{word}"', hint)


def _of_fibres(topology: Topology, word: str) -> str | None:
    """The fibre or shared-risk group of a topology that a word names."""
    bare = word.removeprefix("srlg:").removeprefix("link:")
    if not word.startswith("srlg:") and any(fibre.id == bare for fibre in topology.fibres):
        return f"link:{bare}"
    groups = (f"{prefix}{bare}" for prefix in ("", *PREFIXES))
    return next((f"srlg:{group}" for group in groups if group in topology.srlgs), None)


@dataclass(frozen=True, kw_only=True)
class CutPath:
    """The path of an affected demand before the cut, and after the controller has recomputed."""

    demand: str
    data: str
    src: str
    dst: str
    before: PathDocument | None
    again: PathDocument | None
    legal: tuple[Reference, ...]
    """What the rules cite that forbid the shortest path that is left, where there is none."""


def cut_answer(
    loaded: LoadedScenario, dead: tuple[str, ...], footprint: Footprint | None = None
) -> CutAnswer:
    """Return what a cut does to the demands of a scenario, and to background traffic.

    Args:
        loaded: The scenario.
        dead: Elements as of ``cut_elements`` or ``dead_elements``.
        footprint: A disaster that also cuts all fibres that it surely or possibly hits.
    """
    return cut_paths(loaded, dead, footprint)[0]


def cut_paths(
    loaded: LoadedScenario, named: tuple[str, ...], footprint: Footprint | None = None
) -> tuple[CutAnswer, tuple[CutPath, ...]]:
    """Return the answer, and the path of each affected demand in the same order."""
    planned = GraphsOnDemand(loaded.topology, intents_for(loaded))
    if footprint is None:
        return _cut_paths(loaded, planned, named)
    hit = struck(loaded.topology, footprint)
    sure = tuple(one.fibre for one in hit if one.is_sure)
    possible = tuple(one.fibre for one in hit if not one.is_sure)
    answer, paths = _cut_paths(loaded, planned, _with_fibres(named, (*sure, *possible)))
    least = answer
    if possible:
        sure_ones = _with_fibres(named, sure)
        least = _cut_paths(loaded, planned, sure_ones, with_internet=False)[0]
    found = FootprintCut(
        id=footprint.id,
        what=footprint.what,
        date=footprint.date,
        shape=footprint.shape,
        sure=sure,
        possible=possible,
        affected_at_least=len(least.hit) + len(least.own_end),
        disconnected_at_least=least.disconnected,
        cut=footprint.cut,
        sources=footprint.source,
        confidence=footprint.confidence,
        note=footprint.note,
    )
    return replace(answer, footprint=found), paths


def _with_fibres(named: tuple[str, ...], fibres: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*named, *(f"link:{one}" for one in fibres))))


def _cut_paths(
    loaded: LoadedScenario,
    planned: GraphsOnDemand,
    named: tuple[str, ...],
    *,
    with_internet: bool = True,
) -> tuple[CutAnswer, tuple[CutPath, ...]]:
    topology, (related, day) = loaded.topology, figures_of(loaded)
    dead = tuple(dict.fromkeys(on_topology(loaded, named)))
    failures = failures_of(topology, dead)
    served = {
        one.id: (one.src, one.dst)
        for one in loaded.scenario.demands
        if planned.is_served(one.id) and planned.is_served(f"{one.id}{RETURN}")
    }
    own_end = [one for one, ends in served.items() if not failures.hubs.isdisjoint(ends)]
    found = [
        _hit(loaded, (planned.graph(one), planned.graph(back)), dead)
        for one, back in ((one, f"{one}{RETURN}") for one in served if one not in own_end)
        if planned.meets(one, failures) or planned.meets(back, failures)
    ]
    found.sort(key=lambda pair: (pair[0].again_ms is not None, -pair[0].longer_ms))
    answer = CutAnswer(
        scenario=loaded.scenario.name,
        policies=loaded.policies.name,
        as_of=str(loaded.as_of),
        dead=named,
        fibres=tuple(fibre.id for fibre in topology.fibres if not failures.spare(fibre)),
        served=len(served),
        own_end=tuple(own_end),
        hit=tuple(hit for hit, _ in found),
        other_hubs=tuple(other_hubs(loaded, failures)),
        internet=internet_cut(related, named, day) if with_internet else None,
    )
    return answer, tuple(path for _, path in found)


def _hit(
    loaded: LoadedScenario, pair: tuple[ForwardingGraph, ForwardingGraph], dead: tuple[str, ...]
) -> tuple[CutDemand, CutPath]:
    """Of a demand of which the packets of one direction, or of both, find something dead."""
    outages = [
        outage_under(loaded.topology, graph, dead, loaded.policies, loaded.as_of) for graph in pair
    ]
    before = [_one_way_ns(graph) for graph in pair]
    at_once = [_at_once_ns(of, ns) for of, ns in zip(outages, before, strict=True)]
    again = [_again_ns(of, ns) for of, ns in zip(outages, before, strict=True)]
    hit = CutDemand(
        demand=pair[0].intent.id,
        before_ms=sum(before) / 1e6,
        at_once_ms=_sum_ms(at_once),
        again_ms=_sum_ms(again),
        adds=tuple(_adds(loaded, pair, outages)),
        why="; ".join(str(one) for of in outages if of for one in of.again.because),
    )
    return hit, _path(loaded, pair[0], outages)


def _path(loaded: LoadedScenario, of: ForwardingGraph, outages: Sequence[Outage | None]) -> CutPath:
    before, there = passage_of_graph(loaded.topology, of), outages[0]
    because = (one for each in outages if each for one in each.again.because)
    return CutPath(
        demand=of.intent.id,
        data=next(one.data for one in loaded.scenario.demands if one.id == of.intent.id),
        src=of.intent.pair[0],
        dst=of.intent.pair[1],
        before=path_document(before),
        again=path_document(before if there is None else there.again.passage),
        legal=tuple(dict.fromkeys(law for one in because for law in one.legal)),
    )


def _one_way_ns(graph: ForwardingGraph) -> int:
    return graph.route.one_way_ns  # type: ignore[union-attr]  # it is served


def _at_once_ns(of: Outage | None, before_ns: int) -> int | None:
    if of is None:
        return before_ns
    return of.at_once.one_way_ns if of.delivered else None


def _again_ns(of: Outage | None, before_ns: int) -> int | None:
    if of is None:
        return before_ns
    return None if of.again.passage is None else of.again.passage.one_way_ns


def _sum_ms(of: Sequence[int | None]) -> float | None:
    there, back = of
    return None if there is None or back is None else (there + back) / 1e6


def _adds(
    loaded: LoadedScenario, pair: Sequence[ForwardingGraph], outages: Sequence[Outage | None]
) -> Iterator[str]:
    seen: set[str] = set()
    for tree, of in zip(pair, outages, strict=True):
        if of is None or of.again.passage is None:
            continue
        passage = passage_of_graph(loaded.topology, tree)
        met = {*passage.crosses, *passage.may_cross} if passage else set[str]()
        sure, unsure = of.again.passage.crosses, of.again.passage.may_cross
        for code, mark in (*((one, "") for one in sure), *((one, "?") for one in unsure)):
            if code not in met | seen:
                seen.add(code)
                yield f"{code}{mark}"


# ``cut.json`` of a folder that ``corridor cut --out`` made: the answer, its paths, and the map.

CUT_FILE = "cut.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class CutDocument(Document):
    """What ``cut.json`` contains. Paths are in the order of the affected demands of ``answer``."""

    schema: int
    answer: CutAnswer
    paths: tuple[CutPath, ...]
    names: Names
    map: MapDocument


def cut_document(
    loaded: LoadedScenario, dead: tuple[str, ...], footprint: Footprint | None = None
) -> CutDocument:
    """Return the answer of ``cut_answer`` with its paths, names and map."""
    answer, paths = cut_paths(loaded, dead, footprint)
    return CutDocument(
        schema=SCHEMA,
        answer=answer,
        paths=paths,
        names=names_of(loaded.scenario.title, (loaded.policies,)),
        map=map_document(loaded.topology),
    )


def write_cut(folder: Path, of: CutDocument) -> None:
    write_text(folder / CUT_FILE, json.dumps(of.to_json(), ensure_ascii=False) + "\n")


def read_cut(folder: Path) -> CutDocument:
    """Read the answer of a folder.

    Raises:
        InputError: there is none, or another version wrote it.
    """
    path = folder / CUT_FILE
    return read_document(CutDocument, read_json(path, RESULT), str(path), "cut again, with --out")
