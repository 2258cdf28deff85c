"""Causal response of default to the limit, fitted to past lines.

logit PD(L) = logit PD + b (L / cap - centre), with one slope b for all.

**Why it is causal.** A bank gives riskier enterprises smaller lines, so a plain regression of
default on the limit says that large lines are safe (the estimate "naive"). But given the policy's
grade, the share of the cap is drawn by chances that do not look at the enterprise, and for some
lines by an experiment. So within a grade the share is as good as random, and its effect on the
log-odds of default can be read from lines of the same grade (`slopes.fit_within_strata`; Rosenbaum and
Rubin 1983 for strata of one propensity). The out-of-fold log-odds of the model only sharpen the estimate.

**Why it is pooled.** Defaults are few. Being past due at all is some six times as frequent, and the
way into most defaults; its response stands in for that of default with a stated standard deviation
of what may lie between them (surrogate outcomes: Prentice 1989; Athey et al. 2019). Both, and the
policy's stated slope, are weighed by their precision (`slopes.pool_slopes`).

**Heterogeneity.** Enterprises' own slopes differ; that stays in the interval as `spread`.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError
from riskmodel.limits.behaviour.slopes import Fit, covariance, fit_within_strata, pool_slopes
from riskmodel.limits.behaviour.strata import (
    centre_within_strata,
    correlation,
    encode_enterprises,
    is_randomised,
    known_log_odds,
    log_odds,
    stated_log_odds,
    strata,
    strata_names,
    values,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEEDED = ("enterprise_id", "share", "defaulted")
SHARES = (0.05, 2.0)
"""Shares of the cap outside these are mistakes of the cap rather than policy, and are held to them."""
STEEPEST = 10.0
"""No slope is as steep as this: e to the 10 between no limit and the programme's."""
FEWEST_EVENTS = 10
"""With fewer events an outcome gives no estimate of its own."""


@dataclass(frozen=True)
class ResponseSettings:
    """Stated values; the caller has them from the policy.

    `prior_slope` and `prior_sd`: what is believed of the slope before any line is seen.
    `transfer_sd`: how far the response of being past due may lie from that of default. `spread`:
    the standard deviation of enterprises' own slopes about what is predicted. `quantile`: of the
    cautious end. `early_days`: days past due that count as the early outcome.
    """

    prior_slope: float
    prior_sd: float
    transfer_sd: float
    spread: float
    quantile: float
    early_days: int


@dataclass(frozen=True)
class Estimate:
    """One slope as the lines alone give it: from which lines, of which outcome."""

    lines: str
    outcome: str
    rows: int
    events: int
    slope: float
    standard_error: float


@dataclass(frozen=True)
class Centre:
    """The share of the cap at which the model's PD holds: what past lines of such log-odds had."""

    level: float
    slope: float
    middle: float
    low: float
    high: float

    def at(self, log_odds: Floats) -> Floats:
        """One a row; the mean's where the log-odds are missing."""
        moved = np.clip(log_odds, self.low, self.high) - self.middle
        found: Floats = self.level + self.slope * np.nan_to_num(moved)
        return np.asarray(found)


