"""Vintages for walking forward: each is tested by the rows whose labels were known as it began."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel import months
from riskmodel.errors import DataError

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def vintages(
    rows: pd.DataFrame, test_from: date, every_months: int, horizon_months: int
) -> Iterator[tuple[Ints, Ints]]:
    """Yield train and test positions of each vintage of `every_months`, the earliest first.

    `rows` are labelled: `as_of`, and `label_ends_on` where labels have horizons of their own (else
    a label ends `horizon_months` after `as_of`; a row whose `label_ends_on` is null stands in no
    vintage). Vintages begin on `test_from`; train rows are earlier ones whose label had ended by
    the vintage's first day. A vintage without rows is left out. `DataError` where no label had
    ended by `test_from`, or no row is as late.

    >>> rows = pd.DataFrame({"as_of": pd.to_datetime(["2018-01-01", "2019-01-01", "2019-07-01"])})
    >>> [(train.tolist(), test.tolist()) for train, test in vintages(rows, date(2019, 1, 1), 6, 12)]
    [([0], [1]), ([0], [2])]
    """
    as_of = rows["as_of"].reset_index(drop=True)
    ends = _label_ends(rows, horizon_months)
    mature = ends.notna()
    first = pd.Timestamp(test_from)
    _refuse_empty("train", (mature & (ends <= first) & (as_of < first)).to_numpy(bool), first)
    _refuse_empty("test", (mature & (as_of >= first)).to_numpy(bool), first)
    last, number = as_of[mature].max(), 0
    while (begins := first + pd.DateOffset(months=number * every_months)) <= last:
        number += 1
        next_begins = first + pd.DateOffset(months=number * every_months)
        train = (mature & (ends <= begins) & (as_of < begins)).to_numpy(bool)
        test = (mature & (as_of >= begins) & (as_of < next_begins)).to_numpy(bool)
        if test.any():
            yield np.flatnonzero(train), np.flatnonzero(test)


def _label_ends(rows: pd.DataFrame, horizon_months: int) -> pd.Series:
    """Return the day on which each label's horizon is over."""
    rows = rows.reset_index(drop=True)
    if "label_ends_on" in rows:
        return rows["label_ends_on"]
    return months.shifted_days(rows["as_of"], horizon_months)


def _refuse_empty(side: str, chosen: Flags, day: pd.Timestamp) -> None:
    """Raise `DataError` where a side of a vintage has no row."""
    if not chosen.any():
        raise DataError(
            f"walk forward: no {side} rows at {day:%Y-%m-%d} among {len(chosen):,};"
            f" {'an earlier' if side == 'test' else 'a later'} day may have some."
        )
