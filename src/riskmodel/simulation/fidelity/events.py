"""Defaults by the contract's rule, and holders of lines, by date."""

import numpy as np
import pandas as pd

from riskmodel.months import shifted_days
from riskmodel.simulation.fidelity.measure import TooFewCasesError
from riskmodel.simulation.fidelity.tables import Tables, cached

DAYS_PAST_DUE = 90
BAD_TIERS = ("substandard", "doubtful", "loss")
COMPLETE = 0.9
"""A last month with fewer reports than this share of the month before is still arriving."""
HORIZON = 12
NEVER = np.datetime64("2200-01-01", "us")


@cached
def line_states(tables: Tables) -> pd.DataFrame:
    """Every line's month-ends by line and month, with its enterprise and whether it is bad.

    line_id, month, index (months since 1970), days_past_due, drawn_cny, written_off_cny,
    recovered_cny, enterprise_id, limit_cny, bad.
    """
    columns = ["days_past_due", "drawn_cny", "written_off_cny", "recovered_cny"]
    states = tables.current("line_months", ["line_id", "month", *columns])
    lines = tables.current("lines", ["line_id", "enterprise_id", "limit_cny"])
    states = states.merge(lines, on="line_id", how="inner", validate="many_to_one")
    if states.empty:
        raise TooFewCasesError("line_months has no rows of known lines")
    written = states["written_off_cny"].fillna(0) > 0
    return (
        states.assign(
            index=12 * (states["month"].dt.year - 1970) + states["month"].dt.month - 1,
            bad=(states["days_past_due"] >= DAYS_PAST_DUE) | written,
        )
        .sort_values(["line_id", "index"])
        .reset_index(drop=True)
    )


@cached
def observed_until(tables: Tables) -> pd.Timestamp:
    """The day after the last month whose line reports have arrived nearly whole."""
    counts = line_states(tables).groupby("month").size().sort_index()
    while len(counts) > 1 and counts.iloc[-1] < COMPLETE * counts.iloc[-2]:
        counts = counts.iloc[:-1]
    return pd.Timestamp(counts.index[-1]) + pd.offsets.MonthBegin(1)


@cached
def default_days(tables: Tables) -> pd.Series:
    """The month-end of each enterprise's first default, by its place; `NEVER` where none came."""
    states = line_states(tables)
    found = [states.loc[states["bad"], ["enterprise_id", "month"]]]
    if "tier" in tables.columns("bank_records"):
        records = tables.current("bank_records", ["enterprise_id", "month", "tier"])
        found.append(records[records["tier"].isin(BAD_TIERS)][["enterprise_id", "month"]])
    first = pd.concat(found).groupby("enterprise_id")["month"].min() + pd.offsets.MonthEnd(0)
    days = first.reindex(range(tables.enterprises)).astype("datetime64[us]")
    return days.fillna(pd.Timestamp(NEVER))


def quarters(tables: Tables) -> list[pd.Timestamp]:
    """The starts of the quarters that a year of seen months follows."""
    first = line_states(tables)["month"].min()
    last = observed_until(tables) - pd.DateOffset(months=HORIZON)
    return list(pd.date_range(first, last, freq="QS"))


@cached
def holders(tables: Tables) -> pd.DataFrame:
    """Holders of a live line at each quarter's start, and whether they default within a year."""
    days = quarters(tables)
    if not days:
        raise TooFewCasesError("no quarter is followed by a year of line months")
    return pd.concat([holders_at(tables, day) for day in days], ignore_index=True)


def holders_at(tables: Tables, day: pd.Timestamp) -> pd.DataFrame:
    """enterprise_id, as_of, defaulted: those with a line at a day that are not yet in default.

    A line counts from its grant to its expiry, and after it while drawn.
    """
    lines = tables.current("lines", ["line_id", "enterprise_id", "granted_on", "expires_on"])
    states = line_states(tables)
    before = states["index"] == 12 * (day.year - 1970) + day.month - 2
    drawn = states.loc[before & (states["drawn_cny"] > 0), "line_id"]
    open_ = (lines["expires_on"].isna()) | (lines["expires_on"] > day)
    live = (lines["granted_on"] < day) & (open_ | lines["line_id"].isin(drawn))
    held = np.sort(lines.loc[live, "enterprise_id"].unique())
    defaults = default_days(tables).to_numpy()[held]
    sound, until = defaults >= day.to_datetime64(), day + pd.DateOffset(months=HORIZON)
    return pd.DataFrame(
        {
            "enterprise_id": held[sound],
            "as_of": day,
            "defaulted": defaults[sound] < until.to_datetime64(),
        }
    )


@cached
def oracle_outcomes(tables: Tables) -> pd.DataFrame:
    """Holders with their true twelve-month probability: enterprise_id, as_of, pd_12m, defaulted.

    What came is the truth's as well: it lives on after the simulation's end.
    """
    truth = tables.hidden("pd_12m", ["enterprise_id", "as_of", "pd_12m"]).dropna()
    lives = tables.hidden("enterprises", ["enterprise_id", "exited_on", "defaulted_on"])
    last = lives[["exited_on", "defaulted_on"]].max().max() + pd.offsets.MonthBegin(1)
    truth = truth[shifted_days(truth["as_of"], HORIZON) <= last]
    if truth.empty:
        raise TooFewCasesError("no true probability is a year before the end")
    days = sorted(truth["as_of"].unique())
    held = pd.concat([holders_at(tables, pd.Timestamp(day)) for day in days])
    key = ["enterprise_id", "as_of"]
    rows = truth.merge(held[key], on=key, how="inner", validate="one_to_one").merge(
        lives, on="enterprise_id", validate="many_to_one"
    )
    rows = rows[~(rows["defaulted_on"] < rows["as_of"])].reset_index(drop=True)
    until = shifted_days(rows["as_of"], HORIZON)
    found: pd.DataFrame = rows[[*key, "pd_12m"]].assign(defaulted=rows["defaulted_on"] < until)
    return found
