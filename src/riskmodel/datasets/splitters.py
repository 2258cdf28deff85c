"""Splitters of a panel behind scikit-learn's interface: out of time, out of enterprise, and both.

Each yields pairs of row positions, train and test, of a frame X with `enterprise_id` and `as_of`
(midnights). A row stands in neither where its outcome, in `y` or else in X's `defaulted`, is null,
or its horizon is not over by `known_until`, the last day that the data tell of. The horizon is
over on `label_ends_on`, or `horizon_months` after `as_of` where X has no such column; that is also
when a label is known, unless `gap` is "known": then on `label_known_on`. `DataError` where a
column is missing or a side would be empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel import months
from riskmodel.datasets.splits import LEAST_OF_EACH, balanced_fold
from riskmodel.errors import DataError

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Pairs = Iterator[tuple[Ints, Ints]]
Gap = Literal["horizon", "known"]
YEAR = 12


@dataclass(frozen=True)
class OutOfTime:
    """One split: test rows from `test_from` on; train rows whose label was known by then."""

    test_from: date
    horizon_months: int = YEAR
    gap: Gap = "horizon"
    known_until: date | None = None

    def split(self, X: pd.DataFrame, y: Any = None, groups: Any = None) -> Pairs:
        """The one pair."""
        panel = _panel(X, y, self.horizon_months, self.gap, self.known_until)
        yield _pair(panel.known_by(self.test_from), panel.from_on(self.test_from), self.test_from)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Always 1."""
        return 1


@dataclass(frozen=True)
class OutOfEnterprise:
    """Folds of whole enterprises, defaulters spread evenly over them; not out of time.

    There are never more folds than enterprises that defaulted, or that did not.
    """

    folds: int
    repeats: int
    seed: int
    horizon_months: int = YEAR
    known_until: date | None = None

    def split(self, X: pd.DataFrame, y: Any = None, groups: Any = None) -> Pairs:
        """For each repeat, each fold tested once by what all others teach."""
        panel = _panel(X, y, self.horizon_months, "horizon", self.known_until)
        for repeat in range(self.repeats):
            fold = panel.fold(self.folds, [self.seed, repeat])
            for k in range(int(fold.max()) + 1):
                yield np.flatnonzero(panel.mature & (fold != k)), np.flatnonzero(fold == k)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Folds times repeats; fewer where X has few enterprises of an outcome."""
        if X is None:
            return self.folds * self.repeats
        return sum(1 for _ in self.split(X, y))


@dataclass(frozen=True)
class OutOfTimeAndEnterprise:
    """Folds of whole enterprises: tested on a fold's late rows, trained on the early rows of all
    other enterprises whose label was known when testing begins.

    Together the folds test every late row once. A fold that has none is left out.
    """

    test_from: date
    folds: int
    seed: int
    horizon_months: int = YEAR
    gap: Gap = "horizon"
    known_until: date | None = None

    def split(self, X: pd.DataFrame, y: Any = None, groups: Any = None) -> Pairs:
        """A pair for each fold with late rows."""
        panel = _panel(X, y, self.horizon_months, self.gap, self.known_until)
        early, late = panel.known_by(self.test_from), panel.from_on(self.test_from)
        _pair(early, late, self.test_from)
        fold = panel.fold(self.folds, [self.seed, 0])
        for k in np.unique(fold[late]):
            yield _pair(early & (fold != k), late & (fold == k), self.test_from)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The folds; fewer where some have no late row."""
        return self.folds if X is None else sum(1 for _ in self.split(X, y))


