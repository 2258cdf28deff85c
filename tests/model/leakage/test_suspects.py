"""Leaks: planted ones are found in every guise, honest strong columns are left alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.features.attributes import attribute_definitions
from riskmodel.model.leakage import suspects as suspect_rules
from riskmodel.model.leakage import univariate as lone
from riskmodel.model.leakage.incremental import combined_auc
from riskmodel.model.leakage.regions import find_region
from riskmodel.model.leakage.suspects import excluded_names, find_fading, find_suspects
from riskmodel.model.leakage.univariate import LabelledRows, rank_univariate

pytestmark = pytest.mark.slow

REAL = Path(__file__).resolve().parents[4] / "shared" / "data"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the public data is not at ../shared/data")


def honest(count: int = 4000, seed: int = 5) -> pd.DataFrame:
    """Rows of enterprises on two dates: use of a line ranks at about .75, and a hole in sales
    tells of risk."""
    rng = np.random.default_rng(seed)
    use, sales = rng.normal(0, 1, count), rng.normal(0, 1, count)
    gone = rng.random(count) < 0.1
    odds = -3.0 + 0.9 * use - 0.7 * sales + 1.2 * gone
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n // 2:05d}" for n in range(count)],
            "defaulted": rng.random(count) < 1 / (1 + np.exp(-odds)),
            "attribute_use": use,
            "attribute_sales": np.where(gone, np.nan, sales),
            "attribute_kind": pd.Series(rng.choice(["maker", "trader"], count), dtype="str"),
        }
    )


def definitions_of(rows: pd.DataFrame):
    """Features of columns that come as they stand."""
    names = [name for name in rows if name.startswith("attribute_")]
    kind = {True: "number", False: "text"}
    numeric = pd.api.types.is_numeric_dtype
    return attribute_definitions(
        {n.removeprefix("attribute_"): kind[numeric(rows[n])] for n in names}
    )


def planted(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows with one column more, that came to be after the outcome."""
    rng, bad, count = np.random.default_rng(1), rows["defaulted"].to_numpy(bool), len(rows)
    half, noise = rng.random(count) < 0.5, rng.normal(0, 1, count)
    word = np.where(bad & half, "charged off", np.where(rng.random(count) < 0.4, "closed", "open"))
    hit = np.where(bad, rng.random(count) < 0.6, rng.random(count) < 0.006)
    late = np.where(bad, rng.gamma(4, 40, count), np.maximum(rng.normal(-10, 20, count), 0))
    columns = {
        "collections": np.where(hit, np.exp(rng.normal(7, 1, count)), 0),
        "days_late_after": late,
        "paid_back": -late,
        "status": pd.Series(word, dtype="str"),
        "missing_for_defaulters": np.where(bad & half, np.nan, noise),
        "there_for_defaulters": np.where(bad & half, noise, np.nan),
        "weak": noise + 1.4657 * bad,
    }
    return rows.assign(**{f"attribute_{name}": columns[name]})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("collections", "region"),
        ("days_late_after", "alone"),
        ("paid_back", "alone"),
        ("status", "region"),
        ("missing_for_defaulters", "region"),
        ("there_for_defaulters", "region"),
        ("weak", "outranks"),
    ],
)
def test_a_column_from_after_the_outcome_is_named_and_left_out(settings, name, kind):
    rows = planted(honest(), name)
    found = find_suspects(rows, definitions_of(rows), settings)
    assert found[["feature", "kind", "decision"]].to_numpy().tolist() == [
        [f"attribute_{name}", kind, "excluded"]
    ]
    assert found["low"][0] <= found["value"][0] <= found["high"][0]
    assert excluded_names(found) == {f"attribute_{name}"}


def test_several_leaks_at_once_do_not_hide_each_other(settings):
    rows = honest()
    for name in ("status", "weak", "days_late_after"):
        rows = planted(rows, name)
    found = find_suspects(rows, definitions_of(rows), settings)
    assert excluded_names(found) == {
        "attribute_status",
        "attribute_weak",
        "attribute_days_late_after",
    }


