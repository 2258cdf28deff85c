"""Every chart is drawn from a small table, says its units, and says why where there is nothing."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.colors import to_hex

from riskmodel import figures
from riskmodel.features import FAMILIES, Features, definitions_by_name
from riskmodel.features.attributes import attribute_definitions
from riskmodel.features.bins import MAX_BINS
from riskmodel.features.profile import Profile, profile
from riskmodel.features.spec import FeatureDefinition, total
from riskmodel.figures import Picture
from riskmodel.figures.canvas import BAD, GOOD, MAX_LINES, MAX_PANELS
from riskmodel.figures.features import in_short
from riskmodel.figures.limits import DRAWN as DRAWN_WORDS
from riskmodel.limits import Policy, policy_from
from riskmodel.limits.behaviour.limit_response import Centre, Estimate, LimitResponse
from riskmodel.limits.behaviour.usage import utilisation_inputs
from riskmodel.limits.behaviour.utilisation import Column, Utilisation
from riskmodel.model import RiskModel
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.scorecard.bins import Bins
from riskmodel.model.learners.scorecard.scorecard import Scale, Scorecard
from riskmodel.model.learners.single_feature import SingleFeature
from riskmodel.model.master_scale import GradeStatistics, MasterScale
from riskmodel.sources import Source

DAYS = pd.to_datetime(["2020-01-01", "2020-07-01"])
IDS = ["E1", "E2", "E3", "E4"]


def report() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": ["enterprises", "declarations"],
            "rows_in": [4, 10],
            "copies": [0, 1],
            "rows_used": [4, 8],
            "rows_rejected": [0, 1],
            "share_late": [None, 0.1],
            "share_corrected": [None, 0.2],
        }
    ).astype({"share_late": float, "share_corrected": float})


def source() -> Source:
    ids = pa.table({"enterprise_id": ["E1"]})
    days = pa.array(pd.to_datetime(["2020-01-05", "2020-03-06", "2020-03-07"]).date)
    return Source({"enterprises": ids, "declarations": pa.table({"declared_on": days})}, "UTC", "x")


def bare_source() -> Source:
    return Source({"enterprises": pa.table({"enterprise_id": ["E1"]})}, "UTC", "x")


def features() -> Features:
    feature = definitions_by_name()["exports_usd_6m"]
    frame = pd.DataFrame({"enterprise_id": IDS, feature.name: [1.0, 2.0, None, 4.0]})
    return Features(frame.assign(as_of=DAYS[0]), (feature,), pd.DataFrame())


def no_features() -> Features:
    return Features(features().frame[["enterprise_id", "as_of"]], (), pd.DataFrame())


QUARTERS = pd.to_datetime(["2020-01-01", "2020-10-01", "2021-01-01", "2021-07-01"])


def number(name: str, risk: str = "rises", family: str = "size") -> FeatureDefinition:
    return FeatureDefinition(name, "USD", risk, "declarations", total("x"), (name, name), family)  # type: ignore[arg-type]


def profiled(*definitions: FeatureDefinition, labelled: bool = True) -> Profile:
    """Forty enterprises on four dates, the last only scored; every feature ranks defaults upwards."""
    who, days = np.tile(np.arange(40), 4), np.repeat(QUARTERS, 40)
    bad = (who % 5 == 0) & labelled
    values = {feature.name: who % 7 + 4.0 * bad + days.year - 2020 for feature in definitions}
    frame = pd.DataFrame({"enterprise_id": who, "as_of": days, **values})
    known = labelled & (days < QUARTERS[-1])
    return profile(
        Features(frame, definitions, pd.DataFrame()), pd.Series(bad).astype("boolean").where(known)
    )


DEFINITIONS = (number("up"), number("down", "falls"), number("months", "none", "age"))


def excluded() -> pd.DataFrame:
    columns = ["purpose", "reason", "text", "rows", "enterprises"]
    return pd.DataFrame([("fit", "no_line", "no line", 3, 2)], columns=columns)


def panel() -> pd.DataFrame:
    labels = pd.array([True, False, False, None], dtype="boolean")
    return pd.DataFrame({"as_of": [*DAYS, *DAYS], "defaulted": labels})


def counts() -> pd.DataFrame:
    days = {"first_as_of": DAYS, "last_as_of": [DAYS[0], pd.Timestamp("2021-01-01")]}
    numbers = {"rows": [9, 5], "enterprises": [4, 3], "defaults": [1, 0]}
    return pd.DataFrame({"split": ["fit", "test"], **numbers, **days})


def definitions() -> pd.DataFrame:
    return pd.DataFrame(
        {"definition": ["90 days past due, 12 months"], "rows": [8], "defaults": [2], "rate": 0.25}
    )


def predictions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "enterprise_id": IDS,
            "split": ["test", "test", "test", "score"],
            "defaulted": pd.array([True, False, False, None], dtype="boolean"),
            "model": "trees",
            "pd_12m": [0.3, 0.1, 0.2, 0.0],
            "grade": ["G09", "G07", "G08", "G01"],
        }
    )


def repeated() -> pd.DataFrame:
    rows = predictions().head(3)
    return pd.concat([rows.assign(repeat=0), rows.assign(repeat=1)], ignore_index=True)


def contributions() -> pd.DataFrame:
    return pd.DataFrame({"up": [0.5, -0.2], "down": [-0.1, 0.3], "base": [-2.0, -2.0]})


def values() -> pd.DataFrame:
    return pd.DataFrame({"enterprise_id": IDS[:2], "up": [1.0, None], "down": ["x", "y"]})


def reasons() -> pd.DataFrame:
    return pd.DataFrame({"family": ["debt", "age", "debt"], "rank": [1, 2, 1]})


def changed() -> pd.DataFrame:
    return pd.DataFrame(
        {"rank": [1, 2, 1], "pd_12m": [0.1, 0.1, 0.02], "pd_at_reference": [0.05, 0.08, 0.03]}
    )


def agreed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "refit": ["1", "2", "all"],
            "overlap": [0.8, float("nan"), 0.8],
            "low": [0.7, float("nan"), 0.7],
            "high": [0.9, float("nan"), 0.9],
        }
    )


def checked() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "check": ["ranking", "out_of_time"],
            "passed": [True, False],
            "value": [0.8, float("nan")],
            "threshold": [0.6, 1.0],
        }
    )


def measured() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": ["trees", "single_feature"],
            "split": "test",
            "metric": "auc",
            "value": [0.8, 0.7],
            "low": [0.7, 0.6],
            "high": [0.9, 0.8],
        }
    )


def graded() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "grade": ["G01", "G10"],
            "pd_12m": [0.01, 0.4],
            "rate": [0.0, 0.5],
            "low": [0.0, 0.2],
            "high": [0.05, 0.8],
            "enterprises": [20.0, 4.0],
        }
    )


def gained() -> pd.DataFrame:
    """The accepted alone, and two ways to fit with the rejected, on the ranking of all."""
    return pd.DataFrame(
        {
            "question": "fit",
            "method": ["accepts_only", "fuzzy", "all_outcomes_known"],
            "population": "all",
            "metric": "auc",
            "gain": [0.0, -0.01, 0.03],
            "gain_low": [0.0, -0.02, 0.01],
            "gain_high": [0.0, 0.01, 0.04],
        }
    )


def steps() -> pd.DataFrame:
    columns = ["rule", "tested", "missing", "failed", "failed_alone", "left"]
    rows = [("exports", 10, 1, 4, 2, 6), ("agreement", 10, 0, 3, 1, 5)]
    return pd.DataFrame(rows, columns=columns)


def pairs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "bank": ["bank_a", "bank_b", ""],
            "decision": ["offer", "decline", "decline"],
            "binding_constraint": ["ceiling", "profit", "agreement"],
            "limit_cny": [1e6, 0.0, 0.0],
            "annual_rate": [0.12, None, None],
            "pd_12m": [0.02, 0.3, 0.1],
        }
    )


def curves() -> pd.DataFrame:
    numbers = {"level": [0.5, 1.0], "expected_profit_cny": [10.0, 15.0]}
    return pd.DataFrame({"bank": "bank_a", "grade": "G03", **numbers})


def banks() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "bank": ["bank_a", "bank_b"],
            "limit_cny": [1e6, 0.0],
            "budget_cny": [2e6, 1e6],
            "expected_loss_cny": [1e4, 0.0],
            "loss_cap_cny": [2e4, 1e4],
        }
    )


def priced() -> pd.DataFrame:
    """One budget and one loss cap that bind, a sector of all banks that hardly does, one at rest."""
    return pd.DataFrame(
        {
            "bank": ["bank_a", "bank_b", "", "bank_b"],
            "constraint": ["bank_budget", "bank_loss_cap", "destination_share", "bank_budget"],
            "segment": ["", "", "US", ""],
            "shadow_price": [0.02, 0.5, 1e-9, 0.0],
        }
    )


def terms() -> Policy:
    path = Path(__file__).parents[2] / "experiments" / "policy.toml"
    return policy_from(tomllib.loads(path.read_text("utf-8")), "policy.toml")


def response() -> LimitResponse:
    seen = (
        Estimate("strata", "default", 900, 40, 0.5, 0.25),
        Estimate("strata", "early", 900, 200, 1.0, 0.2),
        Estimate("naive", "default", 900, 40, -1.0, 0.4),
    )
    return LimitResponse("strata", 0.8, 0.15, 0.2, 0.8, Centre(0.9, 0.0, 0.0, 0.0, 0.0), 0.0, seen)


def drawing() -> Utilisation:
    columns = (
        Column("served", 0.0, 1.0, 0.5, 0.5, 0.01, 0.0),
        Column("debt_to_sales", 0.0, 1.0, 0.5, 0.5, -0.05, 0.0),
    )
    return Utilisation(0.45, columns, 0.4, 0.7, -0.1, 0.1, 0.6, 900, 40, 0.8)


def ranges() -> pd.DataFrame:
    """Two small offers, of which one may go, a large one that may halve or double; one without."""
    return pd.DataFrame(
        {
            "limit_cny": [1e5, 1e5, 1e6, 0.0],
            "limit_low_cny": [0.0, 1e5, 5e5, 0.0],
            "limit_high_cny": [1e5, 1e5, 2e6, 3e5],
        }
    )


def mistaken() -> pd.DataFrame:
    """Errors of the PD at one bank, for those without a line, and over all."""
    rows = [
        ("", "pd_low", 0, 0.0, 0.0, 2e5),
        ("", "pd_high", 0, 0.0, 0.0, 0.0),
        ("bank_a", "pd_low", 3, 5e6, 6e6, 1e5),
        ("bank_a", "pd_high", 3, 5e6, 3e6, 1e6),
        ("all", "pd_low", 3, 5e6, 6e6, 3e5),
        ("all", "pd_high", 3, 5e6, 3e6, 1e6),
    ]
    columns = ["bank", "error", "lines", "believed_cny", "true_cny", "lost_cny"]
    return pd.DataFrame(rows, columns=columns)


def actions() -> pd.DataFrame:
    """Two limits that exports raise, one of them a first; one enterprise that nothing helps."""
    return pd.DataFrame(
        {
            "enterprise_id": ["E1", "E1", "E2", "E3"],
            "rank": [1, 2, 1, 0],
            "action": ["exports", "platform", "exports", ""],
            "step": [0.1, 0.5, 0.5, np.nan],
            "limit_cny": [1e5, 1e5, 0.0, 0.0],
        }
    )


def apart() -> pd.DataFrame:
    """A province that is apart, one that is not, one of too few, one without any match."""
    return pd.DataFrame(
        {
            "province": ["North", "South", "East", "West"],
            "matched": [50, 60, 5, 0],
            "difference": [-0.2, 0.1, 0.4, np.nan],
            "low": [-0.3, -0.1, 0.1, np.nan],
            "high": [-0.1, 0.3, 0.8, np.nan],
            "tested": [True, True, False, False],
            "apart": [True, False, False, False],
        }
    )


def moves() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "bank": ["bank_a", "all", "all", "all"],
            "reason": ["pd", "pd", "unexplained", "small"],
            "changes": [3, 3, 1, 16],
            "share": [0.15, 0.15, 0.05, 0.8],
            "limit_change_cny": [-2e6, -2e6, 1e6, 0.0],
        }
    )


def publications() -> pd.DataFrame:
    return pd.DataFrame({"bank": ["bank_a"], "rows": [3], "offers": [1], "limit_cny": [1e6]})


def facts() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "fact": ["sale, median", "banks", "oracle's AUC"],
            "family": ["exporters", "banks", "default"],
            "unit": ["USD", "banks", "share"],
            "measured": [90_000.0, 7.0, float("nan")],
            "low": [85_000.0, float("nan"), float("nan")],
            "high": [95_000.0, float("nan"), float("nan")],
            "target_low": [15_000.0, 7.0, 0.8],
            "target_high": [25_000.0, 7.0, 0.9],
            "passed": [False, True, False],
        }
    )


def exported() -> pd.DataFrame:
    holidays = pd.to_datetime([None, "2020-07-25"])
    return pd.DataFrame({"month": DAYS, "exports_usd": [2e6, 1e6], "lunar_new_year": holidays})


def sizes() -> pd.DataFrame:
    return pd.DataFrame({"exports_usd_12m": [1e4, 1e5, 1e6]})


def exits() -> pd.DataFrame:
    targets = {"target_low": 0.1, "target_high": 0.5}
    return pd.DataFrame({"year": [1, 2] * 2, "size": ["small", "small", "large", "large"],
                         "exit": [0.4, 0.2, 0.2, 0.1], **targets})  # fmt: skip


def delays() -> pd.DataFrame:
    days = {"from_days": [-120.0, -10.0, 0.0, 180.0], "to_days": [-10.0, 0.0, 180.0, 365.0]}
    return pd.DataFrame({**days, "share": [0.0, 0.6, 0.3, 0.05], "never": 0.05})


def vintages() -> pd.DataFrame:
    return pd.DataFrame({"vintage": 2011, "age": [0, 1], "defaulted": [0.0, 0.01]})


def responses() -> pd.DataFrame:
    numbers = {"share_of_cap": [0.0, 1.0], "pd_12m": [0.01, 0.02]}
    return pd.DataFrame({"enterprise": "E1", **numbers, "slope": 0.8})


def deciles() -> pd.DataFrame:
    return pd.DataFrame(
        {"pd_12m": [0.01, 0.2], "rate": [0.0, 0.2], "low": [0.0, 0.1], "high": [0.05, 0.3]}
    )


def published_table() -> pd.DataFrame:
    """Two data sets: our trees and the price of signs, and what others published."""
    return pd.DataFrame(
        {
            "data": ["gmsc", "gmsc", "gmsc", "taiwan"],
            "whose": ["riskmodel", "riskmodel", "published", "riskmodel"],
            "model": ["trees", "unconstrained_trees less trees", "logistic regression", "trees"],
            "auc": [0.86, 0.001, 0.7, 0.78],
            "auc_low": [0.85, -0.001, np.nan, 0.77],
            "auc_high": [0.87, 0.003, np.nan, 0.79],
        }
    )


def fitted_model(statistics: tuple[GradeStatistics, ...] = ()) -> RiskModel:
    number = SingleFeature(Inputs(("exports_usd_6m",), (-1,), {}), -1, 0.0)
    line = Curve("logistic", -1.0, (1.5,))
    calibration = Calibration(line, 0.0, ((-2.0, 0.1, 0.2), (2.0, 0.1, 0.1)), 0.9, {})
    return RiskModel("single_feature", number, calibration, MasterScale((), statistics), {})


def fitted_scorecard() -> RiskModel:
    """One feature in two bins and one of missing values: 10, 20 and 5 rows."""
    one = Bins("exports_usd_6m", -1, (1000.0,), rows=(10, 20, 5), defaults=(4, 1, 0),
               weights=(0.9, -0.8, 0.0))  # fmt: skip
    feature = Scorecard(
        Inputs(("exports_usd_6m",), (-1,), {}), (one,), ((0.7, -0.5, 0.0),), -2.0,
        Scale(600.0, 50.0, 20.0), {},
    )  # fmt: skip
    return replace(fitted_model(), name="scorecard", ranker=feature)


def tried() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": ["trees", "trees"],
            "trial": [0, 1],
            "log_loss": [0.3, 0.4],
            "pruned": [False, True],
        }
    )


def walked() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "vintage": ["2020-01", "2020-07"],
            "model": ["trees", "trees"],
            "auc": [0.7, 0.8],
            "low": [0.6, 0.7],
            "high": [0.8, 0.9],
            "defaults": [20, 30],
        }
    )


GRADE = GradeStatistics("G01", 100.0, 2.0, 0.03, 0.005, 0.06, 0.05)


def judged_books() -> pd.DataFrame:
    """Two books at two volumes, as the back-test's frontier has them."""
    return pd.DataFrame(
        {
            "book": ["book", "rule_with_cut", "book", "rule_with_cut"],
            "step": [0.5, 0.5, 1.0, 1.0],
            "limit_cny": [1e6, 1e6, 2e6, 2e6],
            "expected_profit_cny": [6e4, np.nan, 1e5, np.nan],
            "profit_cny": [5e4, 4e4, 9e4, 6e4],
            "loss_cny": [1e4, 2e4, 3e4, 4e4],
            "bad_rate": [0.01, 0.02, 0.02, 0.03],
            "bad_rate_by_limit": [0.01, 0.02, 0.015, 0.03],
        }
    )


