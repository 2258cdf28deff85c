"""The page of all settings: every one with its type, its bounds, its default and its reason."""

import re

from riskmodel.cli.main import main
from riskmodel.settings.load import default_tables
from riskmodel.settings.reference import default_reasons, settings_page
from riskmodel.settings.tables import all_keys, flat_values


def rows() -> dict[str, list[str]]:
    """The cells of the page's rows, by dotted key."""
    found, table = {}, ""
    for line in settings_page().splitlines():
        if header := re.fullmatch(r"## \[([\w.]+)\]", line):
            table = header[1]
        elif line.startswith("| `"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found[f"{table}.{cells[0].strip('`')}"] = cells[1:]
    return found


def test_every_setting_is_on_the_page_once_in_the_classes_order():
    assert list(rows()) == list(all_keys())


def test_every_default_stands_once_with_its_reason():
    assert list(flat_values(default_tables())) == list(all_keys())
    assert [key for key in all_keys() if not default_reasons().get(key)] == []
    assert set(default_reasons()) == set(all_keys())


def test_a_row_shows_type_bounds_default_and_reason():
    found = rows()
    reason = "few defaults bear small trees"
    kind = '"auto" or integer'
    assert found["model.trees.num_leaves"] == [kind, ">= 2, <= 100,000", '`"auto"`', reason]
    assert found["model.inner_folds"][:3] == ["integer", ">= 2, <= 100,000", "`4`"]
    assert found["model.source"][:3] == ['"train" or "score_champion"', "", '`"train"`']
    assert found["model.scorecard.special_codes"][0] == "list of number, by name"
    assert found["datasets.split.test_from"][0] == 'date or "auto"'
    assert found["validate.conditions"][3].startswith("checks that may fail")


def test_the_command_prints_the_page(capsys):
    assert main(["dictionary", "settings"]) == 0
    assert capsys.readouterr().out == settings_page()
