"""Maturity of given labels: stray watches, and dates watched for less than the typical time."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.datasets import population
from riskmodel.datasets.maturity import find_short_watch, fit_time_to_default

RUN = pd.Timestamp("2020-01-01").date()
END = pd.Timestamp("2019-12-31")


def cohorts(
    counts, mean_days, *, seed=1, end=END, rate=0.1, dated=True, first=2010, months=12, rise=1.0
) -> pd.DataFrame:
    """Outcomes ever, of dates `months` apart watched to one end; `rise`: of the rate, a date."""
    rng = np.random.default_rng(seed)
    parts = []
    for number, count in enumerate(counts):
        as_of = pd.Timestamp(first, 1, 1) + pd.DateOffset(months=months * number)
        ever = rng.random(count) < rate * rise**number
        on = as_of + pd.to_timedelta(rng.exponential(mean_days, count).round(), unit="D")
        bad = ever & (on <= end)
        parts.append(
            pd.DataFrame(
                {
                    "enterprise_id": [f"E{number}-{n}" for n in range(count)],
                    "as_of": as_of,
                    "defaulted": bad,
                    "observed_until": end,
                    "defaulted_on": pd.Series(on).where(bad & dated),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).astype({"defaulted_on": "datetime64[us]"})


def tables(outcomes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A source of these labels, and of enterprises known before all of them."""
    enterprises = outcomes[["enterprise_id"]].drop_duplicates()
    known = enterprises.assign(known_at=pd.to_datetime("2009-01-01", utc=True))
    return {"enterprises": enterprises, "attributes": known, "outcomes": outcomes}


