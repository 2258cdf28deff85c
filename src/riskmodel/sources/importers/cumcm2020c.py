"""The contest CUMCM 2020 C: invoices of Chinese small enterprises, and who defaulted.

Sales invoices become declarations within China, purchase invoices purchases. Amounts below zero
are returns and stay so; void invoices are cancelled. The bank's rating is its own verdict (its D
is the default), the name is masked, and having a record equals having a label: none is imported.
"""

from datetime import date
from pathlib import Path

import pandas as pd

from riskmodel.errors import DataError
from riskmodel.sources.importers.raw_files import raw_rows, refuse_incomplete
from riskmodel.storage.files import refuse_occupied, write_folder

CNY_PER_USD = 7.0
"""The contest knows no dollars: the programme's rate, as in the data's README (2016-2020 means
of the European Central Bank's cross rate lie between 6.6 and 6.9)."""
ZONE = "Asia/Shanghai"
AS_OF = date(2020, 2, 22)
"""The day after the last invoice: the contest gives no date of default, so one is chosen."""

SALES = ("credit_output.parquet", "nocredit_output.parquet")
PURCHASES = ("credit_input.parquet", "nocredit_input.parquet")
CHURN = "rate_churn_2019.csv"
FILES = ("enterprises.csv", *SALES, *PURCHASES, CHURN)
_CONTENT = (
    "enterprise_id",
    "invoice_no",
    "date",
    "counterparty_id",
    "amount_net",
    "tax",
    "amount_gross",
    "status",
)
_SEGMENTS = ("A", "B", "C")


def import_cumcm2020c(raw: Path, out: Path, *, as_of: date = AS_OF) -> None:
    """The contest's files as a source folder: enterprises, declarations, purchases, outcomes.

    `_terms/churn.parquet` holds the share of customers lost at a yearly rate, by segment: no
    table of the contract, so the door passes it by. Invoices on or after `as_of` are kept; what
    counts then is the engine's business. Raises `DataError` for missing files, `UsageError`
    where `out` is not empty.
    """
    refuse_incomplete(raw, FILES)
    refuse_occupied(out)
    enterprises = raw_rows(raw / "enterprises.csv", ("enterprise_id", "defaulted"))
    sales, purchases = _invoices(raw, SALES), _invoices(raw, PURCHASES)
    last = max(sales["date"].max(), purchases["date"].max(), pd.Timestamp(as_of))
    write_folder(
        {
            "enterprises": enterprises[["enterprise_id"]],
            "declarations": _declarations(sales),
            "purchases": _purchases(purchases),
            "outcomes": _outcomes(enterprises, as_of=as_of, observed_until=last),
            "_terms/churn": _churn(raw_rows(raw / CHURN, _churn_columns())),
        },
        out,
    )


def _invoices(raw: Path, names: tuple[str, ...]) -> pd.DataFrame:
    """All invoices with `id` and `known_at`: the last minute of their day, in China.

    So each is known at the start of the next day, as `known_at < as_of` asks.
    """
    invoices = pd.concat([raw_rows(raw / name, _CONTENT) for name in names], ignore_index=True)
    odd = ~invoices["status"].isin(["valid", "void"])
    if odd.any():
        raise DataError(
            f"{names[0]}: {int(odd.sum()):,} of {len(invoices):,} invoices are neither valid nor "
            "void. Fetch the files again."
        )
    last_minute = invoices["date"] + pd.Timedelta(hours=23, minutes=59)
    known_at = last_minute.dt.tz_localize(ZONE).dt.tz_convert("UTC")
    return invoices.assign(id=_ids(invoices), known_at=known_at)


def _ids(invoices: pd.DataFrame) -> pd.Series:
    """Enterprise, invoice number, and a rank over the number's distinct contents.

    Exact copies get one id, so that the door counts them; different rows of one number, as an
    invoice with several lines has, stay apart. The order of rows changes nothing.
    """
    content = invoices.groupby(list(_CONTENT), dropna=False).ngroup()
    number = [invoices["enterprise_id"], invoices["invoice_no"]]
    rank = content.groupby(number).rank(method="dense").astype("int64").astype("str")
    return invoices["enterprise_id"] + "-" + invoices["invoice_no"] + "-" + rank


def _declarations(sales: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "declaration_id": sales["id"],
            "enterprise_id": sales["enterprise_id"],
            "declared_on": sales["date"],
            "fob_usd": sales["amount_net"] / CNY_PER_USD,
            "status": sales["status"].map({"valid": "released", "void": "cancelled"}),
            "destination": "CHN",
            "buyer_id": sales["counterparty_id"],
            "currency": "CNY",
            "amount": sales["amount_net"],
            "known_at": sales["known_at"],
        }
    )


def _purchases(invoices: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "invoice_id": invoices["id"],
            "enterprise_id": invoices["enterprise_id"],
            "invoiced_on": invoices["date"],
            "amount_cny": invoices["amount_net"],
            "supplier_id": invoices["counterparty_id"],
            "tax_cny": invoices["tax"],
            "status": invoices["status"],
            "known_at": invoices["known_at"],
        }
    )


def _outcomes(
    enterprises: pd.DataFrame, *, as_of: date, observed_until: pd.Timestamp
) -> pd.DataFrame:
    """The labels that are given; a horizon is not: defaulted ever, as far as the bank saw."""
    labelled = enterprises.dropna(subset=["defaulted"])
    return pd.DataFrame(
        {
            "enterprise_id": labelled["enterprise_id"],
            "as_of": pd.Timestamp(as_of),
            "defaulted": labelled["defaulted"] == 1,
            "observed_until": observed_until,
            "horizon_months": pd.array([pd.NA] * len(labelled), dtype="Int64"),
        }
    )


def _churn_columns() -> tuple[str, ...]:
    return ("annual_rate", *(f"churn_{segment}" for segment in _SEGMENTS))


def _churn(wide: pd.DataFrame) -> pd.DataFrame:
    """One row per yearly rate and segment, with the share of customers lost."""
    named = wide.rename(columns=lambda name: name.removeprefix("churn_"))
    long = named.melt(id_vars="annual_rate", var_name="segment", value_name="churn")
    return long.sort_values(["segment", "annual_rate"], ignore_index=True)
