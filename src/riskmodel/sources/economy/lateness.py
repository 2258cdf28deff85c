"""How an enterprise's arrears show on one of its accounts."""

import numpy as np

from riskmodel.sources.economy.calendar import Flags, Ints
from riskmodel.sources.economy.population import NEVER
from riskmodel.sources.economy.state import DEFAULTED, State

TIERS = ("normal", "special_mention", "substandard", "doubtful", "loss")


def days_past_due(states: State, day_late: Ints, lagging: Flags) -> Ints:
    """Days past due at each month's end, months x enterprises.

    A lagging account is paid a little longer and catches up just before 90 days, so that every
    account passes 90 in the same month.
    """
    month = np.arange(states.arrears.shape[0])[:, None]
    since = np.where(states.defaulted == NEVER, 0, month - states.defaulted)
    late = np.where(lagging, np.array([0, 0, 29, 59, 90])[states.arrears], 0)
    prompt = np.array([0, 0, 30, 60, 90])[states.arrears] + day_late
    shown = np.where(lagging, late, np.where(states.arrears > 0, prompt, 0))
    return shown + np.where(states.arrears == DEFAULTED, 30 * since, 0)


def tier_of(days: Ints) -> Ints:
    """Position in `TIERS`: special mention from the first day, substandard from 90."""
    return np.searchsorted(np.array([1, 90, 180, 360]), days, side="right").astype(np.int64)
