"""Grades and few defaults: bounds, merging, and what each grade has seen."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.model.master_scale import GradedRows, MasterScale, fit_master_scale
from riskmodel.statistics.low_default import jeffreys_interval, pluto_tasche


def rows(pds, bad=None, weight=None):
    values = np.asarray(pds, float)
    nothing, ones = np.zeros(len(values)), np.ones(len(values))
    return GradedRows(
        values,
        nothing if bad is None else np.asarray(bad, float),
        ones if weight is None else np.asarray(weight, float),
    )


def test_a_pd_on_a_bound_belongs_to_the_worse_grade():
    grades = MasterScale((0.01, 0.05))
    assert grades.assign(np.array([0.0099, 0.01, 0.05, 0.9])).tolist() == [
        "G01",
        "G02",
        "G03",
        "G03",
    ]


def test_thin_grades_are_merged_until_each_expects_enough_defaults():
    # Expected defaults: 1 below .02, 3 up to .05, 10 up to .2, 1 above.
    seen = rows(np.repeat([0.01, 0.03, 0.1, 0.5], [100, 100, 100, 2]))
    assert fit_master_scale((0.02, 0.05, 0.2), seen, 0).bounds == (0.02, 0.05, 0.2)
    assert fit_master_scale((0.02, 0.05, 0.2), seen, 3).bounds == (0.05,)
    assert fit_master_scale((0.02, 0.05, 0.2), seen, 0.9).bounds == (0.02, 0.05, 0.2)
    assert fit_master_scale((0.02, 0.05, 0.2), seen, 99).bounds == ()


def test_rows_of_one_enterprise_share_its_weight():
    seen = rows(np.repeat([0.01, 0.1], [100, 100]), weight=np.full(200, 0.25))
    assert fit_master_scale((0.05,), seen, 1.0).bounds == ()
    assert fit_master_scale((0.05,), seen, 0.25).bounds == (0.05,)


@rules(max_examples=80, deadline=None)
@given(st.lists(st.floats(1e-4, 0.999), min_size=1, max_size=80), st.floats(0, 5))
def test_every_grade_expects_enough_defaults_or_there_is_one_grade(pds, least):
    values = np.array(pds)
    found = fit_master_scale((0.01, 0.05, 0.2, 0.5), rows(values), least)
    expected = pd.Series(values).groupby(found.assign(values)).sum()
    expected = expected.reindex(list(found.names), fill_value=0)
    assert len(found.names) == 1 or (expected >= least - 1e-9).all()


def test_a_grade_says_what_was_seen_of_it():
    seen = rows([0.01, 0.03, 0.2, 0.4], [0, 0, 1, 0])
    best, worst = fit_master_scale((0.1,), seen, 0).statistics
    assert (best.grade, best.enterprises, best.defaults, best.pd_12m) == ("G01", 2, 0, 0.02)
    assert (worst.grade, worst.enterprises, worst.defaults) == ("G02", 2, 1)
    assert worst.pd_12m == pytest.approx(0.3)
    assert (best.low, best.high) == jeffreys_interval(0, 2)
    assert best.prudent == pluto_tasche([0, 1], [2, 2])[0]
