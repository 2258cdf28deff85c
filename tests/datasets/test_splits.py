"""Splits by time with a gap, folds by enterprise, and the panel."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.datasets import Population, balanced_folds, feature_rows, panel, split
from riskmodel.datasets.splits import by_time, folds, select_newest_rows
from riskmodel.errors import DataError
from riskmodel.settings import load_settings

NO_ROWS = pd.DataFrame({"enterprise_id": [], "as_of": []}).astype(
    {"enterprise_id": "str", "as_of": "datetime64[us]"}
)


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """The package's own settings, for laws that are drawn many times."""
    path = tmp_path_factory.mktemp("settings") / "plain.toml"
    path.write_text("", encoding="utf-8")
    return load_settings(path).datasets


@pytest.fixture
def labelled():
    """Sixty enterprises on twelve quarterly dates; every fifth row a default."""
    days = pd.date_range("2020-01-01", periods=12, freq="3MS")
    grid = pd.MultiIndex.from_product(
        [[f"E{n:02d}" for n in range(60)], days], names=["enterprise_id", "as_of"]
    ).to_frame(index=False)
    ends = grid["as_of"] + pd.DateOffset(months=12)
    return grid.assign(
        defaulted=np.arange(len(grid)) % 5 == 0, label_ends_on=ends, label_known_on=ends
    )


def test_every_label_used_before_the_test_was_known_when_testing_begins(labelled, settings):
    found = split(labelled, settings)
    assert found.by_time
    rows = labelled.assign(split=found.frame["split"])
    begins = rows.loc[rows["split"] == "test", "as_of"].min()
    used = rows[rows["split"].isin(["fit", "calibrate"])]
    gap = rows[rows["split"] == "gap"]
    assert (used["label_ends_on"] <= begins).all()
    assert (gap["label_ends_on"] > begins).all()
    assert (gap["as_of"] < begins).all()
    assert not gap.empty


def test_fit_comes_before_calibration_and_calibration_before_the_test(labelled, settings):
    rows = split(labelled, settings).frame.groupby("split")["as_of"].agg(["min", "max"])
    assert rows.loc["fit", "max"] < rows.loc["calibrate", "min"]
    assert rows.loc["calibrate", "max"] < rows.loc["test", "min"]
    # The last quarter of twelve dates, and the latest two fifths of the six before the gap.
    assert rows.loc["test", "min"] == pd.Timestamp("2022-04-01")
    assert rows.loc["calibrate", "min"] == pd.Timestamp("2021-01-01")
    assert rows.loc["calibrate", "max"] == pd.Timestamp("2021-04-01")


def test_labels_known_early_are_used_where_the_gap_goes_by_knowledge(labelled, settings):
    early = labelled.assign(label_known_on=labelled["as_of"] + pd.DateOffset(months=3))
    known = split(early, settings.with_values({"split.gap": "known"})).frame
    horizon = split(early, settings).frame
    assert (known["split"] == "gap").sum() < (horizon["split"] == "gap").sum()
    begins = known.loc[known["split"] == "test", "as_of"].min()
    used = early[known["split"].isin(["fit", "calibrate"])]
    assert (used["label_known_on"] <= begins).all()


def test_the_test_begins_on_the_day_that_the_settings_name(labelled, settings):
    fixed = settings.with_values({"split.test_from": pd.Timestamp("2022-07-01").date()})
    frame = split(labelled, fixed).frame
    assert frame.loc[frame["split"] == "test", "as_of"].min() == pd.Timestamp("2022-07-01")


@rules(max_examples=40, deadline=None)
@given(
    months=st.lists(st.integers(0, 60), min_size=2, max_size=40),
    delays=st.lists(st.integers(0, 30), min_size=40, max_size=40),
)
def test_no_draw_of_dates_lets_an_unknown_label_into_the_fit(plain, months, delays):
    days = pd.Series([pd.Timestamp("2015-01-01") + pd.DateOffset(months=m) for m in months])
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(len(days))],
            "as_of": days,
            "defaulted": False,
            "label_ends_on": [
                day + pd.DateOffset(months=m) for day, m in zip(days, delays, strict=False)
            ],
        }
    )
    frame = by_time(rows, plain).frame
    begins = frame.loc[frame["split"] == "test", "as_of"].min()
    used = frame["split"].isin(["fit", "calibrate"])
    assert (rows.loc[used, "label_ends_on"] <= begins).all()
    assert (rows.loc[frame["split"] == "test", "as_of"] >= begins).all()


