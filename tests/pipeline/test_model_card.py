"""The headline names the rows that its figures are of."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from riskmodel.pipeline.model_card import headline
from riskmodel.settings import default_settings


@dataclass(frozen=True)
class Finished:
    """What the headline reads of a run."""

    data_origin: str

    @property
    def settings(self) -> Any:
        settings = default_settings()
        run = settings.run.with_values({"data_origin": self.data_origin})
        return settings.with_values({"run": run})

    def read(self, _: str, name: str) -> pd.DataFrame:
        if name == "out_of_fold":
            return pd.DataFrame()
        if name == "comparisons":
            ahead = {"auc_ahead": 0.012, "low": -0.0014, "high": 0.0251, "p": 0.08}
            return pd.DataFrame([{"model": "scorecard", "split": "test", **ahead}])
        shared = {"model": "trees", "split": "test", "rows": 900.0, "defaults": 90.0}
        lines = [("auc", 0.81, 0.78, 0.84), ("realised_to_expected", 1.0, 0.8, 1.2)]
        return pd.DataFrame(lines, columns=["metric", "value", "low", "high"]).assign(**shared)

    def read_json(self, _: str, name: str) -> dict[str, Any]:
        return {"champion": {"name": "trees"}}.get(
            name, {"by_time": True, "outcome": "default", "gap": "horizon"}
        )


@pytest.mark.parametrize(
    ("origin", "named"),
    [
        ("development", ", development world"),
        ("fresh", ", fresh world"),
        ("given", ""),
        ("auto", ""),
    ],
)
def test_a_figure_on_a_fictional_world_says_so_beside_the_ranking(origin, named):
    run: Any = Finished(origin)
    found = headline(run)
    assert found["AUC (out of time)"] == f"0.810 (0.780 to 0.840){named}"
    assert ("Data" in found) == bool(named)
    paired = found["AUC ahead of the scorecard (paired)"]
    assert paired == "+0.012 (-0.002 to +0.026), p 0.08"
    if origin == "development":
        assert "looked at while features were added" in found["Data"]
