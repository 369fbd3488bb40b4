"""What is written in a figure, and where."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.axis import Tick
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from corridor.experiments.figures.style import SMALL_PT, style


def visible_texts(figure: Any) -> list[Text]:
    """All that is written; of the labels of ticks only those within their axis are."""
    of_ticks = {text for tick in figure.findobj(Tick) for text in tick.findobj(Text)}
    found = [text for text in figure.findobj(Text) if text not in of_ticks]
    for axes in filter(lambda axes: axes.axison, figure.axes):
        for along, axis in enumerate((axes.xaxis, axes.yaxis)):
            found += [label for label in axis.get_ticklabels() if _within(axes, along, label)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def _within(axes: Any, along: int, label: Text) -> bool:
    at = label.get_transform().transform(label.get_position())[along]
    return bool(axes.bbox.min[along] - 1 <= at <= axes.bbox.max[along] + 1)


def extents(figure: Any) -> list[tuple[Text, Any]]:
    """Each text and its box in pixels, with letters as wide as in the files."""
    with style():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw_without_rendering()  # legends and labels find their places as they are drawn
        return [(text, text.get_window_extent(renderer)) for text in visible_texts(figure)]


def assert_legible(figure: Any) -> None:
    """No text is too small, and none leaves the figure."""
    for text, box in extents(figure):
        shown = f"{text.get_text()!r} {box}"
        assert text.get_fontsize() >= SMALL_PT, shown
        assert min(box.x0, box.y0) >= 0, shown
        assert box.x1 <= figure.bbox.width, shown
        assert box.y1 <= figure.bbox.height, shown


def assert_apart(figure: Any, high_px: float = 2.5) -> None:
    """No text covers another; what is above and below letters may, by less than ``high_px``."""
    for (text, box), (other, against) in combinations(extents(figure), 2):
        wide = min(box.x1, against.x1) - max(box.x0, against.x0)
        high = min(box.y1, against.y1) - max(box.y0, against.y0)
        assert wide < 1 or high < high_px, (text.get_text(), other.get_text())
