"""The yearly rate: risk-based inside the bank's band, or from a curve of rate against churn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits.policy import Bank, Banks, Policy

Floats = NDArray[np.float64]
RATE_DECIMALS = 4


@dataclass(frozen=True)
class TakeUp:
    """Take-up of offers: shares by segment (in the policy's order) and yearly rate."""

    rates: Floats
    taken: Floats


def rate_band(bank: Bank, policy: Policy) -> tuple[float, float]:
    """Return the bank's lowest and highest rate; `SettingsError` if the all-in price forbids them
    all."""
    highest = min(bank.max_rate, policy.pricing.max_all_in_rate)
    if bank.min_rate > highest:
        raise SettingsError(
            f"{bank.name}: min_rate is above the all-in price of 1 policy. "
            "Lower min_rate, or raise pricing.max_all_in_rate."
        )
    return bank.min_rate, highest


def risk_based_rates(pd_12m: Floats, policy: Policy, banks: Banks) -> Floats:
    """Risk-based rates, enterprises x banks: reference rate + pass-through x LGD x EAD / drawn x
    (PD - typical PD).

    Held to each bank's band, rounded to a hundredth of a percent. A proposal: it hands a stated
    share of the expected loss above the typical to the one who causes it.

    >>> from riskmodel.limits.policy import Economics, Pricing
    >>> economics = Economics(lgd=0.6, credit_conversion_factor=0.5, utilisation=0.5, capital_ratio=0.1,
    ...                       opening_cost_cny=800, pd_slope=0.8, pd_centre=1)
    >>> pricing = Pricing(max_all_in_rate=0.24, pass_through=0.5, reference_pd=0.03, churn_file="",
    ...                   segments=())
    >>> bank = Bank(name="east_bank", funding_rate=0.04, capital_cost=0.12, min_rate=0.10,
    ...             reference_rate=0.12, max_rate=0.15, budget_cny=3e7, max_expected_loss_share=0.05,
    ...             max_limit_cny=1e7, max_pd=0.1)
    >>> policy = Policy.model_construct(economics=economics, pricing=pricing)
    >>> risk_based_rates(np.array([0.01, 0.03, 0.05]), policy, Banks(bank=(bank,))).tolist()
    [[0.111], [0.12], [0.129]]
    """
    low, high = np.asarray([rate_band(bank, policy) for bank in banks.bank]).T
    held: Floats = np.clip(_unclipped_rates(pd_12m, policy, banks), low, high)
    return held


def binding_rate_bounds(pd_12m: Floats, policy: Policy, banks: Banks) -> NDArray[np.object_]:
    """Name the bound that binds each rate, enterprises x banks ("" none).

    It is the bank's own lowest or highest rate, or the all-in price of the law.
    """
    low, high = np.asarray([rate_band(bank, policy) for bank in banks.bank]).T
    own = np.asarray([bank.max_rate <= policy.pricing.max_all_in_rate for bank in banks.bank])
    asked = _unclipped_rates(pd_12m, policy, banks)
    above = np.where(own, "bank_highest_rate", "all_in_price")
    return np.where(asked < low, "bank_lowest_rate", np.where(asked > high, above, "")).astype(
        object
    )


def _unclipped_rates(pd_12m: Floats, policy: Policy, banks: Banks) -> Floats:
    """The risk-based rate before any band."""
    economics, pricing = policy.economics, policy.pricing
    loss = economics.lgd * economics.exposure_at_default / economics.utilisation
    premium = np.round(pricing.pass_through * loss * (pd_12m - pricing.reference_pd), RATE_DECIMALS)
    base = np.asarray([bank.reference_rate for bank in banks.bank])
    unbound: Floats = base + premium[:, None]
    return unbound


def build_take_up(churn: pd.DataFrame, policy: Policy) -> TakeUp:
    """Build the take-up from a curve (annual_rate, segment, churn).

    `DataError` for a column that is not there, a churn outside 0 to 1, a rate given twice, and a
    segment of the policy that lacks a rate which another has.
    """
    where = policy.pricing.churn_file
    absent = [name for name in ("annual_rate", "segment", "churn") if name not in churn.columns]
    if absent:
        raise DataError(f"{where}: {len(absent)} columns missing (first: {absent[0]}). Add them.")
    strange = int((~churn["churn"].between(0, 1)).sum())
    twice = int(churn.duplicated(["segment", "annual_rate"]).sum())
    if strange or twice:
        raise DataError(
            f"{where}: {strange} rows with a churn outside 0 to 1, {twice} rows that repeat a "
            "segment and rate. Fix the curve."
        )
    names = [segment.name for segment in policy.pricing.segments]
    curve = churn.pivot_table(
        index="segment", columns="annual_rate", values="churn", aggfunc="first"
    ).reindex(index=names)
    holes = int(curve.isna().sum().sum())
    if holes or curve.empty:
        raise DataError(
            f"{where}: {holes} values missing for the policy's {len(names)} segments. "
            "Each segment needs a churn at each rate."
        )
    return TakeUp(curve.columns.to_numpy(np.float64), 1 - curve.to_numpy(np.float64))


def segment_of(pd_12m: Floats, reference_pds: Floats, policy: Policy) -> NDArray[np.int64]:
    """Each enterprise's segment of the curve: its PD's rank among `reference_pds`, the sorted PDs of those
    that banks would serve.

    Enterprises that are not served fall where their PD would stand. Equal PDs share a segment.
    """
    share = np.searchsorted(reference_pds, pd_12m, side="right") / max(len(reference_pds), 1)
    bounds = np.asarray([segment.cumulative_share for segment in policy.pricing.segments])
    return np.minimum(np.searchsorted(bounds, share, side="left"), len(bounds) - 1)


def rates_in_band(curve: TakeUp, policy: Policy, banks: Banks) -> NDArray[np.bool_]:
    """Rates x banks: whether the bank may ask that rate; `SettingsError` where it may ask none."""
    low, high = np.asarray([rate_band(bank, policy) for bank in banks.bank]).T
    inside = (curve.rates[:, None] >= low) & (curve.rates[:, None] <= high)
    if not inside.any(axis=0).all():
        without = banks.names[int(np.flatnonzero(~inside.any(axis=0))[0])]
        raise SettingsError(
            f"{without}: none of the churn curve's {len(curve.rates)} rates lies inside its band. "
            "Widen min_rate to max_rate."
        )
    return np.asarray(inside)