@dataclass(frozen=True)
class WalkForward:
    """Vintages of `every_months` from `test_from` on, each tested by what was known as it began.

    A vintage without rows is left out.
    """

    test_from: date
    every_months: int
    horizon_months: int = YEAR
    gap: Gap = "horizon"
    known_until: date | None = None

    def split(self, X: pd.DataFrame, y: Any = None, groups: Any = None) -> Pairs:
        """A pair for each vintage, the earliest first."""
        panel = _panel(X, y, self.horizon_months, self.gap, self.known_until)
        first = pd.Timestamp(self.test_from)
        _pair(panel.known_by(first), panel.from_on(first), first)
        last, number = panel.as_of[panel.mature].max(), 0
        while (begins := first + pd.DateOffset(months=number * self.every_months)) <= last:
            number += 1
            ends = first + pd.DateOffset(months=number * self.every_months)
            vintage = panel.from_on(begins) & ~panel.from_on(ends)
            if vintage.any():
                yield _pair(panel.known_by(begins), vintage, begins)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """The vintages, which only X can tell."""
        if X is None:
            raise DataError("splitter: the number of vintages hangs on the rows. Give X.")
        return sum(1 for _ in self.split(X, y))


@dataclass(frozen=True)
class _Panel:
    """What a splitter asks of its rows: the flags are positions in X."""

    enterprises: pd.Series
    as_of: pd.Series
    known_on: pd.Series
    mature: Flags
    bad: Flags | None

    def known_by(self, day: Any) -> Flags:
        """Mature rows before the day whose label was known by it."""
        day = pd.Timestamp(day)
        known = (self.known_on <= day) & (self.as_of < day)
        return np.asarray(self.mature & known.to_numpy(bool))

    def from_on(self, day: Any) -> Flags:
        """Mature rows of the day and later."""
        return np.asarray(self.mature & (self.as_of >= pd.Timestamp(day)).to_numpy(bool))

    def fold(self, count: int, seed: list[int]) -> Ints:
        """A fold for each row by enterprise; -1 where the row is not mature."""
        if self.bad is None:
            raise DataError("splitter: no outcomes to spread over the folds. Give y, or defaulted.")
        rows = pd.DataFrame({"enterprise_id": self.enterprises, "defaulted": self.bad})
        rows = rows[self.mature]
        ever = rows.groupby("enterprise_id")["defaulted"].any()
        most = min(count, int(ever.sum()), int((~ever).sum()))
        if most < LEAST_OF_EACH:
            raise DataError(
                f"splitter: {ever.sum()} enterprises that defaulted and {(~ever).sum()} others;"
                f" folds need {LEAST_OF_EACH} of each. Bring more labels."
            )
        fold = np.full(len(self.enterprises), -1)
        fold[self.mature] = balanced_fold(rows, most, np.random.default_rng(seed)).to_numpy()
        return fold


def _panel(
    X: pd.DataFrame, y: Any, horizon_months: int, gap: Gap, known_until: date | None
) -> _Panel:
    needed = ["enterprise_id", "as_of", *(["label_known_on"] if gap == "known" else [])]
    lacking = [name for name in needed if name not in getattr(X, "columns", ())]
    if lacking:
        raise DataError(f"splitter: X has no column {lacking[0]}. Give the panel's keys and dates.")
    rows = X.reset_index(drop=True)
    outcome = rows.get("defaulted") if y is None else pd.Series(np.asarray(y))
    ends = (
        rows["label_ends_on"]
        if "label_ends_on" in rows
        else months.shifted_days(rows["as_of"], horizon_months)
    )
    mature = ends.notna().to_numpy(bool)
    happened = None if outcome is None else outcome.to_numpy(float, na_value=np.nan)
    if happened is not None:
        mature = mature & ~np.isnan(happened)
    if known_until is not None:
        over = ends <= pd.Timestamp(known_until) + pd.Timedelta(days=1)
        mature = mature & over.to_numpy(bool)
    return _Panel(
        rows["enterprise_id"],
        rows["as_of"],
        rows["label_known_on"] if gap == "known" else ends,
        mature,
        None if happened is None else happened > 0,
    )


def _pair(train: Flags, test: Flags, day: Any) -> tuple[Ints, Ints]:
    """The positions of both sides; `DataError` if one is empty."""
    for side, rows in (("train", train), ("test", test)):
        if not rows.any():
            raise DataError(
                f"splitter: no {side} rows at {pd.Timestamp(day):%Y-%m-%d} among"
                f" {len(rows):,}; {'an earlier' if side == 'test' else 'a later'} day may have some."
            )
    return np.flatnonzero(train), np.flatnonzero(test)
