"""The chart of the publications: what each bank receives."""

import pandas as pd

from riskmodel.figures.canvas import GOOD, Picture, bars, figures_beside, nothing, single, tall


def published_limits(publications: pd.DataFrame) -> Picture:
    """The sum of the limits published to each bank, with its offers among its rows."""
    title = "Limits published, by bank"
    if publications.empty:
        return nothing(title, "no limits were published")
    shown = publications.sort_values("bank")
    sums = shown.set_index("bank")["limit_cny"] / 1e6
    figure, axes = single(title, height=tall(len(shown)))
    bars(axes, sums, colour=GOOD)
    counted = zip(shown["offers"], shown["rows"], strict=True)
    figures_beside(axes, sums, [f"{offers:,} of {rows:,} rows" for offers, rows in counted])
    axes.margins(x=0.25)
    axes.set_xlabel("sum of limits (million CNY); beside it, offers among all rows")
    return figure