def swapped() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "set": ["both", "ours only", "theirs only"],
            "enterprises": [5, 3, 0],
            "limit_cny": [5e6, 1e6, 0.0],
            "their_limit_cny": [6e6, 0.0, 0.0],
            "profit_cny": [2e5, 1e5, 0.0],
            "their_profit_cny": [1e5, 0.0, 0.0],
            "bad_rate": [0.01, 0.02, np.nan],
        }
    )


def informed() -> pd.DataFrame:
    knows = ["nothing", "pd_level", "all but pd_level", "everything"]
    return pd.DataFrame({"knows": knows, "regret": [0.3, 0.2, 0.1, 0.0]})


def stressed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "scenario": ["base", "base", "shock", "shock"],
            "bank": ["north", "south", "north", "south"],
            "loss_cny": [1e4, 2e4, 4e4, 3e4],
            "loss_cap_cny": [3e4, 4e4, 3e4, 4e4],
            "profit_cny": [5e4, 4e4, 1e4, -2e4],
            "bad_rate": [0.01, 0.01, 0.03, 0.03],
            "losing": [0, 0, 2, 2],
            "too_high_cny": [1e6, 1e6, 2e6, 2e6],
        }
    )


def measured_over_simulations() -> pd.DataFrame:
    return pd.DataFrame({"measure": ["regret"], "value": [0.12], "low": [0.08], "high": [0.16]})


