"""Splits of the labelled rows: by time with a gap, or folds by enterprise."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.errors import DataError
from riskmodel.settings import DatasetsSettings

LAST_QUARTER = 0.75
MIN_OF_EACH_OUTCOME = 2


@dataclass(frozen=True)
class Split:
    """The split of each labelled row and how it was made.

    `frame`: enterprise_id, as_of, defaulted, split (fit, calibrate, test, gap). `by_time` is false
    where folds by enterprise take the place of a date split; then every row is `fit`.
    """

    frame: pd.DataFrame
    by_time: bool
    text: str

    @property
    def counts(self) -> pd.DataFrame:
        """Rows, enterprises, defaults and period of each split."""
        grouped = self.frame.groupby("split")
        counts = grouped.agg(
            rows=("defaulted", "size"),
            enterprises=("enterprise_id", "nunique"),
            defaults=("defaulted", "sum"),
            first_as_of=("as_of", "min"),
            last_as_of=("as_of", "max"),
        )
        order = [name for name in ("fit", "calibrate", "gap", "test") if name in counts.index]
        return counts.loc[order].reset_index()


def split(labelled: pd.DataFrame, settings: DatasetsSettings, *, ever: bool = False) -> Split:
    """By time where the dates and the defaults allow it, else folds by enterprise.

    `ever` says that the labels have no horizon. Those without default are then known when the
    watching ends, for most at the data's end: where `settings.split.gap` is "known" and leaves too few,
    the gap is the horizon in force. `DataError` if there are not two rows of each outcome.
    """
    by_outcome = labelled["defaulted"].value_counts()
    if min(by_outcome.get(True, 0), by_outcome.get(False, 0)) < MIN_OF_EACH_OUTCOME:
        raise DataError(
            f"labels: {by_outcome.get(True, 0)} defaults and {by_outcome.get(False, 0)} others"
            " remain after the exclusions; a model needs some of each. See the exclusions' reasons."
        )
    by_date = by_time(labelled, settings, ever=ever)
    lack = _lack(by_date, settings)
    if lack and ever and settings.split.gap == "known":
        by_date = by_time(labelled, settings.with_values({"split.gap": "horizon"}), ever=ever)
        lack = _lack(by_date, settings)
    if not lack:
        return by_date
    why = (
        "the source has a single as-of date"
        if labelled["as_of"].nunique() == 1
        else f"a date split leaves {lack}{_explain_late_labels(labelled, by_date)}"
    )
    plenty = labelled["defaulted"].sum() >= settings.split.min_defaults_single_repeat
    text = (
        f"Cross-validation by enterprise ({settings.split.folds} folds, repeated"
        f" {1 if plenty else settings.split.repeats} times), with calibration inside the folds, because {why}. This is not out of time."
    )
    frame = by_date.frame.assign(split="fit")
    return Split(frame, False, text)


def _lack(by_date: Split, settings: DatasetsSettings) -> str:
    """Return in words what a date split has too little of; "" where it has enough of each outcome."""
    bad = by_date.frame.groupby("split")["defaulted"].agg(["sum", "size"])
    bad = bad.reindex(["fit", "calibrate", "test"], fill_value=0)
    short = bad.index[bad["sum"] < settings.split.min_defaults]
    if len(short):
        return f"fewer than {settings.split.min_defaults} defaults in {', '.join(short)}"
    short = bad.index[bad["size"] - bad["sum"] < MIN_OF_EACH_OUTCOME]
    if len(short):
        return f"fewer than {MIN_OF_EACH_OUTCOME} rows without default in {', '.join(short)}"
    return ""


def _explain_late_labels(labelled: pd.DataFrame, by_date: Split) -> str:
    """That no label ends before the test begins, where that is why nothing can be fitted."""
    tested = by_date.frame.loc[by_date.frame["split"] == "test", "as_of"]
    first = labelled["label_ends_on"].min()
    if tested.empty or first <= tested.min():
        return ""
    return f": the first label ends on {first:%Y-%m-%d}, after {tested.min():%Y-%m-%d}, the test's"


def by_time(labelled: pd.DataFrame, settings: DatasetsSettings, *, ever: bool = False) -> Split:
    """Fit on the past, calibrate on what comes later, test on what comes last.

    Every label used before the test was known when the test begins: rows whose label was not are
    the gap. Nothing that is tested learns from them; the fit on all labelled rows does. Labels
    without a horizon (`ever`) keep the gap of the horizon in force, and the text says how many of
    them were watched on.
    """
    test_from = _test_from(labelled, settings)
    known = "label_ends_on" if settings.split.gap == "horizon" else "label_known_on"
    before = (labelled[known] <= test_from) & (labelled["as_of"] < test_from)
    calibrate_from = _boundary(labelled.loc[before, "as_of"], 1 - settings.split.calibration_share)
    name = pd.Series("gap", index=labelled.index)
    name = name.mask(before & (labelled["as_of"] < calibrate_from), "fit")
    name = name.mask(before & (labelled["as_of"] >= calibrate_from), "calibrate")
    name = name.mask(labelled["as_of"] >= test_from, "test")
    frame = labelled[["enterprise_id", "as_of", "defaulted"]].assign(split=name)
    used = (
        _gap_of_ever(labelled[before], test_from, settings)
        if ever and settings.split.gap == "horizon"
        else "only labels known by the first day of the test are used"
    )
    text = (
        f"Out of time: tested from {test_from:%Y-%m-%d} on, calibrated from"
        f" {calibrate_from:%Y-%m-%d} on, fitted before; {used}."
        " What scores is then fitted the same way on all labelled rows."
    )
    return Split(frame, True, text)


def _gap_of_ever(used: pd.DataFrame, test_from: pd.Timestamp, settings: DatasetsSettings) -> str:
    """The gap that could be kept where labels have no horizon, and what it leaves open."""
    later = int((used["label_known_on"] > test_from).sum())
    return (
        f"the labels have no horizon, so the gap is one of as-of dates, {settings.horizon_months}"
        f" months; {later:,} of these {len(used):,} labels were known only after the first day of"
        " the test, and what they say may have happened later"
    )


def folds(enterprises: pd.Series, count: int, rng: np.random.Generator) -> pd.Series:
    """A fold for each row, the same for all rows of an enterprise; sizes differ by one at most."""
    unique = np.sort(enterprises.unique())
    fold = pd.Series(rng.permutation(len(unique)) % count, index=unique)
    return enterprises.map(fold)


def select_newest_rows(rows: pd.DataFrame, share: float) -> pd.DataFrame:
    """The rows of the last as-of dates: at most so large a share of all, but at least one date's."""
    return rows[rows["as_of"] >= _boundary(rows["as_of"], 1 - share)]


