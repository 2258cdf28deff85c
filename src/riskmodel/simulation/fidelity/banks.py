"""Facts on the banks: how many, who signed with whom, limits set by experiment."""

from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.measure import (
    Measurement,
    bootstrap_interval,
    require_cases,
    share_of,
    sums_by,
)
from riskmodel.simulation.fidelity.tables import Tables


def bank_count(tables: Tables) -> Measurement:
    """The number of banks that granted a line."""
    return Measurement(float(tables.current("lines", ["bank"])["bank"].nunique()))


def pairs_without_agreement(tables: Tables) -> Measurement:
    """The share of enterprise and bank pairs without agreement, of those that signed any."""
    rows = tables.current("agreements", ["enterprise_id", "bank"]).drop_duplicates()
    banks = rows["bank"].nunique()
    require_cases(len(rows), "agreements")
    sums = sums_by(rows["enterprise_id"], tables.enterprises, [1.0] * len(rows))
    signers = (sums > 0).astype(float)
    sums = sums_by(range(len(sums)), len(sums), sums[:, 0], banks * signers[:, 0])
    return bootstrap_interval(sums, lambda s: 1 - s[..., 0] / s[..., 1])


def randomised_share(tables: Tables) -> Measurement:
    """The share of lines whose limit was set by experiment."""
    flags = tables.current("lines", ["randomised"])["randomised"].astype(bool)
    return share_of(float(flags.sum()), len(flags))


FACTS = (
    Fact(
        "banks", "banks", (7, 7), "the programme", bank_count,
        "Banks that granted a line.",
    ),
    Fact(
        "pairs without agreement", "share", (0.18, 0.32), "proposal: 20-30 %",
        pairs_without_agreement,
        "Enterprises that signed with any bank, times banks; tolerance 2 points.",
    ),
    Fact(
        "randomised lines", "share", (0.008, 0.022), "proposal: 1-2 %", randomised_share,
        "Lines whose limit was set by experiment; tolerance .2 points.",
    ),
)  # fmt: skip
