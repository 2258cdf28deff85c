"""The EBM: tables of our own that say what interpret says, and why."""

import builtins
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.errors import SettingsError
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners import ebm
from riskmodel.model.learners.ebm import Ebm, Term

interpret = pytest.importorskip("interpret.glassbox", reason="the extra ebm is not installed")

INPUTS = Inputs(
    ("exports", "arrears", "orders", "sector"),
    (-1, 1, 0, 0),
    {"sector": ("lamps", "shoes", "toys")},
)


def drawn(count: int, seed: int = 3) -> pd.DataFrame:
    """Rows of enterprises on three dates; orders matter to lamp makers only."""
    rng = np.random.default_rng(seed)
    exports, arrears = rng.normal(0, 1, count), rng.choice([0.0, 0.0, 15.0, 45.0], count)
    orders, sector = rng.normal(0, 1, count), rng.choice(["lamps", "shoes", "toys"], count)
    odds = -1.5 - exports + 0.03 * arrears + 1.5 * orders * (sector == "lamps")
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n // 3:04d}" for n in range(count)],
            "defaulted": rng.random(count) < 1 / (1 + np.exp(-odds)),
            "exports": exports,
            "arrears": np.where(rng.random(count) < 0.1, np.nan, arrears),
            "orders": orders,
            "sector": pd.Series(sector, dtype="str"),
        }
    )


@pytest.fixture(scope="module")
def settings(settings):
    small = {"ebm.max_rounds": 60, "ebm.learning_rate": 0.1, "ebm.interactions": 1}
    return settings.model.with_values(small)


@pytest.fixture(scope="module")
def rows():
    return drawn(1500)


@pytest.fixture(scope="module")
def theirs(rows, settings):
    return ebm.fit_classifier(rows, INPUTS, settings.ebm, seed=7)


@pytest.fixture(scope="module")
def ours(theirs):
    return ebm.to_ebm(theirs, INPUTS)


@pytest.fixture
def others():
    """Rows beyond what was fitted: values outside the range, missing ones, sectors never seen."""
    rows = drawn(400, seed=4)
    return rows.assign(
        exports=rows["exports"].mask(rows.index % 7 == 0) * 9,
        orders=rows["orders"].mask(rows.index % 5 == 0) * 4,
        sector=rows["sector"].mask(rows.index % 11 == 0, "ships").mask(rows.index % 13 == 0),
    )


def test_the_tables_score_as_interpret_does(ours, theirs, others):
    asked = ebm.to_columns(INPUTS.matrix(others), INPUTS)
    golden = theirs.decision_function(asked)
    assert np.ptp(golden) > 1
    np.testing.assert_allclose(ours.raw(others), golden, rtol=0, atol=1e-9)


def test_a_value_at_a_cut_falls_as_interpret_lets_it_fall(ours, theirs, others):
    cuts = next(term.cuts[0] for term in ours.terms if term.places == (0,))
    at_cuts = others.head(len(cuts)).assign(exports=cuts[: len(others)])
    golden = theirs.decision_function(ebm.to_columns(INPUTS.matrix(at_cuts), INPUTS))
    np.testing.assert_allclose(ours.raw(at_cuts), golden, rtol=0, atol=1e-9)


def test_contributions_sum_to_the_score_and_a_pair_is_shared_by_halves(ours, others):
    shares = ours.contributions(others)
    assert shares.shape == (len(others), 5)
    np.testing.assert_allclose(shares.sum(axis=1), ours.raw(others), rtol=0, atol=1e-9)
    (pair,) = (term for term in ours.terms if len(term.places) == 2)
    assert pair.places == (2, 3)
    alone = Ebm(INPUTS, 0.0, (pair,)).contributions(others)
    assert (alone[:, 2] == alone[:, 3]).all()
    assert np.abs(alone[:, 2]).max() > 0.05
    assert (alone[:, [0, 1, 4]] == 0).all()


def test_the_base_is_the_mean_score_of_the_fit_rows(ours, rows):
    assert ours.raw(rows).mean() == pytest.approx(ours.base, abs=1e-9)


