"""Curves behind the report's facts, as frames to be drawn; empty where a simulation is too thin."""

from collections.abc import Callable
from functools import wraps

import numpy as np
import pandas as pd

from riskmodel.months import LUNAR_NEW_YEARS
from riskmodel.simulation.fidelity.default import limit_slopes
from riskmodel.simulation.fidelity.events import line_states, observed_until, oracle_outcomes
from riskmodel.simulation.fidelity.lines import VINTAGE, line_defaults
from riskmodel.simulation.fidelity.measure import TooFewCasesError, share_of
from riskmodel.simulation.fidelity.settlement import due_before, settlements
from riskmodel.simulation.fidelity.survival import EXITS, lives
from riskmodel.simulation.fidelity.tables import Tables
from riskmodel.simulation.fidelity.trade import exports, last_year, months_since

Curve = Callable[[Tables], pd.DataFrame]

DELAY_EDGES = (-120, *range(-30, 181, 10), 365)
RIPE_DAYS = 400
MIN_VINTAGE_LINES = 100
DECILES, SHOWN = 10, 10


def empty_if_thin(*columns: str) -> Callable[[Curve], Curve]:
    """Return the curve, or no row of these columns where the simulation is too thin for it."""

    def protect(curve: Curve) -> Curve:
        @wraps(curve)
        def draw_if_possible(tables: Tables) -> pd.DataFrame:
            try:
                return curve(tables)
            except TooFewCasesError:
                return pd.DataFrame(columns=list(columns))

        return draw_if_possible

    return protect


@empty_if_thin("month", "exports_usd", "lunar_new_year")
def monthly_exports(tables: Tables) -> pd.DataFrame:
    """All exports by month; `lunar_new_year` is its day where it falls into the month."""
    out = exports(tables)
    months = pd.date_range(out.first, periods=out.months, freq="MS")
    days = pd.Series(LUNAR_NEW_YEARS.astype("datetime64[us]"))
    by_month = days.set_axis(days.dt.to_period("M").dt.to_timestamp())
    return pd.DataFrame(
        {
            "month": months,
            "exports_usd": out.usd.sum(axis=0),
            "lunar_new_year": by_month.reindex(months).to_numpy(),
        }
    )


@empty_if_thin("exports_usd_12m")
def export_sizes(tables: Tables) -> pd.DataFrame:
    """The exports of the last twelve months of each enterprise that had any."""
    usd = last_year(tables)
    return pd.DataFrame({"exports_usd_12m": usd[usd > 0]})


@empty_if_thin("year", "size", "exit", "target_low", "target_high")
def exits_by_year(tables: Tables) -> pd.DataFrame:
    """The yearly exit of small and large exporters by year of export; targets of the small ones."""
    life = lives(tables)
    rows = []
    for size, chosen in (("small", ~life.large), ("large", life.large)):
        for year, target in enumerate(EXITS):
            cells = life.at_risk & chosen[:, None] & (life.year == year)
            monthly = (life.leaves & cells).sum() / max(int(cells.sum()), 1)
            rows.append((year + 1, size, 1 - (1 - monthly) ** 12, *target[:2]))
    return pd.DataFrame(rows, columns=["year", "size", "exit", "target_low", "target_high"])


@empty_if_thin("from_days", "to_days", "share", "never")
def payment_delays(tables: Tables) -> pd.DataFrame:
    """Sales by days from due to payment, as shares of all; `never`: the share that never came."""
    rows = due_before(settlements(tables), tables.end, RIPE_DAYS)
    edges = np.array(DELAY_EDGES, dtype=float)
    counts, _ = np.histogram(rows["delay"].dropna().clip(edges[0], edges[-1]), edges)
    return pd.DataFrame(
        {
            "from_days": edges[:-1],
            "to_days": edges[1:],
            "share": counts / max(len(rows), 1),
            "never": float((~rows["settled"]).mean()),
        }
    )


@empty_if_thin("vintage", "age", "defaulted")
def vintage_defaults(tables: Tables) -> pd.DataFrame:
    """The share of a year's new lines in default by months since the grant, while all are seen."""
    lines = tables.current("lines", ["line_id", "granted_on"])
    lines = lines[lines["granted_on"] >= line_states(tables)["month"].min()]
    found = line_defaults(tables)[["line_id", "age"]]
    both = lines.merge(found, on="line_id", how="left", validate="one_to_one")
    parts = []
    for year, vintage in both.groupby(both["granted_on"].dt.year):
        last = vintage["granted_on"].max()
        seen = int(months_since(pd.Series([observed_until(tables)]), last)[0]) - 1
        ages = np.arange(min(seen, VINTAGE) + 1)
        if len(vintage) < MIN_VINTAGE_LINES or not len(ages):
            continue
        reached = (vintage["age"].to_numpy()[:, None] <= ages[None, :]).mean(axis=0)
        parts.append(pd.DataFrame({"vintage": year, "age": ages, "defaulted": reached}))
    if not parts:
        raise TooFewCasesError("no year has lines enough")
    return pd.concat(parts, ignore_index=True)


@empty_if_thin("enterprise", "share_of_cap", "pd_12m", "slope")
def limit_response(tables: Tables) -> pd.DataFrame:
    """The true probability of ten enterprises by their limit, spread over all slopes."""
    slopes = limit_slopes(tables)["slope"].sort_values()
    places = np.unique(np.linspace(0, len(slopes) - 1, SHOWN).round().astype(int))
    chosen = slopes.iloc[places[: len(slopes)]].reset_index()
    rows = tables.hidden("limit_response", ["enterprise_id", "as_of", "share_of_cap", "pd_12m"])
    rows = rows[rows["pd_12m"] > 0]  # who has neither line nor loan cannot default
    both = rows.merge(chosen, on=["enterprise_id", "as_of"], validate="many_to_one")
    names = np.asarray(tables.ids("enterprise_id").to_pylist(), dtype=object)
    both = both.assign(enterprise=names[both["enterprise_id"]])
    ordered = both.sort_values(["slope", "enterprise", "share_of_cap"])
    return ordered[["enterprise", "share_of_cap", "pd_12m", "slope"]].reset_index(drop=True)


@empty_if_thin("pd_12m", "rate", "low", "high", "rows")
def true_pd_deciles(tables: Tables) -> pd.DataFrame:
    """The realised default rate, with its interval, by decile of the true probability.

    Of dates a year apart: in nearer ones the same default would count twice.
    """
    rows = oracle_outcomes(tables)
    rows = rows[rows["as_of"].dt.month == rows["as_of"].max().month]
    decile = pd.qcut(rows["pd_12m"].rank(method="first"), DECILES, labels=False)
    parts = []
    for _, part in rows.groupby(decile):
        found = share_of(float(part["defaulted"].sum()), len(part))
        parts.append((part["pd_12m"].mean(), found.figure, found.low, found.high, len(part)))
    return pd.DataFrame(parts, columns=["pd_12m", "rate", "low", "high", "rows"])
