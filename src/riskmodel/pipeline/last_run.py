"""Last month's limits, read from the run that the settings name."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from riskmodel.errors import SettingsError
from riskmodel.runs.run_folder import Run
from riskmodel.runs.run_record import OUTPUTS, read_record
from riskmodel.storage.files import sha256


@dataclass(frozen=True)
class LastRun:
    """Last month's run: its name, its recommendations, and its constraints with their shadow prices."""

    name: str
    recommendations: pd.DataFrame
    constraints: pd.DataFrame


COLUMNS = {
    "recommendations": ("enterprise_id", "bank", "decision", "limit_cny", "cap_cny", "pd_12m",
                        "binding_constraint", "refusals"),
    "constraints": ("bank", "constraint", "segment", "shadow_price"),
}  # fmt: skip
"""Columns that are read, by table of the folder `limits`."""


def last_run_of(run: Run) -> LastRun | None:
    """Return last month's limits; None where the settings name no run."""
    name = run.settings.limits.previous_run
    return read_last_run(run.folder.parent / Path(name).name) if name else None


def read_last_run(folder: Path) -> LastRun:
    """Read last month's limits from a run's folder.

    `SettingsError` where its limits are not there, of another form, or not what the run wrote.
    """
    found, kept = {}, read_record(folder).get(OUTPUTS, {}).get("limits", {})
    for name, columns in COLUMNS.items():
        try:
            found[name] = pd.read_parquet(folder / "limits" / f"{name}.parquet")
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"limits.previous_run: {folder.name} is no run with limits. Name another, or none."
            ) from error
        if not set(columns) <= set(found[name].columns):
            raise SettingsError(
                f"limits.previous_run: {folder.name} has limits of another version. Set previous_run to ''."
            )
        if sha256(folder / "limits" / f"{name}.parquet") != kept.get(f"limits/{name}.parquet"):
            raise SettingsError(
                f"limits.previous_run: {folder.name}/limits/{name}.parquet is not what the run wrote, or"
                " the run kept no digest of it. Run it again, or set previous_run to ''."
            )
    return LastRun(folder.name, **found)
