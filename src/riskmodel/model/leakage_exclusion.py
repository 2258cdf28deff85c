"""Exclusion of leaks: suspects are found, left out, and recorded with the model."""

from dataclasses import replace

import pandas as pd

from riskmodel.model.leakage.looked_at import suspects_table
from riskmodel.model.leakage.suspects import (
    excluded_names,
    find_fading,
    find_suspects,
)
from riskmodel.model.task import FitTask


def find_leaks(rows: pd.DataFrame, later: pd.DataFrame, task: FitTask) -> pd.DataFrame:
    """Find columns taken for leaks, and those that rank well in the fit rows and hardly later."""
    found = [find_suspects(rows, task.definitions, task.settings)]
    if later["defaulted"].nunique() > 1:
        later, named = later.astype({"defaulted": bool}), set(found[0]["feature"])
        others = [feature for feature in task.definitions if feature.name not in named]
        found.append(find_fading(rows, later, others, task.settings))
    return pd.concat([one for one in found if len(one)] or [suspects_table(())], ignore_index=True)


def exclude_leaks(leaks: pd.DataFrame, task: FitTask) -> FitTask:
    """Return the task without the columns that are left out as leaks."""
    out = excluded_names(leaks)
    return replace(
        task, definitions=[feature for feature in task.definitions if feature.name not in out]
    )


def record_suspects(leaks: pd.DataFrame, task: FitTask) -> FitTask:
    """Return the task with the suspects among the facts, so that a model's replay still names them."""
    plain = leaks.astype(object).where(leaks.notna(), None).to_dict("records")
    return replace(task, facts={**task.facts, "suspects": plain})
