"""The scorecard's SQL in DuckDB gives what the package gives."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.scorecard.bins import Bins
from riskmodel.model.learners.scorecard.scorecard import Scale, Scorecard
from riskmodel.model.learners.scorecard.sql import number, scorecard_sql

WORD = 'it\'s "odd"'
COUNT = 'days "late"'


@pytest.fixture
def card():
    numbers = Bins(COUNT, 1, edges=(0.1, 30.0), codes=(96.0, 98.0), rows=(5, 5, 5, 0, 5, 5))
    texts = Bins("sector", 0, levels=("lamps", WORD, "toys"), group=(0, 1, 0), rows=(9, 9, 0))
    plain = Bins("whole", -1, rows=(9, 9))
    return Scorecard(
        Inputs((COUNT, "sector", "whole"), (1, 0, -1), {"sector": ("lamps", WORD, "toys")}),
        (numbers, texts, plain),
        ((-0.7, 0.1, 1 / 3, 0.02, 0.9, -1e-5), (0.3, -0.2, 0.05), (0.1, -0.4)),
        -2.5,
        Scale(600, 50, 20),
        {},
    )


@pytest.fixture
def features():
    counts = [0.0, 0.1, np.nextafter(0.1, 0), 30.0, 96.0, 98.0, np.inf, -np.inf, np.nan, 1e300]
    words = ["lamps", WORD, "toys", None, "never seen", "lamps", WORD, "toys", "", "Lamps"]
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(10)],
            "as_of": pd.Timestamp("2020-01-01"),
            COUNT: counts,
            "sector": pd.Series(words, dtype="str"),
            "whole": pd.Series([1, None, 3] * 3 + [4], dtype="Int64"),
        }
    )


def asked(card, frame, **more):
    with duckdb.connect() as base:
        base.register("given", frame)
        base.execute('CREATE SCHEMA bank; CREATE TABLE bank."all" AS SELECT * FROM given')
        # a frame's NaN arrives as NULL: put it back, so that both kinds of missing are asked
        name = COUNT.replace('"', '""')
        base.execute(
            """INSERT INTO bank."all" SELECT 'N0', as_of, 'NaN'::DOUBLE, sector, whole
            FROM given WHERE enterprise_id = 'E0'"""
        )
        base.execute(f'SELECT count(*) FROM bank."all" WHERE isnan("{name}")')
        assert base.fetchone() >= (1,)
        query = scorecard_sql(card, table="bank.all", **more)
        return base.execute(query).df().set_index("enterprise_id")


def test_the_databases_scores_are_the_packages_own(card, features):
    nan = features.iloc[[0]].assign(enterprise_id="N0", **{COUNT: np.nan})
    whole = pd.concat([features, nan], ignore_index=True)
    found = asked(card, features, calibration=(0.3, 0.9)).loc[whole["enterprise_id"]]
    assert np.abs(found["raw_log_odds"].to_numpy() - card.raw(whole)).max() < 1e-12
    assert np.abs(found["points"].to_numpy() - card.points(whole)).max() < 1e-10
    pd_12m = 1 / (1 + np.exp(-(0.3 + 0.9 * card.raw(whole))))
    assert np.abs(found["pd_12m"].to_numpy() - pd_12m).max() < 1e-12


def test_the_points_of_the_features_sum_to_the_score(card, features):
    found = asked(card, features)
    points = found[[f"points_{name}" for name in card.inputs.names]].sum(axis=1)
    assert np.abs(points - found["points"]).max() < 1e-9
    assert "pd_12m" not in found


def test_a_fitted_scorecard_agrees_on_all_its_rows(learnt, panel):
    card = learnt
    with duckdb.connect() as base:
        base.register("features", panel.drop(columns="defaulted"))
        found = base.execute(scorecard_sql(card)).df()
    keys = ["enterprise_id", "as_of"]
    ours = panel[keys].assign(ours=card.raw(panel))
    both = found.merge(ours, on=keys, validate="one_to_one")
    assert len(both) == len(panel)
    assert np.abs(both["raw_log_odds"] - both["ours"]).max() < 1e-12


def test_numbers_are_written_as_doubles_to_the_last_digit():
    assert [number(x) for x in (0.1, -3.0, 1e-07)] == ["0.1E0", "-3.0E0", "1e-07"]


@pytest.fixture(scope="module")
def learnt(panel, definitions, settings):
    from riskmodel.model.inputs import fit_inputs
    from riskmodel.model.learners.scorecard.scorecard import fit_scorecard

    rows = panel[panel["split"] == "fit"].astype({"defaulted": bool})
    settings = settings.model
    return fit_scorecard(
        rows,
        fit_inputs(rows, definitions, settings.max_categories),
        settings.scorecard,
        seed=7,
        threads=1,
    )
