"""Kaggle's "Give Me Some Credit" (2011): 150,000 borrowers, ten facts each, one label.

Three columns mean two things each, and are taken apart, so that every number keeps one meaning
and none is lost:

- counts of arrears hold the codes 96 and 98, which are no counts;
- where no income is stated (missing, 0 or 1), the ratio of debt to income is an amount;
- a use of revolving credit above twice its limit is no share either: from there on the default
  rate falls again, in the end below that of all borrowers.
"""

from pathlib import Path

import pandas as pd

from riskmodel.sources.importers.raw_files import raw_rows, refuse_incomplete
from riskmodel.storage.files import refuse_occupied, write_folder

FILE = "gmsc_train.parquet"
ZONE = "America/New_York"
AS_OF = pd.Timestamp(2009, 1, 1)
"""The set tells no date: one is chosen, so that two years of outcomes lie before its release."""
HORIZON_MONTHS = 24
OBSERVED_UNTIL = AS_OF + pd.DateOffset(months=HORIZON_MONTHS) - pd.Timedelta(days=1)
FIRST_CODE = 96
MOST_USE = 2.0
LEAST_INCOME = 2.0
_LATE = {
    "NumberOfTime30-59DaysPastDueNotWorse": "late_30_59",
    "NumberOfTime60-89DaysPastDueNotWorse": "late_60_89",
    "NumberOfTimes90DaysLate": "late_90",
}
_USE, _RATIO, _INCOME = "RevolvingUtilizationOfUnsecuredLines", "DebtRatio", "MonthlyIncome"
_PLAIN = {
    "NumberOfOpenCreditLinesAndLoans": "open_lines",
    "NumberRealEstateLoansOrLines": "real_estate_loans",
    "NumberOfDependents": "dependents",
}
_COLUMNS = ("SeriousDlqin2yrs", _USE, "age", *_LATE, _RATIO, _INCOME, *_PLAIN)


def import_gmsc(raw: Path, out: Path) -> None:
    """The borrowers as a source folder: enterprises (persons), attributes, outcomes.

    Ids count the file's rows. Raises `DataError` for a missing file, `UsageError` where `out` is
    not empty.
    """
    refuse_incomplete(raw, (FILE,))
    refuse_occupied(out)
    rows = raw_rows(raw / FILE, _COLUMNS).reset_index(drop=True)
    ids = "B" + pd.Series(rows.index + 1).astype("str").str.zfill(6)
    before = (AS_OF - pd.Timedelta(minutes=1)).tz_localize(ZONE).tz_convert("UTC")
    write_folder(
        {
            "enterprises": pd.DataFrame({"enterprise_id": ids, "kind": "person"}),
            "attributes": _attributes(rows).assign(enterprise_id=ids, known_at=before),
            "outcomes": _outcomes(rows, ids),
        },
        out,
    )


def _attributes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the attributes of each borrower, in our names; amounts are US dollars a month."""
    parts = [_use(rows), _arrears(rows), _money(rows), _rest(rows)]
    facts = pd.concat(parts, axis=1)
    return facts.assign(
        income_left=facts["income"] - facts["debt_payments"],
        income_a_head=facts["income"] / (1 + facts["dependents"].fillna(0)),
        other_lines=facts["open_lines"] - facts["real_estate_loans"],
    )


def _use(rows: pd.DataFrame) -> pd.DataFrame:
    use = rows[_USE].astype(float)
    share = use <= MOST_USE
    return pd.DataFrame(
        {
            "revolving_use": use.where(share),
            "revolving_unused": use == 0,
            "revolving_amount": use.where(~share),
        }
    )


def _arrears(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts of each length, added up, and weighted by the months past due.

    A code instead of counts stands in a column of its own.
    """
    counts = rows[list(_LATE)].rename(columns=_LATE).astype(float)
    known = counts < FIRST_CODE
    codes = counts.mask(known).max(axis=1).fillna(0.0)
    counts = counts.where(known)
    late_30, late_60, late_90 = (counts[name] for name in _LATE.values())
    return counts.assign(
        late_any=late_30 + late_60 + late_90,
        late_60_or_more=late_60 + late_90,
        late_weighted=late_30 + 2 * late_60 + 3 * late_90,
        late_code=codes,
    )


def _money(rows: pd.DataFrame) -> pd.DataFrame:
    income, ratio = rows[_INCOME].astype(float), rows[_RATIO].astype(float)
    stated = income >= LEAST_INCOME
    return pd.DataFrame(
        {
            "income": income.where(stated),
            "income_not_stated": income.where(~stated),
            "debt_ratio": ratio.where(stated),
            "debt_payments": (ratio * income).where(stated, ratio),
        }
    )


def _rest(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts as they stand; an age of 0 is none."""
    age = rows["age"].astype(float)
    plain = rows[list(_PLAIN)].rename(columns=_PLAIN).astype(float)
    return plain.assign(age=age.where(age > 0))


def _outcomes(rows: pd.DataFrame, ids: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "enterprise_id": ids,
            "as_of": AS_OF,
            "defaulted": rows["SeriousDlqin2yrs"] == 1,
            "observed_until": OBSERVED_UNTIL,
            "horizon_months": HORIZON_MONTHS,
        }
    )
