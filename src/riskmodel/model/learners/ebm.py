"""The explainable boosting machine (EBM): an additive model with a few pairs, as tables.

Boosted by interpret (Lou, Caruana, Gehrke and Hooker 2013, KDD, "Accurate intelligible models with
pairwise interactions"), the only place that imports it. A fitted model needs it no more.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.datasets.splits import balanced_fold
from riskmodel.errors import RiskModelError, SettingsError
from riskmodel.model import unseen_missing
from riskmodel.model.inputs import Inputs
from riskmodel.settings import EbmSettings

Array = npt.NDArray[np.float64]
FILE = "ebm.json"
HELD_OUT = 7
"""One of so many parts of the enterprises tells each bag when to stop."""


@dataclass(frozen=True)
class Term:
    """The log-odds that one feature, or a pair, adds.

    `places` of its features among the inputs; `cuts` of each: a value at a cut stands above it;
    `scores`, one for each cell, row by row: an axis begins with the bin of missing values, then
    one more than it has cuts.
    """

    places: tuple[int, ...]
    cuts: tuple[tuple[float, ...], ...]
    scores: tuple[float, ...]

    @cached_property
    def table(self) -> Array:
        """The scores with an axis a feature."""
        return np.array(self.scores).reshape([len(cuts) + 2 for cuts in self.cuts])

    def evaluate(self, matrix: Array) -> Array:
        """The term's score of each row."""
        cells = [
            _bins(matrix[:, place], cuts)
            for place, cuts in zip(self.places, self.cuts, strict=True)
        ]
        return np.asarray(self.table[tuple(cells)], dtype=float)


@dataclass(frozen=True)
class Ebm:
    """A sum of terms over `base`, the mean score of the fit rows.

    A text's level that was not seen or was rare counts as missing, as `Inputs` says; a bin that
    held no fit row adds nothing.
    """

    inputs: Inputs
    base: float
    terms: tuple[Term, ...]

    def raw(self, frame: pd.DataFrame) -> Array:
        """The score in log-odds, before calibration; one value a row."""
        return self.raw_of(self.inputs.matrix(frame))

    def raw_of(self, matrix: Array) -> Array:
        """The score of rows that `inputs.matrix` made; unknown values as `imputations` says."""
        return unseen_missing.score_rows(self.inputs, matrix, self._scores)

    def contributions(self, frame: pd.DataFrame) -> Array:
        """Rows x (features, then `base`): a pair's share goes half to each of its features.

        That is its Shapley value where neither feature tells anything of the pair alone.
        """
        matrix = self.inputs.matrix(frame)
        return unseen_missing.explain_rows(self.inputs, matrix, self._scores, self._shares)

    def _scores(self, matrix: Array) -> Array:
        score = np.full(len(matrix), self.base)
        for term in self.terms:
            score += term.evaluate(matrix)
        return score

    def _shares(self, matrix: Array) -> Array:
        shares = np.zeros((len(matrix), matrix.shape[1] + 1))
        shares[:, -1] = self.base
        for term in self.terms:
            share = term.evaluate(matrix) / len(term.places)
            for place in term.places:
                shares[:, place] += share
        return shares

    def to_files(self) -> dict[str, str]:
        """Base and terms as JSON."""
        terms = [{"places": t.places, "cuts": t.cuts, "scores": t.scores} for t in self.terms]
        document = {"base": self.base, "terms": terms}
        return {FILE: json.dumps(document, allow_nan=False) + "\n"}


def read_ebm(inputs: Inputs, files: Mapping[str, str], threads: int) -> Ebm:
    """The EBM that `to_files` wrote."""
    document = json.loads(files[FILE])
    terms = tuple(
        Term(
            tuple(term["places"]),
            tuple(tuple(cuts) for cuts in term["cuts"]),
            tuple(term["scores"]),
        )
        for term in document["terms"]
    )
    return Ebm(inputs, document["base"], terms)


def fit_ebm(
    rows: pd.DataFrame, inputs: Inputs, settings: EbmSettings, *, seed: int, threads: int
) -> Ebm:
    """Fit an EBM to `defaulted`, each number in the direction of its sign.

    A feature with a sign joins no pair. `SettingsError` where interpret is not installed,
    `RiskModelError` where what it boosted goes against a sign.
    """
    found = to_ebm(fit_classifier(rows, inputs, settings, seed=seed), inputs)
    check_signs(found)
    return replace(
        found, inputs=unseen_missing.fit_imputations(inputs, inputs.matrix(rows), found.raw_of)
    )


ROUNDING = 1e-9
"""Log-odds: a step against a sign below this is a sum's rounding."""


