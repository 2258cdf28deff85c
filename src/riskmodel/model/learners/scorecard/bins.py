"""Bins of a feature: where they are split, their counts, and the weight of evidence of each.

Only the places of the splits come from optbinning. Missing values have a bin of their own, with
the weight that their own rows give; so has every special code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model.inputs import Array, Inputs
from riskmodel.settings import ScorecardSettings

Places = npt.NDArray[np.int64]
MAX_ROWS = 100_000
"""Rows among which splits are sought; of more, so many are drawn."""
PREBINS_PER_BIN = 1.5
"""Fine bins that optbinning joins, for each that may be left; its search grows steeply with them."""
NORMAL_95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""


@dataclass(frozen=True)
class Bins:
    """One feature's bins, in this order: ordinary ones, special codes, missing.

    Ordinary bin k of a number holds `edges[k-1] <= x < edges[k]`, of a text the `levels` whose
    `group` is k. A text that is no known level counts as missing, as `Inputs` says. `weights` are
    weights of evidence of default: ln(share of the defaults / share of the other rows), pulled to
    0 by one default's worth of average rows; so a bin without fit rows speaks neither for nor
    against. `low` and `high` are the 95 % interval of the information value, with enterprises as
    the independent units.
    """

    name: str
    sign: int
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    group: tuple[int, ...] = ()
    codes: tuple[float, ...] = ()
    rows: tuple[int, ...] = ()
    defaults: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    information: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def ordinary(self) -> int:
        """The number of ordered bins: by value, or groups of levels by their default rate."""
        return max(self.group) + 1 if self.group else len(self.edges) + 1

    @property
    def count(self) -> int:
        """All bins, those of special codes and of missing values included."""
        return self.ordinary + len(self.codes) + 1

    def places(self, column: Array) -> Places:
        """The bin of each value of the feature's column in `Inputs.matrix`."""
        missing = np.isnan(column)
        if self.group:
            codes = np.where(missing, len(self.levels), column).astype(np.int64)
            return np.array([*self.group, self.count - 1])[codes]
        place = np.searchsorted(np.array(self.edges), column, side="right")
        for k, code in enumerate(self.codes):
            place[column == code] = self.ordinary + k
        place[missing] = self.count - 1
        return place

    def empty(self) -> npt.NDArray[np.bool_]:
        """Flag bins without fit rows."""
        return np.asarray(np.array(self.rows) == 0)

    def labels(self) -> list[str]:
        """Describe each bin in words."""
        last = [*(f"code {code:g}" for code in self.codes), "missing"]
        if self.group:
            return [", ".join(words) for words in self.groups()] + last
        ends = [f"{edge!r}" for edge in self.edges]
        lower = ["", *(f"{end} and above" for end in ends)]
        upper = [*(f"below {end}" for end in ends), ""]
        pairs = zip(lower, upper, strict=True)
        return [", ".join(filter(None, pair)) or "any number" for pair in pairs] + last

    def groups(self) -> list[list[str]]:
        """The levels of each ordinary bin of a text."""
        pairs = list(zip(self.levels, self.group, strict=True))
        return [[word for word, k in pairs if k == n] for n in range(self.ordinary)]


@dataclass(frozen=True)
class Sample:
    """The fit rows beside a feature: who defaulted, in which vintage, whose row it is, and the
    rows among which splits are sought."""

    defaulted: npt.NDArray[np.bool_]
    vintage: Places
    owner: Places
    drawn: Places


def fit_bins(
    rows: pd.DataFrame, inputs: Inputs, settings: ScorecardSettings, seed: int
) -> tuple[Bins, ...]:
    """Fit the bins of every input to rows with `defaulted`, of which both outcomes occur.

    `as_of` gives the vintages and `enterprise_id` the independent units; without these columns
    all rows are one vintage, and each row stands for itself.
    """
    sample = Sample(
        rows["defaulted"].to_numpy(bool),
        assign_vintages(rows, settings.min_vintage_defaults),
        pd.factorize(rows["enterprise_id"])[0].astype(np.int64)
        if "enterprise_id" in rows
        else np.arange(len(rows)),
        np.sort(np.random.default_rng(seed).permutation(len(rows))[:MAX_ROWS]),
    )
    matrix = inputs.matrix(rows)
    features = zip(inputs.names, inputs.signs, matrix.T, strict=True)
    return tuple(
        _fit_feature(
            _unsplit(name, sign, inputs, settings), np.ascontiguousarray(column), sample, settings
        )
        for name, sign, column in features
    )


