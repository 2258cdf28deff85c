"""The tables of a batch as relations and market statistics read them."""

from typing import Protocol

from riskmodel.features.encoded_table import EncodedTable
from riskmodel.features.point_in_time import VisibleRows


class VisibleTables(Protocol):
    """Tables of whole enterprises, and the rows of each that the asked pairs see."""

    def has(self, table: str) -> bool:
        """Return true where the table is there."""
        ...

    def rows(self, table: str) -> EncodedTable:
        """Return all rows of a table, visible or not."""
        ...

    def view(self, name: str) -> VisibleRows:
        """Return the rows of a table or relation that each pair sees."""
        ...