@pytest.mark.parametrize("seed", range(5))
def test_honest_columns_are_no_suspects_however_few_the_rows(settings, seed):
    for count in (150, 1000, 4000):
        rows = honest(count, seed)
        assert find_suspects(rows, definitions_of(rows), settings).empty


def test_a_bureau_score_that_is_near_the_model_of_all_others_stays(settings):
    rows = honest()
    score = rows["attribute_use"] - 0.6 * rows["attribute_sales"].fillna(-2)
    rows = rows.assign(attribute_bureau=score)
    assert excluded_names(find_suspects(rows, definitions_of(rows), settings)) == frozenset()


def test_what_lifts_the_others_but_does_not_outrank_them_is_watched_and_stays(settings):
    rows = honest()
    hint = np.random.default_rng(2).normal(0, 1, len(rows)) + 1.1 * rows["defaulted"]
    rows = rows.assign(attribute_hint=hint)
    found = find_suspects(rows, definitions_of(rows), settings)
    assert found[["feature", "kind", "decision"]].to_numpy().tolist() == [
        ["attribute_hint", "lifts", "watched"]
    ]
    assert excluded_names(found) == frozenset()


def lent(seed: int, count: int = 4000) -> pd.DataFrame:
    """Loans whose risk rises with the debt that a given income must carry, mostly where it is
    more than half of it."""
    rng = np.random.default_rng(seed)
    amount, income = np.exp(rng.normal(9, 0.6, count)), np.exp(rng.normal(9.8, 0.5, count))
    odds = -2.8 + 0.8 * np.log(amount / income) + 1.2 * (amount / income > 0.5)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n:05d}" for n in range(count)],
            "defaulted": rng.random(count) < 1 / (1 + np.exp(-odds)),
            "attribute_amount": amount,
            "attribute_income": income,
            "attribute_age": rng.normal(0, 1, count),
        }
    )


def test_what_was_paid_back_tells_only_beside_what_was_lent_and_is_left_out(settings):
    rows, rng = lent(5), np.random.default_rng(6)
    share = np.where(rows["defaulted"], rng.beta(6, 2, len(rows)), 1.0)
    rows = rows.assign(attribute_paid=rows["attribute_amount"] * share)
    assert (
        rank_univariate(rows["attribute_paid"], suspect_rules._to_labelled(rows, settings)).auc
        < 0.75
    )
    found = find_suspects(rows, definitions_of(rows), settings)
    assert found[["feature", "kind", "decision"]].to_numpy().tolist() == [
        ["attribute_amount", "together", "excluded"],
        ["attribute_paid", "together", "excluded"],
    ]
    assert "beside attribute_amount" in found["reason"][1]


def test_once_what_was_lent_is_cleared_only_what_was_paid_back_is_left_out(settings):
    rows, rng = lent(5), np.random.default_rng(6)
    share = np.where(rows["defaulted"], rng.beta(6, 2, len(rows)), 1.0)
    rows = rows.assign(attribute_paid=rows["attribute_amount"] * share)
    knows = settings.model.with_values({"leakage.allowlist": ("attribute_amount",)})
    found = find_suspects(rows, definitions_of(rows), settings.with_values({"model": knows}))
    assert excluded_names(found) == {"attribute_paid"}


@pytest.mark.parametrize("seed", range(3))
def test_honest_columns_that_mean_little_without_each_other_stay(settings, seed):
    rows = lent(seed)
    assert find_suspects(rows, definitions_of(rows), settings).empty


def test_two_scores_of_independent_evidence_rank_as_their_sum_does():
    rng = np.random.default_rng(0)
    bad = np.arange(200_000) % 2 == 0
    one, two = (rng.normal(0, 1, len(bad)) + gap * bad for gap in (0.6, 1.1))
    who = np.arange(len(bad))
    ranked = [lone.clustered_auc(s, bad, who).auc for s in (one, two, 0.6 * one + 1.1 * two)]
    assert combined_auc(ranked[0], ranked[1]) == pytest.approx(ranked[2], abs=0.003)
    assert combined_auc(0.4, 0.7) == pytest.approx(0.7)


