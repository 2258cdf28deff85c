"""Sources drawn by hand for the features' tests, and a small fictional economy."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.features import compute
from riskmodel.features.spec import Expression, FeatureDefinition, Measure
from riskmodel.settings import FeaturesSettings, SourcesSettings
from riskmodel.simulation import write_simulation
from riskmodel.sources import Source
from riskmodel.sources.folder import read_folder
from riskmodel.storage.files import write_folder

Tables = Mapping[str, pd.DataFrame]
Drawn = Callable[[Tables], Source]
Value = Callable[..., float]

DOOR = SourcesSettings(
    timezone="Asia/Shanghai", max_rejected_share=0.01, max_unknown_ids_share=0.05
)

ENTERPRISES = pd.DataFrame({"enterprise_id": ["E1", "E2"]})
OUTCOMES = pd.DataFrame(
    {
        "enterprise_id": ["E1"],
        "as_of": pd.to_datetime(["2024-07-01"]),
        "defaulted": [False],
        "observed_until": pd.to_datetime(["2025-06-30"]),
    }
)


@pytest.fixture(scope="session")
def settings() -> FeaturesSettings:
    return FeaturesSettings(exclude=(), attributes={}, cny_per_usd=6.2, chunk_enterprises=20_000)


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    """Drawn frames through the contract's door; every row must pass it."""
    written: list[Path] = []

    def read(tables: Tables) -> Source:
        given = {"enterprises": ENTERPRISES, "outcomes": OUTCOMES, **tables}
        written.append(tmp_path / f"source{len(written)}")
        write_folder(given, written[-1])
        reading = read_folder(written[-1], DOOR)
        assert not reading.rejects, reading.report.violations
        return reading.source

    return read


@pytest.fixture
def value(settings: FeaturesSettings) -> Value:
    """One measure, or expression over features, for one enterprise on one day."""

    def of(
        source: Source, table: str, measure: Measure | Expression, as_of: str, who: str = "E1"
    ) -> float:
        feature = FeatureDefinition("drawn", "", "none", table, measure, ("", ""))
        rows = pd.DataFrame({"enterprise_id": [who], "as_of": pd.to_datetime([as_of])})
        found = compute(source, rows, settings, definitions=[feature])
        assert found.absent.empty, found.absent
        return found.frame["drawn"].iloc[0]  # type: ignore[no-any-return]

    return of


@pytest.fixture(scope="session")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A fictional economy of sixty enterprises over thirty months, from January 2012."""
    folder = tmp_path_factory.mktemp("simulation") / "tables"
    write_simulation(folder, enterprises=60, months=30, seed=3)
    return read_folder(folder, DOOR).source
