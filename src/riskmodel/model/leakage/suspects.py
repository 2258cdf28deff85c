"""Suspects of leakage: columns that rank the outcome better than early information could.

Only rows that a model is fitted on are looked at, so the test stays unseen. What is found here is a
suspicion: a person who knows where a column comes from may clear it by `model.leakage.allowlist`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from riskmodel.datasets.splits import folds, sample_enterprises
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.leakage.chance import largest_by_chance, observed_excess
from riskmodel.model.leakage.comparison import compare_columns
from riskmodel.model.leakage.incremental import normal_reach
from riskmodel.model.leakage.looked_at import LookedAt, Suspect, decide, suspects_table
from riskmodel.model.leakage.regions import Region, find_region
from riskmodel.model.leakage.screening import is_told_by_others
from riskmodel.model.leakage.univariate import (
    LabelledRows,
    UnivariateRanking,
    days_after,
    rank_univariate,
)
from riskmodel.settings import Settings

FOLDS = 4
MAX_ROWS = 100_000
"""More rows than this are sampled by enterprise."""


def find_suspects(
    rows: pd.DataFrame, definitions: Sequence[FeatureDefinition], settings: Settings
) -> pd.DataFrame:
    """Find the columns of the fit rows that look like leaks: a table of `Suspect`'s fields.

    `rows`: enterprise_id, `defaulted` and the features' columns. Of columns that came with the
    source as they stand (`attributes`) one is a leak, if it has a region of near-certain default
    beyond chance and its neighbours that no other column tells of; or if it ranks alone above
    `validate.max_single_feature_auc`, outranks a model of all others or lifts it much, and the
    outcome alone explains how it goes with them; or if it completes one: together they rank better
    than both could by evidence of their own. Our own features, computed as of the date, are never
    left out: what would name them is reported. Dates are looked at as days after `as_of` too,
    where the rows have it, and watched where they lie after it. Of very many rows those of
    enterprises drawn are looked at.
    """
    rows = sample_enterprises(rows, MAX_ROWS, settings.run.seed)
    looked = _look_at(rows, definitions, settings)
    dated = _date_columns(rows, looked.names)
    days = {name: rank_univariate(one, looked.labelled) for name, one in dated.items()}
    found = _check_dates(looked, days) | _check_regions(looked, dated)
    leaks = {name for name, one in found.items() if one.decision != "watched"}
    found |= compare_columns(looked, leaks & looked.given)
    found = {name: one if name in looked.given else _proven(one) for name, one in found.items()}
    ahead = {name: one for name in dated if (one := _check_future_dates(name, dated[name]))}
    return suspects_table((ahead | found)[name] for name in looked.names if name in ahead | found)


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


def excluded_names(found: pd.DataFrame) -> frozenset[str]:
    """Return the names of the columns that no model is given."""
    return frozenset(found.loc[found["decision"] == "excluded", "feature"])


def _to_labelled(rows: pd.DataFrame, settings: Settings) -> LabelledRows:
    fold = folds(rows["enterprise_id"], FOLDS, np.random.default_rng(settings.run.seed))
    who = pd.factorize(rows["enterprise_id"], sort=True)[0].astype(np.int64)
    return LabelledRows(rows["defaulted"].to_numpy(bool), who, fold.to_numpy(np.int64))


def _look_at(
    rows: pd.DataFrame, definitions: Sequence[FeatureDefinition], settings: Settings
) -> LookedAt:
    """The columns of the model's features that vary, each with its ranking alone."""
    asked = {one.name: one for one in definitions if one.model and one.name in rows}
    labelled = _to_labelled(rows, settings)
    ranked = {
        name: rank_univariate(rows[name], labelled)
        for name in asked
        if rows[name].nunique() + rows[name].isna().any() > 1
    }
    given = frozenset(name for name in ranked if asked[name].table == "attributes")
    return LookedAt(rows, labelled, ranked, given, settings)


def _proven(one: Suspect) -> Suspect:
    """The same of a feature of our own: computed as of the date, so that it is only watched."""
    reason = f"{one.reason}; computed as of the date from what was known before it"
    return replace(one, kind="proven", reason=reason, decision="watched")


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


def _check_dates(looked: LookedAt, days: Mapping[str, UnivariateRanking]) -> dict[str, Suspect]:
    """Columns of dates that rank alone, by their distance from the as-of date, as none should."""
    threshold = looked.settings.validate_.max_single_feature_auc
    return {
        name: Suspect(
            name,
            "alone",
            f"its days after the as-of date rank {one.auc:.3f} alone",
            *(one.auc, one.low, one.high),
            threshold,
            decide(name, looked.leakage),
        )
        for name, one in days.items()
        if one.auc > threshold
    }


def _check_regions(looked: LookedAt, dated: Mapping[str, pd.Series]) -> dict[str, Suspect]:
    """Columns with a region that holds many defaults and hardly anything else.

    Beyond what so many columns would show by chance; strong where other columns tell of it.
    """
    least, leakage = _min_defaults(looked), looked.leakage
    regions: dict[str, Region] = {}
    for name in looked.names:
        for values in (looked.rows[name], *([dated[name]] if name in dated else [])):
            one = find_region(values, looked.labelled, least, leakage.min_region_default_rate)
            if one is not None and one.odds >= leakage.min_region_odds_ratio:
                regions.setdefault(name, one)
    if not regions:
        return {}
    draws = leakage.region_permutations, looked.settings.run.seed
    bound = largest_by_chance(looked.rows, looked.names, looked.labelled, least, draws)
    beyond = {
        n: one for n, one in regions.items() if observed_excess(one.inside, looked.labelled) > bound
    }
    alone = looked.settings.validate_.max_single_feature_auc
    others = [n for n, one in looked.ranked.items() if n not in beyond and one.auc <= alone]
    return {name: _region_suspect(looked, name, one, others) for name, one in beyond.items()}


def _min_defaults(looked: LookedAt) -> int:
    share = looked.leakage.min_region_default_share * looked.labelled.bad.sum()
    return max(looked.leakage.min_region_defaults, int(np.ceil(share)))


def _region_suspect(looked: LookedAt, name: str, one: Region, others: Sequence[str]) -> Suspect:
    told = is_told_by_others(one.inside, *looked.matrix(others), looked.labelled)
    reason = (
        f"{one.rate:.1%} of {one.rows:,.0f} enterprises default {one.where},"
        f" {one.odds:,.0f} times the odds beside it at the least"
    )
    rate = one.rate, one.low, one.high, looked.leakage.min_region_default_rate
    if told:
        reason += "; other columns tell which defaulters lie there"
        return Suspect(name, "strong", reason, *rate, "watched")
    own, alone = looked.ranked[name], looked.settings.validate_.max_single_feature_auc
    decision = decide(name, looked.leakage)
    if own.auc > alone:
        reason = f"ranks {own.auc:.3f} alone; {reason}"
        return Suspect(name, "alone", reason, own.auc, own.low, own.high, alone, decision)
    return Suspect(name, "region", reason, *rate, decision)
