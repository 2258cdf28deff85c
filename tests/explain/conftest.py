"""A ranking by hand, so that every reason can be worked out on paper."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.explain import Baseline
from riskmodel.features import definitions_by_name
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.scorecard.scorecard import Scale
from riskmodel.model.reference_group import ReferenceGroup

# Two features of one family ("size"), and one of each of five other families.
SIGNS = {
    "exports_usd_6m": -1,
    "exports_usd_12m": -1,
    "days_past_due_now": 1,
    "inquiries_3m": 1,
    "debt_cny": 1,
    "top_buyer_share_12m": 1,
    "sector": 0,
}
LEVELS = {"sector": ("lamps", "shoes", "toys")}
SCALE = Scale(600.0, 50.0, 20.0)
PEERS = {**dict.fromkeys(SIGNS, 0.0), "sector": "lamps"}


@dataclass(frozen=True)
class Line:
    """logit(PD) = intercept + slope * score, with a bend that keeps it rising."""

    intercept: float = -1.0
    slope: float = 2.0
    bend: float = 0.0

    def log_odds(self, raw: Any) -> Any:
        return self.intercept + self.slope * raw + self.bend * raw**3

    def stretch(self, start: Any, end: Any) -> Any:
        near = np.abs(end - start) < 1e-10
        far = np.where(near, start + 1e-3, end)
        return (self.log_odds(far) - self.log_odds(start)) / (far - start)

    def pd(self, raw: Any) -> Any:
        return 1 / (1 + np.exp(-self.log_odds(raw)))


@dataclass(frozen=True)
class Sum:
    """A score that adds up weight * value; a missing value adds its own amount."""

    inputs: Inputs
    weights: tuple[float, ...]
    missing: tuple[float, ...]
    start: float = -3.0

    def raw(self, frame: pd.DataFrame) -> Any:
        return self.raw_of(self.inputs.matrix(frame))

    def raw_of(self, matrix: Any) -> Any:
        return self.start + self._parts(matrix).sum(axis=1)

    def contributions(self, frame: pd.DataFrame) -> Any:
        parts = self._parts(self.inputs.matrix(frame))
        return np.column_stack([parts, np.full(len(frame), self.start)])

    def _parts(self, matrix: Any) -> Any:
        return np.where(np.isnan(matrix), self.missing, np.array(self.weights) * matrix)


@dataclass(frozen=True)
class Bins(Sum):
    """The same as a scorecard, whose best bins give -1 a feature; 20 points double the odds."""

    scale: Scale = SCALE

    def best_contributions(self) -> Any:
        return np.full(len(self.weights), -1.0)


@dataclass(frozen=True)
class Model:
    """What a baseline asks of a model."""

    ranker: Any
    calibration: Line
    name: str = "drawn"


def peers_of(ranker: Any, values: Mapping[str, Any]) -> ReferenceGroup:
    """Peers who all have the same values."""
    made = ranker.contributions(pd.DataFrame([dict(values)]))[0, :-1]
    return ReferenceGroup(values, tuple(made.tolist()), 1, 0.5)


Build = Callable[..., Baseline]


@pytest.fixture(scope="session")
def held_against() -> Build:
    """A baseline of peers at zero; keywords give weights (1 in the direction of risk), amounts for
    missing values, the peers' values, and the calibration's bend."""

    def build(
        weights: Mapping[str, float] | None = None,
        *,
        missing: Mapping[str, float] | None = None,
        reference_group: Mapping[str, Any] | None = None,
        bend: float = 0.0,
        kind: type[Sum] = Sum,
    ) -> Baseline:
        given = SIGNS | (dict(weights) if weights else {})
        absent = dict.fromkeys(SIGNS, 0.0) | (dict(missing) if missing else {})
        inputs = Inputs(tuple(SIGNS), tuple(SIGNS.values()), LEVELS)
        ranker = kind(inputs, tuple(map(float, given.values())), tuple(absent.values()))
        values = PEERS | (dict(reference_group) if reference_group else {})
        model: Any = Model(ranker, Line(bend=bend))
        return Baseline(model, peers_of(ranker, values), definitions_by_name())

    return build


@pytest.fixture(scope="session")
def scorecard(held_against: Build) -> Baseline:
    """The same, scored by bins."""
    return held_against(kind=Bins)


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., pd.DataFrame]:
    """Enterprises E0, E1, ... with the values given by feature; every other value is the peers'."""

    def build(*values: Mapping[str, Any]) -> pd.DataFrame:
        frame = pd.DataFrame([PEERS | dict(one) for one in values])
        return frame.assign(
            enterprise_id=[f"E{number}" for number in range(len(frame))],
            as_of=pd.Timestamp("2024-07-01"),
        )

    return build