def check_signs(found: Ebm) -> None:
    """Raise `RiskModelError` for tables that fall where risk rises, or pairs of a signed feature."""
    for term in found.terms:
        signs = [found.inputs.signs[place] for place in term.places]
        if not any(signs):
            continue
        steps = np.diff(term.table[1:], axis=0) * signs[0]
        if len(signs) > 1 or (steps < -ROUNDING).any():
            names = ", ".join(found.inputs.names[place] for place in term.places)
            raise RiskModelError(
                f"ebm: the term of {names} goes against a sign. Nothing was kept; report it"
                " with the settings, or take ebm off model.candidates."
            )


def fit_classifier(rows: pd.DataFrame, inputs: Inputs, settings: EbmSettings, *, seed: int) -> Any:
    """Fit interpret's classifier."""
    classifier = _interpret()(
        feature_names=list(inputs.names),
        feature_types=["nominal" if n in inputs.levels else "continuous" for n in inputs.names],
        max_bins=settings.max_bins,
        max_interaction_bins=settings.max_interaction_bins,
        interactions=settings.interactions,
        outer_bags=settings.outer_bags,
        max_rounds=settings.max_rounds,
        learning_rate=settings.learning_rate,
        min_samples_leaf=max(2, min(settings.min_samples_leaf, len(rows) // 20)),
        monotone_constraints=list(inputs.signs),
        random_state=seed,
        n_jobs=1,
    )
    bags = _bags(rows, settings.outer_bags, seed)
    bad = rows["defaulted"].astype(bool).astype(int).to_numpy()
    with warnings.catch_warnings():
        # of its pictures, which are not drawn here
        warnings.filterwarnings("ignore", message="Missing values detected")
        return classifier.fit(to_columns(inputs.matrix(rows), inputs), bad, bags=bags)


def to_columns(matrix: Array, inputs: Inputs) -> pd.DataFrame:
    """Return the matrix as interpret needs it: a text's code as a word."""
    frame = pd.DataFrame(matrix, columns=list(inputs.names))
    words = {
        name: pd.Series([None if np.isnan(code) else f"{code:.0f}" for code in frame[name]], dtype=object)
        for name in inputs.levels
    }  # fmt: skip
    return frame.assign(**words)


def to_ebm(classifier: Any, inputs: Inputs) -> Ebm:
    """Convert the classifier's terms to tables, without bins that no number can reach."""
    terms = tuple(
        _term(classifier, tuple(places), np.asarray(scores, dtype=float), inputs)
        for places, scores in zip(classifier.term_features_, classifier.term_scores_, strict=True)
    )
    return Ebm(inputs, float(np.ravel(classifier.intercept_)[0]), terms)


def _term(classifier: Any, places: tuple[int, ...], scores: Array, inputs: Inputs) -> Term:
    cuts = []
    for axis, place in enumerate(places):
        resolutions = classifier.bins_[place]
        bins = resolutions[min(len(resolutions), len(places)) - 1]
        name = inputs.names[place]
        if isinstance(bins, dict):
            codes = range(len(inputs.levels[name]))
            # interpret's last bin is for words that it never saw
            kept = [0, *(bins.get(str(code), scores.shape[axis] - 1) for code in codes)]
            cuts.append(tuple(code - 0.5 for code in codes[1:]))
        else:
            kept = list(range(len(bins) + 2))
            cuts.append(tuple(float(cut) for cut in bins))
        scores = np.take(scores, kept, axis=axis)
    return Term(places, tuple(cuts), tuple(float(score) for score in scores.ravel()))


def _bins(values: Array, cuts: Sequence[float]) -> npt.NDArray[np.int64]:
    """0 for missing, then 1 and one more for each cut that the value reaches."""
    reached = np.searchsorted(np.asarray(cuts, dtype=float), values, side="right")
    return np.where(np.isnan(values), 0, reached + 1).astype(np.int64)


def _bags(rows: pd.DataFrame, count: int, seed: int) -> npt.NDArray[np.int8]:
    """Rows x bags: 1 to learn from and -1 to stop by: never both of one enterprise."""
    ever = rows.groupby("enterprise_id")["defaulted"].any()
    parts = int(np.clip(min(ever.sum(), (~ever).sum()), 2, HELD_OUT))
    held_out = [
        balanced_fold(rows, parts, np.random.default_rng([seed, bag])) == parts - 1
        for bag in range(count)
    ]
    return np.where(np.column_stack(held_out), -1, 1).astype(np.int8)


def _interpret() -> Any:
    try:
        from interpret.glassbox import ExplainableBoostingClassifier
    except ImportError:
        raise SettingsError(
            "model.candidates: ebm needs interpret, which is not installed."
            " Install riskmodel[ebm], or take it off the list."
        ) from None
    return ExplainableBoostingClassifier
