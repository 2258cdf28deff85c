"""What of the notebooks leaves the run folder: no enterprise, lender or account, in text or picture."""

import re
from datetime import date
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from riskmodel.runs import notebooks
from riskmodel.runs.run_folder import create_run
from riskmodel.runs.shareable_notebooks import INSTEAD, ONE_ENTERPRISE, copy_shareable
from riskmodel.settings import default_settings
from riskmodel.simulation import write_simulation

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PLANTED = {
    "enterprises": {"enterprise_id": "ESECRET1", "founded_on": None},
    "bank_records": {
        "enterprise_id": "ENOBODY6",
        "lender": "secret_lender",
        "account_id": "KSECRET2",
    },
    "declarations": {"declaration_id": "DSECRET3", "fob_usd": None},
    "receipts": {"receipt_id": "RSECRET4", "enterprise_id": "ENOBODY5"},
}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notebook 01 as it ran on a folder with a row of each kind that must be set aside."""
    root = tmp_path_factory.mktemp("project")
    write_simulation(root / "simulation", enterprises=80, months=18, seed=5)
    for table, values in PLANTED.items():
        path = root / "simulation" / f"{table}.parquet"
        rows = pd.read_parquet(path)
        planted = rows.iloc[[len(rows) // 2]].copy()
        for column, value in values.items():
            if column in planted:
                planted[column] = value
        pd.concat([rows, planted]).astype(rows.dtypes).to_parquet(path, index=False)
    settings = default_settings()
    given = settings.run.with_values({"data": str(root / "simulation"), "as_of": date(2012, 1, 1)})
    sources = settings.sources.with_values({"max_rejected_share": 0.05})
    settings = settings.with_values({"run": given, "sources": sources})
    run = create_run(root / "experiments" / "runs" / "one", settings)
    parameters = {
        "settings_path": str(run.folder / "settings.toml"),
        "run_dir": str(run.folder),
    }
    out = run.folder / "notebooks" / "01_sources.ipynb"
    notebooks.execute(NOTEBOOKS / "01_sources.ipynb", out, parameters)
    notebooks.to_html(out, out.with_suffix(".html"))
    return out


def test_rows_that_are_set_aside_are_counted_and_their_keys_stay_in_the_run_folder(
    executed: Path, tmp_path: Path
) -> None:
    copy_shareable(executed.parent, tmp_path)

    sources = executed.parents[1] / "sources"
    violations = pd.read_parquet(sources / "violations.parquet")
    assert {"bank_records", "declarations", "receipts"} <= set(violations["table"])
    keys = {
        word for word in re.findall(r"\w+", " ".join(violations["first"])) if not word.isdigit()
    }
    assert {"DSECRET3", "RSECRET4", "KSECRET2", "secret_lender"} <= keys
    for table in ("declarations", "receipts", "bank_records", "enterprises"):
        rows = pd.read_parquet(sources / f"{table}.parquet")
        for column in rows.columns:
            if column.endswith("_id"):
                keys |= set(rows[column].dropna().astype(str))
    for page in sorted(tmp_path.iterdir()):
        words = set(re.findall(r"\w+", page.read_text("utf-8")))
        assert words & keys == set(), page.name
        assert "secret_lender" not in words
        assert {"declarations", "fob_usd"} <= words
    assert len(list(tmp_path.iterdir())) == 2


def test_what_speaks_of_one_enterprise_is_left_in_the_run_folder(tmp_path: Path) -> None:
    shown = nbformat.v4.new_output("stream", name="stdout", text="E0000001 owes 5 million\n")
    others = nbformat.v4.new_output("stream", name="stdout", text="3,000 enterprises\n")
    cells = [
        nbformat.v4.new_code_cell("one()", outputs=[shown], metadata={"tags": [ONE_ENTERPRISE]}),
        nbformat.v4.new_code_cell("all()", outputs=[others]),
    ]
    run = tmp_path / "run"
    run.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), run / "05_explain.ipynb")
    notebooks.to_html(run / "05_explain.ipynb", run / "05_explain.html")
    (run / "06_validate.failed.ipynb").write_text("E0000002", "utf-8")
    before = {path.name: path.read_bytes() for path in run.iterdir()}

    copy_shareable(run, tmp_path / "out")

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "05_explain.html",
        "05_explain.ipynb",
    ]
    for page in (tmp_path / "out").iterdir():
        text = page.read_text("utf-8")
        assert "E0000001" not in text
        assert INSTEAD in text
        assert "3,000 enterprises" in text
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_the_one_cell_about_a_single_enterprise_carries_the_tag() -> None:
    tagged = [
        cell.source
        for path in sorted(NOTEBOOKS.glob("0*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if ONE_ENTERPRISE in cell.metadata.get("tags", [])
    ]
    assert tagged == ["figures.riskiest_enterprise(explained.strengths)"]