def dates_left_out(rows: pd.DataFrame, horizon=12) -> list[int]:
    found = find_short_watch(rows, horizon, 0.1)
    whole = rows.assign(short=found.short).groupby("as_of")["short"].agg(["min", "max"])
    assert (whole["min"] == whole["max"]).all()  # whole dates leave, their defaults too
    return [day.year for day in whole.index[whole["max"]]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("mean_days", [500, 900])
def test_dated_defaults_tell_which_dates_were_watched_too_short(seed, mean_days):
    rows = cohorts([300] * 10, mean_days, seed=seed)
    times = (rows["defaulted_on"] - rows["as_of"]).dt.days
    # the last date is watched for 365 days, the others' median is .69 of 500 (346), or of 900
    expected = [2019] if times[rows["as_of"] < "2019"].median() > 365 else []
    assert dates_left_out(rows) == expected
    assert mean_days == 500 or expected == [2019]
    near = cohorts([300] * 10, mean_days, seed=seed, end=pd.Timestamp("2019-03-01"))
    assert dates_left_out(near)[-1] == 2019


@pytest.mark.parametrize("seed", range(5))
def test_undated_defaults_tell_by_the_rate_that_rises_with_the_watch(seed):
    rows = cohorts([2000] * 10, 500, seed=seed, end=pd.Timestamp("2019-04-01"), dated=False)
    assert dates_left_out(rows) == [2019]
    found = find_short_watch(rows, 12, 0.1)
    assert "default rates rise with the watch" in found.text


@pytest.mark.parametrize("count", [150, 500, 5000])
def test_dates_of_unequal_watch_that_are_all_mature_stay(count):
    """Defaults come within months, and every date is watched for a year at least."""
    left = [
        dates_left_out(cohorts([count] * 10, 60, seed=seed, dated=dated))
        for seed in range(20)
        for dated in (True, False)
    ]
    assert sum(map(bool, left)) <= 2  # 20 seeds without dates at .05; 0 to 2 in 92 of 100
    text = find_short_watch(cohorts([count] * 10, 60, dated=False), 12, 0.1).text
    assert "so all stay" in text


@pytest.mark.parametrize("share", [0.95, 0.9, 0.85])
def test_a_rate_that_falls_over_the_years_is_no_short_watch(share):
    left = [
        dates_left_out(cohorts([1000] * 10, 60, seed=seed, dated=False, rise=share))
        for seed in range(20)
    ]
    assert sum(map(bool, left)) <= 3


@pytest.mark.parametrize("dated", [True, False])
def test_few_defaults_do_not_keep_a_date_that_cannot_be_mature(dated):
    """31 defaults or so; the last date was watched for 40 days, and shows none."""
    for seed in range(10):
        rows = cohorts([100] * 5, 300, seed=seed, rate=0.08, first=2014, dated=dated)
        last = rows[rows["as_of"] == "2018-01-01"].assign(
            enterprise_id="L" + rows["enterprise_id"],
            as_of=END - pd.Timedelta(days=40),
            defaulted=False,
            defaulted_on=pd.NaT,
        )
        both = pd.concat([rows, last], ignore_index=True)
        found = find_short_watch(both, 12, 0.1)
        assert found.short[both["as_of"] == last["as_of"].iloc[0]].all()
        assert not found.short[both["as_of"] < "2018"].any()


def test_dates_that_were_all_watched_for_as_long_say_nothing():
    rows = cohorts([200] * 5, 200)
    rows["observed_until"] = rows["as_of"] + pd.DateOffset(years=1) - pd.Timedelta(days=1)
    found = find_short_watch(rows, 12, 0.1)
    assert not found.short.any()
    assert found.text == ""


def test_the_mean_time_to_default_is_found_from_rates_alone():
    watch = np.array([90.0, 180, 360, 720, 1440])
    many = np.full(5, 1e6)
    mean, p = fit_time_to_default(watch, many * 0.05 * -np.expm1(-watch / 400), many)
    assert mean == pytest.approx(400, rel=0.04)
    assert p < 1e-6
    mean, p = fit_time_to_default(watch, many * 0.05, many)
    assert (mean, p) == (0.0, 1.0)


def test_left_out_dates_are_counted_with_the_time_and_kept_ones_with_the_test(drawn, settings):
    taken = settings.with_values({"default_definition.label_maturity": "any"})
    rows = cohorts([200] * 8, 500, first=2012, end=pd.Timestamp("2019-03-01"))
    found = population(drawn(tables(rows)), taken, RUN)
    table = found.exclusions.set_index(["purpose", "reason"])
    assert table.loc[("fit", "short_watch"), "rows"] == 200
    assert "half of the others' defaults took" in table.loc[("fit", "short_watch"), "text"]
    assert found.labelled["as_of"].max() == pd.Timestamp("2018-01-01")
    soon = cohorts([200] * 8, 30, first=2012)
    found = population(drawn(tables(soon)), taken, RUN)
    table = found.exclusions.set_index(["purpose", "reason"])
    assert ("fit", "short_watch") not in table.index
    assert table.loc[("kept", "short_watch"), "rows"] == 1600
    # a year in force: labels of the horizon's maturity leave by the same rule
    late = cohorts([200] * 8, 1500, first=2012, end=pd.Timestamp("2020-03-01"))
    assert population(drawn(tables(late)), settings, RUN).labelled["as_of"].max().year < 2019


@pytest.mark.parametrize("count", [12, 60, 400])
def test_one_stray_watch_does_not_make_the_defaults_of_the_last_dates_mature(
    drawn, settings, count
):
    rows = cohorts([count] * 6, 100, first=2014, rate=0.3, end=pd.Timestamp("2019-06-30"))
    rows = rows.drop(columns="defaulted_on").assign(horizon_months=12)
    good = rows.index[~rows["defaulted"] & (rows["as_of"] == "2019-01-01")][0]
    stray = rows.assign(observed_until=rows["observed_until"].mask(rows.index == good, END))
    for given in (rows, stray):
        found = population(drawn(tables(given)), settings, RUN)
        assert not found.labelled.loc[found.labelled["as_of"] == "2019-01-01", "defaulted"].any()
        assert (found.labelled["as_of"] == "2018-01-01").sum() == count


def test_a_small_last_date_that_was_watched_to_its_end_is_mature(drawn, settings):
    rows = cohorts([300] * 5 + [12], 100, first=2014, rate=0.3)
    rows = rows.drop(columns="defaulted_on").assign(
        horizon_months=12, observed_until=rows["as_of"] + pd.DateOffset(years=1, days=-1)
    )
    found = population(drawn(tables(rows)), settings, RUN)
    assert (found.labelled["as_of"] == "2019-01-01").sum() == 12
