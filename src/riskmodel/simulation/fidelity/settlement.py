"""Settlement of sales: receipts matched with the declarations that they pay."""

import numpy as np
import pandas as pd

from riskmodel.simulation.fidelity.measure import TooFewCasesError
from riskmodel.simulation.fidelity.tables import Tables, cached
from riskmodel.simulation.fidelity.trade import sales_with

SETTLED = 0.9
"""A sale is paid once so much of its value came; the rest is a bank's fee."""
FEE = 0.006
"""Log distance between a sale's open value and a receipt that can be taken for its payment."""


@cached
def is_staged(tables: Tables) -> pd.Series:
    """Return whether each declaration, by its place, was staged by a gamer."""
    flags = np.zeros(len(tables.ids("declaration_id")), dtype=bool)
    named = tables.hidden("staged_declarations", ["declaration_id"])["declaration_id"]
    flags[named[named >= 0]] = True
    return pd.Series(flags)


@cached
def settlements(tables: Tables) -> pd.DataFrame:
    """Sales on terms, not staged: declaration_id, enterprise_id, due, fob_usd, received_usd,
    settled, delay (days from due to the last receipt; missing where it is not settled).

    A receipt that names no declaration is taken for the payment of that unsettled sale of the
    same enterprise whose open value it meets, if there is one.
    """
    rows = sales_with(tables, "terms_days")
    honest = ~is_staged(tables).to_numpy()[rows["declaration_id"]]
    rows = rows[honest & (rows["fob_usd"] > 0).to_numpy()]
    rows = rows[["declaration_id", "enterprise_id", "declared_on", "fob_usd"]].assign(
        due=rows["declared_on"] + pd.to_timedelta(rows["terms_days"], unit="D")
    )
    paid = tables.current(
        "receipts", ["enterprise_id", "declaration_id", "received_on", "amount_usd"]
    )
    if paid.empty:
        raise TooFewCasesError("receipts has no rows")
    named = paid["declaration_id"] >= 0
    found = _match_by_amount(_with_receipts(rows, paid[named]), paid[~named])
    return _with_receipts(rows, pd.concat([paid[named], found]))


def _with_receipts(rows: pd.DataFrame, paid: pd.DataFrame) -> pd.DataFrame:
    sums = paid.groupby("declaration_id").agg(
        received_usd=("amount_usd", "sum"), last=("received_on", "max")
    )
    both = rows.merge(sums, on="declaration_id", how="left", validate="one_to_one")
    both["received_usd"] = both["received_usd"].fillna(0.0)
    settled = both["received_usd"] >= SETTLED * both["fob_usd"]
    delay = (both["last"] - both["due"]).dt.days.where(settled)
    return both.drop(columns="last").assign(settled=settled, delay=delay)


def _match_by_amount(rows: pd.DataFrame, loose: pd.DataFrame) -> pd.DataFrame:
    """The loose receipts that meet the open value of an unsettled sale, with its declaration."""
    unsettled = rows[~rows["settled"]]
    unsettled = unsettled.assign(size=np.log(unsettled["fob_usd"] - unsettled["received_usd"]))
    loose = loose[loose["amount_usd"] > 0].drop(columns="declaration_id")
    loose = loose.assign(size=np.log(loose["amount_usd"]))
    met = pd.merge_asof(
        loose.sort_values("size"),
        unsettled[["enterprise_id", "declaration_id", "declared_on", "size"]].sort_values("size"),
        on="size", by="enterprise_id", direction="forward", tolerance=FEE,  # type: ignore[arg-type]
    )  # fmt: skip
    met = met[met["declaration_id"].notna() & (met["received_on"] >= met["declared_on"])]
    met = met.drop_duplicates("declaration_id").astype({"declaration_id": "int64"})
    return met[["enterprise_id", "declaration_id", "received_on", "amount_usd"]]


def unpaid_usd(rows: pd.DataFrame) -> pd.Series:
    """Return the open amount of each sale, in USD: nothing where it is settled."""
    return (rows["fob_usd"] - rows["received_usd"]).clip(lower=0).where(~rows["settled"], 0.0)


def due_before(rows: pd.DataFrame, end: pd.Timestamp, days: int) -> pd.DataFrame:
    """The sales that were due so many days or more before the end."""
    return rows[rows["due"] <= end - pd.Timedelta(days=days)]