def yearly_rates() -> pd.DataFrame:
    rates = {"rate": [0.04, 0.09], "low": [0.03, 0.07], "high": [0.05, 0.11]}
    return pd.DataFrame({"period": ["2019", "2020"], **rates, "jump": [False, True]})


DRAWN: dict[str, Callable[[], Picture]] = {
    "published_auc": lambda: figures.published_auc(published_table()),
    "table_rows": lambda: figures.table_rows(report()),
    "arrivals": lambda: figures.arrivals(source()),
    "lateness": lambda: figures.lateness(report()),
    "coverage": lambda: figures.coverage(features()),
    "shapes": lambda: figures.shapes(features()),
    "feature_drift": lambda: figures.feature_drift(profiled(*DEFINITIONS)),
    "feature_bands": lambda: figures.feature_bands(profiled(*DEFINITIONS)),
    "directions": lambda: figures.directions(profiled(*DEFINITIONS)),
    "rankings_in_time": lambda: figures.rankings_in_time(profiled(*DEFINITIONS)),
    "exclusions": lambda: figures.exclusions(excluded()),
    "default_rate": lambda: figures.default_rate(panel()),
    "yearly_default_rates": lambda: figures.yearly_default_rates(yearly_rates()),
    "split_sizes": lambda: figures.split_sizes(counts()),
    "sensitivity": lambda: figures.sensitivity(definitions()),
    "trials": lambda: figures.trials(tried()),
    "calibration_curves": lambda: figures.calibration_curves({"single_feature": fitted_model()}),
    "scorecard": lambda: figures.scorecard({"scorecard": fitted_scorecard()}),
    "scale": lambda: figures.scale(fitted_model((GRADE,))),
    "vintage_ranking": lambda: figures.vintage_ranking(walked()),
    "roc": lambda: figures.roc(predictions()),
    "pd_distribution": lambda: figures.pd_distribution(predictions()),
    "grade_sizes": lambda: figures.grade_sizes(predictions()),
    "repeats": lambda: figures.repeats(repeated()),
    "importance": lambda: figures.importance(contributions()),
    "beeswarm": lambda: figures.beeswarm(values(), contributions()),
    "default_rates": lambda: figures.default_rates(profiled(*DEFINITIONS)),
    "strengths_by_value": lambda: figures.strengths_by_value(values(), contributions()),
    "riskiest_enterprise": lambda: figures.riskiest_enterprise(contributions()),
    "reason_counts": lambda: figures.reason_counts(reasons()),
    "reasons_at_reference_group": lambda: figures.reasons_at_reference_group(changed()),
    "reason_overlap": lambda: figures.reason_overlap(agreed()),
    "performance": lambda: figures.performance(measured()),
    "calibration": lambda: figures.calibration(graded()),
    "funnel": lambda: figures.funnel(steps()),
    "binding": lambda: figures.binding(pairs()),
    "profit_curves": lambda: figures.profit_curves(curves()),
    "limit_sizes": lambda: figures.limit_sizes(pairs()),
    "rates": lambda: figures.rates(pairs(), banks()["bank"]),
    "bank_use": lambda: figures.bank_use(banks()),
    "shadow_prices": lambda: figures.shadow_prices(priced()),
    "limit_response_estimates": lambda: figures.limit_response_estimates(response(), terms()),
    "utilisation_effects": lambda: figures.utilisation_effects(drawing()),
    "limit_intervals": lambda: figures.limit_intervals(ranges()),
    "pd_error_costs": lambda: figures.pd_error_costs(mistaken()),
    "recourse_actions": lambda: figures.recourse_actions(actions()),
    "regional_parity": lambda: figures.regional_parity(apart()),
    "limit_changes": lambda: figures.limit_changes(moves()),
    "published_limits": lambda: figures.published_limits(publications()),
    "fidelity": lambda: figures.fidelity(facts()),
    "monthly_exports": lambda: figures.monthly_exports(exported()),
    "export_sizes": lambda: figures.export_sizes(sizes()),
    "exits_by_year": lambda: figures.exits_by_year(exits()),
    "payment_delays": lambda: figures.payment_delays(delays()),
    "vintage_defaults": lambda: figures.vintage_defaults(vintages()),
    "limit_response": lambda: figures.limit_response(responses()),
    "true_pd": lambda: figures.true_pd(deciles()),
    "reject_inference_gains": lambda: figures.reject_inference_gains(gained()),
    "backtest_intervals": lambda: figures.backtest_intervals(measured_over_simulations()),
    "promised_profit": lambda: figures.promised_profit(judged_books().iloc[2:]),
    "regret_causes": lambda: figures.regret_causes(informed()),
    "stress_caps": lambda: figures.stress_caps(stressed()),
    "stress_profit": lambda: figures.stress_profit(stressed()),
    "swap_sets": lambda: figures.swap_sets(swapped()),
    "volume_frontier": lambda: figures.volume_frontier(judged_books()),
}
"""Every chart with axes, drawn."""

