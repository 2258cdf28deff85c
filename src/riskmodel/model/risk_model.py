"""A fitted model, frozen: it replays on new data and is kept as text."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.errors import DataError
from riskmodel.model.calibrate import Calibration
from riskmodel.model.grade import Grades
from riskmodel.model.inputs import Inputs
from riskmodel.model.one_number import OneNumber
from riskmodel.model.trees import Trees

Array = npt.NDArray[np.float64]
FORMAT = 1


@dataclass(frozen=True)
class RiskModel:
    """Inputs, ranking, calibration and grades; `facts` say what it was made from.

    `name` is the candidate's name; `score` needs nothing but a frame with the features.
    """

    name: str
    ranker: Trees | OneNumber
    calibration: Calibration
    grades: Grades
    facts: Mapping[str, Any]

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Each feature with its kind: number or category."""
        return self.ranker.inputs.kinds()

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """pd_12m, pd_low, pd_high (shares) and grade for each row, on the frame's index."""
        raw = self.ranker.raw(frame)
        low, high = self.calibration.bounds(raw)
        pd_12m = self.calibration.pd(raw)
        return pd.DataFrame(
            {"pd_12m": pd_12m, "pd_low": low, "pd_high": high, "grade": self.grades.of(pd_12m)},
            index=frame.index,
        )

    def log_odds(self, frame: pd.DataFrame) -> Array:
        """Calibrated log-odds of default."""
        return self.calibration.log_odds(self.ranker.raw(frame))

    def contributions(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Exact contributions to the calibrated log-odds: a column a feature, then `base`.

        Each row sums to `log_odds`.
        """
        shares = self.ranker.contributions(frame) * self.calibration.slope
        shares[:, -1] += self.calibration.intercept
        return pd.DataFrame(shares, columns=[*self.ranker.inputs.names, "base"], index=frame.index)

    def to_files(self) -> dict[str, str]:
        """The whole model as texts by file name: JSON, and the booster's own format."""
        inputs = self.ranker.inputs
        document = {
            "format": FORMAT,
            "name": self.name,
            "inputs": {"names": inputs.names, "signs": inputs.signs, "levels": dict(inputs.levels)},
            "calibration": asdict(self.calibration),
            "grades": self.grades.bounds,
            "facts": dict(self.facts),
        }
        if isinstance(self.ranker, OneNumber):
            document["one_number"] = {"sign": self.ranker.sign, "median": self.ranker.median}
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        files = {"model.json": text + "\n"}
        return files | ({"booster.txt": self.ranker.text} if isinstance(self.ranker, Trees) else {})

    @property
    def fingerprint(self) -> str:
        """sha256 over the model's files."""
        digest = hashlib.sha256()
        for name, text in sorted(self.to_files().items()):
            digest.update(f"{name}\0{len(text)}\0{text}".encode())
        return digest.hexdigest()

    @classmethod
    def from_files(cls, files: Mapping[str, str], *, threads: int = 1) -> "RiskModel":
        """The model that `to_files` wrote; `DataError` if the format is another."""
        document = json.loads(files["model.json"])
        if document["format"] != FORMAT:
            raise DataError(
                f"model.json: format {document['format']}, this package reads {FORMAT}."
                " Load it with the version that wrote it."
            )
        given = document["inputs"]
        levels = {name: tuple(words) for name, words in given["levels"].items()}
        inputs = Inputs(tuple(given["names"]), tuple(given["signs"]), levels)
        calibration = document["calibration"]
        draws = tuple((a, b) for a, b in calibration.pop("draws"))
        return cls(
            document["name"],
            _ranker(inputs, document, files, threads),
            Calibration(**calibration, draws=draws),
            Grades(tuple(document["grades"])),
            document["facts"],
        )


def _ranker(
    inputs: Inputs, document: Mapping[str, Any], files: Mapping[str, str], threads: int
) -> Trees | OneNumber:
    if "one_number" in document:
        return OneNumber(inputs, **document["one_number"])
    return Trees(inputs, files["booster.txt"], threads)
