"""Approved peers: whom an enterprise is held against."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.model.inputs import Inputs
from riskmodel.model.reference_group import ReferenceGroup, fit_reference_group


@dataclass(frozen=True)
class Ranked:
    """Risk is `late`, less a tenth of `exports`; what is missing adds nothing."""

    inputs: Inputs

    def raw(self, frame: pd.DataFrame) -> Any:
        return self.contributions(frame).sum(axis=1)

    def contributions(self, frame: pd.DataFrame) -> Any:
        late, exports, _ = np.nan_to_num(self.inputs.matrix(frame)).T
        zero = np.zeros(len(late))
        return np.column_stack([late, -0.1 * exports, zero, zero - 2.0])


@pytest.fixture
def ranked() -> Ranked:
    inputs = Inputs(("late", "exports", "sector"), (1, -1, 0), {"sector": ("lamps", "toys")})
    return Ranked(inputs)


@pytest.fixture
def rows() -> pd.DataFrame:
    """Scores without the start of -2: -1, -.5, -.4, 1, 5.9, 9."""
    return pd.DataFrame(
        {
            "late": [0.0, np.nan, np.nan, 1.0, 6.0, 9.0],
            "exports": [10.0, 5.0, 4.0, 0.0, 1.0, 0.0],
            "sector": ["toys", "lamps", "lamps", "toys", "toys", "toys"],
            "defaulted": [True, False, False, False, True, False],
        }
    )


def test_reference_rows_are_the_rows_that_the_model_ranks_best(ranked, rows):
    found = fit_reference_group(ranked, rows, 0.4)
    assert found.count == 3
    assert found.typical == {"late": None, "exports": 5.0, "sector": "lamps"}
    assert found.contributions == pytest.approx((0.0, -1.9 / 3, 0.0))


def test_whether_a_peer_defaulted_does_not_count(ranked, rows):
    assert fit_reference_group(ranked, rows.assign(defaulted=False), 0.4) == fit_reference_group(
        ranked, rows, 0.4
    )


def test_an_unknown_text_is_as_good_as_none(ranked, rows):
    words = ["rockets", "rockets", "toys", "toys", "toys", "toys"]
    assert fit_reference_group(ranked, rows.assign(sector=words), 0.4).typical["sector"] is None


def test_a_typical_value_is_one_that_some_peer_has(ranked, rows):
    found = fit_reference_group(ranked, rows, 0.5)
    assert found.count == 4
    assert found.typical["exports"] == 4.0


def test_every_row_is_a_peer_where_all_are_asked_for(ranked, rows):
    assert fit_reference_group(ranked, rows, 1.0).count == len(rows)


def test_blocks_of_rows_give_the_reference_rows_of_the_whole(ranked, rows, monkeypatch):
    whole = fit_reference_group(ranked, rows, 0.8)
    monkeypatch.setattr("riskmodel.model.reference_group.BLOCK", 2)
    assert fit_reference_group(ranked, rows, 0.8) == whole


def test_reference_rows_come_back_from_their_text_to_the_last_digit(ranked, rows):
    found = fit_reference_group(ranked, rows.assign(exports=rows["exports"] / 3), 0.5)
    assert ReferenceGroup.from_text(found.to_text()) == found
    assert ranked.inputs.matrix(found.frame()).shape == (1, 3)


def test_the_typical_peer_is_a_row_that_the_model_can_read(ranked, rows):
    row = ranked.inputs.matrix(fit_reference_group(ranked, rows, 0.4).frame())[0]
    assert np.isnan(row[0])
    assert row[1:].tolist() == [5.0, 0.0]
