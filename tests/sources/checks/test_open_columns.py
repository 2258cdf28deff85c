"""The columns of `attributes` may have any name and any number, boolean or text; others are said."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskmodel.errors import DataError
from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import Reading, read_folder

Tables = dict[str, pd.DataFrame]
Write = Callable[[dict[str, object]], Path]
With = Callable[[dict[str, object]], Reading]

NAMES = [".", "..", ".a", "a.b", "[0]", "[x", "", " ", "\u200b", "$x_1$", "行业", "two\nlines",
         "l" * 3000, "reasons", "reject_reasons", "Known_At", "enterprise_id ", "x", "X", "0", "row",
         "place", "split", "defaulted", "as_of", "pd_12m", "exports_usd_6m", "limit_cny"]  # fmt: skip


@pytest.fixture
def given_columns(drawn: Tables, write: Write, settings: SourcesSettings) -> With:
    """Reads the drawn folder with these columns as attributes of its three enterprises."""

    def read(columns: dict[str, object]) -> Reading:
        table = pa.table(
            {
                "enterprise_id": ["E1", "E2", "E3"],
                "known_at": pa.array(drawn["lines"]["known_at"]),
                **columns,
            }
        )
        return read_folder(write(drawn | {"attributes": table}), settings)

    return read


def test_rows_of_columns_of_any_name_are_used_or_set_aside(given_columns: With) -> None:
    numbers = [1.0, np.inf, 3.0]

    reading = given_columns(dict.fromkeys(NAMES, numbers))

    assert len(reading.source.tables["attributes"]) == 2
    (reasons,) = reading.rejects["attributes"]["reject_reject_reasons"].to_pylist()
    assert reasons.split("; ") == [f"{name} is infinite" for name in sorted(NAMES)]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (pa.array([2**60, 2**60 + 512, None], pa.int64()), [2.0**60, 2.0**60 + 512, None]),
        (pa.array([2**63, 2**64 - 1, 0], pa.uint64()), [2.0**63, 2.0**64, 0.0]),
        (pa.array([Decimal("1.25"), None, Decimal("-3")]), [1.25, None, -3.0]),
        (pa.array([Decimal(10**37), None, None], pa.decimal128(38)), [1e37, None, None]),
        (pa.array([Decimal(10**60), None, None], pa.decimal256(70)), [1e60, None, None]),
        (pa.array(np.array([1.5, np.nan, 2], np.float16)), [1.5, None, 2.0]),
        (pa.array([1.7e308, -1.7e308, 5e-324]), [1.7e308, -1.7e308, 5e-324]),
        (pa.array([True, None, False]), [True, None, False]),
        (pa.array(["a", None, "b"]).dictionary_encode(), ["a", None, "b"]),
        (pa.array([7, None, 8]).dictionary_encode(), [7.0, None, 8.0]),
        (pa.array([None, None, None], pa.date32()), [None, None, None]),
    ],
)
def test_numbers_of_any_width_booleans_and_texts_are_read(
    given_columns: With, values: pa.Array, read: list[object]
) -> None:
    assert given_columns({"x": values}).source.tables["attributes"]["x"].to_pylist() == read


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([date(2020, 1, 1)] * 3), "date32"),
        (pa.array([datetime(2020, 1, 1)] * 3), "timestamp"),
        (pa.array([timedelta(1)] * 3), "duration"),
        (pa.array([b"x"] * 3), "binary"),
        (pa.array([[1]] * 3), "list"),
        (pa.array([{"a": 1}] * 3), "struct"),
    ],
)
def test_dates_and_nested_values_are_named_with_what_to_do(
    given_columns: With, values: pa.Array, kind: str
) -> None:
    with pytest.raises(DataError, match=rf"attributes\.x: 3 values of type {kind}.*Turn them into"):
        given_columns({"x": values})
