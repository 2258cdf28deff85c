"""Missing when scored and never when fitted: the row counts as anyone, by one rule for all kinds."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.explain import compute_strengths
from riskmodel.explain.baseline import Baseline
from riskmodel.features import definitions_by_name
from riskmodel.model import RiskModel
from riskmodel.model.additivity import compute_contributions
from riskmodel.model.inputs import Inputs, fit_inputs, suggest_name
from riskmodel.model.learners import ebm, single_feature, trees
from riskmodel.model.learners.scorecard import scorecard
from riskmodel.model.unseen_missing import (
    COUNT,
    explain_rows,
    fit_imputations,
    log_odds_of_mean_pd,
    score_rows,
)
from riskmodel.settings import default_settings
from riskmodel.statistics.logistic import expit

HOW = default_settings().model.with_values(
    {
        "trees.max_rounds": 60,
        "trees.learning_rate": 0.1,
        "single_feature.feature": "days",
        "ebm.max_rounds": 60,
    }
)
INPUTS = Inputs(
    ("days", "other", "flag", "gappy", "sector"), (1, 1, 1, 1, 0), {"sector": ("toys", "yarn")}
)
KINDS = ["trees", "alone", "scorecard", "ebm"]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Half of the rows are 0 days past due, the others up to months; a flag is rare; only `gappy`
    ever lacks a value."""
    rng = np.random.default_rng(3)
    n = 4000
    days = np.where(rng.random(n) < 0.5, 0.0, rng.exponential(30, n).round())
    flag, sector = (rng.random(n) < 0.05) * 1.0, rng.choice(["toys", "yarn"], n)
    other, gappy = rng.normal(size=n), rng.normal(size=n)
    odds = -3.2 + 0.06 * days + 0.3 * other + 2 * flag + 0.5 * (sector == "yarn")
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{k}" for k in range(n)],
            "days": days,
            "other": other,
            "flag": flag,
            "gappy": np.where(rng.random(n) < 0.1, np.nan, gappy),
            "sector": pd.Series(sector, dtype="str"),
            "defaulted": rng.random(n) < expit(odds),
        }
    )


@pytest.fixture(scope="module")
def rankers(rows):
    given = {"seed": 1, "threads": 1}
    alone = HOW.with_values({"linear.weight": 0.0})
    found = {
        "trees": trees.fit_trees(rows, INPUTS, HOW.trees, HOW.linear, **given),
        "alone": trees.fit_trees(rows, INPUTS, alone.trees, alone.linear, **given),
        "scorecard": scorecard.fit_scorecard(rows, INPUTS, HOW.scorecard, **given),
        "single_feature": single_feature.fit_single_feature(
            rows, INPUTS, HOW.single_feature, **given
        ),
    }
    try:
        return found | {"ebm": ebm.fit_ebm(rows, INPUTS, HOW.ebm, **given)}
    except Exception as error:
        if "not installed" not in str(error):
            raise
        return found


@pytest.fixture(params=KINDS)
def ranker(request, rankers):
    if request.param not in rankers:
        pytest.skip("the extra ebm is not installed")
    return rankers[request.param]


@pytest.mark.parametrize("name", ["days", "other", "flag", "sector"])
def test_without_the_value_the_mean_pd_of_all_rows_stays_as_it_was(ranker, rows, name):
    if name not in ranker.inputs.names:
        pytest.skip("the scorecard left it out")
    before, blank = (expit(ranker.raw(some)) for some in (rows, rows.assign(**{name: None})))
    assert blank.mean() == pytest.approx(before.mean(), rel=0.08)


def test_unknown_days_are_neither_none_nor_the_most(ranker, rows):
    some = rows.head(50)
    unknown, none, most = (ranker.raw(some.assign(days=d)) for d in (np.nan, 0.0, 200.0))
    assert (unknown > none + 0.3).all()
    assert (unknown < most - 0.3).all()


def test_the_baselines_unknown_value_scores_as_the_mean_of_all_rows(rankers, rows):
    found = rankers["single_feature"]
    # log(1 + days) of all rows; the median is that of 0 days
    expected = np.log1p(rows["days"]).mean()
    assert found.raw(rows.head(1).assign(days=np.nan))[0] == pytest.approx(expected, rel=0.03)
    shares, raw = compute_contributions(found, rows.head(3).assign(days=np.nan))
    assert shares.sum(axis=1) == pytest.approx(raw)


