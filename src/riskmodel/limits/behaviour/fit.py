"""Behaviour fitted to past lines: the PD's response to the limit, and utilisation.

Where nothing is fitted, the policy's stated values stand in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.behaviour.limit_response import LimitResponse, ResponseSettings, fit_response
from riskmodel.limits.behaviour.utilisation import StatedUtilisation, Utilisation, fit_utilisation
from riskmodel.limits.caps import compute_caps
from riskmodel.limits.policy import Economics, Policy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Behaviour:
    """The response and the utilisation, as far as past lines were enough to fit them.

    `cautious` takes the response's upper end, so that a limit is not given for want of evidence.
    """

    response: LimitResponse | None = None
    utilisation: Utilisation | None = None
    cautious: bool = True

    def shift(
        self, scored: pd.DataFrame, enterprise: Ints, share: Floats, economics: Economics
    ) -> Floats:
        """The move of each pair's log-odds at shares of the cap: pairs x levels."""
        if self.response is None:
            return economics.pd_slope * (share - economics.pd_centre)
        best, _, high = self.response.shift(scored.iloc[enterprise], share)
        return high if self.cautious else best

    def expected_utilisation(
        self, scored: pd.DataFrame, enterprise: Ints, limit_cny: Floats, economics: Economics
    ) -> tuple[Floats, Floats]:
        """The shares of each pair's limit that are drawn while performing, and owed at default."""
        if self.utilisation is None:
            stated = np.full(limit_cny.shape, economics.utilisation)
            return stated, np.full(limit_cny.shape, economics.exposure_at_default)
        safe = np.where(limit_cny > 0, limit_cny, 1.0)
        return self.utilisation.share(scored.iloc[enterprise], safe)

    def to_text(self) -> dict[str, Any]:
        """Return plain values, for a JSON file."""
        return {
            "response": self.response.to_text() if self.response else None,
            "utilisation": self.utilisation.to_text() if self.utilisation else None,
            "cautious": self.cautious,
        }

    @classmethod
    def from_text(cls, given: Mapping[str, Any]) -> Self:
        """Return the behaviour that `to_text` gave."""
        moves, draws = given["response"], given["utilisation"]
        return cls(
            LimitResponse.from_text(moves) if moves else None,
            Utilisation.from_text(draws) if draws else None,
            given["cautious"],
        )


def fit_behaviour(past: pd.DataFrame, policy: Policy) -> Behaviour:
    """Fit the response and the utilisation to past lines, with features at their grants.

    `past`: the columns of `datasets.past_lines`, `pd_12m`, and the features that the caps and the
    drawing read. Without lines nothing is fitted."""
    if past.empty:
        return Behaviour()
    usual = compute_caps(past, policy)["programme_cny"].to_numpy(np.float64)
    share = past["limit_cny"].to_numpy(np.float64) / np.where(usual > 0, usual, np.nan)
    rows = past.assign(share=share)
    return Behaviour(
        fit_response(rows, _response_settings(policy)),
        fit_utilisation(rows, _stated_utilisation(policy)),
    )


def _response_settings(policy: Policy) -> ResponseSettings:
    prior = policy.behaviour
    return ResponseSettings(
        prior_slope=policy.economics.pd_slope,
        prior_sd=prior.pd_slope_sd,
        transfer_sd=prior.transfer_sd,
        spread=prior.heterogeneity_sd,
        quantile=prior.response_quantile,
        early_days=prior.early_days_past_due,
    )


def _stated_utilisation(policy: Policy) -> StatedUtilisation:
    return StatedUtilisation(
        policy.economics.utilisation,
        policy.economics.credit_conversion_factor,
        policy.behaviour.utilisation_prior_lines,
        policy.behaviour.response_quantile,
    )
