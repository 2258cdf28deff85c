"""Sources with a few lines, months, records and outcomes, drawn by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.settings import DatasetsSettings, load_settings
from riskmodel.sources import Source
from riskmodel.sources.folder import read_folder
from riskmodel.storage.files import write_folder

Tables = Mapping[str, pd.DataFrame]


@pytest.fixture
def settings(tmp_path: Path) -> DatasetsSettings:
    """The package's own settings, as an experiment that says nothing would have them."""
    path = tmp_path / "plain.toml"
    path.write_text("", encoding="utf-8")
    return load_settings(path).datasets


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[[Tables], Source]:
    """Drawn frames through the contract's door; every row must pass it."""
    path = tmp_path / "door.toml"
    path.write_text("", encoding="utf-8")
    door = load_settings(path).sources
    written: list[Path] = []

    def read(tables: Tables) -> Source:
        names = ["E1", "E2", "E3", "E4"]
        given = {
            "enterprises": pd.DataFrame({"enterprise_id": names}),
            "attributes": pd.DataFrame(
                {"enterprise_id": names, "known_at": pd.to_datetime("2010-01-01", utc=True)}
            ),
            **tables,
        }
        written.append(tmp_path / f"source{len(written)}")
        write_folder(given, written[-1])
        reading = read_folder(written[-1], door)
        assert not reading.rejects, reading.report.violations
        return reading.source

    return read


@pytest.fixture
def lines() -> Callable[..., pd.DataFrame]:
    """Lines: line_id, enterprise_id, granted_on, expires_on."""

    def of(*rows: tuple[str, str, str, str | None]) -> pd.DataFrame:
        names = ["line_id", "enterprise_id", "granted_on", "expires_on"]
        frame = pd.DataFrame(rows, columns=names)
        granted, expires = (pd.to_datetime(frame[name]) for name in names[2:])
        return frame.assign(
            bank="bank_a",
            limit_cny=1e6,
            granted_on=granted,
            expires_on=expires,
            known_at=granted.dt.tz_localize("UTC") + pd.Timedelta(days=1),
        )

    return of


@pytest.fixture
def states() -> Callable[..., pd.DataFrame]:
    """Month-end states of one line from a month to another: sound, but for those given.

    `bad` maps a month to the columns that differ in it.
    """

    def of(
        line: str, first: str, last: str, bad: Mapping[str, Mapping[str, float]] | None = None
    ) -> pd.DataFrame:
        months = pd.date_range(first, last, freq="MS")
        frame = pd.DataFrame(
            {
                "line_id": line,
                "month": months,
                "days_past_due": 0,
                "drawn_cny": 0.0,
                "written_off_cny": 0.0,
                "known_at": (months + pd.offsets.MonthEnd(0) + pd.Timedelta(days=3)).tz_localize(
                    "UTC"
                ),
            }
        ).set_index("month")
        for month, values in (bad or {}).items():
            frame.loc[pd.Timestamp(month), list(values)] = list(values.values())
        return frame.reset_index()

    return of