def test_contributions_sum_to_the_score_whatever_is_unknown(ranker, rows):
    rng = np.random.default_rng(5)
    some = rows.head(200).copy()
    for name in INPUTS.names:
        some.loc[rng.random(200) < 0.4, name] = None
    some.loc[some.index[:3], list(INPUTS.names)] = None
    shares, raw = compute_contributions(ranker, some)
    assert np.abs(shares.sum(axis=1) - raw).max() < 1e-9
    assert np.ptp(shares[:, -1]) == 0


def test_other_features_keep_their_signs_beside_unknown_ones(ranker, rows):
    start = rows.head(40).assign(days=np.nan, sector=None)
    grid = [start.assign(other=value) for value in np.linspace(-3, 3, 41)]
    raw = ranker.raw(pd.concat(grid)).reshape(41, 40)
    assert np.diff(raw, axis=0).min() >= -1e-12


def test_a_text_never_seen_counts_as_anyone_too(ranker, rows):
    if "sector" not in ranker.inputs.names:
        pytest.skip("the scorecard left it out")
    toys, yarn, new, none = (
        ranker.raw(rows.head(1).assign(sector=word))[0] for word in ("toys", "yarn", "silk", None)
    )
    assert toys < new < yarn
    assert new == none


def test_what_the_fit_rows_taught_of_missing_values_is_used_as_it_is(rankers):
    assert set(rankers["trees"].inputs.imputations) == {"days", "other", "flag", "sector"}
    assert all(len(some) == COUNT for some in rankers["trees"].inputs.imputations.values())


@pytest.mark.parametrize(("gaps", "taught"), [(0, False), (19, False), (20, True)])
def test_fewer_than_twenty_rows_without_a_value_teach_nothing(gaps, taught):
    matrix = np.arange(1000.0)[:, None].copy()
    matrix[:gaps] = np.nan
    found = fit_imputations(Inputs(("a",), (0,), {}), matrix, lambda x: x[:, 0])
    assert ("a" not in found.imputations) == taught


@pytest.mark.parametrize("kind", ["trees", "scorecard", "ebm"])
def test_to_have_no_line_neither_lifts_nor_lowers_a_pd(rows, kind):
    """Rows of a new line lack the feature and hardly ever default; that says nothing of no line."""
    some = rows.assign(line=np.random.default_rng(6).normal(size=len(rows)))
    new = some["gappy"].isna()
    some = some.assign(line=some["line"].mask(new), defaulted=some["defaulted"] & ~new)
    inputs = Inputs(("days", "other", "line"), (1, 1, 0), {})

    def pds(given: Inputs) -> tuple[float, float]:
        """Mean PD of the same rows without a line and with one, those of a new line left out."""
        settings = {"seed": 1, "threads": 1}
        if kind == "trees":
            found = trees.fit_trees(some, given, HOW.trees, HOW.linear, **settings)
        elif kind == "scorecard":
            found = scorecard.fit_scorecard(some, given, HOW.scorecard, **settings)
        else:
            found = ebm.fit_ebm(some, given, HOW.ebm, **settings)
        assert found.inputs.neutral == ()
        old = some[~new].tail(500)
        return tuple(expit(found.raw(one)).mean() for one in (old.assign(line=np.nan), old))

    if kind == "ebm":
        pytest.importorskip("interpret")
    none, some_line = pds(replace(inputs, neutral=("line",)))
    assert none == pytest.approx(some_line, rel=0.15)
    none, some_line = pds(inputs)
    assert none < 0.8 * some_line


@pytest.mark.parametrize(("gaps", "neutral"), [(0.03, True), (0.45, True), (0.8, False)])
def test_features_of_lines_are_neutral_where_most_fit_rows_have_them(gaps, neutral):
    rng = np.random.default_rng(2)
    names = ("line_use_6m", "days_past_due_12m")
    panel = pd.DataFrame({name: rng.random(600) for name in names})
    panel = panel.mask(np.repeat(rng.random((600, 1)) < gaps, 2, axis=1))
    found = fit_inputs(panel, [definitions_by_name()[name] for name in names], 60)
    assert found.neutral == (("line_use_6m",) if neutral else ())


def test_imputations_are_values_of_fit_rows_evenly_spaced_by_their_scores():
    matrix = np.random.default_rng(1).permutation(64.0 + np.arange(64))[:, None]
    found = fit_imputations(Inputs(("a",), (0,), {}), matrix, lambda x: x[:, 0])
    # of 64 rows every second, beginning with the second
    assert found.imputations["a"] == tuple(65.0 + 2 * np.arange(32))