@dataclass(frozen=True)
class LimitResponse:
    """Response of the log-odds of default to the limit; see the module.

    `slope_sd` is the standard deviation of the mean slope. `balance` is the correlation of the
    share with the model's log-odds (else with the log of exports) within strata: near 0 where the
    share is as good as random. `basis` is "strata", "randomised" or "prior". `estimates` are
    what was seen, before any pooling.
    """

    basis: str
    slope: float
    slope_sd: float
    spread: float
    quantile: float
    centre: Centre
    balance: float
    estimates: tuple[Estimate, ...]

    def shift(self, scored: pd.DataFrame, share: Floats) -> tuple[Floats, Floats, Floats]:
        """The best, low and high (cautious) moves of the log-odds, each of the shape of `share`.

        `share` is limit / cap: one an enterprise, or enterprises x levels. The low and high ends lie
        at the stated quantile: below the centre a cautious move is a small relief, above it a large
        charge. Reads `pd_12m`; what is missing counts as typical.
        """
        from scipy.special import ndtri

        slope, sd = self.slopes(scored)
        away = share - self._centre(scored).reshape(-1, *[1] * (share.ndim - 1))
        slope, sd = (one.reshape(-1, *[1] * (share.ndim - 1)) for one in (slope, sd))
        half = float(ndtri(self.quantile)) * sd * np.abs(away)
        best = slope * away
        return best, best - half, best + half

    def slopes(self, scored: pd.DataFrame) -> tuple[Floats, Floats]:
        """Each enterprise's slope, and the standard deviation of its own about that."""
        sd = np.sqrt(self.slope_sd**2 + self.spread**2)
        return np.full(len(scored), self.slope), np.full(len(scored), sd)

    def _centre(self, scored: pd.DataFrame) -> Floats:
        return self.centre.at(stated_log_odds(scored))

    def to_text(self) -> dict[str, Any]:
        """Return plain values, for a JSON file."""
        return asdict(self)

    @classmethod
    def from_text(cls, given: dict[str, Any]) -> Self:
        """Return the response that `to_text` gave."""
        parts: dict[str, Any] = {
            "centre": Centre(**given["centre"]),
            "estimates": tuple(Estimate(**one) for one in given["estimates"]),
        }
        return cls(**{**given, **parts})


def fit_response(past: pd.DataFrame, settings: ResponseSettings) -> LimitResponse:
    """Fit the response to past lines, one row a line at its grant.

    Columns: `enterprise_id`, `share` (limit / cap at the grant), `defaulted`; and as far as there:
    `grade` (the policy's stratum, "" where unknown), `is_randomised`, `past_due` (days), `pd_12m` (of
    a model that never saw the enterprise) or `log_odds`. Lines without a
    stratum count only where their limit was set by experiment; with no such line, the prior is all
    there is.
    """
    past = _validate_lines(past)
    known, basis = _as_good_as_random(past)
    rows = past[known].reset_index(drop=True)
    fits, seen = _fits(rows, settings)
    estimates = [*seen, *_slice_of_experiment(rows, settings), *_naive_estimates(rows, settings)]
    centre = _centre_of(past)
    if not fits:
        return LimitResponse(
            "prior", settings.prior_slope, settings.prior_sd, settings.spread, settings.quantile, centre,
            0.0, tuple(estimates),
        )  # fmt: skip
    owner = encode_enterprises(rows["enterprise_id"])
    matrix = covariance([fit.influence for fit in fits.values()], owner)
    slopes = np.asarray([fit.slope for fit in fits.values()])
    prior = (settings.prior_slope, settings.prior_sd)
    if "default" not in fits:  # the early outcome alone, as far away as it may be
        slopes = np.concatenate([[settings.prior_slope], slopes])
        matrix = np.block([[np.full((1, 1), 1e9), np.zeros((1, 1))], [np.zeros((1, 1)), matrix]])
    slope, sd = pool_slopes(slopes, matrix, prior, settings.transfer_sd)
    centred = centre_within_strata(rows["share"].to_numpy(np.float64), strata(rows))
    return LimitResponse(
        basis, slope, sd, settings.spread, settings.quantile, centre,
        correlation(centred, centre_within_strata(_prior_risk(rows), strata(rows))), tuple(estimates),
    )  # fmt: skip


def _validate_lines(past: pd.DataFrame) -> pd.DataFrame:
    absent = [name for name in NEEDED if name not in past]
    if absent:
        raise DataError(f"past lines: no column {absent[0]}. Give {', '.join(NEEDED)}.")
    share = past["share"].astype("float64")
    kept = past[np.isfinite(share) & (share > 0)]
    ordered = kept.sort_values(
        ["enterprise_id", *_sort_keys(kept)], kind="stable", ignore_index=True
    )
    return ordered.assign(share=ordered["share"].astype("float64").clip(*SHARES))


