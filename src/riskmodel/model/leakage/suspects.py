"""Suspects of leakage: columns that rank the outcome better than early information could.

Only rows that a model is fitted on are looked at, so the test stays unseen. What is found here is a
suspicion: a person who knows where a column comes from may clear it by `model.leakage.allowlist`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.datasets.splits import folds, sample_enterprises
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.leakage.incremental import (
    auc_gain,
    combined_auc,
    find_partner,
    most_used_columns,
    normal_reach,
    predict_out_of_fold,
    to_matrix,
)
from riskmodel.model.leakage.univariate import (
    LabelledRows,
    UnivariateRanking,
    days_after,
    find_purest_region,
    rank_univariate,
)
from riskmodel.settings import ModelSettings, Settings
from riskmodel.statistics.discrimination import clustered_auc

Array = npt.NDArray[np.float64]

FOLDS = 4
MAX_ROWS = 100_000
"""More rows than this are sampled by enterprise."""


@dataclass(frozen=True)
class Suspect:
    """One column that is taken for a leak, with the reason, a value and its interval.

    `kind`: alone, region, outranks, together, lifts, ahead or fading. `decision`: excluded, kept (by
    `model.leakage.action`), cleared (by `model.leakage.allowlist`), or watched: reported, and no reason to leave the
    column out.
    """

    feature: str
    kind: str
    reason: str
    value: float
    low: float
    high: float
    threshold: float
    decision: str


COLUMNS = tuple(Suspect.__annotations__)


def find_suspects(
    rows: pd.DataFrame, definitions: Sequence[FeatureDefinition], settings: Settings
) -> pd.DataFrame:
    """Find the columns of the fit rows that look like leaks: a table of `Suspect`'s fields.

    `rows`: enterprise_id, `defaulted` and the features' columns. A column is one, if it ranks alone
    above `validate.max_single_feature_auc`, or has a region of near-certain default, or if it came with
    the source as it stands (`attributes`) and outranks a model of all others, or completes one:
    together they rank better than both could by evidence of their own. What only lifts that model
    is watched, and so are dates after the as-of date. Dates are looked at as days after `as_of`
    too, where the rows have it. Empty where nothing is found. Of very many rows those of
    enterprises drawn are looked at.
    """
    rows = sample_enterprises(rows, MAX_ROWS, settings.run.seed)
    labelled = _to_labelled(rows, settings)
    asked = {
        feature.name: feature for feature in definitions if feature.model and feature.name in rows
    }
    varied = [name for name in asked if rows[name].nunique() + rows[name].isna().any() > 1]
    dated = _date_columns(rows, varied)
    ranked = {name: rank_univariate(rows[name], labelled) for name in varied}
    found = {
        name: one
        for name in varied
        for values, own in _as_value_and_days(rows[name], ranked[name], dated.get(name), labelled)
        if (
            one := _check_univariate(name, own, settings)
            or _check_regions(name, values, labelled, settings)
        )
    }
    if labelled.bad.sum() >= settings.model.leakage.min_incremental_defaults:
        rest = {name: ranked[name] for name in varied if name not in found}
        given = frozenset(name for name in rest if asked[name].table == "attributes")
        found |= _check_incremental(rows, rest, given, labelled, settings)
    ahead = {name: one for name in dated if (one := _check_future_dates(name, dated[name]))}
    return suspects_table((ahead | found)[name] for name in varied if name in ahead | found)


def find_fading(
    rows: pd.DataFrame,
    later: pd.DataFrame,
    definitions: Sequence[FeatureDefinition],
    settings: Settings,
) -> pd.DataFrame:
    """Find the columns that rank well in the fit rows and hardly in `later` ones.

    The fall in AUC must exceed `model.leakage.max_auc_decay` at the lower end of its interval, which allows
    for the number of columns looked at (Bonferroni).
    """
    before, after = (_to_labelled(some, settings) for some in (rows, later))
    threshold, found = settings.model.leakage.max_auc_decay, []
    names = [
        feature.name
        for feature in definitions
        if feature.model and feature.name in rows and feature.name in later
    ]
    wide = normal_reach(len(names))
    for name in names:
        then = rank_univariate(rows[name], before)
        if then.auc < 0.5 + threshold or later[name].isna().all():
            continue
        now = rank_univariate(later[name], after)
        fall = then.auc - now.auc
        error = float(np.hypot(then.high - then.low, now.high - now.low)) / (2 * normal_reach(1))
        if fall - wide * error > threshold:
            reason = f"ranks {then.auc:.3f} alone in the fit rows and {now.auc:.3f} in later ones"
            ends = fall - wide * error, fall + wide * error
            found.append(Suspect(name, "fading", reason, fall, *ends, threshold, "watched"))
    return suspects_table(found)


def suspects_table(found: Iterable[Suspect]) -> pd.DataFrame:
    """Return the suspects as a table, one row each."""
    return pd.DataFrame([asdict(one) for one in found], columns=list(COLUMNS))


def excluded_names(found: pd.DataFrame) -> frozenset[str]:
    """Return the names of the columns that no model is given."""
    return frozenset(found.loc[found["decision"] == "excluded", "feature"])


def _to_labelled(rows: pd.DataFrame, settings: Settings) -> LabelledRows:
    fold = folds(rows["enterprise_id"], FOLDS, np.random.default_rng(settings.run.seed))
    who = pd.factorize(rows["enterprise_id"], sort=True)[0].astype(np.int64)
    return LabelledRows(rows["defaulted"].to_numpy(bool), who, fold.to_numpy(np.int64))


def _decision(name: str, settings: ModelSettings) -> str:
    if name in settings.leakage.allowlist:
        return "cleared"
    return "excluded" if settings.leakage.action == "exclude" else "kept"


def _date_columns(rows: pd.DataFrame, names: Sequence[str]) -> dict[str, pd.Series]:
    """The columns of dates as days after the as-of date: what a date tells hangs on that."""
    if "as_of" not in rows:
        return {}
    found = {name: days_after(rows[name], rows["as_of"]) for name in names}
    return {name: days for name, days in found.items() if days is not None}


def _check_future_dates(name: str, days: pd.Series) -> Suspect | None:
    """A column of dates of which some lie after the as-of date: planned, or not yet known."""
    share = float((days > 0).sum() / days.notna().sum())
    if share == 0:
        return None
    reason = f"{share:.1%} of its dates lie after the as-of date"
    return Suspect(name, "ahead", reason, share, share, share, 0.0, "watched")


def _as_value_and_days(
    values: pd.Series, own: UnivariateRanking, days: pd.Series | None, labelled: LabelledRows
) -> Iterator[tuple[pd.Series, UnivariateRanking]]:
    """The column as it stands and, if one of dates, as days; each with how it ranks alone."""
    yield values, own
    if days is not None:
        yield days, rank_univariate(days, labelled)


def _check_univariate(name: str, one: UnivariateRanking, settings: Settings) -> Suspect | None:
    """A column that alone ranks better than any model should."""
    threshold = settings.validate_.max_single_feature_auc
    if not one.auc > threshold:
        return None
    reason = f"ranks {one.auc:.3f} alone"
    decision = _decision(name, settings.model)
    return Suspect(name, "alone", reason, one.auc, one.low, one.high, threshold, decision)


def _check_regions(
    name: str, values: pd.Series, labelled: LabelledRows, settings: Settings
) -> Suspect | None:
    """A column with a region that holds many defaults and hardly anything else."""
    model = settings.model
    least = max(
        model.leakage.min_region_defaults,
        int(np.ceil(model.leakage.min_region_default_share * labelled.bad.sum())),
    )
    one = find_purest_region(values, labelled, least)
    if (
        one is None
        or one.low < model.leakage.min_region_default_rate
        or one.odds < model.leakage.min_region_odds_ratio
    ):
        return None
    reason = (
        f"{one.rate:.1%} of {one.rows:,.0f} enterprises default {one.where},"
        f" {one.odds:,.0f} times the odds of the others at the least"
    )
    decision = _decision(name, model)
    return Suspect(
        name,
        "region",
        reason,
        one.rate,
        one.low,
        one.high,
        model.leakage.min_region_default_rate,
        decision,
    )


def _check_incremental(
    rows: pd.DataFrame,
    ranked: Mapping[str, UnivariateRanking],
    given: frozenset[str],
    labelled: LabelledRows,
    settings: Settings,
) -> dict[str, Suspect]:
    """The `given` columns that are strong or much used, each beside all others, the weakest first.

    What is honest joins the others; what is not must not hide the next one.
    """
    strong = {name for name in given if ranked[name].auc > settings.model.leakage.min_watch_auc}
    asked = strong | most_used_columns(rows, list(ranked), given, labelled)
    others = [name for name in ranked if name not in asked]
    found: dict[str, Suspect] = {}

    def ask(name: str) -> None:
        beside = *to_matrix(rows, [*others, name]), labelled
        one = _compare_to_others(name, ranked[name], beside, settings)
        if one is not None:
            found[name] = one
        if one is None or one.decision == "cleared":
            others.append(name)

    cleared = settings.model.leakage.allowlist
    for name in sorted(asked, key=lambda name: (name not in cleared, ranked[name].auc, name)):
        ask(name)
    # What completed the few that came before may tell nothing beside all that are honest.
    for name in [name for name, one in found.items() if one.kind == "together"]:
        if found.pop(name).decision == "cleared":
            others.remove(name)
        ask(name)
    for one in [one for one in found.values() if one.kind == "together"]:
        name = find_partner(rows, one.feature, others, labelled)
        if name in given and name not in {*found, *cleared}:
            reason = f"beside {one.feature}: {one.reason}"
            found[name] = replace(
                one, feature=name, reason=reason, decision=_decision(name, settings.model)
            )
    return found


def _compare_to_others(
    name: str,
    one: UnivariateRanking,
    beside: tuple[Array, list[int], LabelledRows],
    settings: Settings,
) -> Suspect | None:
    """A column, the last one of the matrix, if it outranks, completes or lifts a model of the
    others."""
    matrix, texts, labelled = beside
    model, last = settings.model, matrix.shape[1] - 1
    without = predict_out_of_fold(matrix[:, :last], [t for t in texts if t < last], labelled)
    ahead, low, high = auc_gain(one.score, without, labelled)
    if one.auc > model.leakage.min_leak_auc and low > model.leakage.max_auc_lead:
        reason = f"ranks {one.auc:.3f} alone, {ahead:.3f} above a model of all others"
        return Suspect(
            name,
            "outranks",
            reason,
            ahead,
            low,
            high,
            model.leakage.max_auc_lead,
            _decision(name, model),
        )
    lift, low, high = auc_gain(predict_out_of_fold(matrix, texts, labelled), without, labelled)
    base = clustered_auc(without, labelled.bad, labelled.enterprise).auc
    own = combined_auc(base, one.auc) - base
    if low - own > model.leakage.max_excess_lift:
        reason = (
            f"ranks {one.auc:.3f} alone, all others {base:.3f}, together {base + lift:.3f}:"
            f" {lift - own:.3f} more than both can tell apart"
        )
        ends, threshold = (low - own, high - own), model.leakage.max_excess_lift
        return Suspect(
            name, "together", reason, lift - own, *ends, threshold, _decision(name, model)
        )
    if one.auc > model.leakage.min_watch_auc and low > model.leakage.max_auc_lift:
        reason = f"ranks {one.auc:.3f} alone and lifts a model of all others by {lift:.3f}"
        return Suspect(
            name, "lifts", reason, lift, low, high, model.leakage.max_auc_lift, "watched"
        )
    return None