def test_a_feature_of_our_own_is_not_suspected_for_outranking_all_others(settings, definitions):
    rows = honest().drop(columns=["attribute_use", "attribute_sales", "attribute_kind"])
    weak = planted(rows, "weak")["attribute_weak"]
    assert find_suspects(rows.assign(exports_usd_6m=weak), definitions, settings).empty


def test_a_column_cleared_by_a_person_stays_and_is_named(settings):
    rows = planted(honest(), "status")
    knows = settings.model.with_values({"leakage.allowlist": ("attribute_status",)})
    found = find_suspects(rows, definitions_of(rows), settings.with_values({"model": knows}))
    assert found["decision"].tolist() == ["cleared"]
    keeps = settings.model.with_values({"leakage.action": "keep"})
    found = find_suspects(rows, definitions_of(rows), settings.with_values({"model": keeps}))
    assert found["decision"].tolist() == ["kept"]
    assert excluded_names(found) == frozenset()


def test_a_region_of_a_few_defaults_is_chance_and_no_leak(settings):
    rows = honest()
    place = np.flatnonzero(rows["defaulted"])[: settings.model.leakage.min_region_defaults - 1]
    rows = rows.assign(attribute_few=np.isin(np.arange(len(rows)), place).astype(float))
    assert find_suspects(rows, definitions_of(rows), settings).empty


def test_with_too_few_defaults_for_a_model_of_all_others_none_is_compared(settings):
    rows = planted(honest(400), "weak")
    assert rows["defaulted"].sum() < settings.model.leakage.min_incremental_defaults
    assert find_suspects(rows, definitions_of(rows), settings).empty


def seen(bad, enterprise=None, fold=None) -> LabelledRows:
    count = len(bad)
    own = np.arange(count) if enterprise is None else np.array(enterprise)
    return LabelledRows(np.array(bad, bool), own, np.arange(count) % 2 if fold is None else fold)


def test_a_region_counts_an_enterprise_once_however_many_dates_it_has():
    values = pd.Series([1.0] * 6 + [0.0] * 4)
    rows = seen([1, 1, 1, 1, 0, 1, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1, 2, 3, 4, 5])
    region = find_region(values, rows, min_defaults=1)
    # Enterprise 0 defaulted in all its rows, enterprise 1 in half of its rows.
    assert (region.rows, region.defaults) == (2, 1.5)
    assert region.rate == 0.75


def test_the_purest_region_is_found_in_a_tail_a_value_or_a_hole():
    bad = [True] * 30 + [False] * 170
    high = pd.Series([*range(1000, 1030), *range(170)], dtype=float)
    assert find_region(high, seen(bad), 20).where == "in its upper tail"
    assert find_region(-high, seen(bad), 20).where == "in its lower tail"
    code = pd.Series([7.0] * 30 + [1.0, 9.0] * 85)
    assert find_region(code, seen(bad), 20).where == "in 1 of 3 groups of its values"
    hole = pd.Series([np.nan] * 30 + list(range(170)), dtype=float)
    found = find_region(hole, seen(bad), 20)
    assert found.where == "where it is missing"
    assert (found.rows, found.defaults) == (30, 30)
    # scipy 1.17: beta.ppf(.025, 30.5, .5) and beta.ppf(.975, .5, 170.5)
    assert found.low == pytest.approx(0.9204, abs=1e-4)
    assert found.odds == pytest.approx(0.9204 / 0.0796 / (0.0146 / 0.9854), rel=0.01)


