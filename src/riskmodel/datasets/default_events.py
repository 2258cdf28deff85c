"""Default as an event: the first month-end at which the contract's rule holds."""

import pandas as pd

from riskmodel import months
from riskmodel.settings import DatasetsSettings
from riskmodel.sources import Source
from riskmodel.tables.canonical import CANONICAL

COMPLETE = 0.9
"""A last month with fewer reports than this share of the month before is still arriving."""


def current_rows(source: Source, name: str) -> pd.DataFrame:
    """The newest version of every row that is not withdrawn; an empty frame without the table."""
    table = CANONICAL[name]
    if not source.has(name):
        return pd.DataFrame(columns=list(table.by_name))
    frame = source.frame(name)
    if not table.timed:
        return frame
    newest = frame.sort_values("known_at", kind="stable").drop_duplicates(
        list(table.key), keep="last"
    )
    return newest[~newest["withdrawn"]].sort_values(list(table.key)).reset_index(drop=True)


def line_defaults(source: Source, settings: DatasetsSettings) -> pd.DataFrame:
    """Month-ends at which a line was so many days past due or written off: `enterprise_id`, `on`."""
    states = current_rows(source, "line_months")
    lines = current_rows(source, "lines")[["line_id", "enterprise_id"]]
    bad = states["days_past_due"] >= settings.default_definition.days_past_due
    if "written_off_cny" in states:
        bad |= states["written_off_cny"].fillna(0) > 0
    states = states[bad].merge(lines, on="line_id", how="inner", validate="many_to_one")
    return _month_ends(states)


def lender_defaults(source: Source, settings: DatasetsSettings) -> pd.DataFrame:
    """Month-ends at which any lender reported a bad tier: `enterprise_id`, `on`."""
    records = current_rows(source, "bank_records")
    if "tier" not in records:
        return _month_ends(records.iloc[:0])
    return _month_ends(records[records["tier"].isin(settings.default_definition.tiers)])


def default_dates(source: Source, settings: DatasetsSettings) -> pd.Series:
    """The first default of each enterprise that has one: dates by `enterprise_id`."""
    both = pd.concat([line_defaults(source, settings), lender_defaults(source, settings)])
    return both.groupby("enterprise_id")["on"].min().rename("defaulted_on")


def observed_until(source: Source) -> pd.Timestamp:
    """The end of the last month whose line reports have arrived nearly whole."""
    counts = current_rows(source, "line_months").groupby("month").size().sort_index()
    while len(counts) > 1 and counts.iloc[-1] < COMPLETE * counts.iloc[-2]:
        counts = counts.iloc[:-1]
    if counts.empty:
        return pd.Timestamp.min
    return pd.Timestamp(counts.index[-1]) + pd.offsets.MonthEnd(0)


def _month_ends(records: pd.DataFrame) -> pd.DataFrame:
    on = months.month_ends(pd.to_datetime(records["month"]))
    return pd.DataFrame({"enterprise_id": records["enterprise_id"].astype("str"), "on": on})
