"""The contest's invoices as a source folder: drawn by hand, and the real ones where they are."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from riskmodel.errors import DataError, UsageError
from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.sources.importers import IMPORTERS
from riskmodel.sources.importers.cumcm2020c import FILES, import_cumcm2020c
from riskmodel.storage.files import write_parquet, write_text

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "cumcm2020c"


def invoices(*rows: tuple[str, str, str, float, str]) -> pd.DataFrame:
    """Invoices from (enterprise, number, day, net amount, status)."""
    columns = ["enterprise_id", "invoice_no", "date", "amount_net", "status"]
    drawn = pd.DataFrame(rows, columns=columns)
    return drawn.assign(
        orig_row=range(len(drawn)),
        date=pd.to_datetime(drawn["date"]),
        counterparty_id="B1",
        tax=0.5,
        amount_gross=drawn["amount_net"] + 0.5,
    )


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    sales = invoices(
        ("E1", "007", "2020-02-21", 70.0, "valid"),
        ("E1", "007", "2020-02-21", 70.0, "valid"),
        ("E1", "007", "2020-02-21", 14.0, "valid"),
        ("E1", "008", "2020-01-05", -7.0, "valid"),
        ("E1", "009", "2020-01-06", 21.0, "void"),
    )
    write_text(
        folder / "enterprises.csv",
        "enterprise_id,name,credit_rating,defaulted,has_credit_record\n"
        "E1,***,D,1,1\nE2,***,A,0,1\nE3,***,,,0\n",
    )
    write_parquet(sales, folder / "credit_output.parquet")
    write_parquet(sales.head(1).assign(enterprise_id="E3"), folder / "nocredit_output.parquet")
    write_parquet(sales.tail(2).assign(enterprise_id="E2"), folder / "credit_input.parquet")
    write_parquet(sales.head(1).assign(enterprise_id="E3"), folder / "nocredit_input.parquet")
    write_text(
        folder / "rate_churn_2019.csv",
        "annual_rate,churn_A,churn_B,churn_C\n0.04,0,0,0\n0.15,0.9,0.8,0.7\n",
    )
    return folder


def test_sales_are_declarations_within_china_and_copies_keep_one_id(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_cumcm2020c(raw, tmp_path / "out")
    reading = accept_reading(read_folder(tmp_path / "out", settings), settings)
    sales = reading.source.frame("declarations").set_index("declaration_id")
    assert list(sales.index) == ["E1-007-1", "E1-007-2", "E1-008-1", "E1-009-1", "E3-007-1"]
    assert list(sales["fob_usd"]) == [2.0, 10.0, -1.0, 3.0, 10.0]
    assert list(sales["amount"]) == [14.0, 70.0, -7.0, 21.0, 70.0]
    assert list(sales["status"]) == ["released"] * 3 + ["cancelled", "released"]
    assert set(sales["destination"] + sales["currency"]) == {"CHNCNY"}
    (report,) = [one for one in reading.report.tables if one.table == "declarations"]
    assert (report.rows_in, report.copies) == (6, 1)


def test_purchases_keep_void_and_returns(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_cumcm2020c(raw, tmp_path / "out")
    bought = read_folder(tmp_path / "out", settings).source.frame("purchases")
    assert list(bought["amount_cny"]) == [-7.0, 21.0, 70.0]
    assert list(bought["status"]) == ["valid", "void", "valid"]
    assert list(bought["supplier_id"]) == ["B1"] * 3


def test_an_invoice_is_known_by_the_start_of_the_next_day_in_china(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_cumcm2020c(raw, tmp_path / "out")
    sales = read_folder(tmp_path / "out", settings).source.frame("declarations")
    known = sales.set_index("declaration_id")["known_at"]["E1-007-1"]
    assert known == datetime(2020, 2, 21, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_only_the_labelled_have_outcomes_and_nobody_has_a_rating(
    raw: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    import_cumcm2020c(raw, tmp_path / "out", as_of=date(2019, 1, 1))
    source = read_folder(tmp_path / "out", settings).source
    outcomes = source.frame("outcomes")
    assert list(outcomes["enterprise_id"]) == ["E1", "E2"]
    assert list(outcomes["defaulted"]) == [True, False]
    assert set(outcomes["as_of"]) == {pd.Timestamp(2019, 1, 1)}
    assert set(outcomes["observed_until"]) == {pd.Timestamp(2020, 2, 21)}
    assert outcomes["horizon_months"].isna().all()
    assert list(source.frame("enterprises")["enterprise_id"]) == ["E1", "E2", "E3"]
    columns = {name for table in source.tables.values() for name in table.column_names}
    assert not columns & {"credit_rating", "name", "has_credit_record"}


def test_the_churn_curve_is_a_term_and_no_table(raw: Path, tmp_path: Path) -> None:
    import_cumcm2020c(raw, tmp_path / "out")
    churn = pd.read_parquet(tmp_path / "out" / "_terms" / "churn.parquet")
    assert list(churn.columns) == ["annual_rate", "segment", "churn"]
    assert churn.set_index(["segment", "annual_rate"])["churn"][("B", 0.15)] == 0.8
    assert len(churn) == 6


def test_a_wrong_folder_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"6 of 6 files missing: enterprises\.csv") as caught:
        import_cumcm2020c(tmp_path, tmp_path / "out")
    assert all(name in str(caught.value) for name in FILES)
    assert not (tmp_path / "out").exists()


def test_a_file_of_another_set_is_told_what_it_lacks(raw: Path, tmp_path: Path) -> None:
    write_parquet(pd.DataFrame({"a": [1]}), raw / "credit_input.parquet")
    with pytest.raises(DataError, match=r"credit_input\.parquet: 8 columns missing"):
        import_cumcm2020c(raw, tmp_path / "out")


def test_an_odd_status_is_refused(raw: Path, tmp_path: Path) -> None:
    odd = invoices(("E1", "007", "2020-02-21", 70.0, "maybe"))
    write_parquet(odd, raw / "credit_output.parquet")
    with pytest.raises(DataError, match="1 of 2 invoices are neither valid nor void"):
        import_cumcm2020c(raw, tmp_path / "out")


def test_an_occupied_out_is_refused(raw: Path) -> None:
    with pytest.raises(UsageError, match="holds 6 entries"):
        import_cumcm2020c(raw, raw)


@pytest.mark.skipif(not REAL.is_dir(), reason="the contest's data is not at ../shared/data")
def test_the_real_invoices_pass_the_door_with_their_known_copies(
    tmp_path: Path, settings: SourcesSettings
) -> None:
    IMPORTERS["cumcm2020c"](REAL, tmp_path / "out")
    reading = accept_reading(read_folder(tmp_path / "out", settings), settings)
    copies = {one.table: one.copies for one in reading.report.tables}
    # The copies that the data's README counts: sales 4,436 and 1,745, purchases 803 and 4,681.
    assert copies["declarations"] == 4_436 + 1_745
    assert copies["purchases"] == 803 + 4_681
    assert not reading.rejects
    assert reading.source.frame("outcomes")["defaulted"].agg(["size", "sum"]).to_list() == [123, 27]
    assert len(reading.source.frame("enterprises")) == 425
