"""The figure of who fills the fibres: what each class brought of the emulated rate, on the mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from corridor.experiments.figures import data
from corridor.experiments.figures.class_data import percent
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.rows import Rows, RowText
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import FILL_EDGE, FILLS, Width
from corridor.experiments.results.utilisation import UTILISATION_FILE, utilisation_of
from corridor.topologies.base.words import counted

MOST_ROWS = 24
ROW_IN = 0.26
LEAST_TOLD = 0.005
"""Less is 0 %."""
PROBES, OTHERS = "probes", "all other classes"


@dataclass(frozen=True)
class Direction:
    """One direction of a fibre, and what came over it by class, as shares of its rate."""

    fibre: str
    from_hub: str
    shares: Mapping[str, float]

    @property
    def share(self) -> float:
        return sum(self.shares.values())


def read_directions(run: RunData) -> list[Direction]:
    """All that brought anything, the fullest on the mean of the run first."""
    table = utilisation_of(run.out_dir / UTILISATION_FILE)
    names = ("fibre", "from_hub", "class", "packets_of", "at_ns", "lasts_ns", "bytes", "rate_bps")
    rows = list(zip(*(table.column(name).to_pylist() for name in names), strict=True))
    end_ns = max((row[4] + row[5] for row in rows), default=0)
    found: dict[tuple[str, str], dict[str, float]] = {}
    for fibre, from_hub, data_class, packets_of, _, _, octets, rate_bps in rows:
        name = PROBES if packets_of == "probe" else data_class
        share = octets * 8e9 / end_ns / rate_bps
        shares = found.setdefault((fibre, from_hub), {})
        shares[name] = shares.get(name, 0.0) + share
    every = [Direction(*ends, brought) for ends, brought in found.items()]
    return sorted(every, key=lambda one: (-one.share, one.fibre, one.from_hub))


def shown_names(every: Sequence[Direction]) -> list[str]:
    """Classes by what they brought over all of them, as many as fills tell apart; probes last."""
    total: dict[str, float] = {}
    for direction in every:
        for name, share in direction.shares.items():
            total[name] = total.get(name, 0.0) + share
    classes = sorted(total.keys() - {PROBES}, key=lambda name: (-total[name], name))
    room = len(FILLS) - 1
    if len(classes) > room:
        classes = [*classes[: room - 1], OTHERS]
    return [*classes, *([PROBES] if PROBES in total else [])]


def _draw(run: RunData, width: Width) -> Figure | None:
    every = read_directions(run)
    if not every:
        return None
    shown, names = every[:MOST_ROWS], shown_names(every)
    rows = Rows([_text(one) for one in shown], width, ROW_IN)
    said = counted(len(every), "direction")
    said = f"the {len(shown)} fullest of {said}" if len(shown) < len(every) else said
    said += " of fibres; frames with headers, counted where they arrive"
    key = [(Patch(**fill, **FILL_EDGE), name) for fill, name in zip(FILLS, names, strict=False)]
    figure, axes = rows.figure(_title(every[0]), data.caption(run.summary, said), key)
    for y, direction in zip(rows.ys, shown, strict=True):
        _draw_bar(axes, y, direction, names)
    axes.set_xlim(0, 105 * shown[0].share)
    axes.set_xlabel("share of the emulated rate, mean of the run (%)")
    rows.write(axes)
    return figure


def _draw_bar(axes: Any, y: float, direction: Direction, names: Sequence[str]) -> None:
    left = 0.0
    for fill, name in zip(FILLS, names, strict=False):
        share = direction.shares.get(name, 0.0)
        if name == OTHERS:
            share = sum(of for one, of in direction.shares.items() if one not in names)
        axes.barh(y, 100 * share, left=100 * left, height=0.6, **fill, **FILL_EDGE)
        left += share


def _text(one: Direction) -> RowText:
    told = [name for name in one.shares if one.shares[name] >= LEAST_TOLD]
    largest = sorted(told, key=lambda name: (-one.shares[name], name))[:2]
    who = ", ".join(f"{name} {percent(one.shares[name])}" for name in largest)
    return RowText(f"{one.fibre}\nfrom {one.from_hub}", f"{percent(one.share)}\n{who}")


def _title(fullest: Direction) -> str:
    name = max(sorted(fullest.shares), key=lambda one: fullest.shares[one])
    of = fullest.shares[name] / fullest.share
    said = f"{fullest.fibre} is fullest, {percent(fullest.share)} on the mean"
    return f"{said}; {percent(of)} of that is {name}"


KIND = FigureKind(
    "class-use",
    _draw,
)
