"""No feature is without an answer by hand."""

import importlib.util
import pkgutil
from pathlib import Path

import pytest

from riskmodel.features import DEFINITIONS, definitions

MODULES = [module.name for module in pkgutil.iter_modules(definitions.__path__)]


def answered(module: str) -> set[str]:
    """The features that the tests of a module of features have answers for."""
    path = Path(__file__).with_name(f"test_{module}.py")
    spec = importlib.util.spec_from_file_location(f"answers_{module}", path)
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    return set(tests.ANSWERS)


@pytest.mark.parametrize("module", MODULES)
def test_every_feature_of_a_module_has_an_answer_by_hand(module):
    declared = importlib.import_module(f"riskmodel.features.definitions.{module}").DEFINITIONS
    assert answered(module) == {feature.name for feature in declared}


def test_no_feature_of_the_registry_is_without_an_answer():
    assert {feature.name for feature in DEFINITIONS} == set().union(*map(answered, MODULES))
