"""Types of single settings, with their bounds, and the base of every table."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

MAX_COUNT = 1_000_000_000
"""Counts are handed to libraries that hold them in 32 bits."""
MAX_DRAWS = 100_000
"""Draws, rounds of a search and the like: more are a slip of the hand, and memory runs out."""
MAX_MONTHS = 1200
"""A hundred years, the span of the contract's dates."""
MAX_THREADS = 1024
MAX_LETTERS = 80
"""Letters of a text that stands in a reason or beside a picture."""
MAX_FLOAT = 1e12
"""A number beyond this is a slip of the hand; sums and squares of it would leave a float's range."""
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
"""The contract's dates."""


def _as_day(value: Any) -> Any:
    """Return the date that a text names, as the words of the command line give it."""
    if not isinstance(value, str) or value == "auto":
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"'{value}' is not a date like 2014-07-01") from None


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"'{name}' is no time zone like Asia/Shanghai")
    return name


Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Draws = Annotated[int, Field(ge=1, le=MAX_DRAWS)]
Folds = Annotated[int, Field(ge=2, le=MAX_DRAWS)]
Months = Annotated[int, Field(ge=1, le=MAX_MONTHS)]
Size = Annotated[float, Field(ge=0, le=MAX_FLOAT)]
AboveZero = Annotated[float, Field(gt=0, le=MAX_FLOAT)]
Day = Annotated[
    Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)] | Literal["auto"], BeforeValidator(_as_day)
]
TimeZone = Annotated[str, AfterValidator(_known_zone)]


class Frozen(BaseModel):
    """A table of settings: unknown keys and infinite numbers are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """Return a copy with other values, by key; a dot leads into a nested table.

        Raises `KeyError` for a key that the table lacks; the values are not checked.
        """
        flat: dict[str, Any] = {}
        nested: dict[str, dict[str, Any]] = {}
        for key, value in values.items():
            table, dot, name = key.partition(".")
            if table not in type(self).model_fields:
                raise KeyError(key)
            if dot:
                nested.setdefault(table, {})[name] = value
            else:
                flat[key] = value
        tables = {name: getattr(self, name).with_values(one) for name, one in nested.items()}
        return self.model_copy(update={**flat, **tables})

    def value(self, key: str) -> Any:
        """Return the value of a key; a dot leads into a nested table."""
        table, dot, name = key.partition(".")
        return getattr(self, table).value(name) if dot else getattr(self, key)
