"""Small publications and a store that is made once and copied."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from riskmodel.publish.publication import PublicationFacts
from riskmodel.registry.versions import Registration
from riskmodel.runs.tracking import start_run
from riskmodel.storage.locks import hold_lock

AS_OF = date(2014, 7, 1)
Shared = Callable[[str, Callable[[Path], None]], Path]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files begin first, each one worker's: the one that makes the small experiment leads.

    Files that alter a copy of it follow the other long ones, so that they need not wait for it.
    """
    ranks: dict[Path, int] = {}
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "project" in fixtures:
            item.add_marker("slow")
            rank = 2 if "own_project" in fixtures else 0
        else:
            rank = 1 if item.get_closest_marker("slow") else 3
        ranks[item.path] = min(rank, ranks.get(item.path, rank))
    items.sort(key=lambda item: ranks[item.path])


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Makes a folder of a name once for all workers of the session: to be read, not altered.

    Whoever asks while another makes it waits.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = place / name, place / f"{name}.done"
        with hold_lock(place / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture
def facts() -> PublicationFacts:
    checks = pd.DataFrame(
        [
            ("ranking", True, 0.77, 0.73, 0.81, 0.70, "Ranks defaulters above others."),
            ("calibration", False, 0.2, None, None, 0.1, "One grade of five is off."),
        ],
        columns=["check", "passed", "value", "low", "high", "threshold", "text"],
    )
    return PublicationFacts(
        run_id="2014-07-01-demo-0a1b",
        attempt=1,
        model_name="default-risk",
        model_version="3",
        model_fingerprint="f" * 64,
        data_fingerprint="d" * 64,
        policy={"caps": {"ratio": 1.0}, "eligibility": [{"name": "exports", "min_value": 100000}]},
        valid_until=date(2014, 8, 1),
        verdict="pass with conditions",
        override_reason="",
        checks=checks,
        limitations=("The economy is fictional.",),
        conditions=("Lines up to one year only.",),
        headline={"Ranking (AUC)": "0.77 (0.73 to 0.81)"},
        outcome_name="default within 12 months",
    )


@pytest.fixture
def book() -> pd.DataFrame:
    """Two enterprises at one bank, an offer and a decline, and one that signed with nobody."""
    return pd.DataFrame(
        {
            "enterprise_id": ["A1", "B2", "C3"],
            "bank": ["north_bank", "north_bank", ""],
            "as_of": pd.Timestamp(AS_OF),
            "decision": ["offer", "decline", "decline"],
            "limit_cny": [500_000.0, 0.0, 0.0],
            "annual_rate": [0.12, None, None],
            "pd_12m": [0.0123456789, 0.2, 0.05],
            "pd_low": [0.01, 0.1, 0.04],
            "pd_high": [0.02, 0.3, 0.06],
            "grade": ["G02", "G09", "G05"],
            "expected_loss_cny": [1851.855, 0.0, 0.0],
            "binding_constraint": ["ceiling", "exports", "agreement"],
            "refusals": ["", "exports; deals", "agreement"],
            "refusal_text_en": ["", "too few exports; too few deals", "no agreement"],
            "refusal_text_zh": ["", "出口额不足; 交易笔数不足", "无协议"],
        }
    )


@pytest.fixture
def reasons() -> pd.DataFrame:
    rows = [
        ("A1", 1, "trade", "fewer buyers", "买家减少"),
        ("A1", 2, "lenders", "late payments", "逾期"),
        ("B2", 1, "trade", "fewer buyers", "买家减少"),
        ("B2", 2, "lenders", "late payments", "逾期"),
        ("B2", 3, "register", "young firm", "成立不久"),
    ]
    frame = pd.DataFrame(rows, columns=["enterprise_id", "rank", "family", "text_en", "text_zh"])
    return frame.assign(as_of=pd.Timestamp(AS_OF), feature="any")


@pytest.fixture
def north_rows() -> pd.DataFrame:
    """Published rows of one bank: two offers and a decline."""
    return pd.DataFrame(
        {
            "enterprise_id": ["A1", "B2", "C3"],
            "bank": "north_bank",
            "as_of": pd.Timestamp(AS_OF),
            "valid_until": pd.Timestamp("2014-08-01"),
            "decision": ["offer", "offer", "decline"],
            "limit_cny": [500_000.0, 300_000.0, 0.0],
            "annual_rate": [0.12, 0.10, None],
            "pd_12m": [0.0123456789, 0.02, 0.2],
            "pd_low": [0.01, 0.01, 0.1],
            "pd_high": [0.02, 0.03, 0.3],
            "grade": ["G02", "G03", "G09"],
            "expected_loss_cny": [1851.856, 1800.0, 0.0],
            "binding_constraint": ["ceiling", "ratio", "exports"],
            "reason_1": ["trade", "trade", "exports"],
            "reason_2": [None, None, "trade"],
            "reason_3": [None, None, None],
            "reason_4": [None, None, None],
            "reason_text_en": ["fewer buyers", "fewer buyers", "too few exports"],
            "reason_text_zh": ["买家减少", "买家减少", "出口额不足"],
            "model_version": "3",
            "run_id": "2014-07-01-demo-0a1b",
        }
    )


@pytest.fixture
def notebook(tmp_path: Path) -> Any:
    """Writes a notebook: its parameters cell, then code cells."""

    def written(parameters: str, *code: str) -> Path:
        cells = [
            nbformat.v4.new_markdown_cell("# Does it run?"),
            nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *(nbformat.v4.new_code_cell(source) for source in code),
        ]
        path = tmp_path / "notebooks" / "01_try.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return written


@pytest.fixture(scope="session")
def template_root(shared: Shared) -> Path:
    """A root whose store exists: making one takes seconds, copying it does not."""

    def begun(root: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)
            start_run(root, "first", {}, {})

    return shared("template", begun)


@pytest.fixture
def root(template_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of one's own, whose artifacts all stand in the template's folder."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    copy = tmp_path / "root"
    shutil.copytree(template_root, copy, ignore=shutil.ignore_patterns("artifacts"))
    return copy


STAND_IN = """
import json
from pathlib import Path
import mlflow
import pandas as pd


class StandIn(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        text = (Path(context.artifacts["files"]) / "model.json").read_text()
        self.pd_12m = json.loads(text)["pd"]

    def predict(self, context, model_input, params=None):
        count = len(model_input)
        scores = {name: [self.pd_12m] * count for name in ("pd_12m", "pd_low", "pd_high")}
        return pd.DataFrame({**scores, "grade": ["G01"] * count})


mlflow.models.set_model(StandIn())
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A served model that needs nothing fitted."""
    path = tmp_path / "stand_in.py"
    path.write_text(STAND_IN, encoding="utf-8")
    return path


@pytest.fixture
def registration() -> Any:
    """A model to register, whose fingerprint and verdict can be chosen."""
    plain = Registration(
        files={"model.json": '{"pd": 0.25}', "booster.txt": "trees"},
        inputs=(("exports_usd_6m", "number"), ("province", "category")),
        fingerprint="one",
        description="| what | figure |\n|---|---|\n| AUC | 0.77 |",
        tags={"verdict": "pass"},
    )

    def chosen(fingerprint: str, **tags: str) -> Registration:
        return replace(plain, fingerprint=fingerprint, tags={**plain.tags, **tags})

    return chosen