def sample_enterprises(rows: pd.DataFrame, max_rows: int, seed: int) -> pd.DataFrame:
    """All rows, or those of enterprises drawn so that about `max_rows` remain."""
    if len(rows) <= max_rows:
        return rows
    everyone = np.sort(rows["enterprise_id"].unique())
    some = np.random.default_rng(seed).random(len(everyone)) < max_rows / len(rows)
    return rows[rows["enterprise_id"].isin(everyone[some])]


def balanced_folds(
    rows: pd.DataFrame, settings: DatasetsSettings, seed: int
) -> Iterator[tuple[int, pd.Series]]:
    """For each repeat, a fold per row by enterprise, defaulters spread evenly over the folds."""
    ever = rows.groupby("enterprise_id")["defaulted"].any()
    count = min(settings.split.folds, int(ever.sum()), int((~ever).sum()))
    for repeat in range(settings.split.repeats):
        yield repeat, balanced_fold(rows, count, np.random.default_rng([seed, repeat]))


def balanced_fold(rows: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.Series:
    """A fold for each row by enterprise: defaulters, and the others, spread evenly over them."""
    ever = rows.groupby("enterprise_id")["defaulted"].any()
    sides = [pd.Series(ever.index[ever == side]) for side in (True, False)]
    drawn = [folds(side, count, rng).set_axis(side) for side in sides]
    return rows["enterprise_id"].map(pd.concat(drawn))


def _test_from(labelled: pd.DataFrame, settings: DatasetsSettings) -> pd.Timestamp:
    if settings.split.test_from != "auto":
        return pd.Timestamp(settings.split.test_from)
    return _boundary(labelled["as_of"], LAST_QUARTER)


def _boundary(dates: pd.Series, share: float) -> pd.Timestamp:
    """The earliest date from which at most `1 - share` of the rows remain (the last date if none)."""
    if dates.empty:
        return pd.Timestamp.max.floor("D")
    counts = dates.value_counts().sort_index()
    before = counts.cumsum().shift(fill_value=0) / counts.sum()
    late = before.index[before >= share]
    return pd.Timestamp(late[0] if len(late) else counts.index[-1])
