"""The figure of losses: where packets of demands were lost, and by what, as the account has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from corridor.experiments.account.packet_classes import CAUSES, IN_FLIGHT
from corridor.experiments.account.summary import AccountFile
from corridor.experiments.figures import data
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.style import FILLS, Width
from corridor.topologies.base.words import counted

MOST_ROWS = 24
MOST_TIMES = 4
"""How many times as long as the longest bar of a fibre that of losses elsewhere may be."""
ROW_IN = 0.22
ELSEWHERE = "not on a fibre"
SHOWN = tuple(cause for cause in CAUSES if cause != IN_FLIGHT)
"""Each with the fill of its place."""


@dataclass(frozen=True)
class Place:
    name: str
    lost: Counter[str]
    """Packets of demands by cause."""

    @property
    def packets(self) -> int:
        return self.lost.total()


def places_of(account: AccountFile) -> list[Place]:
    """Of ``account.json``: where packets of demands were lost, the most first; what was not lost on
    a fibre comes last, as one."""
    lost: dict[str, Counter[str]] = {}
    for demand in account.demands:
        for one in demand.lost_at:
            if one.cause != IN_FLIGHT:
                name = _named(one.place)
                lost.setdefault(name, Counter())[one.cause] += one.packets
    found = [Place(name, causes) for name, causes in lost.items()]
    return sorted(found, key=lambda one: (one.name == ELSEWHERE, -one.packets, one.name))


def _named(place: str) -> str:
    fibre, colon, ends = place.partition(":")
    return f"{fibre} from {ends.partition('->')[0]}" if colon else ELSEWHERE


def draw(run: RunData, width: Width) -> Figure | None:
    account = run.account
    places = places_of(account) if account else []
    if account is None or not places:
        return None
    on_fibres = [one for one in places if one.name != ELSEWHERE]
    shown = [*on_fibres[:MOST_ROWS], *(one for one in places if one.name == ELSEWHERE)]
    most = _shown_packets(shown)
    rows = Rows([_text(one, most) for one in shown], width, ROW_IN)
    said = (
        f"{account.sent:,} packets of demands sent, {account.delivered:,} delivered, "
        f"{account.in_flight:,} in flight at the end; "
        f"{counted(len(on_fibres), 'direction')} of fibres lost any"
    )
    if len(shown) < len(places):
        said += f", {len(places) - len(shown)} not shown"
    caption = data.caption(run.summary, said)
    figure, axes = rows.figure(_title(account, places), caption, _key(shown))
    for y, place in zip(rows.ys, shown, strict=True):
        left = 0
        lost = (
            (cause, look) for cause, look in zip(SHOWN, FILLS, strict=True) if place.lost[cause]
        )
        for cause, look in lost:
            axes.barh(y, place.lost[cause], left=left, height=0.6, **look)
            left += place.lost[cause]
    axes.set_xlim(0, 1.05 * most)
    axes.set_xlabel("packets lost")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    for y, place in zip(rows.ys, shown, strict=True):
        if place.packets > most:
            _break(axes, y)
    rows.write(axes)
    return figure


def _shown_packets(shown: Sequence[Place]) -> int:
    """Return how far the axis reaches: not to what was lost elsewhere, where that is far more than
    any fibre lost."""
    most = max(one.packets for one in shown)
    on_fibres = max((one.packets for one in shown if one.name != ELSEWHERE), default=0)
    return on_fibres if on_fibres and most > MOST_TIMES * on_fibres else most


def _break(axes: Axes, y: float) -> None:
    """Cut a bar that is longer than the axis, whose length is written next to it."""
    for color, width in (("k", 7.0), ("w", 5.4)):
        axes.plot(
            [0.955, 0.975],
            [y + 0.36, y - 0.36],
            transform=axes.get_yaxis_transform(),
            color=color,
            linewidth=width,
            solid_capstyle="butt",
            zorder=4,
        )


def _text(place: Place, most: int) -> RowText:
    causes = [f"{cause} {place.lost[cause]:,}" for cause in SHOWN if place.lost[cause]]
    cut = " (bar cut)" if place.packets > most else ""
    return RowText(place.name, ", ".join(causes[:3]) + cut)


def _title(account: AccountFile, places: Sequence[Place]) -> str:
    lost = sum((one.lost for one in places), Counter[str]())
    cause, most = lost.most_common(1)[0]
    end = "balanced" if account.closes else f"unbalanced by {account.off_by:,}"
    return f"{lost.total():,} packets lost, {most:,} of them: {cause}; packet accounting {end}"


def _key(shown: Sequence[Place]) -> list[tuple[Artist, str]]:
    return [
        (Patch(**look), cause)
        for cause, look in zip(SHOWN, FILLS, strict=True)
        if any(one.lost[cause] for one in shown)
    ]