def test_an_unknown_value_scores_at_the_mean_pd_of_the_imputations_by_hand():
    inputs = Inputs(("a", "b"), (1, 1), {}, {"a": (0.0,) * 16 + (2.0,) * 16})

    def score(matrix):
        return matrix.sum(axis=1)

    matrix = np.array([[np.nan, -1.0], [5.0, -1.0]])
    found = score_rows(inputs, matrix, score)
    chance = (1 / (1 + np.exp(1.0)) + 1 / (1 + np.exp(-1.0))) / 2  # of -1 + 0 and of -1 + 2
    assert found[0] == pytest.approx(np.log(chance / (1 - chance)), abs=1e-12)
    assert found[1] == 4.0
    shares = explain_rows(inputs, matrix, score, lambda x: np.column_stack([x, np.zeros(len(x))]))
    # the mean of 0 and 2 is 1, and with it the score is that of the mean PD: -1 + 1
    assert shares[0] == pytest.approx([1.0, -1.0, 0.0], abs=1e-12)


def test_not_to_know_is_the_unknown_features_share():
    inputs = Inputs(("a", "b"), (1, 1), {}, {"a": (0.0,) * 31 + (8.0,)})
    matrix = np.array([[np.nan, -4.0]])
    shares = explain_rows(
        inputs, matrix, lambda x: x.sum(axis=1), lambda x: np.column_stack([x, np.zeros(len(x))])
    )
    chance = (31 / (1 + np.exp(4.0)) + 1 / (1 + np.exp(-4.0))) / 32
    assert shares[0] == pytest.approx([np.log(chance / (1 - chance)) + 4, -4.0, 0.0], abs=1e-12)


def test_the_mean_pd_is_safe_for_scores_of_any_size():
    assert log_odds_of_mean_pd(np.array([[-800.0], [-800.0]]))[0] == pytest.approx(-800.0)
    assert log_odds_of_mean_pd(np.array([[800.0], [800.0]]))[0] == pytest.approx(800.0)
    assert log_odds_of_mean_pd(np.array([[-800.0], [800.0]]))[0] == pytest.approx(0.0)


def blanked(panel: pd.DataFrame) -> pd.DataFrame:
    """The rows without exports, which no fit row lacks, and with a sector that none has."""
    return panel.head(60).assign(exports_usd_6m=np.nan, sector="balloons")


def test_a_model_read_from_its_files_takes_unknown_values_alike(model, panel):
    again = RiskModel.from_files(model.to_files())
    pd.testing.assert_frame_equal(again.score(blanked(panel)), model.score(blanked(panel)))
    assert again.ranker.inputs == model.ranker.inputs


def test_rows_that_count_as_anyone_are_counted_by_feature(fitted, panel):
    found = fitted.models["trees"]
    assert found.count_unknown(panel) == {}
    some = blanked(panel)
    some.loc[some.index[:10], "exports_usd_6m"] = 1e5
    assert found.count_unknown(some) == {"exports_usd_6m": 50, "sector": 60}


def test_reasons_are_exact_for_unknown_values_too(model, panel):
    some = blanked(panel)
    found = compute_strengths(Baseline(model, model.reference_group, definitions_by_name()), some)
    assert np.abs(found.sum(axis=1).to_numpy() - model.log_odds(some)).max() < 1e-9


def test_files_of_the_format_before_are_refused(model):
    files = model.to_files()
    document = json.loads(files["model.json"]) | {"format": 3}
    with pytest.raises(DataError, match=r"format 3, this package reads \d"):
        RiskModel.from_files({**files, "model.json": json.dumps(document)})


def test_an_absent_column_is_refused_with_the_nearest_named(fitted, panel):
    renamed = panel.rename(columns={"exports_usd_6m": "exports_usd_06m"})
    with pytest.raises(DataError, match=r"first: exports_usd_6m; the nearest there: exports_usd_"):
        fitted.models["trees"].score(renamed)
    assert suggest_name("attribute_income", ["zzz"]) == ""
    assert suggest_name("attribute_income", ["attribute_age", "attribute_incomes"]).endswith(
        "_incomes"
    )


def test_order_and_company_of_rows_change_no_unknown_score(ranker, rows):
    some = rows.head(30).assign(days=np.nan)
    alone = np.array([ranker.raw(some.iloc[[k]])[0] for k in range(30)])
    assert (ranker.raw(some.iloc[::-1])[::-1] == alone).all()


def test_infinite_values_leave_a_model_that_can_be_written(rows):
    wild = rows.assign(other=np.where(rows["other"] > 2, np.inf, rows["other"]))
    found = trees.fit_trees(wild, INPUTS, HOW.trees, HOW.linear, seed=1, threads=1)
    assert np.isfinite(found.inputs.imputations["other"]).all()
    blank = replace(found).raw(rows.head(2).assign(other=np.nan))
    assert np.isfinite(blank).all()