EMPTY: dict[str, Callable[[], Picture]] = {
    "published_auc": lambda: figures.published_auc(published_table().iloc[:0]),
    "table_rows": lambda: figures.table_rows(report().iloc[:0]),
    "arrivals": lambda: figures.arrivals(bare_source()),
    "lateness": lambda: figures.lateness(report().iloc[:1]),
    "coverage": lambda: figures.coverage(no_features()),
    "shapes": lambda: figures.shapes(no_features()),
    "feature_drift": lambda: figures.feature_drift(profiled()),
    "feature_bands": lambda: figures.feature_bands(profiled(*DEFINITIONS, labelled=False)),
    "directions": lambda: figures.directions(profiled(*DEFINITIONS, labelled=False)),
    "rankings_in_time": lambda: figures.rankings_in_time(profiled()),
    "exclusions": lambda: figures.exclusions(excluded().iloc[:0]),
    "default_rate": lambda: figures.default_rate(panel().iloc[:0]),
    "yearly_default_rates": lambda: figures.yearly_default_rates(yearly_rates().iloc[:0]),
    "split_sizes": lambda: figures.split_sizes(counts().iloc[:0]),
    "sensitivity": lambda: figures.sensitivity(definitions().iloc[:0]),
    "trials": lambda: figures.trials(tried().iloc[:0]),
    "calibration_curves": lambda: figures.calibration_curves({}),
    "scorecard": lambda: figures.scorecard({"single_feature": fitted_model()}),
    "scale": lambda: figures.scale(fitted_model()),
    "vintage_ranking": lambda: figures.vintage_ranking(walked().iloc[:0]),
    "roc": lambda: figures.roc(predictions().iloc[:0]),
    "pd_distribution": lambda: figures.pd_distribution(predictions().iloc[:0]),
    "grade_sizes": lambda: figures.grade_sizes(predictions().iloc[:0]),
    "repeats": lambda: figures.repeats(pd.DataFrame(columns=["repeat"])),
    "importance": lambda: figures.importance(contributions().iloc[:0]),
    "beeswarm": lambda: figures.beeswarm(values().iloc[:0], contributions().iloc[:0]),
    "default_rates": lambda: figures.default_rates(profiled(*DEFINITIONS, labelled=False)),
    "strengths_by_value": lambda: figures.strengths_by_value(
        values().iloc[:0], contributions().iloc[:0]
    ),
    "riskiest_enterprise": lambda: figures.riskiest_enterprise(contributions().iloc[:0]),
    "reason_counts": lambda: figures.reason_counts(reasons().iloc[:0]),
    "reasons_at_reference_group": lambda: figures.reasons_at_reference_group(changed().iloc[:0]),
    "reason_overlap": lambda: figures.reason_overlap(agreed().iloc[1:2]),
    "checks": lambda: figures.checks(checked().iloc[:0]),
    "performance": lambda: figures.performance(measured().iloc[:0]),
    "calibration": lambda: figures.calibration(graded().iloc[:0]),
    "funnel": lambda: figures.funnel(steps().iloc[:0]),
    "binding": lambda: figures.binding(pairs().iloc[:0]),
    "profit_curves": lambda: figures.profit_curves(curves().iloc[:0]),
    "limit_sizes": lambda: figures.limit_sizes(pairs().iloc[1:]),
    "rates": lambda: figures.rates(pairs().iloc[1:], banks()["bank"]),
    "bank_use": lambda: figures.bank_use(banks().iloc[:0]),
    "shadow_prices": lambda: figures.shadow_prices(priced().iloc[2:]),
    "limit_response_estimates": lambda: figures.limit_response_estimates(None, terms()),
    "utilisation_effects": lambda: figures.utilisation_effects(replace(drawing(), columns=())),
    "limit_intervals": lambda: figures.limit_intervals(ranges().iloc[3:]),
    "pd_error_costs": lambda: figures.pd_error_costs(mistaken().assign(lines=0)),
    "recourse_actions": lambda: figures.recourse_actions(actions().iloc[3:]),
    "regional_parity": lambda: figures.regional_parity(pd.DataFrame()),
    "limit_changes": lambda: figures.limit_changes(pd.DataFrame()),
    "published_limits": lambda: figures.published_limits(publications().iloc[:0]),
    "fidelity": lambda: figures.fidelity(facts().iloc[:0]),
    "monthly_exports": lambda: figures.monthly_exports(exported().iloc[:0]),
    "export_sizes": lambda: figures.export_sizes(sizes().iloc[:0]),
    "exits_by_year": lambda: figures.exits_by_year(exits().iloc[:0]),
    "payment_delays": lambda: figures.payment_delays(delays().iloc[:0]),
    "vintage_defaults": lambda: figures.vintage_defaults(vintages().iloc[:0]),
    "limit_response": lambda: figures.limit_response(responses().iloc[:0]),
    "true_pd": lambda: figures.true_pd(deciles().iloc[:0]),
    "reject_inference_gains": lambda: figures.reject_inference_gains(gained().iloc[:1]),
    "backtest_intervals": lambda: figures.backtest_intervals(measured_over_simulations().iloc[:0]),
    "promised_profit": lambda: figures.promised_profit(judged_books().iloc[:0]),
    "regret_causes": lambda: figures.regret_causes(informed().iloc[:0]),
    "stress_caps": lambda: figures.stress_caps(stressed().iloc[:0]),
    "stress_profit": lambda: figures.stress_profit(stressed().iloc[:0]),
    "swap_sets": lambda: figures.swap_sets(swapped().iloc[2:]),
    "volume_frontier": lambda: figures.volume_frontier(judged_books().iloc[:0]),
}
"""Every chart, with nothing to draw."""


