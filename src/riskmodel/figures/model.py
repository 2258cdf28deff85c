"""Charts of the model: ranking, probabilities, grades, and the spread over repeats."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.ticker import FuncFormatter

from riskmodel.figures.canvas import (
    SPLITS,
    Picture,
    grade_colour,
    in_counts,
    in_percent,
    model_colour,
    nothing,
    panels,
    single,
    tall,
)

Array = npt.NDArray[np.float64]
SMALLEST_PD = 1e-4


def roc(predictions: pd.DataFrame) -> Picture:
    """Defaulters found against others refused, on the test rows, by model."""
    title = "Ranking of the test rows"
    test = _tested_predictions(predictions)
    if test.empty:
        return nothing(title, "the test rows do not hold both outcomes")
    figure, axes = single(title, height=4.6)
    for model, rows in test.groupby("model", sort=True):
        refused, found = _curve(rows)
        area = float(np.trapezoid(found, refused))
        label = f"{model}, AUC {area:.3f}"
        axes.plot(refused, found, color=model_colour(str(model)), label=label)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="no ranking")
    axes.set_aspect("equal")
    axes.set_xlabel("share of the others refused")
    axes.set_ylabel("share of the defaulters found")
    in_percent(axes, "x")
    in_percent(axes, "y")
    axes.legend(frameon=False, loc="lower right")
    return figure


def _tested_predictions(predictions: pd.DataFrame) -> pd.DataFrame:
    """Test rows with an outcome, if both outcomes are among them."""
    test = predictions[predictions["split"] == "test"].dropna(subset=["defaulted", "pd_12m"])
    bad = test["defaulted"].astype(bool)
    return test if bad.any() and not bad.all() else test.iloc[:0]


def _curve(rows: pd.DataFrame) -> tuple[Array, Array]:
    """Shares of others and of defaulters at or above each probability, from none to all."""
    bad = rows.astype({"defaulted": float}).groupby("pd_12m")["defaulted"].agg(["sum", "size"])
    bad = bad.sort_index(ascending=False)
    found, seen = bad["sum"].to_numpy(float).cumsum(), bad["size"].to_numpy(float).cumsum()
    others = seen - found
    return np.r_[0.0, others / others[-1]], np.r_[0.0, found / found[-1]]


def pd_distribution(predictions: pd.DataFrame) -> Picture:
    """The spread of the probabilities of labelled and scored rows, a chart a model: both by the
    fit that scores, or the labelled ones as they were tested."""
    title = "Default probabilities of labelled and scored rows"
    known = "train_all" if (predictions["split"] == "train_all").any() else "test"
    shown = predictions[predictions["split"].isin([known, "score"])].dropna(subset=["pd_12m"])
    if shown.empty:
        return nothing(title, "no row is labelled or scored")
    shown = shown.assign(at=np.log10(shown["pd_12m"].clip(lower=SMALLEST_PD)))
    edges = np.linspace(shown["at"].min() - 0.01, shown["at"].max() + 0.01, 40).tolist()
    models = sorted(shown["model"].unique())
    figure, charts = panels(title, models, columns=2)
    for axes, model in zip(charts, models, strict=True):
        for split, rows in shown[shown["model"] == model].groupby("split", sort=True):
            weights = np.full(len(rows), 1 / len(rows))
            style = {"histtype": "step", "linewidth": 1.5, "label": split}
            axes.hist(rows["at"], bins=edges, weights=weights, color=SPLITS[str(split)], **style)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{10**at:.2g}"))
        axes.set_xlabel("default probability (share, logarithmic)", fontsize="x-small")
        axes.set_ylabel("share of rows", fontsize="x-small")
        in_percent(axes, "y")
        axes.legend(frameon=False, fontsize="x-small")
    return figure


def grade_sizes(predictions: pd.DataFrame) -> Picture:
    """Rows to score by grade, or test rows where none are to be scored, a chart a model."""
    title = "Rows by grade"
    split = "score" if (predictions["split"] == "score").any() else "test"
    shown = predictions[predictions["split"] == split].dropna(subset=["grade"])
    if shown.empty:
        return nothing(title, "no row is graded")
    models = sorted(shown["model"].unique())
    figure, charts = panels(f"{title} ({split})", models, columns=2)
    for axes, model in zip(charts, models, strict=True):
        sizes = shown.loc[shown["model"] == model, "grade"].value_counts().sort_index()
        axes.bar(sizes.index, sizes.to_numpy(), color=[grade_colour(g) for g in sizes.index])
        axes.set_xlabel("grade, best first", fontsize="x-small")
        axes.set_ylabel("rows", fontsize="x-small")
        in_counts(axes, "y")
    return figure


def repeats(found: pd.DataFrame) -> Picture:
    """The AUC of every repeat of the cross-validation, by model."""
    title = "Ranking by repeat of the cross-validation"
    if found.empty:
        return nothing(title, "the test is one split by time, with no repeats")
    models = sorted(found["model"].unique())
    figure, axes = single(title, height=tall(2 * len(models)))
    for place, model in enumerate(models):
        mine = found[found["model"] == model]
        areas = [_area(rows) for _, rows in mine.groupby("repeat", sort=True)]
        axes.plot(areas, [place] * len(areas), "|", markersize=16, color=model_colour(model))
    axes.set_yticks(range(len(models)), models)
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set_xlabel("AUC of a repeat (0.5: no ranking)")
    return figure


def _area(rows: pd.DataFrame) -> float:
    refused, found = _curve(rows)
    return float(np.trapezoid(found, refused))
