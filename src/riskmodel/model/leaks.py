"""Leaks: columns that tell of the outcome more than anything known beforehand could.

Only rows that a model is fitted on are looked at, so the test stays unseen. What is found here is a
suspicion: a person who knows where a column comes from may clear it by `model.cleared`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.datasets.splits import folds
from riskmodel.features.language import Card
from riskmodel.features.ranking import COVERAGE, clustered_auc
from riskmodel.model.alone import Alone, Labelled, alone, groups, numbers, purest
from riskmodel.settings import ModelSettings, Settings

Array = npt.NDArray[np.float64]

FOLDS = 4
MOST_ROWS = 100_000
"""What no such number of rows shows is no leak that moves a model."""
MOST_ASKED = 10
"""Columns that are set beside all others though they rank no better than most: what a model gains
little from is no leak that moves it."""
ROUNDS, QUICK = 60, {"learning_rate": 0.1, "num_leaves": 8, "lambda_l2": 10.0}
"""The quick models only rank columns against each other; they are kept nowhere."""


@dataclass(frozen=True)
class Suspect:
    """One column and why it is taken for a leak: the figure, its interval and what it may be.

    `kind`: alone, region, outranks, together, lifts or fading. `fate`: left_out, kept (by `model.leaks`),
    cleared (by `model.cleared`), or watched: reported, and no reason to leave the column out.
    """

    feature: str
    kind: str
    why: str
    figure: float
    low: float
    high: float
    limit: float
    fate: str


COLUMNS = tuple(Suspect.__annotations__)


def suspects(rows: pd.DataFrame, cards: Sequence[Card], settings: Settings) -> pd.DataFrame:
    """The columns of the fit rows that look like leaks, each once: `Suspect`'s fields.

    `rows`: enterprise_id, `defaulted` and the cards' columns. A column is one, if it ranks alone
    above `validate.most_single_auc`, or has a region of near-certain default, or if it came with
    the source as it stands (`attributes`) and outranks a model of all others, or completes one:
    together they rank better than both could by evidence of their own. What only lifts that model
    is watched. Empty where nothing is found. Of very many rows those of enterprises
    drawn are looked at.
    """
    rows = _drawn(rows, settings.run.seed)
    seen = _labelled(rows, settings)
    asked = {card.name: card for card in cards if card.model and card.name in rows}
    varied = [name for name in asked if rows[name].nunique() + rows[name].isna().any() > 1]
    ranked = {name: alone(rows[name], seen) for name in varied}
    found = {
        name: one
        for name in varied
        if (one := _too_good(name, ranked[name], settings) or _too_pure(rows, name, seen, settings))
    }
    if seen.bad.sum() >= settings.model.beside_defaults:
        rest = {name: ranked[name] for name in varied if name not in found}
        given = frozenset(name for name in rest if asked[name].table == "attributes")
        found |= _beside_others(rows, rest, given, seen, settings)
    return as_table(found[name] for name in varied if name in found)


def fading(
    rows: pd.DataFrame, later: pd.DataFrame, cards: Sequence[Card], settings: Settings
) -> pd.DataFrame:
    """The columns that rank well in the fit rows and hardly in `later` ones: to be reported.

    The fall in AUC must exceed `model.most_fading` at the lower end of its interval, which allows
    for the number of columns looked at (Bonferroni).
    """
    before, after = (_labelled(some, settings) for some in (rows, later))
    limit, found = settings.model.most_fading, []
    names = [card.name for card in cards if card.model and card.name in rows and card.name in later]
    reach = _reach(len(names))
    for name in names:
        then = alone(rows[name], before)
        if then.auc < 0.5 + limit or later[name].isna().all():
            continue
        now = alone(later[name], after)
        fall = then.auc - now.auc
        error = float(np.hypot(then.high - then.low, now.high - now.low)) / (2 * _reach(1))
        if fall - reach * error > limit:
            why = f"ranks {then.auc:.3f} alone in the fit rows and {now.auc:.3f} in later ones"
            ends = fall - reach * error, fall + reach * error
            found.append(Suspect(name, "fading", why, fall, *ends, limit, "watched"))
    return as_table(found)


def as_table(found: Iterable[Suspect]) -> pd.DataFrame:
    """One row a suspect."""
    return pd.DataFrame([asdict(one) for one in found], columns=list(COLUMNS))


def left_out(found: pd.DataFrame) -> frozenset[str]:
    """The columns that no model is given."""
    return frozenset(found.loc[found["fate"] == "left_out", "feature"])


def _drawn(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """All rows, or those of so many enterprises, drawn, that about `MOST_ROWS` remain."""
    if len(rows) <= MOST_ROWS:
        return rows
    everyone = np.sort(rows["enterprise_id"].unique())
    share = MOST_ROWS / len(rows)
    drawn = everyone[np.random.default_rng(seed).random(len(everyone)) < share]
    return rows[rows["enterprise_id"].isin(drawn)]


def _labelled(rows: pd.DataFrame, settings: Settings) -> Labelled:
    fold = folds(rows["enterprise_id"], FOLDS, np.random.default_rng(settings.run.seed))
    who = pd.factorize(rows["enterprise_id"], sort=True)[0].astype(np.int64)
    return Labelled(rows["defaulted"].to_numpy(bool), who, fold.to_numpy(np.int64))


def _fate(name: str, settings: ModelSettings) -> str:
    if name in settings.cleared:
        return "cleared"
    return "left_out" if settings.leaks == "leave_out" else "kept"


def _too_good(name: str, one: Alone, settings: Settings) -> Suspect | None:
    """A column that alone ranks better than any model should."""
    limit = settings.validate_.most_single_auc
    if not one.auc > limit:
        return None
    why = f"ranks {one.auc:.3f} alone"
    fate = _fate(name, settings.model)
    return Suspect(name, "alone", why, one.auc, one.low, one.high, limit, fate)


def _too_pure(rows: pd.DataFrame, name: str, seen: Labelled, settings: Settings) -> Suspect | None:
    """A column with a region that holds many defaults and hardly anything else."""
    how = settings.model
    least = max(how.pure_defaults, int(np.ceil(how.pure_share * seen.bad.sum())))
    one = purest(rows[name], seen, least)
    if one is None or one.low < how.pure_rate or one.odds < how.pure_odds:
        return None
    why = (
        f"{one.rate:.1%} of {one.rows:,.0f} enterprises default {one.where},"
        f" {one.odds:,.0f} times the odds of the others at the least"
    )
    fate = _fate(name, how)
    return Suspect(name, "region", why, one.rate, one.low, one.high, how.pure_rate, fate)


def _beside_others(
    rows: pd.DataFrame,
    ranked: Mapping[str, Alone],
    given: frozenset[str],
    seen: Labelled,
    settings: Settings,
) -> dict[str, Suspect]:
    """The `given` columns that are strong or much used, each beside all others, the weakest first.

    What is honest joins the others; what is not must not hide the next one.
    """
    strong = {name for name in given if ranked[name].auc > settings.model.watched_auc}
    asked = strong | _most_used(rows, list(ranked), given, seen)
    others = [name for name in ranked if name not in asked]
    found: dict[str, Suspect] = {}

    def ask(name: str) -> None:
        beside = *_matrix(rows, [*others, name]), seen
        one = _beside(name, ranked[name], beside, settings)
        if one is None:
            others.append(name)
        else:
            found[name] = one

    for name in sorted(asked, key=lambda name: (ranked[name].auc, name)):
        ask(name)
    # What completed the few that came before may tell nothing beside all that are honest.
    for name in [name for name, one in found.items() if one.kind == "together"]:
        del found[name]
        ask(name)
    return found


def _most_used(
    rows: pd.DataFrame, names: Sequence[str], given: frozenset[str], seen: Labelled
) -> set[str]:
    """Those of the `given` columns that a model of all columns gains most from."""
    if not given:
        return set()
    gain = _trained(*_matrix(rows, names), seen.bad).feature_importance("gain")
    most = sorted(zip(-gain, names, strict=True))
    return {name for _, name in [one for one in most if one[1] in given][:MOST_ASKED]}


def _beside(
    name: str, one: Alone, beside: tuple[Array, list[int], Labelled], settings: Settings
) -> Suspect | None:
    """A column, the last one of the matrix, if it outranks, completes or lifts a model of the
    others."""
    matrix, texts, seen = beside
    how, last = settings.model, matrix.shape[1] - 1
    without = _out_of_fold(matrix[:, :last], [t for t in texts if t < last], seen)
    ahead, low, high = _difference(one.score, without, seen)
    if one.auc > how.strong_auc and low > how.most_ahead:
        why = f"ranks {one.auc:.3f} alone, {ahead:.3f} above a model of all others"
        return Suspect(name, "outranks", why, ahead, low, high, how.most_ahead, _fate(name, how))
    lift, low, high = _difference(_out_of_fold(matrix, texts, seen), without, seen)
    base = clustered_auc(without, seen.bad, seen.who).auc
    own = _of_both(base, one.auc) - base
    if low - own > how.most_excess:
        why = (
            f"ranks {one.auc:.3f} alone, all others {base:.3f}, together {base + lift:.3f}:"
            f" {lift - own:.3f} more than both can tell apart"
        )
        ends, limit = (low - own, high - own), how.most_excess
        return Suspect(name, "together", why, lift - own, *ends, limit, _fate(name, how))
    if one.auc > how.watched_auc and low > how.most_lift:
        why = f"ranks {one.auc:.3f} alone and lifts a model of all others by {lift:.3f}"
        return Suspect(name, "lifts", why, lift, low, high, how.most_lift, "watched")
    return None


def _of_both(one: float, two: float) -> float:
    """The AUC of two normal scores together that are independent given the outcome.

    The squares of their distances add up (Su and Liu 1993, JASA 88, 1350-1355). Scores that know
    the same rank less well together; better only where each tells what the other means.
    """
    from scipy.stats import norm

    apart = [norm.ppf(np.clip(auc, 0.5, 1 - 1e-9)) for auc in (one, two)]
    return float(norm.cdf(np.hypot(*apart)))


def _matrix(rows: pd.DataFrame, names: Sequence[str]) -> tuple[Array, list[int]]:
    """The columns as numbers, texts as codes, and the places of the texts."""
    plain = [numbers(rows[name]) for name in names]
    columns = [
        groups(rows[name]).astype(float) if one is None else one
        for name, one in zip(names, plain, strict=True)
    ]
    return np.column_stack(columns), [place for place, one in enumerate(plain) if one is None]


def _out_of_fold(matrix: Array, texts: Sequence[int], seen: Labelled) -> Array:
    """Scores of small boosted trees, each row's by a model that never saw its enterprise."""
    scores = np.zeros(len(matrix))
    if not matrix.shape[1]:
        return scores
    for k in np.unique(seen.fold):
        mine = seen.fold == k
        booster = _trained(matrix[~mine], texts, seen.bad[~mine])
        scores[mine] = booster.predict(matrix[mine], num_threads=1)
    return scores


