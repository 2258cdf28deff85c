"""Readers of a run's terms: policy, banks, agreements, and what `limits` read beside them."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from riskmodel import features as feature
from riskmodel import limits as lending
from riskmodel.datasets.panel import KEY
from riskmodel.errors import DataError
from riskmodel.features.spec import FeatureDefinition
from riskmodel.limits.agreements import agreements_in_force
from riskmodel.limits.behaviour.usage import DEFINITIONS as USE
from riskmodel.pipeline.artifacts.datasets import as_of_date, horizon_months, panel_of
from riskmodel.pipeline.artifacts.features import definitions_of
from riskmodel.pipeline.artifacts.model import champion_of
from riskmodel.pipeline.artifacts.sources import source_of
from riskmodel.pipeline.bank_exclusions import refuse_unknown_banks
from riskmodel.runs.run_folder import Run
from riskmodel.settings import Settings, read_toml
from riskmodel.sources import Source
from riskmodel.storage.files import read_rows


@dataclass(frozen=True)
class Programme:
    """The source as known at one date, its features and its terms, as past lines are read from the terms."""

    source: Source
    definitions: tuple[FeatureDefinition, ...]
    policy: lending.Policy
    settings: Settings

    @property
    def day(self) -> pd.Timestamp:
        """The as-of date."""
        return pd.Timestamp(self.settings.run.as_of)


def programme_of(run: Run) -> Programme:
    """Return what the limits read of the run: its source, its features, its terms."""
    return Programme(source_of(run), definitions_of(run), policy_of(run), run.settings)


def policy_of(run: Run) -> lending.Policy:
    """Return the policy that the run keeps."""
    path = run.path_of(".", "policy.toml")
    return lending.policy_from(read_toml(path), run.settings.limits.policy)


def banks_of(run: Run) -> lending.Banks:
    """Return the banks that the run keeps."""
    return lending.banks_from(read_toml(run.path_of(".", "banks.toml")), run.settings.limits.banks)


def terms_of(run: Run) -> lending.Terms:
    """Return the terms under which the stage `limits` decided, with the behaviour of past lines."""
    policy = policy_of(run)
    curve = lending.take_up_curve(churn_of(run, policy), policy)
    behaviour = lending.Behaviour.from_text(run.read_json("limits", "behaviour"))
    return lending.Terms(policy, banks_of(run), curve, behaviour)


def churn_of(run: Run, policy: lending.Policy) -> pd.DataFrame | None:
    """Return the rate-to-churn curve that the policy names, from the source's `_terms` folder."""
    name = policy.pricing.churn_file
    if not name:
        return None
    path = Path(run.settings.run.data) / "_terms" / Path(name).name
    if not path.exists():
        raise DataError(f"_terms/{name}: not in the source folder. Import it, or drop churn_file.")
    return pd.DataFrame(read_rows(path).to_pandas())


def agreements_of(
    run: Run, source: Source, banks: lending.Banks
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the agreements in force on the run's day: all, and those with banks that have terms.

    `SettingsError` for a bank without terms that the settings do not leave out by name.
    """
    signed = agreements_in_force(source, as_of_date(run))
    refuse_unknown_banks(signed, banks, run.settings)
    return signed, signed[signed["bank"].isin(banks.names)]


def scored_of(run: Run, programme: Programme) -> pd.DataFrame:
    """Return the scored enterprises with their features, their PDs and the use of their own lines."""
    panel = panel_of(run)
    scored = panel[panel["split"] == "score"].drop(columns=["split", "defaulted"])
    with_pd = scored.merge(_twelve_month(run), on="enterprise_id", how="left", validate="1:1")
    found = feature.compute(
        programme.source,
        with_pd[KEY],
        programme.settings.features,
        definitions=USE,
        threads=programme.settings.run.threads,
    )
    return with_pd.merge(found.frame, on=KEY, how="left", validate="1:1")


def twelve_month_pds(run: Run, scored: pd.DataFrame, horizon: int | None) -> pd.DataFrame:
    """Return the scores with PDs over the labels' horizon, in months, turned into twelve-month ones."""
    conversion = run.settings.limits.horizon_conversion
    yearly = {
        column: lending.convert_to_twelve_months(scored[column], horizon, conversion)
        for column in ("pd_12m", "pd_low", "pd_high")
    }
    return scored.assign(**yearly)


def _twelve_month(run: Run) -> pd.DataFrame:
    """Return the scored enterprises' PDs over twelve months, with their grade."""
    predictions, name = run.read("model", "predictions"), champion_of(run).name
    mine = (predictions["model"] == name) & (predictions["split"] == "score")
    scored = predictions.loc[mine, ["enterprise_id", "pd_12m", "pd_low", "pd_high", "grade"]]
    return twelve_month_pds(run, scored, horizon_months(run))
