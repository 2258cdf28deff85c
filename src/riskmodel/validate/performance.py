"""Performance by model and split, each figure with its interval."""

from collections.abc import Callable, Mapping

import numpy.typing as npt
import pandas as pd

from riskmodel.datasets.panel import KEY
from riskmodel.statistics.bootstrap import bootstrap_weights, percentile_interval
from riskmodel.statistics.calibration import (
    brier,
    calibration_ratio,
    calibration_slope,
    jeffreys_test,
    jeffreys_test_in_cycle,
    log_loss,
)
from riskmodel.statistics.discrimination import auc, auc_difference, kolmogorov_smirnov
from riskmodel.statistics.low_default import jeffreys_interval

ELIGIBLE = "eligible"
"""The test rows of enterprises that may be lent to: they met the policy's rules at `as_of`."""
Metric = Callable[..., float]

METRICS: Mapping[str, Metric] = {
    "auc": auc,
    "ks": kolmogorov_smirnov,
    "brier": brier,
    "log_loss": log_loss,
    "realised_to_expected": calibration_ratio,
    "calibration_slope": calibration_slope,
}


def measure_performance(predictions: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """model, split, metric, value, low, high (95 %, bootstrap by enterprise), rows, defaults.

    Splits are those that `with_headline` gives; `fit` rows are left out: they say
    nothing about it.
    """
    measured = ["calibrate", "test", ELIGIBLE, "same_enterprises", "cross_validated"]
    headline = predictions[predictions["split"].isin(measured)]
    tables = [
        _measure_split(group, draws, seed).assign(model=str(model), split=str(split))
        for (model, split), group in headline.groupby(["model", "split"])
        if group["defaulted"].nunique() > 1
    ]
    columns = ["model", "split", "metric", "value", "low", "high", "rows", "defaults"]
    return pd.concat([pd.DataFrame(columns=columns), *tables], ignore_index=True)[columns]


def with_headline(predictions: pd.DataFrame, out_of_fold: pd.DataFrame) -> pd.DataFrame:
    """Put the headline in the place of `test`: out of time and out of enterprise.

    `out_of_fold` takes the place of the test rows, and the models' own word on them, where it is there,
    is called `same_enterprises`: later dates, but enterprises that the model may have been fitted on.
    Its `cross_validated` rows are of the fit's own dates.
    """
    if out_of_fold.empty:
        return predictions
    own = predictions.assign(split=predictions["split"].replace("test", "same_enterprises"))
    return pd.concat([own, out_of_fold], ignore_index=True)


def with_eligible(predictions: pd.DataFrame, eligible: pd.DataFrame) -> pd.DataFrame:
    """Add the test rows of those who may be lent to once more, as the split `eligible`.

    `eligible`: enterprise_id, as_of. Nothing is added where these are all test rows or none: then
    the source cannot tell them apart.
    """
    tested = predictions[predictions["split"] == "test"]
    kept = tested.merge(eligible[KEY].drop_duplicates(), on=KEY, validate="m:1")
    if len(kept) in (0, len(tested)):
        return predictions
    return pd.concat([predictions, kept.assign(split=ELIGIBLE)], ignore_index=True)


def _measure_split(rows: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    y, p = outcome(rows), rows["pd_12m"].to_numpy(float)
    drawn = bootstrap_weights(rows["enterprise_id"], draws, seed)
    weights = [w for w in drawn if 0 < (w * y).sum() < w.sum()]
    lines = [
        (name, metric(p, y), *percentile_interval([metric(p, y, w) for w in weights]))
        for name, metric in METRICS.items()
    ]
    table = pd.DataFrame(lines, columns=["metric", "value", "low", "high"])
    return table.assign(rows=len(rows), defaults=int(y.sum()))


def performance_by_vintage(walked: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """vintage, model, auc, low, high (95 %, bootstrap by enterprise), rows, defaults.

    `walked`: enterprise_id, defaulted, vintage, model, score.
    """
    lines = []
    for (vintage, model), rows in walked.groupby(["vintage", "model"]):
        y, score = outcome(rows), rows["score"].to_numpy(float)
        weights = bootstrap_weights(rows["enterprise_id"], draws, seed)
        low, high = percentile_interval([auc(score, y, w) for w in weights])
        lines.append((vintage, model, auc(score, y), low, high, len(y), int(y.sum())))
    columns = ["vintage", "model", "auc", "low", "high", "rows", "defaults"]
    return pd.DataFrame(lines, columns=columns)


def compare_candidates(predictions: pd.DataFrame, champion: str) -> pd.DataFrame:
    """model, split, auc_ahead, low, high, p, rows, defaults: the champion's AUC less each other's.

    On the same rows, by DeLong's paired test with the enterprise as the unit; above 0 where the
    champion ranks better. `p` is two-sided.
    """
    keys, lines = ["enterprise_id", "as_of"], []
    for split in ("test", ELIGIBLE):
        of_split = predictions[predictions["split"] == split]
        ours = of_split[of_split["model"] == champion]
        if ours["defaulted"].nunique() < 2:
            continue
        for model in dict.fromkeys(of_split["model"]):
            theirs = of_split.loc[of_split["model"] == model, [*keys, "pd_12m"]]
            if model != champion:
                both = ours.merge(theirs, on=keys, suffixes=("", "_other"), validate="1:1")
                lines.append(
                    (model, split, *_compare_pair(both), len(both), both["defaulted"].sum())
                )
    columns = ["model", "split", "auc_ahead", "low", "high", "p", "rows", "defaults"]
    return pd.DataFrame(lines, columns=columns)


def _compare_pair(both: pd.DataFrame) -> tuple[float, float, float, float]:
    """The difference in AUC, its interval of 95 % and its p."""
    from scipy.stats import norm

    who = pd.factorize(both["enterprise_id"])[0]
    ours, theirs = (both[name].to_numpy(float) for name in ("pd_12m", "pd_12m_other"))
    ahead, error = auc_difference(ours, theirs, both["defaulted"].to_numpy(bool), who)
    reach = float(norm.ppf(0.975)) * error
    p = float(2 * norm.sf(abs(ahead) / error)) if error > 0 else 1.0
    return ahead, ahead - reach, ahead + reach, p


def outcome(rows: pd.DataFrame) -> npt.NDArray:  # type: ignore[type-arg]
    """`defaulted` as 0 and 1."""
    return rows["defaulted"].to_numpy(float)


def performance_by_grade(rows: pd.DataFrame, correlation: float = 0.0) -> pd.DataFrame:
    """grade, rows, enterprises, defaults, mean PD, realised rate with Jeffreys' interval and p.

    An enterprise that stands in a grade on several dates counts once: its rows share its weight,
    since they tell of the same default. `defaults` and `rate` are so weighted. `p` is Jeffreys'
    for independent defaults; `p_adjusted` allows for the cycle (`correlation` of the enterprises'
    assets) and, after Holm (1979), for the number of grades.
    """
    own = ["grade", "enterprise_id"]
    weight = 1 / rows.groupby(own)["defaulted"].transform("size")
    weighted = rows.assign(
        weight=weight, bad=weight * rows["defaulted"].astype(float), of=weight * rows["pd_12m"]
    )
    grouped = weighted.groupby("grade", sort=True)
    table = grouped.agg(
        rows=("weight", "size"),
        enterprises=("weight", "sum"),
        defaults=("bad", "sum"),
        of=("of", "sum"),
    ).reset_index()
    table = table.assign(
        pd_12m=table["of"] / table["enterprises"], rate=table["defaults"] / table["enterprises"]
    ).drop(columns="of")
    counts = list(zip(table["defaults"], table["enterprises"], table["pd_12m"], strict=True))
    bounds = [jeffreys_interval(d, n) for d, n, _ in counts]
    p = pd.Series([jeffreys_test(d, n, p) for d, n, p in counts], dtype=float)
    cycle = [jeffreys_test_in_cycle(d, n, p, correlation) for d, n, p in counts]
    adjusted = adjust_holm(pd.Series(cycle, dtype=float))
    return table.assign(
        low=[low for low, _ in bounds], high=[high for _, high in bounds], p=p, p_adjusted=adjusted
    )


def adjust_holm(p: pd.Series) -> pd.Series:
    """Adjust p-values for several tests at once (Holm 1979).

    >>> adjust_holm(pd.Series([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = p.sort_values(kind="stable")
    factors = range(len(p), 0, -1)
    return (order * list(factors)).cummax().clip(upper=1).reindex(p.index)
