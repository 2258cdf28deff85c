"""Days past due of an account, given its enterprise's arrears."""

import numpy as np

from riskmodel.simulation.arrears import DEFAULTED
from riskmodel.simulation.lives import Lives
from riskmodel.simulation.random_streams import Flags, Ints
from riskmodel.simulation.traits import Traits

TIERS = ("normal", "special_mention", "substandard", "doubtful", "loss")


def days_past_due(lives: Lives, traits: Traits, lagging: Flags, cell: tuple[Ints, Ints]) -> Ints:
    """Days past due at the month's end of each cell (positions of enterprise and step).

    A lagging account is paid a little longer and catches up just before 90 days, so that every
    account passes 90 in the same month.
    """
    row, step = cell
    arrears = lives.arrears[cell].astype(np.int64)
    since = np.where(arrears == DEFAULTED, step - lives.defaulted[row], 0)
    late = np.array([0, 0, 29, 59, 90])[arrears]
    prompt = np.where(arrears > 0, np.array([0, 0, 30, 60, 90])[arrears] + traits.day_late[row], 0)
    shown = np.where(lagging[row], late, prompt)
    return np.where(arrears == DEFAULTED, np.maximum(shown, 90) + 30 * since, shown)


def tier_of(days: Ints) -> Ints:
    """Position in `TIERS`: special mention from the first day, substandard from 90."""
    return np.searchsorted(np.array([1, 90, 180, 360]), days, side="right").astype(np.int64)
