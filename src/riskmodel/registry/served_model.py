"""The script that MLflow keeps as the model: it finds the model's texts and scores with them.

MLflow runs it when a version is loaded; nothing else imports it. The package `riskmodel` must be
installed where the version is served.
"""

import logging
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd

from riskmodel.model import RiskModel
from riskmodel.model.unseen_missing import describe_unknown


class ServedModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow ships no types
    """The final PD, its bounds and the grade: calibration and encoding are inside."""

    def load_context(self, context: Any) -> None:
        """The model's texts, once per load."""
        folder = Path(context.artifacts["files"])
        texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
        texts.pop("hashes.json")
        self.model = RiskModel.from_files(texts)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """pd_12m, pd_low, pd_high, grade for each row of features; the log names features whose
        values are unknown and count as anyone's."""
        for line in describe_unknown(self.model.count_unknown(model_input), len(model_input)):
            logging.getLogger("riskmodel").warning(line)
        scores = self.model.score(model_input)
        return scores.assign(grade=scores["grade"].astype("object"))


mlflow.models.set_model(ServedModel())
