"""What is true of a simulation: it agrees with what came, is sharp, and answers any sound question."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.stats import beta

from riskmodel.errors import DataError, UsageError
from riskmodel.simulation import true_drawn_share, true_lgd, true_outcome, true_pd, write_simulation

pytestmark = pytest.mark.slow

MONTHS = 60
KEY = ["enterprise_id", "as_of", "limit_cny"]


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("truth") / "simulation"
    write_simulation(out, enterprises=4000, months=MONTHS, seed=23)
    return out


def rows(simulation: Path, name: str) -> pd.DataFrame:
    return pq.read_table(simulation / f"{name}.parquet").to_pandas()


@pytest.fixture(scope="module")
def granted(simulation: Path) -> pd.DataFrame:
    """Every line at its granting: its limit is held for the twelve months that follow."""
    lines, lives = rows(simulation, "lines"), rows(simulation, "truth/enterprises")
    lines["as_of"] = pd.to_datetime(lines["granted_on"]).dt.to_period("M").dt.to_timestamp()
    # those of the pilot were taken over within their year
    lines = lines[lines["as_of"] > pd.Timestamp("2010-07-31")]
    both = lines.merge(lives, on="enterprise_id", validate="many_to_one")
    after = pd.to_datetime(both["defaulted_on"]) - both["as_of"]
    both["defaulted"] = after < (both["as_of"] + pd.DateOffset(months=12)) - both["as_of"]
    asked = (both["enterprise_id"], both["as_of"], both["limit_cny"])
    return both.assign(pd_12m=true_pd(simulation, *asked, paths=16)["pd_12m"].to_numpy())


def test_true_pds_agree_with_what_came_of_lines_whose_limit_was_held(granted: pd.DataFrame) -> None:
    assert len(granted) > 4000
    order = np.argsort(granted["pd_12m"].to_numpy())
    for decile in np.array_split(order, 10):
        n, stated = len(decile), granted["pd_12m"].iloc[decile].mean()
        defaults = granted["defaulted"].iloc[decile].sum()
        p = beta.cdf(stated, defaults + 0.5, n - defaults + 0.5)
        # two-sided, ten times: below one in a thousand by chance alone
        assert 0.00005 < p < 0.99995, (stated, defaults / n)
    expected, variance = (
        granted["pd_12m"].sum(),
        (granted["pd_12m"] * (1 - granted["pd_12m"])).sum(),
    )
    assert abs(granted["defaulted"].sum() - expected) < 3.3 * variance**0.5


def test_the_oracle_ranks_well_and_not_perfectly(simulation: Path) -> None:
    table, lives = rows(simulation, "truth/pd_12m"), rows(simulation, "truth/enterprises")
    table = table[table["has_line"]].merge(lives, on="enterprise_id", validate="many_to_one")
    as_of, on = pd.to_datetime(table["as_of"]), pd.to_datetime(table["defaulted_on"])
    bad = ((on >= as_of) & (on < as_of + pd.DateOffset(months=12))).to_numpy()
    rank = table["pd_12m"].rank().to_numpy()
    area = (rank[bad].mean() - (bad.sum() + 1) / 2) / (~bad).sum()
    assert 0.86 <= area <= 0.94
    assert 0.015 <= bad.mean() <= 0.055


def test_the_written_table_is_what_the_function_says(simulation: Path) -> None:
    table = rows(simulation, "truth/pd_12m").groupby("as_of").head(20).reset_index(drop=True)
    asked = (table["enterprise_id"], table["as_of"], table["limit_cny"])
    again = true_pd(simulation, *asked, paths=16)
    assert np.abs(again["pd_12m"] - table["pd_12m"]).max() < 1e-12


def test_the_stated_error_is_the_spread_between_answers(simulation: Path) -> None:
    table = rows(simulation, "truth/pd_12m").groupby("as_of").head(60)
    asked = (table["enterprise_id"], table["as_of"], table["limit_cny"])
    few, many = true_pd(simulation, *asked, paths=16), true_pd(simulation, *asked, paths=512)
    known = many["pd_12m"] < 1
    z = ((few["pd_12m"] - many["pd_12m"]) / few["standard_error"])[
        known & (few["standard_error"] > 0)
    ]
    assert 0.6 < z.std() < 1.6


def test_a_moderate_line_helps_some_and_harms_more(simulation: Path) -> None:
    response = rows(simulation, "truth/limit_response")
    wide = response.pivot_table(index="enterprise_id", columns="share_of_cap", values="pd_12m")
    helped = (wide[0.5] < wide[0.1]).mean()
    assert 0 < helped < 0.5
    assert wide[1.0].mean() > wide[0.1].mean()


def test_one_date_and_limit_serve_all_and_shares_are_shares(simulation: Path) -> None:
    ids = rows(simulation, "enterprises")["enterprise_id"].head(50).tolist()
    answer = true_pd(simulation, ids, date(2013, 7, 1), 500_000.0, paths=8)
    assert list(answer.columns) == [*KEY, "pd_12m", "standard_error"]
    assert answer["enterprise_id"].tolist() == ids
    drawn = true_drawn_share(simulation, ids, date(2013, 7, 1), 500_000.0, paths=8)
    whole = true_outcome(str(simulation), ids, "2013-07-01", 500_000.0, paths=8)
    pds = true_pd(str(simulation), ids, "2013-07-01", 500_000.0, paths=8)
    pd.testing.assert_frame_equal(whole[list(pds.columns)], pds)
    lost = true_lgd(str(simulation), ids, "2013-07-01", 500_000.0, paths=8)
    assert drawn["drawn_share"].dropna().between(0, 1).all()
    assert (drawn["drawn_share_at_default"] > drawn["drawn_share"]).mean() > 0.5
    assert lost["lgd"].dropna().between(0.1, 0.96).all()


def test_those_in_default_and_those_that_are_not_there(simulation: Path) -> None:
    lives = rows(simulation, "truth/enterprises")
    day = pd.Timestamp("2013-07-01")

    def ended(column: str) -> pd.Series:
        """PDs of some whose day of that kind lies within the years before."""
        on = pd.to_datetime(lives[column])
        some = lives["enterprise_id"][(on < day) & (on > day - pd.DateOffset(months=30))].head(5)
        assert len(some) == 5
        return true_pd(simulation, some.tolist(), day, 100_000.0, paths=2)["pd_12m"]

    assert ended("defaulted_on").eq(1).all()
    assert ended("exited_on").isna().all()
    later = lives["enterprise_id"][pd.to_datetime(lives["entered_on"]) > day].head(5)
    assert true_pd(simulation, later.tolist(), day, 1.0, paths=2)["pd_12m"].isna().all()


def test_who_owes_nothing_and_draws_nothing_cannot_default(simulation: Path) -> None:
    records, months = rows(simulation, "bank_records"), rows(simulation, "truth/enterprise_months")
    owing = set(records["enterprise_id"][records["product"] == "loan"])
    now = months[pd.to_datetime(months["month"]) == pd.Timestamp("2009-12-01")]
    free = now[~now["enterprise_id"].isin(owing) & (now["path_drawn_cny"] == 0)]
    free = free[(free["arrears"] == 0) & ~free["ailing"]]
    answer = true_pd(simulation, free["enterprise_id"].tolist(), date(2010, 1, 1), 0.0, paths=4)
    assert len(answer) > 50
    assert answer["pd_12m"].dropna().eq(0).all()


@pytest.mark.parametrize(
    ("ids", "as_of", "limit", "error"),
    [
        (["E9999999"], date(2013, 7, 1), 1.0, DataError),
        (["x"], date(2013, 7, 1), 1.0, DataError),
        (["E0000001"], date(2016, 7, 1), 1.0, UsageError),
        (["E0000001"], date(2013, 7, 1), -1.0, UsageError),
        (["E0000001"], date(2013, 7, 1), float("inf"), UsageError),
    ],
)
def test_unsound_questions_are_refused(
    simulation: Path, ids: list[str], as_of: date, limit: float, error: type[Exception]
) -> None:
    with pytest.raises(error):
        true_pd(simulation, ids, as_of, limit)


def test_a_folder_that_is_no_simulation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no fictional economy"):
        true_pd(tmp_path, ["E0000001"], date(2013, 7, 1), 1.0)