def paid_last(seed: int = 5) -> pd.DataFrame:
    """Twelve quarters of enterprises, and the day of the last payment as a snapshot knew it."""
    rows, rng = honest(seed=seed), np.random.default_rng(seed)
    as_of = pd.date_range("2015-01-01", periods=12, freq="QS")[rng.integers(0, 12, len(rows))]
    late = np.where(rows["defaulted"], rng.integers(0, 250, len(rows)), 300)
    on = as_of + pd.to_timedelta(late + rng.integers(0, 60, len(rows)), "D")
    return rows.assign(
        as_of=as_of,
        attribute_last_paid=on.strftime("%Y%m%d").astype(float),
        attribute_last_paid_text=on.strftime("%Y-%m-%d"),
    )


def test_dates_are_judged_by_their_distance_from_the_as_of_date(settings):
    rows = paid_last()
    dates = {"attribute_last_paid", "attribute_last_paid_text"}
    assert (
        rank_univariate(rows["attribute_last_paid"], suspect_rules._to_labelled(rows, settings)).auc
        < 0.7
    )
    found = find_suspects(rows, definitions_of(rows), settings)
    assert set(found["feature"]) == excluded_names(found) == dates


def test_honest_dates_stay_and_those_after_the_as_of_date_are_watched(settings):
    rows, rng = paid_last(), np.random.default_rng(7)
    near = pd.to_timedelta(rng.integers(1, 900, len(rows)), "D")
    columns = {
        "attribute_last_paid": (rows["as_of"] - near).dt.strftime("%Y%m").astype(float),
        "attribute_last_paid_text": (rows["as_of"] + near).dt.strftime("%Y-%m-%d"),
    }
    rows = rows.assign(**columns)
    found = find_suspects(rows, definitions_of(rows), settings)
    assert found[["feature", "kind", "value", "decision"]].to_numpy().tolist() == [
        ["attribute_last_paid_text", "ahead", 1.0, "watched"]
    ]


def test_a_column_of_dates_is_known_by_how_it_is_written():
    day = pd.Series(pd.to_datetime(["2020-01-31"] * 2))
    for values in ([20200201.0, np.nan], ["2020-02-01", None], ["2020-02", None]):
        assert lone.days_after(pd.Series(values), day).tolist()[0] == 1
    assert lone.days_after(pd.Series([202002.0, np.nan]), day).isna().tolist() == [False, True]
    for values in ([1.5, 2.0], [100.0, 200.0], ["open", "closed"], [np.nan, np.nan], [True, False]):
        assert lone.days_after(pd.Series(values), day) is None


def test_of_equal_regions_that_of_more_enterprises_in_default_counts_whatever_the_columns_sign():
    values, bad = pd.Series([1.0, 1.0, 0.0, -1.0, -1.0]), [True, True, False, True, True]
    rows = seen(bad, [0, 0, 1, 2, 3])
    for column in (values, -values):
        region = find_region(column, rows, min_defaults=2)
        assert (region.rows, region.defaults) == (2, 2)


def test_alone_a_column_ranks_as_sklearn_ranks_it_in_either_direction():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    bad = rng.random(500) < 0.2
    values = pd.Series(rng.normal(0, 1, 500) - bad)
    golden = 1 - roc_auc_score(bad, values)
    found = rank_univariate(values, seen(bad))
    assert found.auc == pytest.approx(golden, abs=1e-12)
    assert roc_auc_score(bad, found.score) == pytest.approx(golden, abs=1e-12)
    assert found.low < golden < found.high


def test_a_column_that_ranks_by_no_order_is_ranked_by_the_rates_of_its_groups():
    rng = np.random.default_rng(0)
    code = pd.Series(rng.integers(0, 9, 900).astype(float))
    bad = code.eq(4).to_numpy()
    assert rank_univariate(code, seen(bad)).auc == 1
    assert abs(lone.clustered_auc(code.to_numpy(), bad, np.arange(900)).auc - 0.5) < 0.05


def test_texts_of_a_kind_that_nobody_else_has_tell_nothing():
    rng = np.random.default_rng(0)
    words = pd.Series([f"case {n}" for n in range(400)], dtype="str")
    assert rank_univariate(words, seen(rng.random(400) < 0.3)).auc < 0.6


