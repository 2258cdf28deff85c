"""Borrowers of Give Me Some Credit as a source folder: drawn by hand, and the real ones."""

from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.sources.importers import IMPORTERS
from riskmodel.sources.importers.gmsc import import_gmsc
from riskmodel.storage.files import write_parquet

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "gmsc"

DRAWN = """
SeriousDlqin2yrs use   age l30 DebtRatio MonthlyIncome lines l90 homes l60 dependents
1                0.75   45   2      0.50          4000     8   1     2   3          1
0                2.01    0   0      0.25             1     4   0     0   0          -
0                   0   60  98       900             -     0  98     0  98          0
1                   2   30  96         0             0     1  96     1  96          2
"""
NAMES = {
    "use": "RevolvingUtilizationOfUnsecuredLines",
    "l30": "NumberOfTime30-59DaysPastDueNotWorse",
    "l60": "NumberOfTime60-89DaysPastDueNotWorse",
    "l90": "NumberOfTimes90DaysLate",
    "lines": "NumberOfOpenCreditLinesAndLoans",
    "homes": "NumberRealEstateLoansOrLines",
    "dependents": "NumberOfDependents",
}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    header, *lines = [line.split() for line in DRAWN.strip().splitlines()]
    rows = pd.DataFrame(lines, columns=header).replace("-", None).astype(float)
    write_parquet(rows.rename(columns=NAMES), tmp_path / "raw" / "gmsc_train.parquet")
    return tmp_path / "raw"


@pytest.fixture
def attributes(raw: Path, tmp_path: Path, settings: SourcesSettings) -> pd.DataFrame:
    import_gmsc(raw, tmp_path / "out")
    source = accept_reading(read_folder(tmp_path / "out", settings), settings).source
    return source.frame("attributes").sort_values("enterprise_id").astype(object)


def listed(column: pd.Series) -> list[object]:
    return [None if pd.isna(value) else value for value in column]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("revolving_use", [0.75, None, 0.0, 2.0]),
        ("revolving_amount", [None, 2.01, None, None]),
        ("revolving_unused", [False, False, True, False]),
        ("late_30_59", [2.0, 0.0, None, None]),
        ("late_60_89", [3.0, 0.0, None, None]),
        ("late_90", [1.0, 0.0, None, None]),
        ("late_any", [6.0, 0.0, None, None]),
        ("late_60_or_more", [4.0, 0.0, None, None]),
        ("late_weighted", [2.0 + 2 * 3.0 + 3 * 1.0, 0.0, None, None]),
        ("late_code", [0.0, 0.0, 98.0, 96.0]),
        ("income", [4000.0, None, None, None]),
        ("income_not_stated", [None, 1.0, None, 0.0]),
        ("debt_ratio", [0.5, None, None, None]),
        ("debt_payments", [2000.0, 0.25, 900.0, 0.0]),
        ("open_lines", [8.0, 4.0, 0.0, 1.0]),
        ("real_estate_loans", [2.0, 0.0, 0.0, 1.0]),
        ("dependents", [1.0, None, 0.0, 2.0]),
        ("income_left", [2000.0, None, None, None]),
        ("income_a_head", [2000.0, None, None, None]),
        ("other_lines", [6.0, 4.0, 0.0, 0.0]),
        ("age", [45.0, None, 60.0, 30.0]),
    ],
)
def test_a_column_of_two_meanings_becomes_columns_of_one(
    column: str, values: list[object], attributes: pd.DataFrame
) -> None:
    assert listed(attributes[column]) == values


def test_no_column_of_the_set_is_left_out(attributes: pd.DataFrame) -> None:
    ours = set(attributes) - {"enterprise_id", "known_at", "withdrawn"}
    assert len(ours) == 21


def test_the_label_looks_two_years_ahead_and_what_is_known_stood_before(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_gmsc(raw, tmp_path / "out")
    source = read_folder(tmp_path / "out", settings).source
    outcomes = source.frame("outcomes").sort_values("enterprise_id")
    assert list(outcomes["enterprise_id"]) == ["B000001", "B000002", "B000003", "B000004"]
    assert list(outcomes["defaulted"]) == [True, False, False, True]
    assert set(outcomes["horizon_months"]) == {24}
    assert set(outcomes["as_of"]) == {pd.Timestamp(2009, 1, 1)}
    assert set(outcomes["observed_until"]) == {pd.Timestamp(2010, 12, 31)}
    begin = outcomes["as_of"].dt.tz_localize("America/New_York").min()
    assert (source.frame("attributes")["known_at"] < begin).all()


def test_a_wrong_folder_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 1 files missing: gmsc_train\.parquet"):
        import_gmsc(tmp_path, tmp_path / "out")


@pytest.mark.skipif(not REAL.is_dir(), reason="the borrowers' data is not at ../shared/data")
def test_the_real_borrowers_pass_the_door(tmp_path: Path, settings: SourcesSettings) -> None:
    IMPORTERS["gmsc"](REAL, tmp_path / "out")
    reading = accept_reading(read_folder(tmp_path / "out", settings), settings)
    assert not reading.rejects
    assert reading.source.frame("outcomes")["defaulted"].sum() == 10_026
    attributes = reading.source.frame("attributes")
    assert (attributes["late_code"] > 0).sum() == 269
    assert (
        attributes["income"].isna().sum() == 29_731 + attributes["income_not_stated"].notna().sum()
    )
