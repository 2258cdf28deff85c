"""Facts on the programme's lines: months past due, vintages, losses, draws before default."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from riskmodel.simulation.fidelity.events import line_states, observed_until
from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.measure import (
    Measurement,
    mean_of,
    require_cases,
    share_by,
    share_of,
)
from riskmodel.simulation.fidelity.tables import Tables, cached

VINTAGE, RIPE = 24, 14
LOW_HUMP, HIGH_HUMP = 0.35, 0.75
MIN_UNDRAWN = 0.05


@cached
def moves(tables: Tables) -> pd.DataFrame:
    """Days past due of a drawn line and a month later: enterprise_id, before, after."""
    states = line_states(tables)
    line, index = states["line_id"].to_numpy(), states["index"].to_numpy()
    follows = (line[1:] == line[:-1]) & (index[1:] == index[:-1] + 1)
    drawn = states["drawn_cny"].to_numpy()[:-1] > 0
    rows = np.flatnonzero(follows & drawn)
    past = states["days_past_due"].to_numpy()
    return pd.DataFrame(
        {
            "enterprise_id": states["enterprise_id"].to_numpy()[rows],
            "before": past[rows],
            "after": past[rows + 1],
        }
    )


def move(first: int, last: int, worse: int) -> Callable[[Tables], Measurement]:
    """The monthly share that moves from `first` to `last` days past due to `worse` or more."""

    def measure(tables: Tables) -> Measurement:
        rows = moves(tables)
        rows = rows[rows["before"].between(first, last)]
        return share_by(rows["enterprise_id"], tables.enterprises, rows["after"] >= worse)

    return measure


@cached
def line_defaults(tables: Tables) -> pd.DataFrame:
    """Each line's first bad month: line_id, enterprise_id, index, drawn_cny, limit_cny, age.

    `drawn_cny` is what was drawn then, a write-off of that month with it; `age` counts months
    from the month of the grant.
    """
    states = line_states(tables)
    first = states[states["bad"]].drop_duplicates("line_id")
    lines = tables.current("lines", ["line_id", "granted_on"])
    first = first.merge(lines, on="line_id", validate="one_to_one")
    granted = 12 * (first["granted_on"].dt.year - 1970) + first["granted_on"].dt.month - 1
    return first.assign(
        age=first["index"] - granted,
        drawn_cny=first["drawn_cny"] + first["written_off_cny"].fillna(0),
    )[["line_id", "enterprise_id", "granted_on", "index", "drawn_cny", "limit_cny", "age"]]


def old_vintages(tables: Tables) -> pd.DataFrame:
    """The defaults within two years on lines that were seen for two years from their grant."""
    rows = line_defaults(tables)
    seen = rows["granted_on"] >= line_states(tables)["month"].min()
    ripe = seen & (rows["granted_on"] < observed_until(tables) - pd.DateOffset(months=VINTAGE))
    kept: pd.DataFrame = rows[ripe & (rows["age"] <= VINTAGE)]
    return kept


def vintages(tables: Tables) -> Measurement:
    """The share of a vintage's defaults of two years that came in fourteen months."""
    rows = old_vintages(tables)
    require_cases(len(rows), "defaults of old vintages")
    return share_by(rows["enterprise_id"], tables.enterprises, rows["age"] <= RIPE)


@cached
def losses(tables: Tables) -> pd.Series:
    """The loss given default of each line written off of which the recoveries are over."""
    states = line_states(tables)
    by_line = states.groupby("line_id").agg(
        written=("written_off_cny", "sum"), back=("recovered_cny", "sum"), last=("month", "max")
    )
    over = by_line["last"] < observed_until(tables) - pd.DateOffset(months=1)
    done = by_line[(by_line["written"] > 0) & over]
    return 1 - done["back"] / done["written"]


def loss(tables: Tables) -> Measurement:
    """The mean loss given default."""
    return mean_of(losses(tables))


def humps(tables: Tables) -> Measurement:
    """The share of losses that are small or nearly whole."""
    lost = losses(tables)
    return share_of(float(((lost < LOW_HUMP) | (lost > HIGH_HUMP)).sum()), len(lost))


def conversion(tables: Tables) -> Measurement:
    """The mean share of what was undrawn a year before default that is drawn at default."""
    rows = line_defaults(tables)
    states = line_states(tables)[["line_id", "index", "drawn_cny"]]
    both = states.merge(rows, on="line_id", suffixes=("", "_then"), validate="many_to_one")
    since = both[both["index"] >= both["index_then"] - 12].drop_duplicates("line_id")
    since = since[since["index"] < since["index_then"]]
    room = since["limit_cny"] - since["drawn_cny"]
    kept = room > MIN_UNDRAWN * since["limit_cny"]
    return mean_of(((since["drawn_cny_then"] - since["drawn_cny"]) / room)[kept].clip(0, 1))


_MOVES = (
    ("current to 1-30 days", 0, 0, 1, (0.015, 0.035), "2-3 %"),
    ("1-30 to 31-60 days", 1, 30, 31, (0.23, 0.37), "25-35 %"),
    ("31-60 to 61-90 days", 31, 60, 61, (0.66, 0.84), "70-80 %"),
    ("61-90 to over 90 days", 61, 89, 90, (0.82, 0.97), "85-95 %"),
)

FACTS = (
    *(
        Fact(
            f"moves from {name}", "share", target, f"proposal: {says}", move(first, last, worse),
            "Monthly, lines drawn at the first month's end and reported at the next;"
            " the tolerance covers the sampling of a small simulation.",
        )
        for name, first, last, worse, target, says in _MOVES
    ),
    Fact(
        "vintage's defaults within 14 months", "share", (0.70, 0.98),
        "Ant 2020: vintages mature over about 14 months", vintages,
        "Of the defaults on lines in the two years from the month of grant; at a level hazard over"
        " two years it would be .58.",
    ),
    Fact(
        "loss given default, mean", "share", (0.57, 0.68), "proposal: .60-.65", loss,
        "1 - recovered / written off, by line, once no more is reported; tolerance .03.",
    ),
    Fact(
        "losses in the two humps", "share", (0.75, 1.0), "proposal: near .15 and .95", humps,
        f"Below {LOW_HUMP} or above {HIGH_HUMP}.",
    ),
    Fact(
        "credit conversion, mean", "share", (0.4, 0.6), "proposal: .5", conversion,
        "Rise of the drawn balance to the month of default over what was undrawn twelve months"
        " before, or in the line's first month; held to 0-1; more than 5 % undrawn.",
    ),
)  # fmt: skip
