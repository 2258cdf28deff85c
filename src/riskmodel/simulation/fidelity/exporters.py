"""Facts on exporters: how large, what grows, when it is quiet, how destinations change."""

from collections.abc import Callable

import numpy as np

from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.measure import (
    Floats,
    Measurement,
    TooFewCasesError,
    bootstrap_interval,
    deviation_of,
    mean_of,
    median_by,
    ratio,
    require_cases,
    sums_by,
)
from riskmodel.simulation.fidelity.tables import Tables
from riskmodel.simulation.fidelity.trade import (
    exports,
    last_year,
    pairs_of,
    sales,
    sales_with,
    years_of,
)

JANUARY, FEBRUARY, MARCH = 1, 2, 3
MIN_DEALS = 10


def size_median(tables: Tables) -> Measurement:
    """The median of the year's exports."""
    usd = last_year(tables)
    active = np.flatnonzero(usd > 0)
    return median_by(usd[active], active, tables.enterprises)


def size_sigma(tables: Tables) -> Measurement:
    """The standard deviation of the log of the year's exports."""
    usd = last_year(tables)
    return deviation_of(np.log(usd[usd > 0]))


def deal_median(tables: Tables) -> Measurement:
    """The median value of a sale."""
    rows = sales(tables)
    rows = rows[rows["fob_usd"] > 0]
    return median_by(rows["fob_usd"], rows["enterprise_id"], tables.enterprises)


def growth_of_continuing(tables: Tables) -> Measurement:
    """The share of all changes of yearly exports that falls on those that exported in both years."""
    usd = np.maximum(years_of(tables), 0)
    require_cases(usd.shape[1], "years", 2)
    change, both = np.abs(np.diff(usd, axis=1)), (usd[:, 1:] > 0) & (usd[:, :-1] > 0)
    return bootstrap_interval(np.stack([(change * both).sum(1), change.sum(1)], axis=1), ratio)


def growth_inside(column: str) -> Callable[[Tables], Measurement]:
    """The part of the growth of enterprises that go on which lies in pairs that go on.

    Pairs are of an enterprise and a detail of its sales. An enterprise's change from year to year
    is what its pairs of both years add, and what new and dropped pairs add; it counts by its size.
    """

    def measure(tables: Tables) -> Measurement:
        pairs, whole = pairs_of(tables, column), years_of(tables)
        require_cases(whole.shape[1], "years", 2)
        goes_on = (whole[:, 1:] > 0) & (whole[:, :-1] > 0)
        change = np.diff(pairs.usd, axis=1)
        both = (pairs.usd[:, 1:] > 0) & (pairs.usd[:, :-1] > 0)
        total, kept = (
            sums_by(pairs.enterprise, tables.enterprises, *one.T) * goes_on
            for one in (change, change * both)
        )
        parts = (kept * np.sign(total)).sum(axis=1), np.abs(total).sum(axis=1)
        return bootstrap_interval(np.stack(parts, axis=1), ratio)

    return measure


def churn(column: str) -> Callable[[Tables], Measurement]:
    """Pairs given up or taken up, over the pairs of both years, where the enterprise goes on."""

    def measure(tables: Tables) -> Measurement:
        pairs, whole = pairs_of(tables, column), years_of(tables)
        require_cases(whole.shape[1], "years", 2)
        goes_on = ((whole[:, 1:] > 0) & (whole[:, :-1] > 0))[pairs.enterprise]
        before, after = (pairs.usd[:, :-1] > 0) & goes_on, (pairs.usd[:, 1:] > 0) & goes_on
        parts = (before ^ after).sum(axis=1), before.sum(axis=1) + after.sum(axis=1)
        return bootstrap_interval(sums_by(pairs.enterprise, tables.enterprises, *parts), ratio)

    return measure


def year_on_year(month: int) -> Callable[[Tables], Measurement]:
    """All exports of a month of 2014 over those of 2013, net of the cycle, less one.

    The cycle is the same growth of the two months on each side of January and February: a
    fictional cycle is not China's, only the holiday's place is.
    """

    def measure(tables: Tables) -> Measurement:
        out = exports(tables)
        at = [out.month(2014, one) for one in (month, JANUARY - 2, JANUARY - 1, MARCH, MARCH + 1)]
        if at[1] < 12 or at[-1] >= out.months:
            raise TooFewCasesError(
                "the simulation does not hold the months around the new year of 2013"
            )
        places = [*at, *(one - 12 for one in at)]

        def net(sums: Floats) -> Floats:
            """The month's growth over that of the months around it."""
            around = sums[..., 1:5].sum(axis=-1) / sums[..., 6:10].sum(axis=-1)
            return np.asarray(sums[..., 0] / sums[..., 5] / around - 1)

        return bootstrap_interval(out.usd[:, places], net)

    return measure


