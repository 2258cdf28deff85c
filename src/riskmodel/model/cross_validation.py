"""Cross-validation by enterprise, where a date split would leave too few defaults."""

import pandas as pd

from riskmodel.datasets import balanced_folds
from riskmodel.model.candidate import fit_candidate
from riskmodel.model.candidate_tuning import tune_candidate
from riskmodel.model.predictions import predict
from riskmodel.model.task import FitTask, lighten
from riskmodel.settings import ModelSettings


def cross_validate(
    name: str, rows: pd.DataFrame, task: FitTask, settings: ModelSettings | None
) -> pd.DataFrame:
    """Predict out of fold in every repeat: ranking and calibration never saw the enterprise.

    `settings` None: the number of rounds is tuned in every fold anew, as few defaults demand.
    """
    rows, found = rows.reset_index(drop=True), []
    task = lighten(task)
    splits = task.settings.datasets
    splits = splits if settings is None else splits.with_values({"split.repeats": 1})
    for repeat, fold in balanced_folds(rows, splits, task.settings.run.seed):
        task.progress(f"{name}: repeat {repeat + 1} of {splits.split.repeats}")
        for k in sorted(fold.unique()):
            seen = rows[fold != k].reset_index(drop=True)
            own = settings or tune_candidate(name, seen, task, trials=1)[0]
            model = fit_candidate(name, (seen, seen), task, own).model
            found.append(predict(model, rows[fold == k]).assign(repeat=repeat, split="test"))
    return pd.concat(found, ignore_index=True)
