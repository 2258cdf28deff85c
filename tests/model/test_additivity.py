"""Shares sum to the score or are refused: nothing takes up what is left over."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import RiskModelError
from riskmodel.explain import Baseline, compute_strengths
from riskmodel.features import definitions_by_name
from riskmodel.model import reference_group
from riskmodel.model.additivity import compute_contributions
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.ebm import Ebm, Term

WRONG = r"contributions: [\d,]+ of [\d,]+ rows do not sum to their score \(by up to"


@dataclass(frozen=True)
class Stretched:
    """A ranking whose shares are all so many times too large."""

    ranker: Any
    times: float

    @property
    def inputs(self):
        return self.ranker.inputs

    def raw(self, frame):
        return self.ranker.raw(frame)

    def raw_of(self, matrix):
        return self.ranker.raw_of(matrix)

    def contributions(self, frame):
        shares = self.ranker.contributions(frame)
        shares[:, :-1] *= self.times
        return shares


class Bent(Calibration):
    """A calibration that stretches shares half as far again as it moves scores."""

    def stretch(self, start, end):
        return 1.5 * super().stretch(start, end)


@pytest.mark.parametrize("times", [1.5, 0.999, -1.0, np.nan])
def test_stretched_shares_are_an_error_and_not_taken_up_by_the_base(model, panel, times):
    wrong = replace(model, ranker=Stretched(model.ranker, times))
    with pytest.raises(RiskModelError, match=WRONG):
        wrong.contributions(panel)


def test_stretched_shares_give_no_strengths_and_no_peers(model, panel):
    wrong = replace(model, ranker=Stretched(model.ranker, 1.5))
    with pytest.raises(RiskModelError, match=WRONG):
        compute_strengths(Baseline(wrong, model.reference_group, definitions_by_name()), panel)
    with pytest.raises(RiskModelError, match=WRONG):
        reference_group.fit_reference_group(wrong.ranker, panel, 0.5)


def test_shares_stretched_by_the_calibration_are_an_error(model, panel):
    calibration = Bent(**vars(model.calibration))
    wrong = replace(model, calibration=calibration)
    with pytest.raises(RiskModelError, match=WRONG):
        wrong.contributions(panel)
    with pytest.raises(RiskModelError, match=WRONG):
        compute_strengths(Baseline(wrong, model.reference_group, definitions_by_name()), panel)


def test_the_base_is_the_log_odds_of_the_average_score_and_nothing_else(model, panel):
    base = model.contributions(panel)["base"].to_numpy()
    average = model.ranker.contributions(panel)[:, -1]
    assert (base == model.calibration.log_odds(average)).all()


def test_a_row_next_to_the_average_sums_to_its_log_odds_on_a_steep_stretch_too():
    # half a unit of log-odds within a thousandth of the score
    curve = Curve("isotonic", 0.0, (0.02,), ((-1.0, -2.0), (0.0, -1.0), (0.001, -0.5), (1.0, 0.0)))
    found = Calibration(curve, 0.3, ((0.0, 0.1, 0.1),), 0.9, {})
    start = np.zeros(7)
    end = np.array([0.0, 1e-12, 1e-9, 1e-6, 9e-4, 2e-3, -5e-4])
    reached = found.log_odds(start) + found.stretch(start, end) * (end - start)
    assert np.abs(reached - found.log_odds(end)).max() < 1e-9
    assert (found.stretch(start, end) > 0).all()


def test_an_ebm_whose_shares_are_stretched_is_refused():
    inputs = Inputs(("days", "age"), (1, 0), {})
    term = Term((0,), ((30.0,),), (0.0, -0.5, 1.0))
    pair = Term((1, 0), ((40.0,), ()), (0.0, 0.0, 0.0, 0.4, 0.0, -0.4))
    box = Ebm(inputs, -3.0, (term, pair))
    rows = pd.DataFrame({"days": [0.0, 60.0], "age": [30.0, 50.0]})
    shares, raw = compute_contributions(box, rows)
    assert raw == pytest.approx([-3.0 - 0.5 + 0.4, -3.0 + 1.0 - 0.4])
    assert shares.sum(axis=1) == pytest.approx(raw)
    with pytest.raises(RiskModelError, match=WRONG):
        compute_contributions(Stretched(box, 1.5), rows)
