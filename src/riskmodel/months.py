"""Calendar months: windows, month ends, and the instant at which a day begins."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

LUNAR_NEW_YEARS = np.array(
    """
    1988-02-17 1989-02-06 1990-01-27 1991-02-15 1992-02-04 1993-01-23 1994-02-10 1995-01-31
    1996-02-19 1997-02-07 1998-01-28 1999-02-16 2000-02-05 2001-01-24 2002-02-12 2003-02-01
    2004-01-22 2005-02-09 2006-01-29 2007-02-18 2008-02-07 2009-01-26 2010-02-14 2011-02-03
    2012-01-23 2013-02-10 2014-01-31 2015-02-19 2016-02-08 2017-01-28 2018-02-16 2019-02-05
    2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06
    2028-01-26 2029-02-13 2030-02-03 2031-01-23 2032-02-11 2033-01-31 2034-02-19 2035-02-08
    2036-01-28 2037-02-15 2038-02-04 2039-01-24 2040-02-12 2041-02-01 2042-01-22 2043-02-10
    2044-01-30 2045-02-17 2046-02-06 2047-01-26 2048-02-14 2049-02-02 2050-01-23 2051-02-11
    2052-02-01 2053-02-19 2054-02-08 2055-01-28 2056-02-15 2057-02-04 2058-01-24 2059-02-12
    2060-02-02 2061-01-21 2062-02-09 2063-01-29 2064-02-17 2065-02-05 2066-01-26 2067-02-14
    2068-02-03 2069-01-23 2070-02-11 2071-01-31 2072-02-19 2073-02-07 2074-01-27 2075-02-15
    2076-02-05 2077-01-24 2078-02-12 2079-02-02 2080-01-22 2081-02-09 2082-01-29 2083-02-17
    2084-02-06 2085-01-26 2086-02-14 2087-02-03 2088-01-24 2089-02-10 2090-01-30 2091-02-18
    2092-02-07 2093-01-27 2094-02-15 2095-02-05 2096-01-25 2097-02-12 2098-02-01 2099-01-21
    2100-02-09
    """.split(),
    dtype="datetime64[D]",
)
"""The lunar new year of each year from 1988 to 2100 (Hong Kong Observatory's conversion tables)."""


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


def lunar_year_days(start: date, end: date) -> int:
    """By how many days the window `[start, end)` moves back to lie alike in the lunar year before.

    That is the distance from the lunar new year nearest to the window's middle to the one before
    it: 354 to 385 days. Beyond the years of `LUNAR_NEW_YEARS` the outermost distance is taken.
    """
    first, last = np.datetime64(start, "D"), np.datetime64(end, "D")
    middle = first + (last - first) // 2
    nearest = int(np.abs(LUNAR_NEW_YEARS - middle).astype(int).argmin())
    place = max(nearest, 1)
    return int((LUNAR_NEW_YEARS[place] - LUNAR_NEW_YEARS[place - 1]).astype(int))