def words(picture: Picture) -> list[str]:
    return [text.get_text() for axes in picture.axes for text in axes.texts]


def test_every_chart_is_tried_with_rows_and_without() -> None:
    charts = set(figures.__all__) - {"Picture"}
    assert set(EMPTY) == charts
    assert set(DRAWN) == charts - {"checks"}


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_is_drawn_and_its_lowest_axis_says_what_it_holds(name: str) -> None:
    picture = DRAWN[name]()
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert not any(text.startswith("Nothing to show") for text in words(picture))
    shown = [axes for axes in picture.axes if axes.axison]
    assert any(axes.get_xlabel() or axes.get_ylabel() for axes in shown)


@pytest.mark.parametrize("name", EMPTY)
def test_a_chart_of_nothing_says_why(name: str) -> None:
    picture = EMPTY[name]()
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert [text.startswith("Nothing to show: ") for text in words(picture)] == [True]


def test_a_method_of_selection_stands_at_its_gain_beside_what_every_outcome_would_give() -> None:
    ranking, _ = figures.reject_inference_gains(gained()).axes
    named = [label.get_text() for label in ranking.get_yticklabels()]
    assert named == ["fuzzy", "all outcomes known"]
    points = next(line for line in ranking.lines if line.get_label() == "all applicants")
    assert points.get_xdata().tolist() == [-0.01, 0.03]
    (band,) = ranking.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.01, 0.04))