def assign_vintages(rows: pd.DataFrame, min_defaults: int) -> Places:
    """Each row's vintage: consecutive as-of dates together until they hold `min_defaults` defaults.

    What is left at the end, with fewer, joins the last vintage.
    """
    if "as_of" not in rows:
        return np.zeros(len(rows), dtype=np.int64)
    date, dates = pd.factorize(rows["as_of"], sort=True)
    defaults = np.bincount(date, rows["defaulted"].to_numpy(float), len(dates))
    number = np.zeros(len(dates), dtype=np.int64)
    held = 0.0
    for k in range(1, len(dates)):
        held += defaults[k - 1]
        opens = held >= min_defaults and defaults[k:].sum() >= min_defaults
        number[k] = number[k - 1] + opens
        held = 0.0 if opens else held
    return number[date]


def _unsplit(name: str, sign: int, inputs: Inputs, settings: ScorecardSettings) -> Bins:
    """The feature before any split; a text has a group a level."""
    if name in inputs.levels:
        levels = inputs.levels[name]
        return Bins(name, sign, levels=levels, group=tuple(range(len(levels))))
    codes = tuple(sorted(float(code) for code in settings.special_codes.get(name, ())))
    return Bins(name, sign, codes=codes)


def _fit_feature(whole: Bins, column: Array, sample: Sample, settings: ScorecardSettings) -> Bins:
    fine = _split_feature(whole, column[sample.drawn], sample.defaulted[sample.drawn], settings)
    rows, defaults = _count_by_vintage(fine, column, sample)
    bin_of = merge_bins(rows, defaults, sign=fine.sign, reversal=settings.max_vintage_reversal)
    bins = _join_bins(fine, bin_of)
    return _count_rows(bins, bins.places(column), sample)


def _split_feature(
    whole: Bins, column: Array, defaulted: npt.NDArray[np.bool_], settings: ScorecardSettings
) -> Bins:
    """optbinning's splits, sought among dense ranks: no rounding, and no scale of the feature."""
    from optbinning import OptimalBinning

    ordinary = np.isfinite(column) & (whole.places(column) < whole.ordinary)
    values, ranks = np.unique(column[ordinary], return_inverse=True)
    bad = defaulted[ordinary]
    min_share = settings.min_bin_share * len(column) / max(len(bad), 1)
    if len(values) < 2 or bad.all() or not bad.any() or min_share >= 0.5:
        return replace(whole, group=(0,) * len(whole.group))
    trend = {1: "ascending", -1: "descending", 0: "auto_asc_desc"}[whole.sign]
    found = OptimalBinning(
        dtype="categorical" if whole.group else "numerical",
        monotonic_trend="ascending" if whole.group else trend,
        max_n_prebins=int(PREBINS_PER_BIN * settings.max_bins),
        min_prebin_size=min_share,
        min_bin_size=min_share,
        max_n_bins=settings.max_bins,
        max_pvalue=settings.max_p_value,
    ).fit(ranks if whole.group else ranks.astype(float), bad.astype(int))
    if whole.group:
        groups = [values[np.asarray(g, dtype=np.int64)].astype(np.int64) for g in found.splits]
        return replace(whole, group=_group_levels(len(whole.levels), groups))
    firsts = np.ceil(found.splits).astype(np.int64) if len(found.splits) else []
    return replace(whole, edges=tuple(round_between(values[k - 1], values[k]) for k in firsts))


def _group_levels(levels: int, groups: Sequence[Places]) -> tuple[int, ...]:
    """The group of each level; one that the drawn rows lack joins the largest group."""
    largest = int(np.argmax([len(group) for group in groups])) if groups else 0
    numbers = np.full(levels, largest, dtype=np.int64)
    for k, group in enumerate(groups):
        numbers[group] = k
    return tuple(int(n) for n in numbers)


def round_between(low: float, high: float) -> float:
    """The shortest decimal above `low` and not above `high`, as near the middle as it allows."""
    middle = low / 2 + high / 2
    for digits in range(1, 17):
        rounded = float(f"{middle:.{digits}g}")
        if low < rounded <= high:
            return rounded
    return float(high)