def _trained(matrix: Array, texts: Sequence[int], bad: npt.NDArray[np.bool_]) -> Any:
    """Small boosted trees: LightGBM's booster."""
    import lightgbm

    data = lightgbm.Dataset(
        matrix,
        bad.astype(float),
        categorical_feature=list(texts),
        params={"verbosity": -1},
    )
    return lightgbm.train(_quick(len(matrix)), data, ROUNDS)


def _quick(rows: int) -> dict[str, Any]:
    """LightGBM's parameters; a leaf never asks for more than a twentieth of the rows."""
    fixed = {"objective": "binary", "deterministic": True, "force_row_wise": True, "seed": 1}
    least = max(2, min(60, rows // 20))
    return {**fixed, **QUICK, "min_data_in_leaf": least, "num_threads": 1, "verbosity": -1}


def _difference(one: Array, two: Array, seen: Labelled) -> tuple[float, float, float]:
    gain, error = paired(one, two, seen)
    return gain, gain - _reach(1) * error, gain + _reach(1) * error


def paired(one: Array, two: Array, seen: Labelled) -> tuple[float, float]:
    """The difference of two scores' AUCs on the same rows, and its standard error by enterprise.

    DeLong's components (DeLong, DeLong and Clarke-Pearson 1988) of the difference, summed by
    enterprise as Obuchowski (1997, Biometrics 53, 567-578) does for one score.
    """
    shares = _placements(one, seen.bad) - _placements(two, seen.bad)
    bad, who = seen.bad, seen.who
    m, n = int(bad.sum()), int((~bad).sum())
    gain = float(shares[bad].mean())
    most = int(who.max()) + 1
    b = np.bincount(who[bad], shares[bad] - gain, most) / m
    g = np.bincount(who[~bad], shares[~bad] - gain, most) / n
    i1, i0, i = (np.count_nonzero(np.bincount(some)) for some in (who[bad], who[~bad], who))
    variance = (b * b).sum() * i1 / max(i1 - 1, 1) + (g * g).sum() * i0 / max(i0 - 1, 1)
    variance += 2 * (b * g).sum() * i / max(i - 1, 1)
    return gain, float(np.sqrt(max(variance, 0)))


def _placements(score: Array, bad: npt.NDArray[np.bool_]) -> Array:
    """For a default the share of the others below it, for another the share of defaults above."""
    from scipy.stats import rankdata

    ranks, shares = rankdata(score), np.empty(len(score))
    m, n = int(bad.sum()), int((~bad).sum())
    shares[bad] = (ranks[bad] - rankdata(score[bad])) / n
    shares[~bad] = 1 - (ranks[~bad] - rankdata(score[~bad])) / m
    return shares


def _reach(looks: int) -> float:
    """Standard errors to each end of an interval of 95 % that allows for so many looks."""
    from scipy.stats import norm

    return float(norm.ppf(1 - (1 - COVERAGE) / 2 / max(looks, 1)))
