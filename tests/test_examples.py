"""The examples in docstrings give what they say."""

import doctest
from importlib import import_module

import pytest

MODULES = (
    "datasets.vintages",
    "features.spec",
    "limits.allocation.solver",
    "limits.behaviour.slopes",
    "limits.capital",
    "limits.caps",
    "limits.economics",
    "limits.eligibility",
    "limits.horizon",
    "limits.pricing",
    "model.leakage.incremental",
    "model.master_scale",
    "model.risk_model",
    "model.unseen_missing",
    "statistics.bootstrap",
    "statistics.calibration",
    "statistics.discrimination",
    "statistics.logistic",
    "statistics.low_default",
    "statistics.psi",
    "validate.performance",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_say(name):
    found = doctest.testmod(import_module(f"riskmodel.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
