"""Figures: the charts that the notebooks show; the only place that imports the plotting library.

Every chart is guarded: what cannot be drawn is said, and ends no run.
"""

from types import FunctionType

from riskmodel.figures.backtest import (
    backtest_intervals,
    promised_profit,
    regret_causes,
    stress_caps,
    stress_profit,
    swap_sets,
    volume_frontier,
)
from riskmodel.figures.canvas import Picture
from riskmodel.figures.columns import default_rates, strengths_by_value
from riskmodel.figures.datasets import (
    default_rate,
    exclusions,
    sensitivity,
    split_sizes,
    yearly_default_rates,
)
from riskmodel.figures.explain import (
    beeswarm,
    importance,
    reason_counts,
    reason_overlap,
    reasons_at_reference_group,
    riskiest_enterprise,
)
from riskmodel.figures.feature_profile import (
    directions,
    feature_bands,
    feature_drift,
    rankings_in_time,
)
from riskmodel.figures.features import coverage, shapes
from riskmodel.figures.guard import guard_picture
from riskmodel.figures.limit_diagnostics import (
    limit_changes,
    limit_intervals,
    pd_error_costs,
    recourse_actions,
    regional_parity,
)
from riskmodel.figures.limits import (
    bank_use,
    binding,
    funnel,
    limit_response_estimates,
    limit_sizes,
    profit_curves,
    rates,
    shadow_prices,
    utilisation_effects,
)
from riskmodel.figures.model import grade_sizes, pd_distribution, repeats, roc
from riskmodel.figures.model_fit import (
    calibration_curves,
    scale,
    scorecard,
    trials,
    vintage_ranking,
)
from riskmodel.figures.publish import published_limits
from riskmodel.figures.published_results import published_auc
from riskmodel.figures.reject_inference import reject_inference_gains
from riskmodel.figures.simulation import (
    exits_by_year,
    export_sizes,
    fidelity,
    limit_response,
    monthly_exports,
    payment_delays,
    true_pd,
    vintage_defaults,
)
from riskmodel.figures.sources import arrivals, lateness, table_rows
from riskmodel.figures.validate import calibration, checks, performance

__all__ = [
    "Picture",
    "arrivals",
    "backtest_intervals",
    "bank_use",
    "beeswarm",
    "binding",
    "calibration",
    "calibration_curves",
    "checks",
    "coverage",
    "default_rate",
    "default_rates",
    "directions",
    "exclusions",
    "exits_by_year",
    "export_sizes",
    "feature_bands",
    "feature_drift",
    "fidelity",
    "funnel",
    "grade_sizes",
    "importance",
    "lateness",
    "limit_changes",
    "limit_intervals",
    "limit_response",
    "limit_response_estimates",
    "limit_sizes",
    "monthly_exports",
    "payment_delays",
    "pd_distribution",
    "pd_error_costs",
    "performance",
    "profit_curves",
    "promised_profit",
    "published_auc",
    "published_limits",
    "rankings_in_time",
    "rates",
    "reason_counts",
    "reason_overlap",
    "reasons_at_reference_group",
    "recourse_actions",
    "regional_parity",
    "regret_causes",
    "reject_inference_gains",
    "repeats",
    "riskiest_enterprise",
    "roc",
    "scale",
    "scorecard",
    "sensitivity",
    "shadow_prices",
    "shapes",
    "split_sizes",
    "strengths_by_value",
    "stress_caps",
    "stress_profit",
    "swap_sets",
    "table_rows",
    "trials",
    "true_pd",
    "utilisation_effects",
    "vintage_defaults",
    "vintage_ranking",
    "volume_frontier",
    "yearly_default_rates",
]

for _name in __all__:
    if isinstance(globals()[_name], FunctionType):  # Picture is the one class
        globals()[_name] = guard_picture(globals()[_name])
