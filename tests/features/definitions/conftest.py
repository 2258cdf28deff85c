"""Tables written as text, and every feature that a test module answers, computed once."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.features import compute, definitions_by_name
from riskmodel.settings import FeaturesSettings, SourcesSettings
from riskmodel.sources.folder import read_folder
from riskmodel.storage.files import write_folder
from riskmodel.tables.canonical import CANONICAL
from riskmodel.tables.declared import Column

AS_OF = pd.Timestamp("2024-07-01")
DOOR = SourcesSettings(
    timezone="Asia/Shanghai", max_rejected_share=0.01, max_unknown_ids_share=0.05
)
ENTERPRISES = "enterprise_id\nE1\nE2\nE3"
OUTCOMES = "as_of observed_until\n2024-07-01 2025-06-30"


def typed(values: pd.Series, column: Column) -> pd.Series:
    """Texts as the values of a declared column."""
    if column.kind == "date":
        return pd.to_datetime(values)
    if column.kind == "instant":
        return pd.to_datetime(values, format="ISO8601", utc=True)
    if column.kind == "flag":
        return values.map({"yes": True, "no": False}).astype("boolean")
    return values.astype(float) if column.kind in ("number", "integer") else values


def drawn(name: str, text: str) -> pd.DataFrame:
    """A table out of words between blanks: `-` is null, `#` opens a comment, all are of E1."""
    words = pd.read_csv(
        StringIO(text),
        sep=r"\s+",
        comment="#",
        dtype=str,
        keep_default_na=False,
        na_values="-",
    )
    declared = CANONICAL[name].by_name
    if "enterprise_id" in declared and "enterprise_id" not in words:
        words = words.assign(enterprise_id="E1")
    return words.assign(**{column: typed(words[column], declared[column]) for column in words})


@pytest.fixture(scope="module")
def found(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    settings: FeaturesSettings,
) -> Mapping[str, object]:
    """For E1 at `AS_OF`, the value of every feature in the module's ANSWERS, out of its TABLES."""
    given = {"enterprises": ENTERPRISES, "outcomes": OUTCOMES, **request.module.TABLES}
    folder = Path(tmp_path_factory.mktemp("drawn")) / "source"
    write_folder({name: drawn(name, text) for name, text in given.items()}, folder)
    reading = read_folder(folder, DOOR)
    assert not reading.rejects, reading.report.violations
    rows = pd.DataFrame({"enterprise_id": ["E1"], "as_of": [AS_OF]})
    definitions = [definitions_by_name()[name] for name in request.module.ANSWERS]
    features = compute(reading.source, rows, settings, definitions=definitions)
    assert features.absent.empty, features.absent
    return dict(features.frame.iloc[0])
