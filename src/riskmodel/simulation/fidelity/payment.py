"""Facts on getting paid: terms, delays, what is never paid."""

import pandas as pd

from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.measure import (
    Measurement,
    bootstrap_interval,
    mean_of,
    ratio,
    share_by,
    sums_by,
)
from riskmodel.simulation.fidelity.settlement import due_before, settlements, unpaid_usd
from riskmodel.simulation.fidelity.tables import Tables
from riskmodel.simulation.fidelity.trade import sales_with

HOPELESS = 180
BAD_AFTER = 400
"""Days after which what has not come will not come."""


def terms(tables: Tables) -> Measurement:
    """The mean days of credit of a sale."""
    rows = sales_with(tables, "terms_days")
    rows = rows[rows["fob_usd"] > 0]
    ones = rows["terms_days"].notna()
    sums = sums_by(rows["enterprise_id"], tables.enterprises, rows["terms_days"], ones)
    return bootstrap_interval(sums, ratio)


def late(tables: Tables) -> Measurement:
    """The share of sales not paid by the day on which they were due."""
    rows = due_before(settlements(tables), tables.end, HOPELESS)
    return share_by(rows["enterprise_id"], tables.enterprises, ~(rows["delay"] <= 0))


def delay(tables: Tables) -> Measurement:
    """The mean over enterprises of their mean delay, late payments only."""
    rows = due_before(settlements(tables), tables.end, BAD_AFTER)
    rows = rows[rows["delay"] > 0]
    return mean_of(rows.groupby("enterprise_id")["delay"].mean())


def bad_debts(tables: Tables) -> Measurement:
    """The part of credit sales that is never received."""
    rows = settlements(tables)
    rows = rows[rows["declared_on"] < tables.end - pd.Timedelta(days=BAD_AFTER)]
    fob = rows["fob_usd"]
    return share_by(rows["enterprise_id"], tables.enterprises, unpaid_usd(rows) / fob, fob)


def hopeless(tables: Tables) -> Measurement:
    """The share never paid among the sales that were unpaid 180 days after they were due."""
    rows = due_before(settlements(tables), tables.end, BAD_AFTER)
    rows = rows[~(rows["delay"] <= HOPELESS)]
    return share_by(rows["enterprise_id"], tables.enterprises, ~rows["settled"])


FACTS = (
    Fact(
        "payment terms, mean", "days", (66, 86), "Coface 2022-24: 81, 70, 76 days", terms,
        "Days of credit of released declarations, each counted once; tolerance 5 days.",
    ),
    Fact(
        "sales paid late", "share", (0.27, 0.40), "Atradius 2024: a third", late,
        f"Last receipt after the due day, or none; sales due {HOPELESS} days before the end.",
    ),
    Fact(
        "delay of late payments, mean", "days", (55, 90), "Coface 2022-24: 83, 64, 65 days", delay,
        "Coface asks firms for their own average: here each enterprise's mean delay of what came"
        f" late, averaged over enterprises; sales due {BAD_AFTER} days before the end.",
    ),
    Fact(
        "bad debts in credit sales", "share", (0.02, 0.04), "Atradius 2024: 3 %", bad_debts,
        f"By value, declared {BAD_AFTER} days before the end, what came in part taken off;"
        " staged declarations left out; receipts that name no declaration matched by amount.",
    ),
    Fact(
        "never paid of those over 180 days late", "share", (0.70, 0.90), "Coface: 80 %", hopeless,
        f"Sales due {BAD_AFTER} days before the end and unpaid {HOPELESS} days after the due day.",
    ),
)  # fmt: skip
