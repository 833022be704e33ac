"""How figures look: column widths, colours, markers and type, and the settings they are drawn in.

Nothing here or in the figures touches pyplot.  matplotlib's settings are global, so they are
changed only inside :func:`journal_style`, for one thread at a time, and put back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import matplotlib
from matplotlib import colormaps
from matplotlib.colors import Colormap
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

SINGLE: Final = 85.0
MIDDLE: Final = 130.0
DOUBLE: Final = 178.0
"""Widths of one, one and a half and two columns of a journal, in mm."""

SMALL: Final = 6.0
TEXT: Final = 7.0
LETTER: Final = 9.0
"""Sizes of type in points; nothing is smaller than :data:`SMALL`."""

INK: Final = "#1c2430"
SOFT: Final = "#5b6676"
LINE: Final = "#b8c0cc"
ABSENT: Final = "#e4e7ec"
"""Text and axes, secondary text, thin lines, and cells of a class that a database lacks."""

COLOURS: Final = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#7A5195",
)
"""Of the databases: Okabe and Ito's colours, which the colour-blind can tell apart."""

FILLS: Final = ("full", "none", "left", "right", "bottom", "top")
"""Of the databases' markers: filled and open as in the paper's Figure 10, then halves."""

DASHES: Final[tuple[Any, ...]] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))

MARKERS: Final[Mapping[str, str]] = {
    "neutral": "o",
    "happy": "^",
    "fearful": "s",
    "sad": "D",
    "angry": "v",
    "surprised": "p",
    "disgusted": "h",
}
"""Of the expressions, as in the paper's Figure 10."""

SHORT: Final[Mapping[str, str]] = {name: name[:3] for name in MARKERS}
"""Names of the expressions where there is little room."""

RATES: Final = "Blues"
TUNINGS: Final = "PRGn"
CORRELATIONS: Final = "RdBu_r"
"""Colour maps: rates from 0; tunings, green positive and purple negative; correlations."""

_SETTINGS: Final[Mapping[str, Any]] = {
    # DejaVu Sans comes with matplotlib.  A viewer of an SVG that lacks it takes Verdana, which
    # is as wide, so that text keeps within its place.
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
    "font.size": TEXT,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelpad": 2.0,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "xtick.major.pad": 1.5,
    "ytick.major.pad": 1.5,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "grid.color": "#d9dee6",
    "grid.linewidth": 0.4,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.0,
    "patch.linewidth": 0.5,
    # Small files with text that can be selected and searched; ids that do not change.
    "svg.fonttype": "none",
    "svg.hashsalt": "ccbench",
    "pdf.fonttype": 42,
}
# What a user's own matplotlibrc may have changed and a figure depends on.
# fmt: off
_FAMILIES: Final = frozenset({
    "axes", "axes3d", "errorbar", "figure", "font", "grid", "hatch", "image", "legend", "lines",
    "markers", "mathtext", "patch", "path", "pdf", "savefig", "scatter", "svg", "text", "xtick",
    "ytick",
})
# fmt: on
_LOCK = threading.RLock()


@contextmanager
def journal_style() -> Iterator[None]:
    """Draw or save in the settings of the figures, whatever the user's own are.

    Also a decorator.  Other threads that enter wait; what was set before is put back.
    """
    with _LOCK:
        settings: dict[Any, Any] = {
            name: value
            for name, value in matplotlib.rcParamsDefault.items()
            if name.split(".")[0] in _FAMILIES and name != "savefig.directory"
        }
        settings.update(_SETTINGS)
        with matplotlib.rc_context(settings):
            yield


def database_colours(databases: Sequence[str]) -> dict[str, str]:
    """Return a colour per database, in their order; they repeat after eight."""
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(databases)}


def database_dashes(databases: Sequence[str]) -> dict[str, Any]:
    """Return a line style per database, in their order; neighbours differ."""
    return {name: DASHES[place % len(DASHES)] for place, name in enumerate(databases)}


def database_fills(databases: Sequence[str]) -> dict[str, str]:
    """Return a marker's fill per database, in their order; they repeat after six."""
    return {name: FILLS[place % len(FILLS)] for place, name in enumerate(databases)}


def colour_map(name: str) -> Colormap:
    """Return one of matplotlib's colour maps with gaps in the grey of absent classes."""
    return colormaps[name].with_extremes(bad=ABSENT)


def ink_on(colour: Sequence[float]) -> str:
    """Return black or white, whichever contrasts more with a background (WCAG 2.1, 1.4.3).

    >>> ink_on((1.0, 1.0, 1.0, 1.0)), ink_on((0.0, 0.1, 0.4, 1.0))
    ('black', 'white')
    """
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "black" if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else "white"


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a line of text, in mm.

    Args:
        text: one line.
        size: in points.
        weight: "normal" or "bold".
    """
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    width = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    return float(width) / 72 * 25.4


def fit(text: str, room: float, size: float = TEXT, weight: str = "normal") -> str:
    """Return the text, with an ellipsis in its middle where it is wider than ``room`` mm.

    >>> fit("kdef", 20.0), fit("photographs-of-our-own-laboratory", 20.0)
    ('kdef', 'photogr…ratory')
    """
    kept = len(text)
    shown = text
    while kept > 2 and text_width(shown, size, weight) > room:
        kept -= 1
        head = (kept + 1) // 2
        shown = f"{text[:head]}…{text[len(text) - kept + head :]}"
    return shown
