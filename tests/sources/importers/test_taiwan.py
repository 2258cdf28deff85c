"""Card clients as a source folder: drawn by hand, and the real ones where they are."""

from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.sources.importers import IMPORTERS
from riskmodel.sources.importers.taiwan import import_taiwan
from riskmodel.storage.files import write_parquet

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "taiwan"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    client = {"ID": 7, "LIMIT_BAL": 20000.0, "SEX": 2, "AGE": 24, "default_next_month": 1}
    delays = {"PAY_0": 2, "PAY_2": 1, "PAY_3": 0, "PAY_4": -1, "PAY_5": -2, "PAY_6": -2}
    bills = {f"BILL_AMT{number}": 100.0 * number for number in range(1, 7)}
    payments = {f"PAY_AMT{number}": 10.0 * number for number in range(1, 7)}
    rows = pd.DataFrame([client | delays | bills | payments | {"BILL_AMT6": -5.0}])
    write_parquet(rows, tmp_path / "raw" / "taiwan.parquet")
    return tmp_path / "raw"


def test_a_client_has_six_monthly_records_the_newest_from_september(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_taiwan(raw, tmp_path / "out")
    source = accept_reading(read_folder(tmp_path / "out", settings), settings).source
    records = source.frame("bank_records")
    assert list(records["month"].dt.month) == [4, 5, 6, 7, 8, 9]
    assert list(records["days_past_due"]) == [0, 0, 0, 0, 30, 60]
    assert list(records["balance_cny"]) == [-5.0, 500.0, 400.0, 300.0, 200.0, 100.0]
    assert list(records["paid_cny"]) == [60.0, 50.0, 40.0, 30.0, 20.0, 10.0]
    assert set(records["limit_cny"]) == {20000.0}


def test_what_was_due_stands_where_the_delay_tells_it(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_taiwan(raw, tmp_path / "out")
    source = read_folder(tmp_path / "out", settings).source
    due = source.frame("bank_records")["due_cny"]
    assert list(due.iloc[:3]) == [0.0, 0.0, 40.0]  # April and May without use, June paid in full
    assert due.iloc[3:].isna().all()  # July revolving, August and September late


def test_every_record_is_known_before_the_labels_begin(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_taiwan(raw, tmp_path / "out")
    source = read_folder(tmp_path / "out", settings).source
    outcomes = source.frame("outcomes")
    begin = outcomes["as_of"].dt.tz_localize(settings.timezone).min()
    assert (source.frame("bank_records")["known_at"] < begin).all()
    assert list(outcomes["as_of"]) == [pd.Timestamp(2005, 10, 1)]
    assert list(outcomes["observed_until"]) == [pd.Timestamp(2005, 10, 31)]
    assert list(outcomes["horizon_months"]) == [1]
    assert list(outcomes["defaulted"]) == [True]


def test_no_demographic_column_comes_in(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_taiwan(raw, tmp_path / "out")
    source = read_folder(tmp_path / "out", settings).source
    assert set(source.tables) == {"enterprises", "bank_records", "outcomes"}
    enterprises = source.frame("enterprises")
    assert list(enterprises.columns) == ["enterprise_id", "kind", "known_at", "withdrawn"]
    assert list(enterprises["enterprise_id"]) == ["C00007"]


def test_a_wrong_folder_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 1 files missing: taiwan\.parquet"):
        import_taiwan(tmp_path, tmp_path / "out")


@pytest.mark.skipif(not REAL.is_dir(), reason="the clients' data is not at ../shared/data")
def test_the_real_clients_pass_the_door(tmp_path: Path, settings: SourcesSettings) -> None:
    IMPORTERS["taiwan"](REAL, tmp_path / "out")
    reading = accept_reading(read_folder(tmp_path / "out", settings), settings)
    assert not reading.rejects
    assert len(reading.source.frame("bank_records")) == 180_000
    assert reading.source.frame("outcomes")["defaulted"].sum() == 6_636
