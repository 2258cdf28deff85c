"""Regional parity: limits of similar enterprises in different provinces."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError
from riskmodel.limits.economics import PD_CLIP
from riskmodel.statistics.bootstrap import draw_resamples
from riskmodel.statistics.logistic import logit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Matching:
    """Matching of similar enterprises: the nearest few by PD and cap, within a caliper in each.

    `log_odds` of the PD and `log_cap` are the calipers; `nearest` how many at most. A province
    with fewer matched enterprises than `min_matched` is shown and not tested.
    """

    log_odds: float
    log_cap: float
    nearest: int
    min_matched: int


@dataclass(frozen=True)
class RegionalParity:
    """Differences of limits between similar enterprises of different provinces.

    `rows` has a row a province: province, offers, matched, difference (mean of their limits
    against those of their matches elsewhere: 0.05 is 5 % more, by the mean of logs), low, high
    (bootstrap by enterprise), tested, apart (tested, and the interval excludes 0). `apart_share`
    is of the tested; `by_chance` what it would be if nothing differed; `unplaced` counts offers
    without a province.
    """

    rows: pd.DataFrame
    apart_share: float
    by_chance: float
    unplaced: int


def measure_regional_parity(
    offers: pd.DataFrame,
    matching: Matching,
    *,
    seed: int,
    draws: int = 400,
    coverage: float = 0.95,
) -> RegionalParity:
    """Compare each offered enterprise with its nearest others in other provinces.

    `offers`: enterprise_id, province, pd_12m, cap_cny, limit_cny (above 0), one row an
    enterprise. Nearest by the larger of the two distances, in calipers. The bootstrap draws
    enterprises again, as themselves and as matches, so that a match used often counts. Order of
    rows changes nothing. `DataError` where an offer has no limit, cap or PD.
    """
    placed = offers[offers["province"].notna() & (offers["province"] != "")]
    rows = placed.sort_values("enterprise_id", ignore_index=True)
    _refuse_unmatchable(rows)
    code, names = pd.factorize(rows["province"], sort=True)
    matches = _matches(rows, code, matching)
    drawn = _differences(rows, code, matches, seed=seed, draws=draws)
    found = _province_rows(rows, code, matches, drawn, coverage=coverage)
    tested = found["matched"] >= matching.min_matched
    apart = tested & ((found["low"] > 0) | (found["high"] < 0))
    found = found.assign(tested=tested, apart=apart)
    found.insert(0, "province", names)
    share = float(apart.sum() / tested.sum()) if tested.any() else float("nan")
    return RegionalParity(found, share, 1 - coverage, len(offers) - len(rows))


def _refuse_unmatchable(rows: pd.DataFrame) -> None:
    above = (rows[["limit_cny", "cap_cny", "pd_12m"]] > 0).all(axis=1)
    if not above.all():
        strange = rows.loc[~above, "enterprise_id"]
        raise DataError(
            f"offers: {len(strange)} of {len(rows)} without a limit, cap or PD above 0 "
            f"(first: {strange.iloc[0]}). Give offers only."
        )


def _matches(rows: pd.DataFrame, code: Ints, matching: Matching) -> Ints:
    """Rows x nearest: positions of each one's matches in other provinces, -1 where none is left."""
    from scipy.spatial import KDTree

    points = np.column_stack(
        [
            logit(rows["pd_12m"].to_numpy(np.float64), PD_CLIP) / matching.log_odds,
            np.log(rows["cap_cny"].to_numpy(np.float64)) / matching.log_cap,
        ]
    )
    found = np.full((len(rows), matching.nearest), -1, dtype=np.int64)
    for province in np.unique(code):
        own, others = np.flatnonzero(code == province), np.flatnonzero(code != province)
        if not len(others):
            continue
        # The bound is exclusive: the nudge keeps those exactly one caliper away.
        _, near = KDTree(points[others]).query(
            points[own], k=range(1, matching.nearest + 1), p=np.inf, distance_upper_bound=1 + 1e-9
        )
        found[own] = np.append(others, -1)[near]
    return found


def _differences(rows: pd.DataFrame, code: Ints, matches: Ints, *, seed: int, draws: int) -> Floats:
    """(1 + draws) x provinces: the mean log difference, as seen, then with drawn enterprises."""
    count = len(rows)
    log_limit = np.log(rows["limit_cny"].to_numpy(np.float64))
    there = matches >= 0
    provinces = int(code.max()) + 1 if count else 0

    def means(weight: Floats) -> Floats:
        of_match = np.where(there, weight[matches], 0.0)
        total = of_match.sum(axis=1)
        near = (of_match * log_limit[matches]).sum(axis=1) / np.where(total > 0, total, 1.0)
        own = np.where(total > 0, weight, 0.0)
        counted = np.bincount(code, own, provinces)
        summed = np.bincount(code, own * (log_limit - near), provinces)
        return np.where(counted > 0, summed / np.where(counted > 0, counted, 1.0), np.nan)

    weights = [np.ones(count)]
    weights += [
        np.bincount(picks, minlength=count).astype(np.float64)
        for picks in draw_resamples(count, draws if count else 0, seed)
    ]
    return np.stack([means(weight) for weight in weights])


def _province_rows(
    rows: pd.DataFrame, code: Ints, matches: Ints, drawn: Floats, *, coverage: float
) -> pd.DataFrame:
    provinces = drawn.shape[1]
    tail = (1 - coverage) / 2
    matched = np.bincount(code, (matches >= 0).any(axis=1), provinces).astype(np.int64)
    bounds = np.full((2, provinces), np.nan)
    some = matched > 0
    bounds[:, some] = np.nanquantile(drawn[1:, some], [tail, 1 - tail], axis=0)
    return pd.DataFrame(
        {
            "offers": np.bincount(code, minlength=provinces).astype(np.int64),
            "matched": matched,
            "difference": np.expm1(drawn[0]),
            "low": np.expm1(bounds[0]),
            "high": np.expm1(bounds[1]),
        }
    )
