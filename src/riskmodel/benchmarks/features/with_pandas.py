"""The work in pandas: one snapshot a date, a groupby for each window and set of conditions."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.benchmarks.features.task import (
    GROUPED,
    MONTH_DAYS,
    MONTHLY,
    PLAIN,
    TIMES,
    ZERO,
    Aggregate,
    Rows,
    Task,
    aggregates_of,
    alike,
    group_column,
    reach,
    window_rows,
)
from riskmodel.features.spec import Condition, Measure

ID = "enterprise_id"
COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "above": pd.Series.gt,
    "at_least": pd.Series.ge,
    "below": pd.Series.lt,
    "at_most": pd.Series.le,
}

Found = dict[str, Any]


def prepare(task: Task) -> Callable[[Path], None]:
    """Prepare nothing; the work reads, computes and writes a file a date."""

    def work(out: Path) -> None:
        register = pd.read_parquet(task.folder / "enterprises.parquet", columns=[ID])
        versions = _versions(task, register[ID])
        for as_of in task.dates:
            frame = _features(task, versions, len(register), as_of)
            frame = register.assign(as_of=pd.Timestamp(as_of), **frame)
            frame.to_parquet(out / f"{as_of}.parquet", compression="zstd", index=False)

    return work


def _versions(task: Task, register: pd.Series) -> Any:
    """All versions by their day, each with the instant at which the next one became known.

    Texts are categories, and an enterprise is its place in the register: whole numbers group
    fastest. Of the columns those stay that are aggregated, and a flag for each set of conditions.
    """
    rows: Any = pd.read_parquet(
        task.folder / "declarations",
        engine="pyarrow",
        columns=task.columns,
        read_dictionary=task.texts,
        to_pandas_kwargs={"date_as_object": False},
    )
    for where, flag in task.flags.items():
        rows[flag] = np.logical_and.reduce([_meets(rows[c.column], c) for c in where])
    rows[ID] = rows[ID].cat.set_categories(register).cat.codes
    rows["declaration_id"] = pd.factorize(rows["declaration_id"])[0]
    known = rows[["declaration_id", "known_at"]].sort_values("known_at")
    rows["known_until"] = known.groupby("declaration_id")["known_at"].shift(-1)
    kept = [ID, *TIMES[2:], "known_until", *task.aggregate_columns, *task.flags.values()]
    return rows[kept].sort_values("declared_on", ignore_index=True)


def _features(task: Task, versions: Any, enterprises: int, as_of: date) -> pd.DataFrame:
    cut = task.known_before(as_of)
    seen = versions[
        (versions["known_at"] < cut)
        & ~(versions["known_until"] < cut)
        & ~versions["withdrawn"]
        & (versions["declared_on"] < pd.Timestamp(as_of))
    ].drop(columns=["known_at", "known_until", "withdrawn"])
    everyone = range(enterprises)
    found = (
        _plain(task, seen, as_of) | _group_measures(task, seen, as_of) | _monthly(task, seen, as_of)
    )
    frame = pd.DataFrame({name: found[name].reindex(everyone) for name in task.measures})
    return frame.fillna(dict.fromkeys(task.of_kinds(ZERO), 0.0)).astype(float)


def _plain(task: Task, seen: Any, as_of: date) -> Found:
    """One groupby for all aggregates over the same rows, then the formulas over them."""
    measures = task.of_kinds(PLAIN)
    asked: dict[Rows, dict[Aggregate, str]] = defaultdict(dict)
    for part in (part for m in measures.values() for part in aggregates_of(m)):
        asked[part.rows].setdefault(part, str(len(asked[part.rows])))
    values: dict[Aggregate, Any] = {}
    for rows, names in asked.items():
        groups = _select_rows(task, seen, rows, as_of).groupby(ID)
        table = groups.agg(**{name: (part.column, part.function) for part, name in names.items()})
        values |= {part: table[name] for part, name in names.items()}
    return {
        name: _formula(m.kind, [values[part] for part in aggregates_of(m)], as_of)
        for name, m in measures.items()
    }


def _formula(kind: str, values: list[Any], as_of: date) -> Any:
    first = values[0]
    if kind in ("share", "value_share"):
        whole = values[1].where(values[1] != 0)
        return first.reindex(whole.index, fill_value=0) / whole
    if kind in ("growth", "growth_on_year"):
        now, then = first.align(values[1], fill_value=0.0)
        size = now.abs() + then.abs()
        return 2 * (now - then) / size.where(size != 0)
    if kind in ("months_since_last", "months_since_first"):
        return (pd.Timestamp(as_of) - first).dt.days / MONTH_DAYS
    return first


def _group_measures(task: Task, seen: Any, as_of: date) -> Found:
    """Sums by enterprise and group once for all measures over them."""
    found: Found = {}
    keyed = alike(task.of_kinds(GROUPED), lambda m: (window_rows(m), group_column(m), m.column))
    for (rows, by, column), members in keyed.items():
        chosen = _select_rows(task, seen, rows, as_of)
        if by == column:
            count = chosen.groupby(ID)[column].nunique()
            found |= dict.fromkeys(members, count)
            continue
        part = chosen.groupby([ID, by], observed=True)[column].sum()
        whole = part.groupby(level=0).sum()
        whole = whole.where(whole != 0)
        for name, m in members.items():
            powered = part**2 if m.kind == "herfindahl" else part
            groups = powered.groupby(level=0)
            top = groups.sum() / whole**2 if m.kind == "herfindahl" else groups.max() / whole
            found[name] = top
    return found


def _monthly(task: Task, seen: Any, as_of: date) -> Found:
    """A table of enterprises by months for each set of conditions, and numpy over it."""
    found: Found = {}
    measures = task.of_kinds(MONTHLY)
    for (where, column), members in alike(measures, lambda m: (m.where, m.column)).items():
        months = reach(members.values())
        chosen = _select_rows(task, seen, Rows(months, 0, where), as_of)
        on = chosen["declared_on"].dt
        table = chosen.assign(
            bucket=(as_of.year - on.year) * 12 + as_of.month - on.month - 1
        ).pivot_table(
            index=ID,
            columns="bucket",
            values=column or "declared_on",
            aggfunc="sum" if column else "count",
        )
        window = table.reindex(columns=range(months)).to_numpy(dtype=float)
        for name, m in members.items():
            found[name] = pd.Series(_over_months(m, window[:, : m.months]), table.index)
    return found


def _over_months(m: Measure, window: Any) -> Any:
    """An aggregate over the months of each enterprise, newest first; NaN: a month without rows."""
    there = ~np.isnan(window)
    if m.kind == "months_active":
        return there.sum(axis=1)
    if m.kind == "longest_gap":
        run = longest = np.zeros(len(window))
        for month in range(m.months):
            run = np.where(there[:, month], 0, run + 1)
            longest = np.maximum(longest, run)
        return np.where(longest < m.months, longest, np.nan)
    totals = np.nan_to_num(window)
    mean = totals.mean(axis=1)
    mean = np.where(mean > 0, mean, np.nan)
    if m.kind == "volatility":
        return totals.std(axis=1) / mean
    time = (m.months - 1) / 2 - np.arange(m.months)
    return totals @ time / (time**2).sum() / mean


def _select_rows(task: Task, seen: Any, rows: Rows, as_of: date) -> Any:
    """Select the rows of the window, a slice since they stand by their day, that meet the conditions."""
    days = seen["declared_on"]
    first, last = (edge and days.searchsorted(pd.Timestamp(edge)) for edge in rows.edges(as_of))
    inside = seen.iloc[first:last]
    return inside[inside[task.flags[rows.where]]] if rows.where else inside


def _meets(values: Any, condition: Condition) -> Any:
    word = condition.word
    if condition.operator == "missing":
        return values.isna()
    if condition.operator in ("is", "is_not"):
        one_of = values.isin(word if isinstance(word, tuple) else [word])
        return one_of if condition.operator == "is" else ~one_of
    return COMPARED[condition.operator](values, word)