def test_a_declared_direction_is_kept_at_every_value(ours, others):
    for name, step in (("exports", -1), ("arrears", 1)):
        ladder = [others.assign(**{name: value}) for value in np.linspace(-60, 60, 41)]
        scores = np.array([ours.raw(rows) for rows in ladder])
        assert (step * np.diff(scores, axis=0) >= 0).all()
        assert np.ptp(scores) > 0.1


def test_a_direction_that_the_rows_contradict_is_kept_all_the_same(rows, others, settings):
    few = settings.with_values({"ebm.max_rounds": 10})
    against = Inputs(INPUTS.names, (1, 1, 0, 0), INPUTS.levels)
    model = ebm.fit_ebm(rows, against, few.ebm, seed=7, threads=1)
    scores = [model.raw(others.assign(exports=value)) for value in np.linspace(-4, 4, 41)]
    assert (np.diff(scores, axis=0) >= 0).all()


def test_written_by_hand_a_table_answers_as_it_reads():
    exports = Term((0,), ((10.0, 20.0),), (0.9, 0.5, 0.2, -0.4))
    pair = Term((2, 3), ((0.0,), (0.5, 1.5)), (0, 0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6))
    model = Ebm(INPUTS, -2.0, (exports, pair))
    rows = pd.DataFrame(
        {
            "exports": [9.9, 10.0, 25.0, np.nan],
            "arrears": 0.0,
            "orders": [-1.0, 0.0, 3.0, np.nan],
            "sector": ["lamps", "toys", "ships", "shoes"],
        }
    )
    np.testing.assert_allclose(model.raw(rows), [-2 + 0.5 + 1, -2 + 0.2 + 6, -2.4, -1.1])


def test_a_sector_never_seen_counts_as_missing(ours, others):
    unseen, missing = (others.assign(sector=word) for word in ("ships", None))
    assert (ours.raw(unseen) == ours.raw(missing)).all()


def test_what_is_written_reads_back_to_the_same_scores_and_bytes(ours, others):
    files = ours.to_files()
    again = ebm.read_ebm(INPUTS, files, 1)
    assert (again.raw(others) == ours.raw(others)).all()
    assert again == ours
    assert again.to_files() == files
    assert set(json.loads(files["ebm.json"])) == {"base", "terms"}


def test_two_fits_on_the_same_rows_are_the_same_bytes(rows, settings):
    few = settings.with_values({"ebm.max_rounds": 5})
    one, two = (ebm.fit_ebm(rows, INPUTS, few.ebm, seed=7, threads=k) for k in (1, 2))
    assert one.to_files() == two.to_files()
    other = ebm.fit_ebm(rows, INPUTS, few.ebm, seed=8, threads=1)
    assert other.to_files() != one.to_files()


@rules(max_examples=30, deadline=None)
@given(
    owners=st.lists(st.integers(0, 20), min_size=8, max_size=60).filter(lambda o: len(set(o)) > 7),
    bad=st.sets(st.integers(0, 20), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_what_a_bag_stops_by_is_never_an_enterprise_that_it_learns_from(owners, bad, seed):
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in owners],
            "defaulted": [n in bad or n == owners[0] for n in owners],
        }
    )
    for bag in ebm._bags(rows, 2, seed).T:
        assert set(bag) == {-1, 1}
        learnt, stopped = rows[bag == 1], rows[bag == -1]
        assert not set(learnt["enterprise_id"]) & set(stopped["enterprise_id"])
        assert learnt["defaulted"].any()


def test_one_defaulter_is_fitted_on_and_the_score_stays_finite(rows, settings):
    one = rows.assign(defaulted=rows["enterprise_id"] == "E0003")
    few = settings.with_values({"ebm.max_rounds": 3})
    assert np.isfinite(ebm.fit_ebm(one, INPUTS, few.ebm, seed=7, threads=1).raw(one)).all()


def test_without_interpret_one_line_says_what_to_install(rows, settings, monkeypatch):
    real = builtins.__import__

    def absent(name, *rest):
        if name.startswith("interpret"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(SettingsError, match=r"Install riskmodel\[ebm\]"):
        ebm.fit_ebm(rows, INPUTS, settings.ebm, seed=7, threads=1)
