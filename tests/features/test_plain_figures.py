"""The page of plain figures is held to the catalogue and to the contract's tables."""

import re
from itertools import combinations
from pathlib import Path

from riskmodel.features import definitions_by_name
from riskmodel.tables.canonical import CANONICAL

PAGE = Path(__file__).parents[2] / "docs" / "design" / "plain-figures.md"
TOLD_WITH_LINES = {"line_months"}
ALONE = {"fx_rates", "outcomes", "attributes"}
"""Tables that make no pair: the same for all, labels, or columns of any meaning."""


def lines_of(heading: str) -> list[list[str]]:
    """The cells of the rows of the table below a heading."""
    part = PAGE.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| \n").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return rows[2:]


def test_every_table_has_its_plain_figures():
    assert {row[0] for row in lines_of("Tables")} == {*CANONICAL} - TOLD_WITH_LINES


def test_every_pair_of_tables_has_its_plain_figures():
    tables = [name for name in CANONICAL if name not in ALONE | TOLD_WITH_LINES]
    pairs = {", ".join(pair) for pair in combinations(tables, 2)}
    assert {row[0] for row in lines_of("Pairs")} == pairs


def test_every_figure_names_its_features_or_says_why_it_is_left_out():
    known = definitions_by_name()
    for *_, told in lines_of("Tables") + lines_of("Pairs"):
        names = re.findall(r"`(\w+)`", told)
        assert {*names} <= {*known}, told
        assert names or told.startswith(("left out:", "each is")), told


def test_a_figure_said_to_be_for_rules_alone_is_for_rules_alone():
    for *_, told in lines_of("Tables"):
        for name in re.findall(r"`(\w+)` for rules", told):
            assert not definitions_by_name()[name].model, name
