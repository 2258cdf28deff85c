"""A small source folder, drawn by hand: three enterprises, their trade, one line each."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from riskmodel.settings import SourcesSettings
from riskmodel.storage.files import write_folder

Tables = dict[str, pd.DataFrame]


@pytest.fixture
def settings() -> SourcesSettings:
    return SourcesSettings(
        timezone="Asia/Shanghai", max_rejected_share=0.01, max_unknown_ids_share=0.05
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Mapping[str, pd.DataFrame | pa.Table]], Path]:
    """Writes tables to a new folder each time, and names it."""
    written: list[Path] = []

    def to_new_folder(tables: Mapping[str, pd.DataFrame | pa.Table]) -> Path:
        written.append(tmp_path / f"source{len(written)}")
        write_folder(tables, written[-1])
        return written[-1]

    return to_new_folder


@pytest.fixture
def drawn() -> Tables:
    days = pd.to_datetime(["2024-01-10", "2024-02-10", "2024-03-10"])
    known = (days + pd.Timedelta(days=2)).tz_localize("UTC")
    months = pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"])
    after_month = pd.to_datetime(["2024-02-03", "2024-03-03", "2024-04-03"], utc=True)
    return {
        "enterprises": pd.DataFrame({"enterprise_id": ["E1", "E2", "E3"], "kind": "trader"}),
        "declarations": pd.DataFrame(
            {
                "declaration_id": ["D1", "D2", "D3"],
                "enterprise_id": ["E1", "E2", "E3"],
                "declared_on": days,
                "fob_usd": [100.0, 200.0, -50.0],
                "destination": ["USA", None, "DEU"],
                "terms_days": [30, 60, 90],
                "known_at": known,
            }
        ),
        "bank_records": pd.DataFrame(
            {
                "enterprise_id": ["E1", "E2", "E3"],
                "lender": "lender_one",
                "account_id": "A1",
                "month": months,
                "limit_cny": [1000.0, None, 3000.0],
                "tier": "normal",
                "known_at": after_month,
            }
        ),
        "agreements": pd.DataFrame(
            {
                "enterprise_id": ["E1", "E2", "E3"],
                "bank": "bank_a",
                "signed_on": days,
                "known_at": known,
            }
        ),
        "lines": pd.DataFrame(
            {
                "line_id": ["L1", "L2", "L3"],
                "enterprise_id": ["E1", "E2", "E3"],
                "bank": "bank_a",
                "granted_on": days,
                "limit_cny": [1e5, 2e5, 3e5],
                "known_at": known,
            }
        ),
        "line_months": pd.DataFrame(
            {
                "line_id": ["L1", "L2", "L3"],
                "month": months,
                "days_past_due": [0, 30, 0],
                "known_at": after_month,
            }
        ),
        "fx_rates": pd.DataFrame({"on": days, "currency": "EUR", "usd_per_unit": 1.1}),
    }
