"""What can be measured of how a figure looks: where its text is, how large, and what overlaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from ccbench.reporting.figures.style import journal_style


def panel(figure: Figure, label: str) -> Axes:
    """Return the axes of that label."""
    (found,) = [axes for axes in figure.axes if axes.get_label() == label]
    return found


def drawn_in(axes: Axes) -> NDArray[np.float64]:
    """Return the numbers of the image in a panel; gaps are NaN."""
    array = axes.images[0].get_array()
    assert array is not None
    return np.ma.filled(np.ma.asarray(array, dtype=np.float64), np.nan)


def panels(figure: Figure, start: str) -> list[str]:
    """Return the labels that begin so, in the order of drawing."""
    labels = [str(axes.get_label()) for axes in figure.axes]
    return [label for label in labels if label.startswith(start)]


def cells(axes: Axes) -> dict[tuple[int, int], str]:
    """Return what is written in the cells of a matrix: (row, column) -> text."""
    return {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text()
        for text in axes.texts
    }


def written(figure: Figure) -> list[tuple[Text, Bbox]]:
    """Lay a figure out and return its visible text with the places, in dots."""
    canvas = FigureCanvasAgg(figure)
    with journal_style():
        figure.draw_without_rendering()
        renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
        return [(text, text.get_window_extent(renderer)) for text in _texts(figure)]


def _texts(figure: Figure) -> Iterator[Text]:
    found = list(figure.texts)
    for axes in figure.axes:
        found += axes.texts
        legend = axes.get_legend()
        if legend is not None:
            found += legend.get_texts()
        if not axes.axison:
            continue
        found.append(axes.title)
        for axis in (axes.xaxis, axes.yaxis):
            found += [axis.label, *_tick_labels(axis)]
        if hasattr(axes, "zaxis"):
            found.append(axes.zaxis.label)
    return (text for text in found if text.get_visible() and text.get_text().strip())


def _tick_labels(axis: Axis) -> list[Text]:
    low, high = sorted(axis.get_view_interval())
    margin = 1e-9 + 1e-6 * (high - low)
    labels = []
    for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
        if low - margin <= tick.get_loc() <= high + margin and tick.label1.get_visible():
            labels.append(tick.label1)
    return labels


def faults(figure: Figure, texts: Sequence[tuple[Text, Bbox]] | None = None) -> list[str]:
    """Say which text (see :func:`written`) is too small, outside of the figure or over other."""
    texts = written(figure) if texts is None else texts
    found = [
        f"{text.get_text()!r} has {text.get_fontsize()} pt"
        for text, _ in texts
        if float(text.get_fontsize()) < 6
    ]
    edge = figure.bbox
    found += [
        f"{text.get_text()!r} is outside"
        for text, box in texts
        if box.x0 < edge.x0 or box.y0 < edge.y0 or box.x1 > edge.x1 or box.y1 > edge.y1
    ]
    boxes = np.array([box.extents for _, box in texts])
    # Boxes are as tall as the tallest letters; half a point of that is air.
    over = np.triu(np.ones((len(boxes), len(boxes)), dtype=bool), k=1)
    for axis in (0, 1):
        low, high = boxes[:, axis], boxes[:, 2 + axis]
        over &= np.minimum.outer(high, high) - np.maximum.outer(low, low) > 0.7
    found += [
        f"{texts[one][0].get_text()!r} over {texts[other][0].get_text()!r}"
        for one, other in np.argwhere(over)
    ]
    return found
