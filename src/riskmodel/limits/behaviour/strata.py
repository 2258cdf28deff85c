"""Past lines as a study reads them: strata, enterprises, the model's log-odds."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.feature_values import feature_values
from riskmodel.statistics.logistic import logit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PD_CLIP = 1e-6
"""PDs are held this far from 0 and 1 before their log-odds are taken."""


def stated_log_odds(rows: pd.DataFrame) -> Floats:
    """The model's, from `log_odds` or else `pd_12m`; not finite where missing."""
    if "log_odds" in rows:
        return values(rows, "log_odds")
    return logit(values(rows, "pd_12m"), PD_CLIP)


def known_log_odds(rows: pd.DataFrame) -> Floats | None:
    """The model's log-odds, their mean where missing; None where none are known."""
    found = stated_log_odds(rows)
    known = np.isfinite(found)
    if not known.any():
        return None
    filled: Floats = np.where(known, found, found[known].mean())
    return filled


def log_odds(rows: pd.DataFrame) -> Floats:
    """The model's log-odds; the known ones' mean where missing, all 0 where none are known."""
    found = known_log_odds(rows)
    return np.zeros(len(rows)) if found is None else found


def strata_names(rows: pd.DataFrame) -> Any:
    """The policy's grade of each line, "" where unknown."""
    if "grade" not in rows:
        return np.full(len(rows), "", dtype=object)
    return rows["grade"].fillna("").to_numpy(object)


def strata(rows: pd.DataFrame) -> Ints:
    """A number for each grade."""
    return np.unique(strata_names(rows).astype(str), return_inverse=True)[1].astype(np.int64)


def encode_enterprises(names: pd.Series) -> Ints:
    """A number for each enterprise, in order of appearance."""
    return pd.factorize(names)[0].astype(np.int64)


def is_randomised(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Flag lines whose limit was set by experiment; false where that is unknown."""
    if "randomised" not in rows:
        return np.zeros(len(rows), dtype=np.bool_)
    return np.asarray(rows["randomised"].astype("boolean").fillna(False), dtype=np.bool_)


def centre_within_strata(values: Floats, stratum: Ints) -> Floats:
    """The values less their stratum's mean."""
    if not len(values):
        return values
    counts = np.bincount(stratum)
    means = np.bincount(stratum, weights=values) / np.maximum(counts, 1)
    centred: Floats = values - means[stratum]
    return centred


def correlation(one: Floats, other: Floats) -> float:
    """Of two columns that are centred already; 0 where one does not vary."""
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other / size) if size > 0 else 0.0


def values(rows: pd.DataFrame, name: str) -> Floats:
    """A column as numbers; not finite where it is absent."""
    found: Floats = feature_values(rows, name).to_numpy(np.float64)
    return found
