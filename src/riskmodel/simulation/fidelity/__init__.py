"""The fidelity report: facts measured on a simulation, beside published ones."""

from riskmodel.simulation.fidelity.catalogue import fidelity_report
from riskmodel.simulation.fidelity.curves import (
    exits_by_year,
    export_sizes,
    limit_response,
    monthly_exports,
    payment_delays,
    true_pd_deciles,
    vintage_defaults,
)
from riskmodel.simulation.fidelity.tables import open_tables

__all__ = [
    "exits_by_year",
    "export_sizes",
    "fidelity_report",
    "limit_response",
    "monthly_exports",
    "open_tables",
    "payment_delays",
    "true_pd_deciles",
    "vintage_defaults",
]
