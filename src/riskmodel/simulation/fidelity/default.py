"""Facts on default: how many, how well it can be foreseen, how it moves with the economy."""

import numpy as np
import pandas as pd

from riskmodel.simulation.fidelity.events import default_days, holders, oracle_outcomes
from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.measure import (
    DRAWS,
    NORMAL,
    SEED,
    TAIL,
    Floats,
    Ints,
    Measurement,
    bootstrap_interval,
    deviation,
    mean_of,
    require_cases,
    share_by,
    share_of,
)
from riskmodel.simulation.fidelity.tables import Tables, cached
from riskmodel.simulation.fidelity.trade import main_destination, sectors
from riskmodel.statistics.bootstrap import bootstrap_weights
from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.logistic import logit

MIN_DEFAULTS = 10
TINY = 1e-12
FLOOR = 1e-4
"""Probabilities are held this far from 0 and 1 where their log odds are taken."""


def rate(tables: Tables) -> Measurement:
    """The share of line holders that default within a year."""
    rows = holders(tables)
    return share_by(rows["enterprise_id"], tables.enterprises, rows["defaulted"])


def oracle_auc(tables: Tables) -> Measurement:
    """The share of pairs that the true probability puts in order."""
    rows = oracle_outcomes(tables)
    score, bad = rows["pd_12m"].to_numpy(float), rows["defaulted"].to_numpy(float)
    require_cases(float(bad.sum()), "defaults", MIN_DEFAULTS)
    drawn = [
        auc(score, bad, weights)
        for weights in bootstrap_weights(rows["enterprise_id"], DRAWS, SEED)
    ]
    low, high = np.nanquantile(drawn, [TAIL, 1 - TAIL])
    return Measurement(auc(score, bad), float(low), float(high))


def asset_correlation(tables: Tables) -> Measurement:
    """The common part of the variance of twelve-month changes in distress.

    Cells are month x sector x main destination: the intraclass correlation of a one-way analysis
    of variance (Donner 1986), which does not grow with the number of cells as R squared does.
    Its interval is a jackknife over calendar years, for it is the years that are few.
    """
    cell, change, year = _changes(tables)
    figure = _intraclass(cell, change)
    years = np.unique(year)
    if len(years) == 1:
        return Measurement(figure)
    left = np.array([_intraclass(cell[year != y], change[year != y]) for y in years])
    spread = (len(years) - 1) / len(years) * ((left - left.mean()) ** 2).sum()
    reach = NORMAL * float(np.sqrt(spread))
    return Measurement(figure, figure - reach, figure + reach)


def _changes(tables: Tables) -> tuple[Ints, Floats, Ints]:
    """The cell, the change of distress over twelve months, and the calendar year of its end."""
    rows = tables.hidden("enterprise_months", ["enterprise_id", "month", "distress"])
    index = (12 * (rows["month"].dt.year - 1970) + rows["month"].dt.month - 1).to_numpy()
    first, place = int(index.min()), rows["enterprise_id"].to_numpy()
    path = np.full((tables.enterprises, int(index.max()) - first + 1), np.nan)
    path[place, index - first] = rows["distress"].to_numpy()
    months = (default_days(tables).to_numpy().astype("datetime64[M]")).astype(np.int64)
    path[np.arange(path.shape[1])[None, :] + first >= months[:, None]] = np.nan
    require_cases(path.shape[1], "months", 13)
    change = path[:, 12:] - path[:, :-12]
    sector = sectors(tables).astype("category").cat.codes.to_numpy().astype(np.int64)
    kind = sector * 1000 + main_destination(tables)
    who, when = np.nonzero(np.isfinite(change) & (main_destination(tables) >= 0)[:, None])
    require_cases(len(who), "twelve-month changes", 1000)
    return when * 1_000_000 + kind[who], change[who, when], (first + 12 + when) // 12


def _intraclass(cell: Ints, value: Floats) -> float:
    """The share of the variance that lies between cells; half-empty cells weigh less."""
    _, place, size = np.unique(cell, return_inverse=True, return_counts=True)
    cells, rows = len(size), len(value)
    means = np.bincount(place, value) / size
    within = ((value - means[place]) ** 2).sum() / (rows - cells)
    between = (size * (means - value.mean()) ** 2).sum() / (cells - 1)
    typical = (rows - (size.astype(float) ** 2).sum() / rows) / (cells - 1)
    common = (between - within) / typical
    return float(common / (common + within))