def new_year_gap(tables: Tables) -> Measurement:
    """The mean distance between January's and February's year-on-year growth, in points."""
    out = exports(tables)
    januaries = range(out.month(out.first.year, JANUARY), out.months - 1, 12)
    places = [place for place in januaries if place >= 0]
    require_cases(len(places), "new years", 2)

    def gap(sums: Floats) -> Floats:
        """The gap of each new year but the first, averaged."""
        growth = sums[..., [1, 0], :][..., 1:] / sums[..., [1, 0], :][..., :-1] - 1
        return np.asarray(100 * np.abs(growth[..., 0, :] - growth[..., 1, :]).mean(axis=-1))

    wide = len(places)
    both = np.hstack([out.usd[:, places], out.usd[:, [place + 1 for place in places]]])
    return bootstrap_interval(both, lambda sums: gap(sums.reshape(*sums.shape[:-1], 2, wide)))


def main_buyer(tables: Tables) -> Measurement:
    """The mean share of the largest buyer in a year's exports."""
    rows = sales_with(tables, "buyer_id")
    rows = rows[(rows["fob_usd"] > 0) & (rows["month"] >= exports(tables).months - 12)]
    by_buyer = rows.groupby(["enterprise_id", "buyer_id"], observed=True)["fob_usd"].agg(
        ["sum", "size"]
    )
    largest = by_buyer.groupby("enterprise_id").agg({"sum": ["max", "sum"], "size": "sum"})
    known = largest[largest["size", "sum"] >= MIN_DEALS]
    return mean_of(known["sum", "max"] / known["sum", "sum"])


def shared_buyers(tables: Tables) -> Measurement:
    """The share of a year's buyers to whom more than one enterprise sold."""
    rows = sales_with(tables, "buyer_id")
    rows = rows[(rows["fob_usd"] > 0) & (rows["month"] >= exports(tables).months - 12)]
    sellers = rows.groupby("buyer_id", observed=True)["enterprise_id"].nunique()
    return mean_of(sellers > 1)


FACTS = (
    Fact(
        "12-month exports, median", "USD", (400_000, 600_000), "proposal", size_median,
        "Enterprises with any export in the twelve months before the simulation's end, also part-years.",
    ),
    Fact(
        "12-month exports, sigma of the log", "log", (1.1, 1.5), "proposal: 1.3", size_sigma,
        "Standard deviation of the log over the same enterprises; tolerance .2.",
    ),
    Fact(
        "sale, median", "USD", (15_000, 25_000), "proposal", deal_median,
        "FOB of released declarations above zero, all months.",
    ),
    Fact(
        "growth from enterprises that go on", "share", (0.70, 0.97), "Wang 2015: 90 %",
        growth_of_continuing,
        "Gross: of all enterprises' absolute year-on-year changes, the part of those exporting in"
        " both years. The published share is of net growth, which is near nothing here; gross,"
        " entry and exit do not cancel each other: hence down to .70.",
    ),
    Fact(
        "growth from products that go on", "share", (0.80, 0.95), "Wang 2015: 88 %",
        growth_inside("hs_code"),
        "Of the year-on-year changes of enterprises that go on, each in its own direction, the part"
        " in HS codes that they export in both years; the rest is codes taken up less given up.",
    ),
    Fact(
        "growth from destinations that go on", "share", (0.78, 0.94), "Wang 2015: 86 %",
        growth_inside("destination"),
        "As the products, by destination; tolerance 8 points.",
    ),
    Fact(
        "January 2014, year on year", "share", (-0.04, 0.26), "MOFCOM: +10.6 %",
        year_on_year(JANUARY),
        "All exports, net of the growth of the four months around; tolerance 15 points, for it is one new year.",
    ),
    Fact(
        "February 2014, year on year", "share", (-0.33, -0.03), "MOFCOM: -18.1 %",
        year_on_year(FEBRUARY),
        "All exports, net of the growth of the four months around; tolerance 15 points, for it is one new year.",
    ),
    Fact(
        "January-February growth gap", "points", (10, 26), "MOFCOM: 17.6 points",
        new_year_gap,
        "Mean absolute distance of the two year-on-year growths over the years; the published"
        " mean is over ten years, a simulation has few: tolerance 8 points.",
    ),
    Fact(
        "destinations that change in a year", "share", (0.22, 0.38), "proposal: 25-35 %",
        churn("destination"),
        "Destinations given up or taken up over those of both years, enterprises that go on;"
        " tolerance 3 points.",
    ),
    Fact(
        "products that change in a year", "share", (0.22, 0.38), "proposal: 25-35 %",
        churn("hs_code"), "As the destinations, by HS code; tolerance 3 points.",
    ),
    Fact(
        "main buyer's share", "share", (0.35, 0.65), "proposal: a Beta share", main_buyer,
        f"Mean over enterprises with {MIN_DEALS} sales or more in the last twelve months.",
    ),
    Fact(
        "buyers with more than one seller", "share", (0.10, 0.95), "proposal: buyers are shared",
        shared_buyers, "Buyers of the last twelve months; the interval takes them as independent.",
    ),
)  # fmt: skip
