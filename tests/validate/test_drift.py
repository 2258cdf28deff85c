"""Drift over the dates of cross-validated rows: of the outcome, of the PD, and by chance."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from riskmodel.datasets.drift import assign_periods, find_largest_movement
from riskmodel.settings import default_settings
from riskmodel.validate import Evidence
from riskmodel.validate.drift_checks import check_drift_in_time
from riskmodel.validate.evidence import Check
from riskmodel.validate.performance_checks import check_out_of_time

YEARS = np.arange(2004, 2014)


def check_of(rows: pd.DataFrame, max_psi: float = 0.25) -> Check:
    """The check on out-of-fold rows of one candidate."""
    predictions = rows.assign(split="test", model="trees")
    settings = default_settings().validate_.with_values({"max_psi": max_psi})
    found = Evidence(predictions, pd.DataFrame(), (), "trees", False, True, (0, 1), settings, 7)
    return check_drift_in_time(found)


def over_years(rates: list[float], pds: list[float], count: int = 300) -> pd.DataFrame:
    """So many enterprises a year, each with rows in the first half and the second; in every year
    exactly the rate defaults, and PDs lie around their mean."""
    tables = []
    for year, rate, mean in zip(YEARS, rates, pds, strict=False):
        bad = np.arange(count) < round(rate * count)
        spread = mean * (0.5 + np.random.default_rng(int(year)).permutation(count) / count)
        one = pd.DataFrame({"enterprise_id": range(count), "defaulted": bad, "pd_12m": spread})
        tables += [one.assign(as_of=pd.Timestamp(f"{year}-{month}-01")) for month in (3, 9)]
    return pd.concat(tables, ignore_index=True)


def test_a_default_rate_that_rises_over_ten_years_is_drift_though_folds_share_the_dates() -> None:
    rising = over_years(list(np.linspace(0.06, 0.28, 10)), [0.17] * 10)
    check = check_of(rising)
    assert not check.passed
    # half a row of either outcome added: (36 + .5) of 601 and (168 + .5) of 601
    assert "from 6.07% (2004) to 28.04% (2013)" in check.text
    assert check.value == pytest.approx(168.5 / 36.5)
    assert check.threshold == 1.25
    assert "20 as-of dates" in check.text
    assert "share" not in check.text


def test_a_default_rate_that_falls_is_drift_as_well() -> None:
    check = check_of(over_years([0.28, 0.06], [0.17] * 2))
    assert not check.passed
    assert check.value == pytest.approx(168.5 / 36.5)


def test_a_steady_rate_and_steady_pds_do_not_drift() -> None:
    check = check_of(over_years([0.1] * 10, [0.1] * 10))
    assert check.passed
    assert check.value < 0.1


def test_pds_that_move_from_year_to_year_are_drift_though_the_rate_is_steady() -> None:
    check = check_of(over_years([0.1] * 3, [0.1, 0.1, 0.25]))
    assert not check.passed
    assert check.value > check.threshold == default_settings().validate_.max_psi
    assert check.high < check.value


def test_pds_that_move_beyond_chance_or_beyond_the_convention_alone_do_not_drift() -> None:
    sure = over_years([0.1] * 3, [0.1, 0.1, 0.25])
    assert check_of(sure, max_psi=100.0).passed
    little = check_of(over_years([0.1] * 2, [0.1, 0.104]), max_psi=1e-6)
    assert 1e-6 < little.value < little.high
    assert little.passed


def test_a_move_beyond_chance_that_is_no_material_error_is_no_drift() -> None:
    # 20 % and 24 % of 20,000: sure, and less than a quarter apart
    check = check_of(over_years([0.20, 0.24], [0.22, 0.22], 20_000))
    assert check.passed
    moved = find_largest_movement(over_years([0.20, 0.24], [0.22, 0.22], 20_000), "defaulted")
    assert moved is not None
    assert moved.beyond_chance
    assert moved.apart == pytest.approx(1.2, abs=0.01)


def test_few_enterprises_however_many_rows_tell_of_no_drift() -> None:
    few = over_years([0.05, 0.15], [0.1, 0.1], 20)
    often = pd.concat([few] * 50, ignore_index=True)
    assert check_of(few).passed
    assert check_of(often).passed


def test_rows_of_one_date_show_no_drift_and_rows_of_one_year_are_held_date_by_date() -> None:
    one = over_years([0.1], [0.1]).query("as_of == '2004-03-01'")
    assert "one as-of date" in check_of(one).text
    assert check_of(one).passed
    year = over_years([0.1], [0.1])
    assert set(assign_periods(year["as_of"])) == {"2004-03-01", "2004-09-01"}
    moved = year.assign(
        defaulted=year["defaulted"] | (year["as_of"].dt.month.eq(9) & year.index % 2)
    )
    assert not check_of(moved.assign(defaulted=moved["defaulted"].astype(bool))).passed


def test_without_drift_the_largest_movement_is_beyond_chance_once_in_twenty() -> None:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(150):
        liable = rng.beta(1, 5, 200)
        who, year = np.tile(np.arange(200), 4), np.repeat(YEARS[:4], 200)
        rows = pd.DataFrame(
            {
                "enterprise_id": who,
                "as_of": pd.to_datetime(year, format="%Y"),
                "defaulted": rng.random(800) < liable[who],
            }
        )
        moved = find_largest_movement(rows, "defaulted")
        assert moved is not None
        found.append(moved.beyond_chance)
    assert np.mean(found) < 0.1


def of_period(year: int, bad: int, count: int) -> pd.DataFrame:
    """A row each of so many enterprises of their own, of which the first default."""
    return pd.DataFrame(
        {
            "enterprise_id": [f"{year}-{number}" for number in range(count)],
            "as_of": pd.Timestamp(f"{year}-06-01"),
            "defaulted": np.arange(count) < bad,
        }
    )


def test_a_movement_beyond_chance_is_told_before_a_larger_one_of_few_enterprises() -> None:
    rows = pd.concat(
        [of_period(2004, 200, 2000), of_period(2005, 400, 2000), of_period(2006, 3, 9)]
    )
    moved = find_largest_movement(rows, "defaulted")
    assert moved is not None
    assert (moved.earlier, moved.later, moved.beyond_chance) == ("2004", "2005", True)
    few = find_largest_movement(rows[rows["as_of"].dt.year != 2005], "defaulted")
    assert few is not None
    assert few.psi > moved.psi
    assert not few.beyond_chance


@pytest.mark.parametrize(("years", "pairs"), [(2, 1), (4, 6), (5, 10)])
def test_what_comes_by_chance_is_shared_out_over_all_pairs_of_periods(
    years: int, pairs: int
) -> None:
    rows = pd.concat([of_period(2004 + number, 100, 1000) for number in range(years)])
    moved = find_largest_movement(rows, "defaulted")
    assert moved is not None
    expected = chi2.ppf(1 - 0.05 / pairs, 1) * (1 / 1000 + 1 / 1000)
    assert moved.by_chance == pytest.approx(expected, rel=1e-9)


def test_the_words_on_time_say_of_how_many_dates_the_held_out_rows_are() -> None:
    rows = over_years([0.1] * 2, [0.1] * 2).assign(split="test", model="trees")
    found = Evidence(
        rows, pd.DataFrame(), (), "trees", False, True, (0, 1), default_settings().validate_, 7
    )
    assert "the same 4 as-of dates" in check_out_of_time(found).text
    assert check_out_of_time(replace(found, by_time=True)).passed
