"""Uncertainty of limits: their intervals, and the cost of an error of the PD."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError
from riskmodel.limits.recourse.recourse import Decide

Floats = NDArray[np.float64]
NO_VARIANTS: Mapping[str, Decide] = MappingProxyType({})
ENDS = ("pd_12m", "pd_low", "pd_high")
"""The PDs at which each limit is decided again: as predicted, and its interval's ends."""
FACTORS = (1.5, 0.67)
"""Errors of the PD that are priced beside the interval's ends; proposal."""
CHOICE = ("bank", "limit_cny", "annual_rate")
COST = ("believed_cny", "true_cny", "best_cny", "lost_cny")


class Profit(Protocol):
    """Profit of given lines, in the terms in which `Decide` chooses."""

    def __call__(self, scored: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
        """CNY of expected yearly profit after the shadow prices, one an enterprise, in their order.

        `lines` (bank, limit_cny, annual_rate) is one an enterprise in the same order; bank "" earns
        0. The PD is the enterprises' `pd_12m`; the rate is as given, since it was agreed before
        the PD proved wrong. At the lines that `Decide` gives for the same enterprises it is
        `net_cny`.
        """
        ...


def limit_interval(
    scored: pd.DataFrame,
    decide: Decide,
    *,
    chosen: pd.DataFrame | None = None,
    variants: Mapping[str, Decide] = NO_VARIANTS,
) -> pd.DataFrame:
    """Return the smallest and the largest limit over the ends of the PD's interval and the
    variants.

    Each at the prices that `decide` knows: where budgets are scarce a line is soon given to others.
    `chosen` are the lines as the book has them (bank, limit_cny, one an enterprise), where whole
    lines had to fit; without them what `decide` gives. A variant is the decision under another
    view, such as the response to the limit at its low end. One row an enterprise, in their order:
    enterprise_id, bank, limit_cny, limit_low_cny, limit_high_cny, low_at and high_at (which end
    gave it: "pd_high", or "pd_high, response_low"; the first of equals, the decision itself before
    all others). The limit lies inside.
    """
    central = decide(scored) if chosen is None else chosen
    decided = {"pd_12m": central["limit_cny"].to_numpy(np.float64)}
    for name, variant in {"": decide, **variants}.items():
        for end in ENDS:
            label = ", ".join(part for part in (end, name) if part)
            if label not in decided:
                answer = variant(at_pd(scored, scored[end].to_numpy(np.float64)))
                decided[label] = answer["limit_cny"].to_numpy(np.float64)
    limits = np.stack(list(decided.values()))
    labels = np.asarray(list(decided), dtype=object)
    return pd.DataFrame(
        {
            "enterprise_id": scored["enterprise_id"].to_numpy(),
            "bank": central["bank"].to_numpy(),
            "limit_cny": limits[0],
            "limit_low_cny": limits.min(axis=0),
            "limit_high_cny": limits.max(axis=0),
            "low_at": labels[limits.argmin(axis=0)],
            "high_at": labels[limits.argmax(axis=0)],
        }
    )


def cost_of_pd_error(
    scored: pd.DataFrame,
    decide: Decide,
    profit: Profit,
    *,
    chosen: pd.DataFrame | None = None,
    factors: tuple[float, ...] = FACTORS,
) -> pd.DataFrame:
    """Compute the cost of an error of the PD: the chosen line's profit against the best line's.

    `chosen` are the lines as the book has them (bank, limit_cny, annual_rate, one an enterprise);
    without them what `decide` gives.

    One row an enterprise and error: enterprise_id, bank ("" where none was offered), grade, error
    ("pd_low", "pd_high", "x1.5", ...), pd_12m, pd_true, limit_cny, limit_best_cny, and in CNY a
    year, after the shadow prices: believed_cny (the chosen line at pd_12m), true_cny (the same
    line at pd_true), best_cny (the line that would be decided at pd_true, at the rate that it would
    have), lost_cny = best - true. It is below 0 where the chosen line does better than that one:
    its rate was set for a higher PD, or the true PD is above the bank's cut. `DataError` where
    `profit` gives other than one value an enterprise.
    """
    chosen = decide(scored) if chosen is None else chosen
    believed = _profit_of(profit, scored, chosen)
    pd_12m = scored["pd_12m"].to_numpy(np.float64)
    truths = {end: scored[end].to_numpy(np.float64) for end in ENDS[1:]}
    truths |= {f"x{factor:g}": np.minimum(pd_12m * factor, 1.0) for factor in factors}
    rows = []
    for error, pd_true in truths.items():
        at_truth = at_pd(scored, pd_true)
        best = decide(at_truth)
        kept, could = _profit_of(profit, at_truth, chosen), _profit_of(profit, at_truth, best)
        rows.append(
            pd.DataFrame(
                {
                    "enterprise_id": scored["enterprise_id"].to_numpy(),
                    "bank": chosen["bank"].to_numpy(),
                    "grade": scored["grade"].to_numpy(),
                    "error": error,
                    "pd_12m": pd_12m,
                    "pd_true": pd_true,
                    "limit_cny": chosen["limit_cny"].to_numpy(np.float64),
                    "limit_best_cny": best["limit_cny"].to_numpy(np.float64),
                    "believed_cny": believed,
                    "true_cny": kept,
                    "best_cny": could,
                    "lost_cny": could - kept,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def summarise_costs(costs: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sum the costs of errors by bank or grade, and over all ("all"), for each error.

    Columns: `by`, error, enterprises, lines (offers), the sums believed_cny, true_cny, best_cny;
    lost_cny (the sum where the best is better), gained_cny (where the chosen one is), lost_share
    (of believed_cny; missing where that is not above 0).
    """
    whole = costs.assign(**{by: "all"})
    rows = pd.concat([costs, whole], ignore_index=True)
    rows = rows.assign(
        lines=(rows["limit_cny"] > 0).astype(np.int64),
        gained_cny=(-rows["lost_cny"]).clip(lower=0.0),
        lost_cny=rows["lost_cny"].clip(lower=0.0),
        enterprises=1,
    )
    order = list(dict.fromkeys(costs["error"]))
    sums = rows.groupby([by, "error"], sort=True)[
        ["enterprises", "lines", *COST, "gained_cny"]
    ].sum()
    sums = sums.assign(
        lost_share=sums["lost_cny"] / sums["believed_cny"].where(sums["believed_cny"] > 0)
    ).reset_index()
    place = sums["error"].map({name: number for number, name in enumerate(order)})
    sums = sums.assign(last=sums[by] == "all", place=place)
    sums = sums.sort_values(["last", by, "place"], ignore_index=True)
    columns = [by, "error", "enterprises", "lines", *COST, "gained_cny", "lost_share"]
    return sums[columns]


def at_pd(scored: pd.DataFrame, pd_12m: Floats) -> pd.DataFrame:
    """Return the enterprises with another PD, its interval widened to include it; the grade stays."""
    return scored.assign(
        pd_12m=pd_12m,
        pd_low=np.fmin(scored["pd_low"].to_numpy(np.float64), pd_12m),
        pd_high=np.fmax(scored["pd_high"].to_numpy(np.float64), pd_12m),
    )


def _profit_of(profit: Profit, scored: pd.DataFrame, lines: pd.DataFrame) -> Floats:
    earned = profit(scored, lines[list(CHOICE)]).to_numpy(np.float64)
    if earned.shape != (len(scored),):
        raise DataError(
            f"profit: {len(earned)} values for {len(scored)} candidates. Give one a candidate."
        )
    return np.where(lines["limit_cny"].to_numpy(np.float64) > 0, earned, 0.0)
