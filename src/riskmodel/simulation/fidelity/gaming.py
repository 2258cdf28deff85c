"""Facts on gaming: exports staged for the programme's gate, as the truth marks them."""

import numpy as np
import pandas as pd

from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.measure import (
    Measurement,
    TooFewCasesError,
    median_by,
    require_cases,
    share_by,
    share_of,
)
from riskmodel.simulation.fidelity.settlement import is_staged
from riskmodel.simulation.fidelity.tables import Tables, cached

BEFORE_DAYS = 62
RIPE_DAYS = 400


def gamers(tables: Tables) -> Measurement:
    """The share of enterprises that game the gate."""
    flags = tables.hidden("enterprises", ["gamer"])["gamer"].astype(bool)
    return share_of(float(flags.sum()), len(flags))


@cached
def staged_rows(tables: Tables) -> pd.DataFrame:
    """The staged declarations that are declared: declaration_id, enterprise_id, declared_on,
    destination, buyer_id, fob_usd."""
    columns = ["declaration_id", "enterprise_id", "declared_on", "destination", "buyer_id"]
    rows = tables.current("declarations", [*columns, "fob_usd"])
    rows = rows[is_staged(tables).to_numpy()[rows["declaration_id"]]]
    if rows.empty:
        raise TooFewCasesError("no declaration is staged")
    return rows.reset_index(drop=True)


def bunching(tables: Tables) -> Measurement:
    """The share of staged declarations in the two months before an application or a signing."""
    rows = staged_rows(tables)
    tests = [
        tables.current(name, ["enterprise_id", day]).rename(columns={day: "tested_on"})
        for name, day in (("applications", "applied_on"), ("agreements", "signed_on"))
        if tables.has(name)
    ]
    if not tests:
        raise TooFewCasesError("no table applications, and no table agreements")
    met = pd.merge_asof(
        rows.sort_values("declared_on"),
        pd.concat(tests).sort_values("tested_on"),
        left_on="declared_on", right_on="tested_on", by="enterprise_id", direction="forward",
        tolerance=pd.Timedelta(days=BEFORE_DAYS),
    )  # fmt: skip
    return share_by(met["enterprise_id"], tables.enterprises, met["tested_on"].notna())


def through_hong_kong(tables: Tables) -> Measurement:
    """The share of staged declarations to Hong Kong."""
    rows = staged_rows(tables)
    return share_by(rows["enterprise_id"], tables.enterprises, rows["destination"].eq("HKG"))


def never_received(tables: Tables) -> Measurement:
    """The share of staged declarations for which nothing was ever received."""
    rows = staged_rows(tables)
    rows = rows[rows["declared_on"] < tables.end - pd.Timedelta(days=RIPE_DAYS)]
    paid = tables.current("receipts", ["declaration_id"])["declaration_id"]
    return share_by(rows["enterprise_id"], tables.enterprises, ~rows["declaration_id"].isin(paid))


def strange_buyers(tables: Tables) -> Measurement:
    """The share of staged declarations whose buyer buys nothing else."""
    rows = tables.current("declarations", ["declaration_id", "enterprise_id", "buyer_id"])
    flags = is_staged(tables).to_numpy()[rows["declaration_id"]]
    honest = set(rows.loc[~flags, "buyer_id"].dropna().unique())
    found = rows[flags]
    return share_by(found["enterprise_id"], tables.enterprises, ~found["buyer_id"].isin(honest))


def odd_values(tables: Tables) -> Measurement:
    """The median factor between a staged unit value and the median of its goods."""
    rows = tables.current(
        "declarations", ["declaration_id", "enterprise_id", "hs_code", "fob_usd", "quantity"]
    )
    rows = rows[(rows["fob_usd"] > 0) & (rows["quantity"] > 0) & rows["hs_code"].notna()]
    value = np.log(rows["fob_usd"] / rows["quantity"])
    flags = is_staged(tables).to_numpy()[rows["declaration_id"]]
    require_cases(float(flags.sum()), "staged declarations")
    usual = value[~flags].groupby(rows.loc[~flags, "hs_code"], observed=True).median()
    away = (value[flags] - rows.loc[flags, "hs_code"].map(usual).astype(float)).abs().dropna()
    who = rows.loc[away.index, "enterprise_id"]
    found = np.asarray(np.exp(away), dtype=np.float64)
    return median_by(found, who, tables.enterprises)


FACTS = (
    Fact(
        "enterprises that game", "share", (0.01, 0.06), "proposal: a small share", gamers,
        "Of all enterprises (truth).",
    ),
    Fact(
        "staged within two months before a test", "share", (0.6, 1.0),
        "proposal: bunched just before the test", bunching,
        f"Staged declarations at most {BEFORE_DAYS} days before an application or a signing of"
        " the enterprise (truth).",
    ),
    Fact(
        "staged to Hong Kong", "share", (0.3, 1.0), "proposal: goods that go round", through_hong_kong,
        "Staged declarations by destination (truth); of all others some 6 % go there.",
    ),
    Fact(
        "staged and never received", "share", (0.8, 1.0), "proposal: receipts that never come",
        never_received, f"Staged {RIPE_DAYS} days before the end, without any receipt (truth).",
    ),
    Fact(
        "staged to buyers without other trade", "share", (0.5, 1.0), "proposal", strange_buyers,
        "Staged declarations whose buyer stands in no other declaration (truth).",
    ),
    Fact(
        "staged unit values over the median", "ratio", (2, 20), "proposal", odd_values,
        "Median factor, up or down, from the median unit value of the same HS code (truth).",
    ),
)  # fmt: skip
