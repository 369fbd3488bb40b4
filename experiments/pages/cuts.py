"""What each cut does to whom: computed for the whole map, measured where a run cut. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from corridor.experiments.account.summary import CutsSummary, HitSummary, Summary
from corridor.experiments.answers.document import CutEntry
from corridor.experiments.pages.demands import Asked
from corridor.experiments.pages.words import KINDS, OF_FIBRES
from corridor.topologies.base.words import counted

AT_ONCE = (
    "Rerouted locally: the switches use an installed detour, so packets are lost only until the "
    "failure is detected. Other demands have an outage until the controller has rerouted them."
)
ENDS = (
    "The row of a hub counts demands that cross the hub. Demands that start or end there are not "
    "counted."
)


@dataclass
class _Fates:
    """Of the demands that one element's failure meets."""

    at_once: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    more_ms: float = 0.0
    dearest: str = ""

    @property
    def met(self) -> int:
        return len(self.at_once) + len(self.again) + len(self.lost)


@dataclass(frozen=True)
class CutRow:
    """One element that may fail."""

    kind: str
    name: str
    fibres: str
    """Numbers of the fibres that are dead then."""
    met: int
    at_once: int
    again: Sequence[str]
    """Demands that are out until the controller chose again."""
    lost: Sequence[str]
    """Demands that it disconnects."""
    more_ms: float
    """What the longest new path takes more than the old, one way."""
    dearest: str


@dataclass(frozen=True)
class Cuts:
    title: str
    said: Sequence[str]
    rows: Sequence[CutRow]
    """Those that put some demand out."""
    bridged: Sequence[CutRow]
    """Those that the switches bridge for all."""
    measured: Sequence[tuple[str, HitSummary]]
    """Event and hit: what events put whom out, for how long, in addition to what was predicted."""
    swept: CutsSummary | None
    """``cuts`` of the summary: fibres cut one after another."""


def cuts_of(
    demands: Sequence[Asked], summary: Summary | None, fibres: Mapping[str, Sequence[int]]
) -> Cuts:
    rows = sorted(_rows(demands, fibres), key=lambda one: (-len(one.lost), -one.met, one.name))
    telling = [row for row in rows if row.lost or row.again]
    said = []
    if rows:
        stopping = sum(bool(row.lost) for row in rows)
        said.append(
            f"{counted(len(rows), 'element')} of the map affect at least one demand. "
            f"{stopping} of them disconnect a demand if they fail, and "
            f"{len(rows) - len(telling)} are rerouted locally for all demands."
        )
        said += [AT_ONCE, ENDS]
    measured = [
        (f"{event.id}: {event.kind} {event.what}", hit)
        for event in ((summary.events or ()) if summary else ())
        for hit in event.hits
    ]
    measured.sort(key=lambda pair: -pair[1].out_ms)
    return Cuts(
        "Effect of failures",
        said,
        telling,
        [row for row in rows if row not in telling],
        measured,
        summary.cuts if summary else None,
    )


def _rows(demands: Iterable[Asked], fibres: Mapping[str, Sequence[int]]) -> list[CutRow]:
    found: dict[str, _Fates] = {}
    for one in demands:
        for cut in one.cuts:
            for name in cut.dead:
                _add(found.setdefault(name, _Fates()), one, cut)
    return [_row(name, fates, fibres) for name, fates in found.items()]


def _add(fates: _Fates, of: Asked, cut: CutEntry) -> None:
    at_once = cut.at_once if cut.delivered else None
    after = cut.again or at_once
    if after is None:
        fates.lost.append(of.id)
        return
    (fates.at_once if at_once else fates.again).append(of.id)
    before = of.under[0].path
    more_ms = after.one_way_ms - before.one_way_ms if before else 0.0
    if more_ms > fates.more_ms:
        fates.more_ms, fates.dearest = more_ms, of.id


def _row(name: str, fates: _Fates, fibres: Mapping[str, Sequence[int]]) -> CutRow:
    kind, _, bare = name.partition(":")
    return CutRow(
        kind=KINDS.get(kind, kind),
        name=bare,
        fibres=" ".join(str(one) for one in fibres.get(bare, ())) if kind in OF_FIBRES else "",
        met=fates.met,
        at_once=len(fates.at_once),
        again=fates.again,
        lost=fates.lost,
        more_ms=fates.more_ms,
        dearest=fates.dearest,
    )