@cached
def limit_slopes(tables: Tables) -> pd.DataFrame:
    """The slope of the log odds of default in the limit over the cap, by enterprise and date.

    slope, variance (its squared standard error from the fit's residuals). Least squares weighted
    by p (1 - p), the information that a simulated share carries; three limits at least, none of
    them 0: without any line, who has no other loan cannot default.
    """
    rows = tables.hidden("limit_response", ["enterprise_id", "as_of", "share_of_cap", "pd_12m"])
    rows = rows[rows["share_of_cap"] > 0].dropna()
    pd_12m = rows["pd_12m"].clip(FLOOR, 1 - FLOOR)
    x, y, w = (
        rows["share_of_cap"],
        logit(rows["pd_12m"].to_numpy(float), FLOOR),
        pd_12m * (1 - pd_12m),
    )
    products = {
        "w": w,
        "wx": w * x,
        "wy": w * y,
        "wxx": w * x**2,
        "wxy": w * x * y,
        "wyy": w * y**2,
    }
    by = pd.DataFrame(products).groupby([rows["enterprise_id"], rows["as_of"]])
    s, levels = by.sum(), by.size()
    spread = s["wxx"] - s["wx"] ** 2 / s["w"]
    slope = (s["wxy"] - s["wx"] * s["wy"] / s["w"]) / spread
    left = (s["wyy"] - s["wy"] ** 2 / s["w"] - slope**2 * spread).clip(lower=0)
    found = pd.DataFrame({"slope": slope, "variance": left / (levels - 2) / spread})
    known = (levels >= 3) & (by["w"].max() > 2 * FLOOR) & (spread > TINY)
    return found[known]


def slope_mean(tables: Tables) -> Measurement:
    """The mean slope."""
    return mean_of(limit_slopes(tables)["slope"])


def slope_spread(tables: Tables) -> Measurement:
    """The standard deviation of the slopes, less what the simulation's noise adds."""
    found = limit_slopes(tables)
    require_cases(len(found), "slopes")
    away = found["slope"] - found["slope"].mean()
    sums = np.stack([np.ones(len(found)), away, away**2 - found["variance"]], axis=1)
    return bootstrap_interval(sums, deviation)


def slope_negative(tables: Tables) -> Measurement:
    """The share of slopes below zero: those whom a line helps."""
    slopes = limit_slopes(tables)["slope"]
    return share_of(float((slopes < 0).sum()), len(slopes))


FACTS = (
    Fact(
        "12-month default rate of line holders", "share", (0.02, 0.05),
        "CBIRC 2019: 5.9 % non-performing; MYbank 1-2.3 %; proposal: about 3 %", rate,
        "The contract's rule at quarter starts; holders not yet in default, a full year seen.",
    ),
    Fact(
        "oracle's AUC", "AUC", (0.87, 0.93), "proposal: .88-.92", oracle_auc,
        "True twelve-month probability against what came, line holders, all dates together;"
        " what came is known for a year after the simulation's end (truth).",
    ),
    Fact(
        "asset correlation", "share", (0.04, 0.13), "proposal: .05-.12", asset_correlation,
        "Intraclass correlation of twelve-month changes in distress in cells of month, sector and"
        " main destination, while not in default (truth); interval: jackknife over years.",
    ),
    Fact(
        "limit's effect on default, mean", "log odds", (0.6, 1.0),
        "proposal: .8", slope_mean,
        "Slope of each enterprise in the limit over the cap, above 0, weighted by p (1 - p) (truth).",
    ),
    Fact(
        "limit's effect on default, spread", "log odds", (0.25, 0.6),
        "proposal: .4", slope_spread,
        "Standard deviation of the same slopes, less the mean squared error of their fits (truth).",
    ),
    Fact(
        "enterprises that a line helps", "share", (0.02, 0.40), "proposal: some", slope_negative,
        "Slopes below zero (truth).",
    ),
)  # fmt: skip