def test_a_single_as_of_date_is_judged_by_cross_validation_and_says_so(labelled, settings):
    found = split(labelled[labelled["as_of"] == labelled["as_of"].min()], settings)
    assert not found.by_time
    assert set(found.frame["split"]) == {"fit"}
    assert "single as-of date" in found.text
    assert "not out of time" in found.text


def test_too_few_defaults_for_a_date_split_are_judged_by_cross_validation(labelled, settings):
    last = labelled["as_of"] >= pd.Timestamp("2022-04-01")
    scarce = labelled.assign(defaulted=labelled["defaulted"] & ~last)
    found = split(scarce, settings)
    assert not found.by_time
    assert "fewer than 20 defaults in test" in found.text


def test_nothing_can_be_learnt_from_one_outcome_only(labelled, settings):
    with pytest.raises(DataError, match="0 defaults and 720 others"):
        split(labelled.assign(defaulted=False), settings)


@rules(max_examples=60, deadline=None)
@given(
    owners=st.lists(st.sampled_from([f"E{n}" for n in range(9)]), min_size=5, max_size=60),
    count=st.integers(2, 5),
    seed=st.integers(0, 99),
)
def test_folds_never_split_an_enterprise_and_differ_by_one_at_most(owners, count, seed):
    enterprises = pd.Series(owners)
    fold = folds(enterprises, count, np.random.default_rng(seed))
    assert fold.groupby(enterprises).nunique().max() == 1
    sizes = enterprises.groupby(fold).nunique().reindex(range(count), fill_value=0)
    assert sizes.max() - sizes.min() <= 1


def test_repeated_folds_spread_the_defaulters_and_never_split_an_enterprise(settings):
    rows = pd.DataFrame({"enterprise_id": np.repeat([f"E{n:02d}" for n in range(50)], 2)})
    rows["defaulted"] = rows["enterprise_id"].isin([f"E{n:02d}" for n in range(10)])
    repeats = list(balanced_folds(rows, settings, seed=7))
    assert [number for number, _ in repeats] == [0, 1, 2, 3]
    for _, fold in repeats:
        assert fold.groupby(rows["enterprise_id"]).nunique().max() == 1
        bad = rows.loc[rows["defaulted"]].groupby(fold)["enterprise_id"].nunique()
        assert bad.tolist() == [2] * 5
    assert not repeats[0][1].equals(repeats[1][1])
    again = list(balanced_folds(rows, settings, seed=7))
    assert all(one[1].equals(two[1]) for one, two in zip(repeats, again, strict=True))


def test_there_are_no_more_folds_than_defaulters(settings):
    rows = pd.DataFrame({"enterprise_id": [f"E{n}" for n in range(12)]})
    rows["defaulted"] = rows.index < 3
    _, fold = next(balanced_folds(rows, settings, seed=7))
    assert fold.nunique() == 3
    assert rows["defaulted"].groupby(fold).sum().tolist() == [1, 1, 1]


def test_the_panel_holds_learnt_rows_with_labels_and_scored_rows_without(labelled, settings):
    parts = split(labelled, settings)
    scored = pd.DataFrame({"enterprise_id": ["E00"], "as_of": pd.to_datetime(["2023-07-01"])})
    people = Population("lines", labelled, scored, pd.DataFrame(), 12, NO_ROWS)
    wanted = feature_rows(people)
    assert len(wanted) == 60 * 12 + 1
    table = panel(people, parts, wanted.assign(exports_usd_6m=1.0))
    assert set(table["split"]) == {"fit", "calibrate", "gap", "test", "score"}
    assert len(table) == len(parts.frame) + 1
    assert table.loc[table["split"] == "score", "defaulted"].isna().all()
    assert table.loc[table["split"] != "score", "defaulted"].notna().all()
    assert table["exports_usd_6m"].notna().all()
    assert parts.counts["rows"].sum() == 60 * 12


def test_the_latest_rows_are_whole_dates_and_at_most_the_share(labelled):
    days = labelled["as_of"].drop_duplicates().sort_values()
    found = select_newest_rows(labelled, 0.4)
    assert set(found["as_of"]) == set(days.iloc[-4:])  # 4 of 12 dates: 5 would be above .4
    one = labelled[labelled["as_of"] == days.iloc[0]]
    assert select_newest_rows(one, 0.4).equals(one)


