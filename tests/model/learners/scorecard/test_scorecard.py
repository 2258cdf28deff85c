"""The scorecard: points, sums, refusals and replay."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.errors import DataError
from riskmodel.model.inputs import Inputs, fit_inputs
from riskmodel.model.learners.scorecard import scorecard
from riskmodel.model.learners.scorecard.bins import Bins
from riskmodel.model.learners.scorecard.fit import fit_bin_shares, fit_slopes, select_features
from riskmodel.settings import default_settings

HOW = default_settings().model.scorecard


@pytest.fixture(scope="module")
def rows(panel):
    return panel[panel["split"].isin(["fit", "calibrate"])].astype({"defaulted": bool})


@pytest.fixture(scope="module")
def card(rows, definitions):
    return scorecard.fit_scorecard(rows, fit_inputs(rows, definitions, 60), HOW, seed=7, threads=1)


def test_six_hundred_points_are_fifty_to_one_and_twenty_double_the_odds():
    scale = scorecard.Scale(600, 50, 20)
    # Siddiqi (2006), chapter 6: factor 28.8539, offset 487.123
    assert scale.factor == pytest.approx(28.85390, abs=1e-5)
    assert scale.offset == pytest.approx(487.12288, abs=1e-5)


def test_contributions_sum_to_the_score_and_are_nought_on_average(card, rows):
    parts = card.contributions(rows)
    assert np.abs(parts.sum(axis=1) - card.raw(rows)).max() < 1e-9
    assert np.abs(parts[:, :-1].mean(axis=0)).max() < 1e-9
    assert (parts[:, :-1] >= card.best_contributions() - 1e-12).all()


def test_points_of_the_bins_sum_to_the_points_of_the_row(card, rows):
    matrix = card.inputs.matrix(rows)
    dealt = sum(
        np.array(points)[one.places(column)]
        for one, points, column in zip(card.bins, card.bin_points(), matrix.T, strict=True)
    )
    assert np.abs(dealt - card.points(rows)).max() < 1e-9
    odds = (600 - card.points(rows)) / 20 * np.log(2) - np.log(50)
    assert np.abs(odds - card.raw(rows)).max() < 1e-9


@rules(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=2, max_size=9))
def test_no_larger_arrears_ever_lower_the_risk(card, rows, values):
    row = rows.iloc[[0] * len(values)].assign(days_past_due_now=sorted(values))
    assert (np.diff(card.raw(row)) >= 0).all()


def test_a_scorecard_read_from_its_file_scores_the_same(card, rows):
    again = scorecard.read_scorecard(card.inputs, card.to_files(), 1)
    assert again == card
    assert again.raw(rows).tolist() == card.raw(rows).tolist()


def test_two_fits_of_the_same_rows_are_the_same_bytes(card, rows, definitions):
    inputs = fit_inputs(rows, definitions, 60)
    again = scorecard.fit_scorecard(rows, inputs, HOW, seed=7, threads=2)
    assert again.to_files() == card.to_files()


def test_the_table_tells_each_bin_and_the_rows_of_a_feature_add_up(card, rows):
    table = card.table()
    assert (table.groupby("feature")["rows"].sum() == len(rows)).all()
    assert (table.groupby("feature")["defaults"].sum() == rows["defaulted"].sum()).all()
    assert ((table["low"] <= table["information"]) & (table["information"] <= table["high"])).all()
    assert set(table["feature"]) == {"exports_usd_6m", "days_past_due_now"}


def test_features_that_say_nothing_are_left_out_by_name(card):
    assert dict(card.left_out) == {"deal_usd_mean_12m": "information", "sector": "information"}


def binned(name, rows, defaults, weights, low=0.5):
    return Bins(
        name, 1, edges=(0.5,), rows=rows, defaults=defaults, weights=weights,
        information=1.0, low=low, high=2.0,
    )  # fmt: skip


def suppressed():
    """Risk rises with a; b follows a, and at the same a the risk falls with b."""
    rng = np.random.default_rng(5)
    a = rng.integers(0, 2, 4000)
    b = np.where(rng.random(4000) < 0.25, 1 - a, a)
    bad = rng.random(4000) < 1 / (1 + np.exp(2.5 - 2 * a + 0.8 * b))
    return {"a": a.astype(float), "b": b.astype(float)}, bad.astype(float)


def test_a_feature_whose_slope_would_be_wrong_beside_the_others_is_refused():
    columns, bad = suppressed()
    bins = [binned(n, (2000, 2000, 0), (200, 400, 0), (-0.5, 0.5, 0.0)) for n in "ab"]
    chosen, slopes, left_out = select_features(bins, columns, bad, HOW)
    assert [one.name for one in chosen] == ["a"]
    assert slopes > 0
    assert left_out == {"b": "sign"}


def test_of_two_features_that_run_together_the_more_informative_one_stays():
    columns, bad = suppressed()
    columns = {"a": columns["a"], "twin": columns["a"]}
    bins = [binned(n, (2000, 2000, 0), (200, 400, 0), (-0.5, 0.5, 0.0)) for n in ("a", "twin")]
    _, _, left_out = select_features(bins, columns, bad, HOW)
    assert left_out == {"twin": "correlation"}


def test_slopes_agree_with_another_library_where_no_sign_is_wrong():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(2)
    x = rng.normal(0, 1, (2000, 3))
    bad = rng.random(2000) < 1 / (1 + np.exp(2 - x @ [0.5, 0.9, 0.2]))
    theirs = LogisticRegression(C=1 / 7.0, tol=1e-10, max_iter=1000).fit(x, bad)
    ours = fit_slopes(x, bad.astype(float), l2=7.0)
    assert ours == pytest.approx(theirs.coef_[0], abs=1e-5)


def test_strong_shrinkage_leaves_each_bin_at_slope_times_weight():
    columns, bad = suppressed()
    bins = [binned("a", (2000, 2000, 0), (200, 400, 0), (-0.5, 0.5, 0.2))]
    places = [bins[0].places(columns["a"])]
    _, (tight,) = fit_bin_shares(bins, np.array([0.8]), places, bad, l2=1e9)
    assert tight == pytest.approx([-0.4, 0.4, 0.16], abs=1e-4)
    intercept, (free,) = fit_bin_shares(bins, np.array([0.8]), places, bad, l2=1e-6)
    rates = [bad[columns["a"] == k].mean() for k in (0, 1)]
    # with next to no shrinkage the bins' own rates come out
    assert 1 / (1 + np.exp(-(intercept + free[:2]))) == pytest.approx(rates, abs=1e-3)


def test_a_texts_unknown_levels_are_counted_and_score_as_missing(card, rows):
    bins = Bins("sector", 0, levels=("lamps",), group=(0,), rows=(9, 3))
    inputs = Inputs(("sector",), (0,), {"sector": ("lamps",)})
    one = scorecard.Scorecard(inputs, (bins,), ((0.1, 0.4),), -1.0, card.scale, {})
    frame = pd.DataFrame({"sector": ["lamps", "robots", None]})
    assert one.raw(frame) == pytest.approx([-0.9, -0.6, -0.6])
    assert one.count_unseen(frame) == {"sector": 1}


def test_a_missing_value_that_no_fit_row_showed_is_counted(card, rows):
    assert rows["exports_usd_6m"].notna().all()
    frame = rows.head(3).assign(exports_usd_6m=[np.nan, 1.0, np.nan])
    assert card.count_unseen(frame)["exports_usd_6m"] == 2


def test_features_without_two_bins_make_a_scorecard_of_one_rate_for_all():
    bad = [True, False, False, True] * 10
    rows = pd.DataFrame({"x": [1.0, 2.0] * 20, "y": 1.0, "defaulted": bad})

    card = scorecard.fit_scorecard(rows, Inputs(("x", "y"), (1, 0), {}), HOW, seed=7, threads=1)

    assert [one.name for one in card.bins] == ["x"]
    assert dict(card.left_out) == {"y": "information"}
    assert card.raw(rows) == pytest.approx(np.zeros(40), abs=1e-6)  # 20 of 40 default
    assert np.isfinite(card.table()["points"]).all()


def test_without_any_feature_there_is_no_scorecard():
    rows = pd.DataFrame({"defaulted": [True, False] * 20})
    with pytest.raises(DataError, match="0 are left for a scorecard"):
        scorecard.fit_scorecard(rows, Inputs((), (), {}), HOW, seed=7, threads=1)