def _sort_keys(past: pd.DataFrame) -> list[str]:
    return [name for name in ("as_of", "line_id", "share") if name in past]


def _as_good_as_random(past: pd.DataFrame) -> tuple[NDArray[np.bool_], str]:
    """The lines whose share is as good as random given what is known, and why."""
    graded = strata_names(past) != ""
    drawn = is_randomised(past)
    if graded.any():
        return graded, "strata"
    return drawn, "randomised"


def _fits(rows: pd.DataFrame, settings: ResponseSettings) -> tuple[dict[str, Fit], list[Estimate]]:
    """A slope for each outcome that has events enough: "default" first, then "early"."""
    fits: dict[str, Fit] = {}
    seen: list[Estimate] = []
    for name in ("default", "early"):
        fit, estimate = _slope(rows, name, settings, "strata")
        if fit is not None and estimate is not None:
            fits[name] = fit
            seen.append(estimate)
    return fits, seen


def _slice_of_experiment(rows: pd.DataFrame, settings: ResponseSettings) -> list[Estimate]:
    """The same from the lines set by experiment alone: the cleanest, and the fewest."""
    some = rows[is_randomised(rows)].reset_index(drop=True)
    found = [_slope(some, name, settings, "randomised")[1] for name in ("default", "early")]
    return [one for one in found if one is not None]


def _naive_estimates(past: pd.DataFrame, settings: ResponseSettings) -> list[Estimate]:
    plain = past[["enterprise_id", "share", "defaulted"]]
    found = _slope(plain, "default", settings, "naive")[1]
    return [] if found is None else [found]


def _slope(
    rows: pd.DataFrame, outcome: str, settings: ResponseSettings, lines: str
) -> tuple[Fit | None, Estimate | None]:
    event = _outcome(rows, outcome, settings)
    happened = int(event.sum())
    share = rows["share"].to_numpy(np.float64)
    few = min(happened, len(event) - happened) < FEWEST_EVENTS
    if few or np.ptp(centre_within_strata(share, strata(rows))) < 1e-9:
        return None, None
    fit = fit_within_strata(share, event, strata(rows), log_odds(rows))
    if abs(fit.slope) > STEEPEST:  # the events all but separate: there is no estimate
        return None, None
    error = covariance([fit.influence], encode_enterprises(rows["enterprise_id"]))[0, 0] ** 0.5
    return fit, Estimate(lines, outcome, len(rows), happened, fit.slope, float(error))


def _outcome(rows: pd.DataFrame, name: str, settings: ResponseSettings) -> Floats:
    """1 where the outcome happened; nowhere for the early one where nothing tells of it."""
    defaulted = rows["defaulted"].to_numpy(np.float64)
    if name == "default":
        return defaulted
    if "past_due" not in rows:
        return np.zeros(len(rows))
    late = rows["past_due"].fillna(0).to_numpy(np.float64) >= settings.early_days
    happened: Floats = np.maximum(late.astype(np.float64), defaulted)
    return happened


def _prior_risk(rows: pd.DataFrame) -> Floats:
    """Risk known before the limit: the model's log-odds, else the log of exports."""
    known = known_log_odds(rows)
    if known is not None:
        return known
    exports = values(rows, "exports_usd_12m")
    return np.log1p(np.clip(np.nan_to_num(exports), 0.0, None))


def _centre_of(past: pd.DataFrame) -> Centre:
    """Least squares of the share on the model's log-odds, where these are known."""
    share, known = past["share"].to_numpy(np.float64), known_log_odds(past)
    if known is None or len(past) < FEWEST_EVENTS:
        mean = float(share.mean()) if len(share) else 1.0
        return Centre(mean, 0.0, 0.0, 0.0, 0.0)
    low, high = np.quantile(known, [0.01, 0.99])
    held = np.clip(known, low, high)
    middle, spread = held.mean(), held.var()
    slope = float(np.mean((held - middle) * share) / spread) if spread > 0 else 0.0
    return Centre(float(share.mean()), slope, float(middle), float(low), float(high))