@pytest.fixture
def ever(labelled):
    """The same rows without a horizon: watched to the data's end, defaults known half a year on."""
    end = pd.Timestamp("2025-12-31")
    soon = labelled["as_of"] + pd.DateOffset(months=6)
    return labelled.assign(label_known_on=soon.where(labelled["defaulted"], end))


@pytest.mark.parametrize("gap", ["horizon", "known"])
def test_labels_without_a_horizon_are_split_by_time_with_the_gap_that_can_be_kept(
    ever, settings, gap
):
    found = split(ever, settings.with_values({"split.gap": gap}), ever=True)
    assert found.by_time
    rows = found.frame
    assert rows.loc[rows["split"] == "test", "as_of"].min() == pd.Timestamp("2022-04-01")
    used = rows["split"].isin(["fit", "calibrate"])
    assert rows.loc[used, "as_of"].max() == pd.Timestamp("2021-04-01")
    # Six dates of sixty rows; all but the fifth that defaulted were watched on.
    assert "12 months; 288 of these 360 labels were known only after the first day" in found.text
    assert "only labels known by the first day" not in found.text


def test_labels_without_a_horizon_whose_own_dates_allow_it_are_split_by_them(ever, settings):
    early = ever.assign(label_known_on=ever["as_of"] + pd.DateOffset(months=3))
    found = split(early, settings.with_values({"split.gap": "known"}), ever=True)
    used = found.frame["split"].isin(["fit", "calibrate"])
    assert found.frame.loc[used, "as_of"].max() == pd.Timestamp("2022-01-01")
    assert "only labels known by the first day of the test are used" in found.text


def test_a_gap_that_leaves_only_defaults_to_fit_gives_way_to_the_horizons(ever, settings):
    found = split(ever, settings.with_values({"split.gap": "known"}))
    assert found.by_time
    assert found.gap == "horizon"
    assert "fewer than 2 rows without default in fit, calibrate" in found.text
    assert "288 of these 360 labels were known only after the first day" in found.text


@pytest.fixture
def late(labelled):
    """Labels that say nothing of when: each ends, and is known, after every date of the test."""
    end = pd.Timestamp("2025-12-31")
    return labelled.assign(label_ends_on=end, label_known_on=end)


@pytest.mark.parametrize("gap", ["horizon", "known"])
def test_labels_that_all_end_after_the_test_are_split_by_time_without_a_gap(late, settings, gap):
    found = split(late, settings.with_values({"split.gap": gap}))
    assert found.by_time
    assert found.gap == "none"
    rows = found.frame.groupby("split")["as_of"].agg(["min", "max"])
    assert set(rows.index) == {"fit", "calibrate", "test"}
    assert rows.loc["fit", "max"] < rows.loc["calibrate", "min"]
    assert rows.loc["calibrate", "max"] < rows.loc["test", "min"] == pd.Timestamp("2022-04-01")
    assert "there is no gap: 540 of these 540 labels were known only after" in found.text
    assert "cannot be kept: it leaves fewer than 20 defaults in fit, calibrate" in found.text
    assert "the first label ends on 2025-12-31, after 2022-04-01" in found.text


def test_two_dates_are_fitted_and_calibrated_on_the_first_and_tested_on_the_second(late, settings):
    days = late["as_of"].isin(sorted(late["as_of"].unique())[:2])
    number = late["enterprise_id"].str[1:].astype(int)
    rows = late[days].assign(defaulted=number < 40)
    found = split(rows, settings)
    assert found.by_time
    assert found.counts["split"].tolist() == ["fit", "test"]
    assert "fitted, and calibrated out of fold, on the rows before" in found.text
    fewer = rows.assign(defaulted=number < 39)  # 40: 20 to fit and 20 to calibrate
    assert not split(fewer, settings).by_time


def test_dates_too_near_to_each_other_for_the_gap_are_named(labelled, settings):
    short = labelled[labelled["as_of"] <= pd.Timestamp("2020-10-01")]
    found = split(short, settings)
    assert not found.by_time
    assert "the first label ends on 2021-01-01, after 2020-10-01, the test's" in found.text