def test_a_published_figure_stands_beside_ours_and_a_difference_is_no_ranking() -> None:
    ours, other = figures.published_auc(published_table()).axes
    named = [label.get_text() for label in ours.get_yticklabels()]
    assert named == ["trees", "logistic regression (published)"]
    dots = [line for line in ours.lines if line.get_marker() in ("o", "D")]
    assert [(d.get_marker(), d.get_xdata().tolist()) for d in dots] == [("o", [0.86]), ("D", [0.7])]
    assert [label.get_text() for label in other.get_yticklabels()] == ["trees"]


def test_the_same_table_gives_the_same_bytes() -> None:
    first, second = (figures.calibration(graded())._repr_png_() for _ in range(2))
    assert first == second


def test_the_ranking_of_the_worst_at_the_top_has_an_area_of_one() -> None:
    (axes,) = figures.roc(predictions()).axes
    assert axes.get_legend_handles_labels()[1][0] == "trees, AUC 1.000"


def test_equal_probabilities_rank_nobody() -> None:
    (axes,) = figures.roc(predictions().assign(pd_12m=0.2)).axes
    assert axes.get_legend_handles_labels()[1][0] == "trees, AUC 0.500"


def test_a_month_without_rows_is_drawn_as_zero() -> None:
    (axes,) = (axes for axes in figures.arrivals(source()).axes if axes.axison)
    drawn = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert {0.0, 1.0, 2.0} == set(drawn)


def test_a_check_is_shown_with_its_value_and_its_threshold() -> None:
    assert words(figures.checks(checked())) == [
        "passed: 0.8 (threshold: 0.6)",
        "failed: nothing to compare (threshold: 1)",
    ]


def test_a_fact_is_placed_in_its_target_range_and_told_in_numbers() -> None:
    (axes,) = figures.fidelity(facts()).axes
    assert axes.get_title(loc="left") == "1 of 3 facts in their target ranges"
    assert "90,000   (15,000 to 25,000) USD" in words(figures.fidelity(facts()))
    assert "7   (7) banks" in words(figures.fidelity(facts()))
    assert "not measured" in words(figures.fidelity(facts()))
    # the met fact stands in the band's middle, the one far above at the chart's edge
    points = [tuple(one) for dots in axes.collections[1:] for one in dots.get_offsets().tolist()]
    assert {(0.5, 1.0), (2.0, 0.0)} <= set(points)


def test_a_first_reason_whose_probability_did_not_fall_stands_out() -> None:
    (axes,) = figures.reasons_at_reference_group(changed()).axes
    (points,) = axes.collections
    assert points.get_offsets().tolist() == [[0.1, 0.05], [0.02, 0.03]]
    assert [to_hex(colour) for colour in points.get_facecolor()] == [GOOD, BAD]


def test_a_refit_that_says_nothing_has_no_bar() -> None:
    (axes,) = figures.reason_overlap(agreed()).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1", "all"]


