"""UCI's "Default of credit card clients": six months of credit card history in Taiwan, 2005 (CC BY 4.0).

Sex, education, marriage and age are left out: a lender to enterprises has no such facts, and
deciding by them would be unlawful in many places.
"""

from pathlib import Path

import pandas as pd

from riskmodel.sources.importers.raw_files import raw_rows, refuse_incomplete
from riskmodel.storage.files import refuse_occupied, write_folder

FILE = "taiwan.parquet"
ZONE = "Asia/Taipei"
LAST_MONTH = pd.Timestamp(2005, 9, 1)
AS_OF = pd.Timestamp(2005, 10, 1)
OBSERVED_UNTIL = pd.Timestamp(2005, 10, 31)
DAYS_PER_MONTH_LATE = 30
NO_USE, PAID_IN_FULL = -2, -1
_DELAYS = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")
_BILLS = tuple(f"BILL_AMT{number}" for number in range(1, 7))
_PAYMENTS = tuple(f"PAY_AMT{number}" for number in range(1, 7))
_COLUMNS = ("ID", "LIMIT_BAL", *_DELAYS, *_BILLS, *_PAYMENTS, "default_next_month")


def import_taiwan(raw: Path, out: Path) -> None:
    """The clients as a source folder: enterprises (persons), bank_records, outcomes.

    Amounts are New Taiwan dollars, though the contract's columns are called CNY: nothing is
    converted. Raises `DataError` for a missing file, `UsageError` where `out` is not empty.
    """
    refuse_incomplete(raw, (FILE,))
    refuse_occupied(out)
    rows = raw_rows(raw / FILE, _COLUMNS)
    clients = rows.assign(enterprise_id="C" + rows["ID"].astype("str").str.zfill(5))
    months = [_month(clients, back) for back in range(6)]
    write_folder(
        {
            "enterprises": clients[["enterprise_id"]].assign(kind="person"),
            "bank_records": pd.concat(months, ignore_index=True),
            "outcomes": _outcomes(clients),
        },
        out,
    )


def _month(clients: pd.DataFrame, back: int) -> pd.DataFrame:
    """One monthly record a client, `back` months before the last one.

    UCI's columns count from September 2005 backwards: PAY_0 is September's delay, and PAY_AMT1
    what was paid in September, so both belong to BILL_AMT1's month. Delays below 1
    are not late, and two of them say what was due: -2 (no use) nothing, -1 (paid in full) what
    was paid. Of 0 (revolving: the least was paid) and of the late it is not told. The set tells no instant at which a record was
    known: the month's last minute, since the labels presume September to be known in October.
    """
    delay, paid = clients[_DELAYS[back]], clients[_PAYMENTS[back]].astype(float)
    month = LAST_MONTH - pd.DateOffset(months=back)
    end = month + pd.DateOffset(months=1) - pd.Timedelta(minutes=1)
    return pd.DataFrame(
        {
            "enterprise_id": clients["enterprise_id"],
            "lender": "issuer",
            "account_id": clients["enterprise_id"],
            "month": month,
            "product": "card",
            "limit_cny": clients["LIMIT_BAL"],
            "balance_cny": clients[_BILLS[back]],
            "due_cny": paid.where(delay == PAID_IN_FULL).mask(delay == NO_USE, 0.0),
            "paid_cny": paid,
            "days_past_due": delay.clip(lower=0) * DAYS_PER_MONTH_LATE,
            "known_at": end.tz_localize(ZONE).tz_convert("UTC"),
        }
    )


def _outcomes(clients: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "enterprise_id": clients["enterprise_id"],
            "as_of": AS_OF,
            "defaulted": clients["default_next_month"] == 1,
            "observed_until": OBSERVED_UNTIL,
            "horizon_months": 1,
        }
    )
