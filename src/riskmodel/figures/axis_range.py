"""Check which numbers an axis can show; draw the reason where it cannot."""

from textwrap import fill

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from riskmodel.figures.canvas import plain

FARTHEST = 1e300
"""Margins and ticks lie beyond the numbers that are drawn, and doubles end at 1.8e308."""
APART = 64
"""Doubles between two edges, so that rounding moves no bar by more than a hundredth of itself."""
LETTERS = 34
"""A line of words in a small chart."""


def undrawable(values: npt.NDArray[np.float64], parts: int = 1) -> str:
    """The reason why an axis cannot show the numbers, cut into so many steps; "" where it can."""
    if not len(values):
        return "it has no value"
    low, high = float(values.min()), float(values.max())
    largest = max(abs(low), abs(high))
    if not largest < FARTHEST:  # neither is what is infinite, or no number
        return f"its values reach beyond {FARTHEST:.0e}, and so its axis would"
    if 0 < high - low < parts * APART * float(np.spacing(largest)):
        return "its values differ by less than numbers of their size can tell apart"
    return ""


def say_undrawn(axes: Axes, name: str, why: str) -> None:
    """The reason in the chart's place, with the feature's name."""
    axes.set_axis_off()
    words = fill(f"{plain(name)} cannot be drawn: {why}.", LETTERS)
    axes.text(0, 0.5, words, transform=axes.transAxes, va="center", fontsize="x-small")
