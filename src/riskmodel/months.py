"""Calendar months: windows, month ends, and the instant at which a day begins."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd


def shifted(day: date, months: int) -> date:
    """The same day `months` later (earlier if negative), clipped at the month's end."""
    return (pd.Timestamp(day) + pd.DateOffset(months=months)).date()


def month_start(day: date) -> date:
    """The first day of the day's month."""
    return day.replace(day=1)


def month_ends(months: pd.Series) -> pd.Series:
    """The last day of each month that is given by any of its days."""
    return months + pd.offsets.MonthEnd(0)


def shifted_days(days: pd.Series, months: int) -> pd.Series:
    """Each day moved by whole calendar months, clipped at month ends."""
    return days + pd.DateOffset(months=months)


def day_start(day: date, timezone: str) -> datetime:
    """The instant, in UTC, at which `day` begins in the platform's zone: the cut for `known_at`."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return local.astimezone(ZoneInfo("UTC"))
