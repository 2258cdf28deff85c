"""The canvas of every chart: its size, its colours, and what stands there if nothing does."""

import warnings
from collections.abc import Mapping, Sequence
from io import BytesIO
from types import MappingProxyType

import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

WIDTH = 8.0
ROW = 0.28
"""Inches: the width of a chart, and the height of one bar in it."""

MAIN, SECOND, GOOD, BAD, PALE = "#2b6ca3", "#d98b2b", "#3a8f5c", "#b8403a", "#c9d1d9"
MODELS: Mapping[str, str] = MappingProxyType(
    {
        "trees": MAIN,
        "single_feature": SECOND,
        "scorecard": "#6a4c93",
        "unconstrained_trees": "#5fa8a0",
        "ebm": "#a5673f",
    }
)
SPLITS: Mapping[str, str] = MappingProxyType(
    {
        "fit": "#7a8794",
        "train_all": "#7a8794",
        "calibrate": "#8f6bb0",
        "gap": PALE,
        "test": MAIN,
        "same_enterprises": GOOD,
        "cross_validated": "#b08f5a",
        "score": SECOND,
    }
)
DECISIONS: Mapping[str, str] = MappingProxyType({"offer": GOOD, "decline": BAD})
GRADES = 10
MAX_LINES, MAX_PANELS = 30, 24
"""Lying bars of a chart, and small charts of a page: a source may have hundreds of columns."""
LONGEST_TITLE = 60
"""Letters of a small chart's title."""


class Picture(Figure):
    """A figure that Jupyter shows by itself, without pyplot's hidden state."""

    def _repr_png_(self) -> bytes:
        try:
            return _png(self)
        except Exception as error:  # a font, a formula or a size that only drawing meets
            title, why = self._title(), words_of(error)
            warnings.warn(f"{title} could not be drawn: {why}", stacklevel=2)
            return _png(nothing(title, f"it could not be drawn ({why})"))

    def _title(self) -> str:
        named = [axes.get_title(loc="left") for axes in self.axes]
        return plain(next(filter(None, [self.get_suptitle(), *named]), "Picture"), LONGEST_TITLE)


def _png(figure: Figure) -> bytes:
    page = BytesIO()
    figure.savefig(page, format="png", dpi=100, metadata={"Software": None})
    return page.getvalue()


def blank(height: float = 3.6) -> Picture:
    """An empty figure of the common width; `height` in inches."""
    return Picture(figsize=(WIDTH, height), layout="constrained")


def single(title: str, *, height: float = 3.6) -> tuple[Picture, Axes]:
    """A figure of one chart."""
    figure = blank(height)
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def panels(title: str, names: Sequence[str], *, columns: int = 3) -> tuple[Picture, list[Axes]]:
    """Small charts of one kind side by side, one a name."""
    across = min(columns, len(names))
    down = -(-len(names) // across)
    figure = blank(0.5 + 1.9 * down)
    figure.suptitle(title, x=0.01, ha="left")
    every = list(figure.subplots(down, across, squeeze=False).flat)
    for axes, name in zip(every, names, strict=False):
        axes.set_title(plain(name, LONGEST_TITLE), fontsize="small")
        axes.tick_params(labelsize="x-small")
        axes.spines[["top", "right"]].set_visible(False)
    for unused in every[len(names) :]:
        unused.set_axis_off()
    return figure, every[: len(names)]


def nothing(title: str, why: str) -> Picture:
    """Return a picture of nothing but its title and the reason."""
    figure, axes = single(title, height=1.2)
    axes.set_axis_off()
    axes.text(0, 0.5, f"Nothing to show: {why}.", transform=axes.transAxes, va="center")
    return figure


def bars(axes: Axes, values: pd.Series, *, colour: str | Sequence[str] = MAIN) -> None:
    """Bars lying down, one an index entry, the first on top."""
    axes.barh(range(len(values)), values.to_numpy(float), color=colour)
    label_bars(axes, values.index)


def label_bars(axes: Axes, names: Sequence[object] | pd.Index) -> None:
    """The names of lying bars, the first on top."""
    axes.set_yticks(range(len(names)), [plain(str(name)) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)


def figures_beside(axes: Axes, ends: pd.Series, texts: Sequence[str]) -> None:
    """A text at the end of each lying bar."""
    axes.margins(x=0.14)
    for place, (end, text) in enumerate(zip(ends, texts, strict=True)):
        axes.annotate(
            text, (end, place), (4, 0), textcoords="offset points", va="center", fontsize="small"
        )


def plain(name: str, longest: int = 42) -> str:
    """A name as it is written in a chart: on one line, never as a formula, never too long."""
    line = "".join(letter if letter.isprintable() else "?" for letter in name)
    short = line if len(line) <= longest else f"{line[: longest - 1]}…"
    return short.replace("$", r"\$")


def words_of(error: Exception) -> str:
    """The kind and the words of an error, as they are written in a chart."""
    return plain(f"{type(error).__name__}: {error}", 120)


def tall(rows: int) -> float:
    """The height in inches of a chart of so many lying bars."""
    return 1.2 + ROW * rows


def say_shown(shown: int, count: int, which: str) -> str:
    """Words to append where not all are shown: "; the 30 largest of 64"; none where all are."""
    return f"; the {shown} {which} of {count}" if shown < count else ""


def in_percent(axes: Axes, which: str) -> None:
    """The axis `x` or `y` holds shares, and is read in per cent."""
    places = {"x": axes.xaxis, "y": axes.yaxis}
    places[which].set_major_formatter(PercentFormatter(1, decimals=None))


def in_counts(axes: Axes, which: str) -> None:
    """The axis `x` or `y` holds counts: whole, with thousands set off."""
    place = {"x": axes.xaxis, "y": axes.yaxis}[which]
    place.set_major_locator(MaxNLocator(nbins="auto", integer=True))
    place.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def model_colour(name: str) -> str:
    """The colour of a model, the same in every chart."""
    return MODELS.get(name, GOOD)


def grade_colour(name: str) -> str:
    """The colour of a grade such as G03, from green to red, the same in every chart."""
    number = int(name.removeprefix("G"))
    return to_hex(colormaps["RdYlGn_r"](min(number - 1, GRADES - 1) / (GRADES - 1)))


def bank_colours(banks: pd.Series) -> dict[str, str]:
    """A colour a bank, by the order of the names."""
    palette = colormaps["tab20"]
    return {name: to_hex(palette(i % 20)) for i, name in enumerate(sorted(set(banks)))}