def test_the_strengths_lead_from_the_baseline_to_the_riskiest_enterprise() -> None:
    (axes,) = figures.riskiest_enterprise(contributions()).axes
    assert [text.get_text() for text in axes.texts] == ["+0.50", "-0.10"]
    assert [bar.get_x() for bar in axes.patches] == [-2.0, -1.5]


def test_a_bank_keeps_its_colour_when_another_makes_no_offer() -> None:
    every = pairs().iloc[:2].assign(decision="offer", annual_rate=0.1)
    both, one = (figures.rates(rows, banks()["bank"]).axes[0] for rows in (every, every.iloc[1:]))
    assert (
        both.collections[1].get_facecolor().tolist() == one.collections[0].get_facecolor().tolist()
    )


def test_a_name_is_never_read_as_a_formula() -> None:
    picture = figures.published_limits(publications().assign(bank="$x^2$"))
    assert [tick.get_text() for tick in picture.axes[0].get_yticklabels()] == [r"\$x^2\$"]


def colours_by_name(picture: Picture) -> dict[str, str]:
    """The colour of each feature's point, by the name beside it."""
    told = {}
    for axes in picture.axes:
        names = {
            int(tick): text.get_text()
            for tick, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
        }
        points = axes.collections[1]
        for (_, place), colour in zip(
            points.get_offsets().tolist(), points.get_facecolor(), strict=True
        ):
            told[names[int(place)]] = to_hex(colour)
    return told


def test_a_feature_stands_right_of_the_middle_only_as_its_feature_declares() -> None:
    picture = figures.directions(profiled(*DEFINITIONS))
    (axes,) = picture.axes
    places = {
        text.get_text(): tick
        for tick, text in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    }
    aucs = {place: auc for auc, place in axes.collections[1].get_offsets().tolist()}
    assert aucs[places["up"]] > 0.8
    assert aucs[places["down"]] < 0.2
    assert colours_by_name(picture) | {"up": GOOD, "down": BAD} == colours_by_name(picture)
    told = [text.get_text() for text in picture.legends[0].get_texts()]
    assert told == [
        "as declared (1)",
        "against what is declared (1)",
        "no direction declared: right is rising (1)",
    ]


def test_many_features_stand_in_two_columns_and_no_family_is_cut() -> None:
    definitions = [
        number(f"{family}_{place}", family=family)
        for family in list(FAMILIES)[:8]
        for place in range(6)
    ]
    left, right = figures.directions(profiled(*definitions)).axes
    names = [[text.get_text() for text in axes.get_yticklabels()] for axes in (left, right)]
    assert [len(column) for column in names] == [28, 28]
    assert names[0][0] == "size"
    assert names[1][0] == list(FAMILIES)[4]
    assert left.get_ylim() == right.get_ylim()


def test_every_family_has_its_own_small_chart() -> None:
    definitions = tuple(number(f"{family}_1", family=family) for family in FAMILIES)
    frame = pd.DataFrame({feature.name: [1.0, 2.0] for feature in definitions})
    for picture in (
        figures.shapes(Features(frame, definitions, pd.DataFrame())),
        figures.feature_bands(profiled(*definitions)),
        figures.rankings_in_time(profiled(*definitions)),
    ):
        titles = [axes.get_title().split("\n")[-1] for axes in picture.axes if axes.axison]
        assert titles == list(FAMILIES)


def test_many_columns_of_attributes_are_shown_in_part_and_the_chart_says_so() -> None:
    definitions = attribute_definitions({f"ratio_{place}": "number" for place in range(64)})
    found = profiled(*definitions)
    names = [one.name for one in definitions]
    sizes = pd.DataFrame([np.arange(64.0)], columns=names)
    for picture in (
        figures.importance(sizes),
        figures.coverage(Features(pd.DataFrame(1.0, [0], names), definitions, pd.DataFrame())),
        figures.feature_drift(found),
    ):
        assert len(picture.axes[0].get_yticklabels()) == MAX_LINES
        assert f"the {MAX_LINES} " in picture.axes[0].get_xlabel()
    assert len(figures.rankings_in_time(found).axes) == MAX_PANELS
    labels = figures.directions(found).axes[0].get_yticklabels()
    assert labels[0].get_text() == "attributes"
    assert len(figures.default_rates(found).axes) == 12


def test_the_default_rate_of_each_value_stands_with_its_share_of_the_rows() -> None:
    picture = figures.default_rates(profiled(number("few")))
    words = [text.get_text() for text in picture.axes[0].get_yticklabels()]
    assert all(one.endswith("%)") for one in words)
    assert 2 <= len(words) <= MAX_BINS + 2