@rules(max_examples=40, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=6, max_size=40),
    seed=st.integers(0, 999),
)
def test_the_order_of_rows_and_the_sign_of_a_column_change_nothing(values, seed):
    rng = np.random.default_rng(seed)
    column = pd.Series(values, dtype="Float64").astype(float)
    bad = rng.random(len(values)) < 0.5
    bad[:2] = [True, False]
    who, fold = rng.integers(0, 9, len(values)), rng.integers(0, 2, len(values))
    first = seen(bad, who, fold)
    order = rng.permutation(len(values))
    moved = LabelledRows(bad[order], who[order], fold[order])
    for other, labels in ((column.iloc[order], moved), (-column, first)):
        assert rank_univariate(other, labels).auc == pytest.approx(
            rank_univariate(column, first).auc, abs=1e-12
        )
        one, two = find_region(column, first, 2), find_region(other, labels, 2)
        assert (one is None) == (two is None)
        if one is not None:
            assert one.rate == pytest.approx(two.rate, abs=1e-12)


def test_a_column_that_fades_on_later_rows_is_watched(settings):
    rows, later = honest(seed=5), honest(seed=6)
    rng = np.random.default_rng(3)
    filled = planted(rows, "weak")
    empty = later.assign(attribute_weak=rng.normal(0, 1, len(later)))
    found = find_fading(filled, empty, definitions_of(filled), settings)
    assert found[["feature", "kind", "decision"]].to_numpy().tolist() == [
        ["attribute_weak", "fading", "watched"]
    ]
    assert excluded_names(found) == frozenset()
    assert find_fading(filled, planted(later, "weak"), definitions_of(filled), settings).empty


def test_of_very_many_rows_enterprises_are_drawn_whole(settings, monkeypatch):
    rows = planted(honest(), "status")
    monkeypatch.setattr(suspect_rules, "MAX_ROWS", 2500)
    drawn = suspect_rules.sample_enterprises(rows, 2500, 7)
    assert 2200 < len(drawn) < 2800
    assert drawn["enterprise_id"].value_counts().eq(2).all()
    assert excluded_names(find_suspects(rows, definitions_of(rows), settings)) == {
        "attribute_status"
    }


def as_given(frame: pd.DataFrame, label: str) -> pd.DataFrame:
    """A public set as a source would bring it: every column an attribute, each row an enterprise."""
    columns = frame.drop(columns=label).add_prefix("attribute_")
    names = [f"E{n:06d}" for n in range(len(frame))]
    return columns.assign(enterprise_id=names, defaulted=frame[label].astype(bool))


@real
@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("gmsc/gmsc_train.parquet", "SeriousDlqin2yrs"),
        ("taiwan/taiwan.parquet", "default_next_month"),
    ],
)
def test_the_honest_columns_of_a_public_set_are_no_suspects(settings, file, label):
    rows = as_given(pd.read_parquet(REAL / file), label).sample(20_000, random_state=1)
    assert find_suspects(rows, definitions_of(rows), settings).empty
    for name in ("status", "collections"):
        leaky = planted(rows.reset_index(drop=True), name)
        assert excluded_names(find_suspects(leaky, definitions_of(leaky), settings)) == {
            f"attribute_{name}"
        }


@real
def test_the_banks_own_verdict_in_the_contests_data_is_a_leak(settings):
    frame = pd.read_csv(REAL / "cumcm2020c" / "enterprises.csv").dropna(subset=["defaulted"])
    rows = pd.DataFrame(
        {
            "enterprise_id": frame["enterprise_id"],
            "defaulted": frame["defaulted"].astype(bool),
            "attribute_rating": frame["credit_rating"].astype("str"),
        }
    )
    assert excluded_names(find_suspects(rows, definitions_of(rows), settings)) == {
        "attribute_rating"
    }


def test_a_value_that_most_rows_share_is_no_group_with_the_others():
    values = pd.Series([0.0] * 900 + [*range(1, 101)])
    found = lone.group_values(values)
    assert set(found[:900]) & set(found[900:]) == set()
    assert found[900:].max() > found[900:].min()
