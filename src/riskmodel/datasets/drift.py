"""Drift over the as-of dates of one set of rows: the two periods between which a column moved most."""

from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from riskmodel.statistics.psi import SIGNIFICANCE, psi, psi_critical_value


@dataclass(frozen=True)
class Movement:
    """From the earlier to the later period: the means, half a row of either outcome added, the
    stability index, and what it exceeds once in twenty times, over all pairs, where nothing drifts.
    """

    earlier: str
    later: str
    before: float
    after: float
    psi: float
    by_chance: float

    @property
    def beyond_chance(self) -> bool:
        """True where the PSI is beyond its critical value."""
        return self.psi > self.by_chance

    @property
    def apart(self) -> float:
        """The larger mean over the smaller."""
        return max(self.before, self.after) / min(self.before, self.after)


def assign_periods(as_of: pd.Series) -> pd.Series:
    """Assign each row its calendar year, or its date where all are of one year."""
    dates = pd.to_datetime(as_of)
    years = dates.dt.year
    return years.astype(str) if years.nunique() > 1 else dates.dt.date.astype(str)


def find_largest_movement(rows: pd.DataFrame, column: str) -> Movement | None:
    """Find the movement of the column's values with the largest PSI, those beyond chance
    first; None where all rows are of one period.

    `rows`: enterprise_id, as_of, and the column (0 to 1). An enterprise counts once, however many
    rows and periods it has.
    """
    groups = list(rows.groupby(assign_periods(rows["as_of"]), sort=True))
    pairs = list(combinations(groups, 2))
    found = [
        measure_movement(*first, *second, column, SIGNIFICANCE / len(pairs))
        for first, second in pairs
    ]
    return max(found, key=lambda one: (one.beyond_chance, one.psi), default=None)


def measure_movement(
    earlier: str, then: pd.DataFrame, later: str, now: pd.DataFrame, column: str, p: float
) -> Movement:
    """Measure how far the column moved between two periods; p is that of the critical value."""
    before, after = then[column].to_numpy(float), now[column].to_numpy(float)
    owners = then["enterprise_id"], now["enterprise_id"]
    return Movement(
        earlier,
        later,
        (before.sum() + 0.5) / (len(before) + 1),
        (after.sum() + 0.5) / (len(after) + 1),
        psi(before, after),
        psi_critical_value(before, after, owners, p=p),
    )
