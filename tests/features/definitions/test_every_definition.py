"""No card is without an answer by hand."""

import importlib.util
import pkgutil
from pathlib import Path

import pytest

from riskmodel.features import CARDS, definitions

MODULES = [module.name for module in pkgutil.iter_modules(definitions.__path__)]


def answered(module: str) -> set[str]:
    """The cards that the tests of a module of cards have answers for."""
    path = Path(__file__).with_name(f"test_{module}.py")
    spec = importlib.util.spec_from_file_location(f"answers_{module}", path)
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    return set(tests.ANSWERS)


@pytest.mark.parametrize("module", MODULES)
def test_every_card_of_a_module_has_an_answer_by_hand(module):
    declared = importlib.import_module(f"riskmodel.features.definitions.{module}").CARDS
    assert answered(module) == {card.name for card in declared}


def test_no_card_of_the_registry_is_without_an_answer():
    assert {card.name for card in CARDS} == set().union(*map(answered, MODULES))
