"""Past lines: one row a line at its grant, with what became of it in the months after."""

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

from riskmodel import months
from riskmodel.datasets.default_events import current_rows, default_dates, observed_until
from riskmodel.datasets.observation_start import find_early_dates, find_observation_starts
from riskmodel.errors import DataError
from riskmodel.features.catalogue import DEFINITIONS
from riskmodel.features.spec import FeatureDefinition
from riskmodel.settings import DatasetsSettings
from riskmodel.sources import Source

COLUMNS = (
    "enterprise_id", "as_of", "line_id", "bank", "limit_cny", "randomised", "grade", "defaulted",
    "past_due", "drawn_share", "drawn_at_default",
)  # fmt: skip
DECISION_DAYS = 60
"""A grant follows the decision that it rests on by at most so many days."""


def past_lines(
    source: Source,
    settings: DatasetsSettings,
    as_of: date,
    definitions: Iterable[FeatureDefinition] = DEFINITIONS,
) -> pd.DataFrame:
    """One row a line that was granted at least a horizon before what is known of lines ends.

    `source` must have been cut to the run's date, as the stage `sources` does; `as_of` leaves out
    lines granted later still. Columns `COLUMNS`: `as_of` is the day of the grant, so features see
    what was known before it. `randomised` is null where the source does not tell. `grade` is what
    the bank's decision rested on (`applications.reason`), "" where none is on record: given the
    grade, the policy's choice of the limit is as good as random.

    `defaulted` is the label of the other datasets: the enterprise's default within the horizon.
    `past_due` is the most days that the line was past due in it (a default counts at least
    `settings.default_definition.days_past_due`). `drawn_share` is the mean of balance over limit, at most 1 each,
    over month-ends without arrears or write-off; `drawn_at_default` the same of the last balance
    at or before the default. Both are null where nothing was seen.

    Enterprises in default at the grant are left out, and grants on days before the tables begin
    that the features (`features`) and the labels rest on. No rows where the source has no lines or no
    line months. `DataError` where a limit is not above 0.
    """
    lines = _read_grants(source, as_of)
    if lines.empty:
        return _set_types(pd.DataFrame(columns=list(COLUMNS)))
    ends = months.shifted_days(lines["as_of"], settings.horizon_months)
    on = default_dates(source, settings).reindex(lines["enterprise_id"]).set_axis(lines.index)
    over = ends <= observed_until(source) + pd.Timedelta(days=1)
    early = (
        find_early_dates(
            lines["as_of"], find_observation_starts(source, settings, "lines", definitions)
        )
        != ""
    )
    kept = over & ~early & ~(on < lines["as_of"])
    lines = lines.assign(ends=ends, on=on, defaulted=(on >= lines["as_of"]) & (on < ends))[kept]
    seen = _line_outcomes(lines, current_rows(source, "line_months"))
    rows = lines.merge(seen, on="line_id", how="left", validate="1:1")
    worst = rows["past_due"].fillna(0)
    bad = worst.clip(lower=settings.default_definition.days_past_due)
    rows = rows.assign(
        past_due=worst.mask(rows["defaulted"], bad),
        grade=_grades(rows, current_rows(source, "applications")),
    )
    return _set_types(rows.sort_values(["enterprise_id", "as_of", "line_id"], kind="stable"))


def _set_types(rows: pd.DataFrame) -> pd.DataFrame:
    kinds = {
        **dict.fromkeys(("enterprise_id", "line_id", "bank", "grade"), "str"),
        **dict.fromkeys(("limit_cny", "past_due", "drawn_share", "drawn_at_default"), "float64"),
        "as_of": "datetime64[us]",
        "randomised": "boolean",
        "defaulted": "bool",
    }
    return rows[list(COLUMNS)].astype(kinds).reset_index(drop=True)


def _read_grants(source: Source, as_of: date) -> pd.DataFrame:
    if not (source.has("lines") and source.has("line_months")):
        return pd.DataFrame()
    lines = current_rows(source, "lines").rename(columns={"granted_on": "as_of"})
    lines = lines[lines["as_of"] <= pd.Timestamp(as_of)]
    if "limit_cny" not in lines:
        return pd.DataFrame()
    odd = lines.loc[~(lines["limit_cny"] > 0), "line_id"]
    if len(odd):
        raise DataError(
            f"lines.limit_cny: {len(odd)} of {len(lines)} lines are not above 0 "
            f"(first: {odd.iloc[0]}). Fix the extract, or leave them out."
        )
    for name in ("bank", "randomised"):
        if name not in lines:
            lines[name] = pd.NA
    return lines.reset_index(drop=True)


def _line_outcomes(lines: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """past_due, drawn_share, drawn_at_default by line_id, from month-ends inside the horizon."""
    states = states.merge(
        lines[["line_id", "limit_cny", "as_of", "ends", "on"]],
        on="line_id",
        how="inner",
        validate="many_to_one",
    )
    end = months.month_ends(states["month"])
    states = states.assign(end=end)[(end >= states["as_of"]) & (end < states["ends"])]
    states = states.sort_values(["line_id", "end"], kind="stable")
    drawn = states["drawn_cny"] if "drawn_cny" in states else pd.Series(np.nan, states.index)
    share = (drawn / states["limit_cny"]).astype("float64").clip(0.0, 1.0)
    sound = (states["days_past_due"] <= 0) & ~(states["on"] <= states["end"])
    until = states["on"].notna() & (states["end"] <= states["on"])
    by = states["line_id"]
    happened = states["on"].notna() & (states["on"] < states["ends"])
    return (
        pd.DataFrame(
            {
                "past_due": states["days_past_due"].astype("float64").groupby(by).max(),
                "drawn_share": share.where(sound).groupby(by).mean(),
                "drawn_at_default": share[until & happened].groupby(by[until & happened]).last(),
            }
        )
        .rename_axis("line_id")
        .reset_index()
    )


def _grades(rows: pd.DataFrame, asked: pd.DataFrame) -> pd.Series:
    """The reason of the accepted application that each line rests on; "" where there is none."""
    needed = {"decision", "decided_on", "reason", "bank"}
    if asked.empty or not needed <= set(asked.columns):
        return pd.Series("", index=rows.index)
    taken = asked[(asked["decision"] == "accept") & asked["decided_on"].notna()]
    taken = taken[["enterprise_id", "bank", "decided_on", "reason"]].astype({"bank": "str"})
    taken = taken.assign(decided_on=taken["decided_on"].astype("datetime64[us]"))
    left = rows[["enterprise_id", "bank", "as_of"]].astype({"bank": "str"})
    left = left.assign(as_of=left["as_of"].astype("datetime64[us]"), place=np.arange(len(left)))
    found = pd.merge_asof(
        left.sort_values("as_of", kind="stable"),
        taken.sort_values("decided_on", kind="stable"),
        left_on="as_of",
        right_on="decided_on",
        by=["enterprise_id", "bank"],
        tolerance=pd.Timedelta(days=DECISION_DAYS),
    )
    reason = found.set_index("place")["reason"].sort_index()
    return pd.Series(reason.fillna("").to_numpy(), index=rows.index)
