"""Values that cannot be brought to their column's type, counted over a whole file."""

from collections.abc import Iterable

from riskmodel.errors import DataError


class WrongValues(Exception):
    """So many values of one column are wrong, in one way; `words` follow the count.

    It is for those who read a file, and leaves them as a `DataError`.
    """

    def __init__(self, place: str, count: int, words: str) -> None:
        super().__init__(place)
        self.place, self.count, self.words = place, count, words

    def error(self, others: Iterable["WrongValues"] = ()) -> DataError:
        """The error to raise: with those of the file's other chunks that are wrong in this column."""
        count = self.count + sum(one.count for one in others if one.place == self.place)
        return DataError(f"{self.place}: {count:,} {self.words}")
