"""Splits of the labelled rows: by time with a gap, or folds by enterprise."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from riskmodel.errors import DataError
from riskmodel.settings import DatasetsSettings

LAST_QUARTER = 0.75
MIN_OF_EACH_OUTCOME = 2
GAPS = ("horizon", "known", "none")
"""The gaps between fit and test that are tried where the one that is set leaves too few defaults."""
KNOWN_BY = {"horizon": "label_ends_on", "known": "label_known_on"}
GAP_WORDS = {"horizon": "the labels' horizon", "known": "each label's own date"}
CALIBRATED_ON_FIT_ROWS = "fitted, and calibrated out of fold, on the rows before"


@dataclass(frozen=True)
class Split:
    """The split of each labelled row and how it was made.

    `frame`: enterprise_id, as_of, defaulted, split (fit, calibrate, test, gap). `by_time` is false
    where folds by enterprise take the place of a date split; then every row is `fit`. `gap` is
    what a label used before the test had to meet: its horizon over, its own date known, or none.
    """

    frame: pd.DataFrame
    by_time: bool
    text: str
    gap: str = "horizon"

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

    Where the gap of the settings leaves too few defaults, the other gap is tried and then none;
    where a sample of its own for calibration does, the fit rows calibrate, out of fold. `ever` says
    that the labels have no horizon. `DataError` if there are not two rows of each outcome.
    """
    by_outcome = labelled["defaulted"].value_counts()
    if min(by_outcome.get(True, 0), by_outcome.get(False, 0)) < MIN_OF_EACH_OUTCOME:
        raise DataError(
            f"labels: {by_outcome.get(True, 0)} defaults and {by_outcome.get(False, 0)} others"
            " remain after the exclusions; a model needs some of each. See the exclusions' reasons."
        )
    wanted = by_time(labelled, settings, ever=ever)
    lack = _lack(wanted, settings)
    for one in _date_splits(labelled, settings, wanted, ever=ever):
        if not _lack(one, settings):
            return one if one.gap == wanted.gap else _explain_gap(one, labelled, wanted, lack)
    why = (
        "the source has a single as-of date"
        if labelled["as_of"].nunique() == 1
        else f"a date split leaves {lack}{_explain_late_labels(labelled, wanted)}"
    )
    plenty = labelled["defaulted"].sum() >= settings.split.min_defaults_single_repeat
    text = (
        f"Cross-validation by enterprise ({settings.split.folds} folds, repeated"
        f" {1 if plenty else settings.split.repeats} times), with calibration inside the folds, because {why}. This is not out of time."
    )
    return Split(wanted.frame.assign(split="fit"), False, text)


def _date_splits(
    labelled: pd.DataFrame, settings: DatasetsSettings, wanted: Split, *, ever: bool
) -> Iterator[Split]:
    """Yield date splits, the strictest first: by gap, each with and without calibration rows."""
    for gap in dict.fromkeys((wanted.gap, *GAPS)):
        one = wanted if gap == wanted.gap else by_time(labelled, settings, ever=ever, gap=gap)
        yield one
        yield _calibrate_on_fit_rows(one)


def _calibrate_on_fit_rows(one: Split) -> Split:
    """Fit on the calibration rows as well; calibration then sees scores out of fold alone."""
    own = one.frame.loc[one.frame["split"] == "calibrate", "as_of"]
    if own.empty:
        return one
    frame = one.frame.assign(split=one.frame["split"].replace("calibrate", "fit"))
    words = f"fitted on what came before, calibrated from {own.min():%Y-%m-%d} on"
    return replace(one, frame=frame, text=one.text.replace(words, CALIBRATED_ON_FIT_ROWS))


def _explain_gap(one: Split, labelled: pd.DataFrame, wanted: Split, lack: str) -> Split:
    """Say why the gap is not the one that was set."""
    late = _explain_late_labels(labelled, wanted)
    words = f" The gap by {GAP_WORDS[wanted.gap]} cannot be kept: it leaves {lack}{late}."
    return replace(one, text=one.text + words)


def _lack(by_date: Split, settings: DatasetsSettings) -> str:
    """Return in words what a date split has too little of; "" where it has enough of each outcome.

    Fit rows that calibrate as well hold the defaults of both.
    """
    bad = by_date.frame.groupby("split")["defaulted"].agg(["sum", "size"])
    needed = dict.fromkeys(("fit", "calibrate", "test"), settings.split.min_defaults)
    if CALIBRATED_ON_FIT_ROWS in by_date.text:
        needed["fit"] += needed.pop("calibrate")
    bad = bad.reindex(list(needed), fill_value=0)
    short = bad.index[bad["sum"] < pd.Series(needed)]
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


def by_time(
    labelled: pd.DataFrame, settings: DatasetsSettings, *, ever: bool = False, gap: str = ""
) -> Split:
    """Fit on the past, calibrate on what comes later, test on what comes last.

    Every label used before the test was known when the test begins: rows whose label was not are
    the gap. Nothing that is tested learns from them; the fit on all labelled rows does. `gap`
    (that of the settings) may be "none": then all earlier rows are used. Labels without a horizon
    (`ever`) keep the gap of the horizon in force, and the text says how many of them were watched on.
    """
    gap = gap or settings.split.gap
    test_from = _test_from(labelled, settings)
    before = labelled["as_of"] < test_from
    if gap != "none":
        before &= labelled[KNOWN_BY[gap]] <= test_from
    calibrate_from = _boundary(labelled.loc[before, "as_of"], 1 - settings.split.calibration_share)
    name = pd.Series("gap", index=labelled.index)
    name = name.mask(before & (labelled["as_of"] < calibrate_from), "fit")
    name = name.mask(before & (labelled["as_of"] >= calibrate_from), "calibrate")
    name = name.mask(labelled["as_of"] >= test_from, "test")
    frame = labelled[["enterprise_id", "as_of", "defaulted"]].assign(split=name)
    text = (
        f"Out of time: tested from {test_from:%Y-%m-%d} on, fitted on what came before, calibrated from"
        f" {calibrate_from:%Y-%m-%d} on;"
        f" {_describe_gap(labelled[before], test_from, settings, gap, ever=ever)}."
        " What scores is then fitted the same way on all labelled rows."
    )
    return Split(frame, True, text, gap)


def _describe_gap(
    used: pd.DataFrame, test_from: pd.Timestamp, settings: DatasetsSettings, gap: str, *, ever: bool
) -> str:
    """The gap that is kept between the rows used and the test, and what it leaves open."""
    if ever and gap == "horizon":
        return _gap_of_ever(used, test_from, settings)
    late = used.get("label_known_on", used["label_ends_on"]) > test_from
    if gap == "none":
        words = "there is no gap"
    elif gap == "horizon" and late.any():
        words = "only labels whose horizon was over by the first day of the test are used"
    else:
        return "only labels known by the first day of the test are used"
    return (
        f"{words}: {late.sum():,} of these {len(used):,} labels were known only after the first day"
        " of the test, and what they say may have happened later"
    )


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