def test_the_rows_to_be_scored_stand_apart_in_the_drift() -> None:
    picture = figures.feature_drift(profiled(*DEFINITIONS))
    axes = picture.axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["2021-01", "2021-07\nto score"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["size", "age"]
    drift = profiled(*DEFINITIONS).drift
    first = drift[(drift["family"] == "size") & drift["labelled"]]["psi"].median()
    assert axes.texts[0].get_text() == f"{first:.2f}"


def test_a_small_axis_tells_thousands_and_millions_in_short() -> None:
    axes = figures.shapes(features()).axes[0]
    in_short(axes, "x")
    told = axes.xaxis.get_major_formatter()
    assert [told(value) for value in (0.25, 1500, -2e6, 3e9)] == ["0.25", "1.5k", "-2m", "3bn"]


def test_a_cap_that_a_stress_breaks_is_red_and_the_others_are_not() -> None:
    base, shock = figures.stress_caps(stressed()).axes[:2]
    assert [to_hex(bar.get_facecolor()) == BAD for bar in base.patches] == [False, False]
    assert [to_hex(bar.get_facecolor()) == BAD for bar in shock.patches] == [True, False]


def test_only_our_book_shows_a_promise() -> None:
    (axes,) = figures.promised_profit(judged_books().iloc[2:]).axes
    promises = [bar.get_width() for bar in axes.containers[0]]
    assert promises[0] == pytest.approx(0.1)
    assert np.isnan(promises[1])


def tick_names(axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_rows_stand_by_what_a_million_more_earns_and_rounding_of_the_search_is_no_price() -> None:
    (axes,) = figures.shadow_prices(priced()).axes
    assert tick_names(axes) == ["bank_b: loss cap", "bank_a: budget"]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([500.0, 20.0])
    assert axes.get_xlabel().endswith("2 of 4 rows bind, 2 shown")


def test_a_row_of_all_banks_names_its_destination() -> None:
    (axes,) = figures.shadow_prices(priced().assign(shadow_price=0.01)).axes
    assert "all banks: share of US" in tick_names(axes)


def test_the_naive_slope_is_red_and_its_interval_lies_off_that_within_strata() -> None:
    (axes,) = figures.limit_response_estimates(response(), terms()).axes
    names = tick_names(axes)
    naive = names.index("naive regression: default (40)")
    strata = names.index("within strata: default (40)")
    ends = [lines.get_segments()[0][:, 0] for lines in axes.collections]
    assert ends[naive] == pytest.approx([-1 - 1.96 * 0.4, -1 + 1.96 * 0.4], abs=1e-3)
    assert ends[naive][1] < ends[strata][0]
    assert to_hex(axes.collections[naive].get_color()[0]) == BAD


def test_the_belief_and_the_pooled_slope_stand_beside_what_was_seen() -> None:
    (axes,) = figures.limit_response_estimates(response(), terms()).axes
    points = dict(zip(tick_names(axes), axes.lines, strict=False))
    said = terms().economics.pd_slope
    assert points["the policy's belief beforehand"].get_xdata().tolist() == [said]
    assert points["pooled: the mean response used"].get_xdata().tolist() == [0.8]
    *_, mean, own = (lines.get_segments()[0][:, 0] for lines in axes.collections)
    assert np.diff(mean) == pytest.approx(2 * 1.96 * 0.15, abs=1e-3)
    assert np.diff(own) == pytest.approx(2 * 1.96 * 0.25, abs=1e-3)  # 0.15 and 0.2 in squares


def test_the_strongest_column_of_the_drawing_stands_first_in_words() -> None:
    (axes,) = figures.utilisation_effects(drawing()).axes
    feature = definitions_by_name()["debt_to_sales"].texts[0]
    assert tick_names(axes) == [feature, "had a line before"]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([-5.0, 1.0])
    assert "60% of the variance of 900 past lines" in axes.get_xlabel()


def test_every_column_of_the_drawing_has_words() -> None:
    columns = set(utilisation_inputs(pd.DataFrame(index=[0]), np.ones(1), 0.4))
    assert columns >= set(DRAWN_WORDS)
    assert columns <= set(DRAWN_WORDS) | set(definitions_by_name())


def test_a_range_is_of_the_sum_decided_and_tells_what_is_left_of_the_offers() -> None:
    sums, fates = figures.limit_intervals(ranges()).axes
    assert tick_names(sums)[-1] == "all offers"
    low, high = sums.collections[-1].get_segments()[0][:, 0]
    assert (low, high) == pytest.approx((0.6 / 1.2, 2.2 / 1.2))
    last = [bars.patches[-1].get_width() for bars in fates.containers]
    assert last == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_equal_limits_are_one_size() -> None:
    sums, _ = figures.limit_intervals(ranges().iloc[:2]).axes
    assert tick_names(sums) == ["0.10 to 0.10", "all offers"]


def test_what_an_error_costs_is_red_and_the_dearest_error_is_told_by_bank() -> None:
    whole, by_bank = figures.pd_error_costs(mistaken()).axes
    kept, lost = ([bar.get_width() for bar in bars.patches] for bars in whole.containers)
    assert kept == pytest.approx([6.0, 3.0])
    assert lost == pytest.approx([0.3, 1.0])
    assert by_bank.get_title() == "true PD: its high end"
    assert tick_names(by_bank) == ["bank_a", "no line now"]


def test_an_action_counts_its_enterprises_by_step_and_first_limits_apart() -> None:
    picture = figures.recourse_actions(actions())
    exports, platform = picture.axes
    assert picture.get_suptitle().endswith("(2 of 3 enterprises have one)")
    assert (exports.get_title(), platform.get_title()) == ("exports: 2", "platform: 1")
    assert [label.get_text() for label in exports.get_xticklabels()] == ["10%", "50%"]
    higher, first = ([bar.get_height() for bar in bars.patches] for bars in exports.containers)
    assert (higher, first) == ([1, 0], [0, 1])


def test_only_a_province_that_is_judged_and_apart_is_red() -> None:
    (axes,) = figures.regional_parity(apart()).axes
    assert tick_names(axes) == ["South", "North", "East"]
    colours = [to_hex(one) for one in axes.collections[1].get_facecolor()]
    assert [one == BAD for one in colours] == [False, True, False]
    assert colours[2] != colours[0]


def test_an_unexplained_change_is_red_and_banks_are_not_counted_twice() -> None:
    counts, sums = figures.limit_changes(moves()).axes
    assert [bar.get_width() for bar in counts.patches] == [3, 1, 16]
    assert [to_hex(bar.get_facecolor()) == BAD for bar in counts.patches] == [False, True, False]
    assert [bar.get_width() for bar in sums.patches] == [-2.0, 1.0, 0.0]