def _count_by_vintage(bins: Bins, column: Array, sample: Sample) -> tuple[Array, Array]:
    """Rows and defaults of the ordinary bins: vintages x bins."""
    size = int(sample.vintage.max()) + 1, bins.count
    cell = sample.vintage * bins.count + bins.places(column)
    rows = np.bincount(cell, minlength=size[0] * size[1]).reshape(size)
    defaults = np.bincount(cell, sample.defaulted, size[0] * size[1]).reshape(size)
    ordinary = slice(bins.ordinary)
    return rows[:, ordinary].astype(np.float64), defaults[:, ordinary].astype(np.float64)


def merge_bins(rows: Array, defaults: Array, *, sign: int, reversal: float) -> Places:
    """The bin that each fine bin joins, so that every split left holds (vintages x fine bins).

    A split holds if the weights of its two sides stand in the feature's direction (for sign 0
    differ), and if no vintage of several turns them round by more than `reversal` standard errors
    of its own log-odds ratio (Woolf 1955, with half a row added to each count). The worst split
    goes first.
    """
    edges = list(range(1, rows.shape[1]))
    rate = defaults.sum() / max(rows.sum(), 1.0)
    while edges:
        starts = [0, *edges]
        n, bad = (np.add.reduceat(x, starts, axis=1) for x in (rows, defaults))
        step = np.diff(_weights_of_evidence(n.sum(axis=0), bad.sum(axis=0), rate))
        wrong = np.where(step * sign < 0, np.inf, 0.0) + np.where(step == 0, np.inf, 0.0)
        if len(rows) > 1:
            wrong = np.maximum(wrong, _reversals(n, bad, step))
        worst = int(np.argmax(wrong))
        if wrong[worst] <= reversal:
            break
        edges.pop(worst)
    return np.searchsorted(edges, np.arange(rows.shape[1]), side="right")


def _reversals(rows: Array, defaults: Array, step: Array) -> Array:
    """By how many standard errors the most contrary vintage turns each split round."""
    bad, good = defaults + 0.5, rows - defaults + 0.5
    change = np.diff(np.log(bad / good), axis=1)
    spread = 1 / bad + 1 / good
    error = np.sqrt(spread[:, :-1] + spread[:, 1:])
    return np.asarray((-np.sign(step) * change / error).max(axis=0))


def _join_bins(fine: Bins, bin_of: Places) -> Bins:
    if fine.group:
        return replace(fine, group=tuple(int(bin_of[k]) for k in fine.group))
    kept = np.diff(bin_of) > 0
    return replace(fine, edges=tuple(e for e, keep in zip(fine.edges, kept, strict=True) if keep))


def _count_rows(bins: Bins, place: Places, sample: Sample) -> Bins:
    """The bins with their counts, weights and information value.

    The information value is Kullback's divergence (Siddiqi 2006, chapter 6); its standard error
    sums the influence of each enterprise's rows (the delta method).
    """
    bad = sample.defaulted
    rows = np.bincount(place, minlength=bins.count)
    defaults = np.bincount(place[bad], minlength=bins.count)
    rate = bad.mean()
    weights = _weights_of_evidence(rows, defaults, rate)
    p, q = defaults / bad.sum(), (rows - defaults) / (~bad).sum()
    information = float((p - q) @ weights)
    odds = np.exp(weights)
    of_bad = (weights + 1 - 1 / odds) / bad.sum()
    of_good = (1 - odds - weights) / (~bad).sum()
    moved = np.where(bad, (of_bad - p @ of_bad)[place], (of_good - q @ of_good)[place])
    error = float(np.sqrt((np.bincount(sample.owner, moved) ** 2).sum()))
    return replace(
        bins,
        rows=tuple(int(n) for n in rows),
        defaults=tuple(int(n) for n in defaults),
        weights=tuple(float(w) for w in weights),
        information=information,
        low=max(0.0, information - NORMAL_95 * error),
        high=information + NORMAL_95 * error,
    )


def _weights_of_evidence(rows: Array | Places, defaults: Array | Places, rate: float) -> Array:
    """ln(odds of default in the bin / overall), one default's worth of average rows added."""
    odds = (1 - rate) / rate
    return np.asarray(np.log((defaults + 1.0) / (rows - defaults + odds)) + np.log(odds))
