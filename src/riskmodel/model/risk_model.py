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
from riskmodel.model.additivity import calibrate_contributions, compute_contributions
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.interface import LEARNERS, Ranker
from riskmodel.model.master_scale import GradeStatistics, MasterScale
from riskmodel.model.reference_group import ReferenceGroup

Array = npt.NDArray[np.float64]
FORMAT = 5


@dataclass(frozen=True)
class RiskModel:
    """A ranking, its calibration and its master scale; `facts` record how it was fitted.

    `name` is the candidate's name, that of its learner; `score` needs nothing but a frame with
    the features. `reference_group` is the baseline of reasons. `tested_model` is
    the same fit on what was known when the test begins: the test's figures are its own.
    """

    name: str
    ranker: Ranker
    calibration: Calibration
    grades: MasterScale
    facts: Mapping[str, Any]
    reference_group: ReferenceGroup | None = None
    tested_model: "RiskModel | None" = None

    @property
    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Each feature with its type: number or category."""
        return self.ranker.inputs.feature_types()

    @property
    def released_summary(self) -> str:
        """The features whose declared direction was released, in words; empty without any."""
        names = self.facts.get("released", ())
        if not names:
            return ""
        return (
            f"The fit rows surely contradict the declared direction of {len(names)} features, so it is"
            f" released: {', '.join(names)}."
        )

    @property
    def training_summary(self) -> str:
        """The rows of the fit and of the tested fit in words; empty without a tested fit."""
        if self.tested_model is None:
            return ""
        mine, its = self.facts["rows"], self.tested_model.facts["rows"]
        return (
            f"Scores come from a fit on {mine['rows']:,} rows of {mine['from']} to {mine['to']}"
            f" with {mine['defaults']:,} defaults; the test's figures are those of the same fit on"
            f" {its['rows']:,} rows of {its['from']} to {its['to']} with {its['defaults']:,}."
        )

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score each row: pd_12m, pd_low, pd_high (shares) and grade, on the frame's index.

        >>> from riskmodel.model.learners.single_feature import SingleFeature
        >>> debt = SingleFeature(Inputs(("debt_cny",), (1,), {}), sign=1, median=0.0)
        >>> curve = Curve("logistic", intercept=-4.0, terms=(0.2,))
        >>> calibration = Calibration(curve, 0.0, ((0.0, 0.3, 0.3),), 0.9, {})
        >>> model = RiskModel("single_feature", debt, calibration, MasterScale((0.02, 0.1)), {})
        >>> model.score(pd.DataFrame({"debt_cny": [0.0, 1e6]})).round(3)
           pd_12m  pd_low  pd_high grade
        0   0.018   0.013    0.024   G01
        1   0.225   0.177    0.282   G03
        """
        raw = self.ranker.raw(frame)
        low, high = self.calibration.bounds(raw)
        pd_12m = self.calibration.pd(raw)
        return pd.DataFrame(
            {"pd_12m": pd_12m, "pd_low": low, "pd_high": high, "grade": self.grades.assign(pd_12m)},
            index=frame.index,
        )

    def count_unknown(self, frame: pd.DataFrame) -> dict[str, int]:
        """Count rows by feature that lack a value, or have an unknown text, where the fit rows taught
        nothing of that: they count as anyone. Features without such rows are left out."""
        inputs = self.ranker.inputs
        counts = inputs.is_unknown(inputs.matrix(frame)).sum(axis=0)
        return {name: int(n) for name, n in zip(inputs.names, counts, strict=True) if n}

    def log_odds(self, frame: pd.DataFrame) -> Array:
        """Compute calibrated log-odds of default."""
        return self.calibration.log_odds(self.ranker.raw(frame))

    def contributions(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Compute exact contributions to the calibrated log-odds: a column a feature, then `base`.

        Each row sums to `log_odds` within `additivity.TOLERANCE`, or `RiskModelError` is raised: `base`
        is the log-odds of the average score and takes up nothing else. The score's shares are
        stretched by what calibration makes of the way from the average score to the row's: the
        slope, where calibration is logistic. The stretch is above 0, so it changes neither signs nor
        order.
        """
        shares, raw = compute_contributions(self.ranker, frame)
        scaled, base = calibrate_contributions(self.calibration, shares[:, :-1], shares[:, -1], raw)
        columns = [*self.ranker.inputs.names, "base"]
        return pd.DataFrame(np.column_stack([scaled, base]), columns=columns, index=frame.index)

    def to_files(self) -> dict[str, str]:
        """Return the model as texts by file name: JSON, and the ranking's own formats."""
        inputs = self.ranker.inputs
        document = {
            "format": FORMAT,
            "name": self.name,
            "inputs": asdict(inputs),
            "calibration": asdict(self.calibration),
            "grades": asdict(self.grades),
            "facts": dict(self.facts),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        files = {"model.json": text + "\n", **self.ranker.to_files()}
        if self.reference_group is not None:
            files[REFERENCE_GROUP] = self.reference_group.to_text()
        earlier = self.tested_model.to_files() if self.tested_model is not None else {}
        return files | {TESTED_PREFIX + name: text for name, text in earlier.items()}

    @property
    def fingerprint(self) -> str:
        """sha256 over the model's files."""
        digest = hashlib.sha256()
        for name, text in sorted(self.to_files().items()):
            digest.update(f"{name}\0{len(text)}\0{text}".encode())
        return digest.hexdigest()

    @classmethod
    def from_files(cls, files: Mapping[str, str], *, threads: int = 1) -> "RiskModel":
        """Read the model that `to_files` wrote; `DataError` if the format is another."""
        document = json.loads(files["model.json"])
        if document["format"] != FORMAT:
            raise DataError(
                f"model.json: format {document['format']}, this package reads {FORMAT}."
                " Load it with the version that wrote it."
            )
        given = document["inputs"]
        earlier = {
            name.removeprefix(TESTED_PREFIX): text
            for name, text in files.items()
            if name.startswith(TESTED_PREFIX)
        }
        levels, values = (
            {name: tuple(some) for name, some in given[key].items()}
            for key in ("levels", "imputations")
        )
        inputs = Inputs(tuple(given["names"]), tuple(given["signs"]), levels, values)
        return cls(
            document["name"],
            LEARNERS[document["name"]].read(inputs, files, threads),
            _calibration(document["calibration"]),
            _grades(document["grades"]),
            document["facts"],
            ReferenceGroup.from_text(files[REFERENCE_GROUP]) if REFERENCE_GROUP in files else None,
            cls.from_files(earlier, threads=threads) if earlier else None,
        )


REFERENCE_GROUP = "reference_group.json"
TESTED_PREFIX = "tested_"
"""The prefix of the tested model's files."""


def _calibration(given: Mapping[str, Any]) -> Calibration:
    curve = given["curve"]
    knots = tuple((x, y) for x, y in curve["knots"])
    return Calibration(
        Curve(curve["method"], curve["intercept"], tuple(curve["terms"]), knots),
        given["shift"],
        tuple((x, below, above) for x, below, above in given["margins"]),
        given["interval"],
        given["losses"],
        given["basis"],
    )


def _grades(given: Mapping[str, Any]) -> MasterScale:
    return MasterScale(
        tuple(given["bounds"]), tuple(GradeStatistics(**one) for one in given["statistics"])
    )
