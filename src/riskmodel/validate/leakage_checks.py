"""Checks of leakage: columns left out, features that rank too well alone, time travel."""

import numpy as np
import pandas as pd

from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.outward_rounding import format_beside
from riskmodel.validate.evidence import Check, Evidence
from riskmodel.validate.performance import outcome

NAMED_FEATURES = 3
"""The number of features that are named as ranking best alone."""


def check_leaks_excluded(e: Evidence) -> Check:
    """Check that no column was left out as a leak; suspects are named."""
    out, cleared, watched = (
        e.suspects_of(decision) for decision in ("excluded", "cleared", "watched")
    )
    parts = [f"{len(out)} columns were taken for leaks and left out{_name_suspects(out)}."]
    if len(out):
        parts.append("Trace each to before the as-of date and clear it, or drop it at the source.")
    if len(cleared):
        parts.append(
            f"{len(cleared)} look like leaks and were cleared by name{_name_suspects(cleared)}."
        )
    if len(watched):
        parts.append(
            f"{len(watched)} stay in, but ask where they come from{_name_suspects(watched)}."
        )
    count = float(len(out))
    return Check("leaks_excluded", count == 0, count, np.nan, np.nan, 0.0, " ".join(parts))


def _name_suspects(found: pd.DataFrame) -> str:
    """The columns, each with why."""
    lines = [f"{name} ({why})" for name, why in zip(found["feature"], found["reason"], strict=True)]
    return f": {'; '.join(lines)}" if lines else ""


def check_leak_single_feature(e: Evidence) -> Check:
    """Check that no feature of the model ranks too well alone, or was kept as a suspect."""
    rows = e.panel[e.panel["split"].isin(["test"] if e.by_time else ["fit"])]
    y, settled = outcome(rows), _settled(e)
    found = {
        feature.name: _univariate_auc(rows[feature.name], y)
        for feature in e.definitions
        if feature.model
        and not feature.category
        and feature.name in rows
        and feature.name not in settled
    }
    best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:NAMED_FEATURES]
    value = best[0][1] if best else np.nan
    threshold, kept = e.settings.max_single_feature_auc, e.suspects_of("kept")
    named = (
        ", ".join(f"{name} (AUC {format_beside(ranks, threshold, '.3f')})" for name, ranks in best)
        or "none"
    )
    text = (
        f"The features that rank best alone: {named}; above {threshold:g} one is taken for a leak"
        " until explained. A weaker leak looks like an honest feature: ask where these come from."
    )
    text += f" Kept in spite of it{_name_suspects(kept)}." if len(kept) else ""
    passed = not (value > threshold or len(kept))
    return Check("leak_single_feature", passed, value, np.nan, np.nan, threshold, text)


def _settled(e: Evidence) -> set[str]:
    """Columns that are out, cleared by a person, or found to be honest however well they rank."""
    honest = e.suspects["kind"].isin(["strong", "proven"])
    return {*e.suspects_of("excluded", "cleared")["feature"], *e.suspects[honest]["feature"]}


def _univariate_auc(values: pd.Series, y: np.ndarray) -> float:
    """AUC of the values in either direction, or of their being missing."""
    numbers = values.to_numpy(float, na_value=np.nan)
    missing = np.isnan(numbers)
    if missing.all():
        return 0.5
    filled = np.where(missing, np.nanmedian(numbers), numbers)
    ranks = [auc(filled, y), auc(missing.astype(float), y)]
    return max(max(rank, 1 - rank) for rank in ranks)


def check_leak_time_travel(e: Evidence) -> Check:
    """Check that features stay when all that became known later is taken away."""
    changed, of = e.time_travel
    text = (
        f"{changed} of {of:,} feature values changed when every row known at or after the as-of"
        " date was taken out of the source and the features were computed anew."
    )
    return Check("leak_time_travel", changed == 0, float(changed), np.nan, np.nan, 0.0, text)
