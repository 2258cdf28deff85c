"""Default rates by as-of year, and the years between which they jump."""

from itertools import pairwise

import pandas as pd

from riskmodel.datasets.drift import assign_periods, measure_movement
from riskmodel.statistics.low_default import jeffreys_interval
from riskmodel.statistics.psi import SIGNIFICANCE

COLUMNS = ["period", "rows", "enterprises", "defaults", "rate", "low", "high", "jump"]


def compute_yearly_default_rates(labelled: pd.DataFrame, max_change: float) -> pd.DataFrame:
    """period, rows, enterprises, defaults, rate, low, high, jump: one row an as-of year.

    Of one year alone: one row an as-of date. An enterprise counts once a period, its rows sharing
    its weight; the interval of 95 % is Jeffreys'. `jump`: the rate differs from the period's before
    by more than this share, and by more than chance, which differs so once in twenty times in any
    of the years together where nothing drifts.
    """
    groups = list(labelled.groupby(assign_periods(labelled["as_of"]), sort=True))
    level = SIGNIFICANCE / max(len(groups) - 1, 1)
    moved = [
        measure_movement(*first, *second, "defaulted", level) for first, second in pairwise(groups)
    ]
    jumps = [False, *(one.beyond_chance and one.apart > 1 + max_change for one in moved)]
    lines = [
        (str(period), *_measure_rate(rows), jump)
        for (period, rows), jump in zip(groups, jumps, strict=False)
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def describe_jumps(rates: pd.DataFrame) -> str:
    """The jumps of the default rate in words; "" where there is none."""
    if not len(rates) or not rates["jump"].any():
        return ""
    before = rates.shift().assign(period=rates["period"].shift())
    jumps = ", ".join(
        f"{then.rate:.2%} ({then.period}) to {now.rate:.2%} ({now.period})"
        for then, now in zip(before.itertuples(), rates.itertuples(), strict=True)
        if now.jump
    )
    return f"The default rate jumps from {jumps}: by more than chance and a stated share."


def _measure_rate(rows: pd.DataFrame) -> tuple[int, int, int, float, float, float]:
    own = rows["defaulted"].astype(float).groupby(rows["enterprise_id"]).mean()
    low, high = jeffreys_interval(float(own.sum()), len(own))
    return len(rows), len(own), int(rows["defaulted"].sum()), float(own.mean()), low, high
