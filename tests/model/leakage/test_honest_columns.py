"""Honest columns stay, however strong; what came after the outcome is told from them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.model.leakage.test_suspects import as_given, definitions_of, planted

from riskmodel.model.leakage import chance, screening
from riskmodel.model.leakage.regions import find_region
from riskmodel.model.leakage.suspects import excluded_names, find_suspects
from riskmodel.model.leakage.univariate import LabelledRows

pytestmark = pytest.mark.slow

RATIOS = Path(__file__).resolve().parents[4] / "shared" / "foreign"
real = pytest.mark.skipif(not RATIOS.is_dir(), reason="the company ratios are not at ../shared")


def economy(count: int, defaults: int, seed: int, slopes: dict[str, float]) -> pd.DataFrame:
    """Enterprises of normal columns whose log-odds of default rise by these slopes."""
    rng = np.random.default_rng(seed)
    columns = {f"attribute_{name}": rng.normal(0, 1, count) for name in slopes}
    risk = sum(slope * columns[f"attribute_{name}"] for name, slope in slopes.items())
    base = np.quantile(risk + rng.logistic(0, 1, count), 1 - defaults / count)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n:06d}" for n in range(count)],
            "defaulted": risk + rng.logistic(0, 1, count) > base,
            **columns,
        }
    )


STRONG = {"use": 2.4, "sales": -0.8, "age": -0.6, "staff": 0.3, "other": 0.0}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("count", "defaults"), [(500, 31), (3000, 240), (20_000, 4000)])
def test_an_honest_column_that_outranks_all_others_is_named_and_stays(
    settings, count, defaults, seed
):
    rows = economy(count, defaults, seed, STRONG)
    found = find_suspects(rows, definitions_of(rows), settings)
    assert excluded_names(found) == frozenset()
    assert set(found["feature"]) <= {"attribute_use"}
    if count > 500:
        assert found["feature"].tolist() == ["attribute_use"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["collections", "status", "days_late_after", "weak"])
def test_beside_a_strong_honest_column_a_leak_alone_is_left_out(settings, name, seed):
    rows = planted(economy(8000, 700, seed, STRONG), name)
    found = find_suspects(rows, definitions_of(rows), settings)
    assert excluded_names(found) == {f"attribute_{name}"}


def test_a_column_written_over_for_most_defaulters_is_left_out(settings):
    rows = economy(6000, 600, 4, {"use": 0.9, "sales": -0.8, "age": 0.4})
    rng, bad = np.random.default_rng(4), rows["defaulted"].to_numpy(bool)
    twin = rows["attribute_sales"] + rng.normal(0, 0.5, len(rows))
    over = np.where(bad & (rng.random(len(rows)) < 0.7), rng.normal(-2, 1, len(rows)), twin)
    rows = rows.assign(attribute_receipts=over)
    found = find_suspects(rows, definitions_of(rows), settings)
    assert excluded_names(found) == {"attribute_receipts"}
    assert "written over" in found["reason"][0]


def test_missing_values_that_other_columns_tell_of_are_no_leak(settings):
    rows = economy(5000, 400, 2, {"use": 0.9, "sales": -0.8, "age": 0.4})
    rng, bad = np.random.default_rng(2), rows["defaulted"].to_numpy(bool)
    shut = bad & (rng.random(len(rows)) < 0.4)
    closed = rows.assign(
        attribute_assets=np.where(shut, np.nan, rng.normal(0, 1, len(rows))),
        attribute_staff=np.where(shut, -1.5, 0) + rng.normal(0, 1, len(rows)),
    )
    found = find_suspects(closed, definitions_of(closed), settings)
    assert found[["feature", "kind", "decision"]].to_numpy().tolist() == [
        ["attribute_assets", "strong", "watched"]
    ]
    alone = closed.drop(columns="attribute_staff")
    assert excluded_names(find_suspects(alone, definitions_of(alone), settings)) == {
        "attribute_assets"
    }


def labelled(bad, enterprise=None) -> LabelledRows:
    own = np.arange(len(bad)) if enterprise is None else enterprise
    return LabelledRows(np.asarray(bad, bool), own, np.arange(len(bad)) % 4)


def test_a_tail_stands_out_from_the_values_next_to_it_and_not_from_all_others():
    values = pd.Series(np.arange(400, dtype=float))
    rising = labelled(np.r_[np.zeros(340), np.arange(40) % 2, np.ones(20)])
    sudden = labelled(np.r_[np.zeros(380), np.ones(20)])
    assert find_region(values, rising, 10, 0.75).odds < 25 < find_region(values, sudden, 10).odds


def test_labels_that_say_nothing_show_regions_too_and_these_are_no_leaks(settings):
    # 12 of 12 in a tail, among 60 enterprises and 150 columns: chance alone does that.
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({f"attribute_{n}": rng.normal(0, 1, 60) for n in range(150)})
    rows = rows.assign(enterprise_id=[f"E{n}" for n in range(60)], defaulted=np.arange(60) < 31)
    low = settings.with_values(
        {"model.leakage.min_region_odds_ratio": 1.0, "model.leakage.min_region_default_rate": 0.6}
    )
    assert find_suspects(rows, definitions_of(rows), low).empty
    looked = [name for name in rows if name.startswith("attribute_")]
    regions = [find_region(rows[name], labelled(rows["defaulted"]), 10, 0.6) for name in looked]
    assert any(one is not None and one.odds > 1 for one in regions)


def test_the_excess_of_a_region_is_kulldorffs_ratio():
    # By hand: 9 of 10 inside, 1 of 90 outside, 10 of 100 in all.
    def loglik(d, n):
        return d * np.log(d / n) + (n - d) * np.log(1 - d / n)

    expected = loglik(9, 10) + loglik(1, 90) - loglik(10, 100)
    found = chance.excess(np.array([9.0, 0.0]), np.array([10.0, 10.0]), 10.0, 100.0)
    assert found == pytest.approx([expected, 0.0])
    bad = np.r_[np.ones(9), 0, 1, np.zeros(89)]
    inside = np.arange(100) < 10
    assert chance.observed_excess(inside, labelled(bad)) == pytest.approx(expected)


def test_permuted_labels_show_by_chance_what_labels_of_no_meaning_show():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({f"x{n}": rng.normal(0, 1, 300) for n in range(10)})
    bound = chance.largest_by_chance(rows, list(rows), labelled(rng.random(300) < 0.2), 5, (200, 3))
    more = chance.largest_by_chance(rows, ["x0"], labelled(rng.random(300) < 0.2), 5, (200, 3))
    assert 2 < more < bound < 20


@pytest.mark.parametrize("seed", range(3))
def test_what_came_after_the_outcome_goes_with_the_others_through_it_alone(seed):
    rng = np.random.default_rng(seed)
    cause, other = rng.normal(0, 1, (2, 20_000))
    bad = rng.random(20_000) < 1 / (1 + np.exp(2.5 - 1.5 * cause - other))
    after = rng.normal(0, 1, 20_000) + 1.5 * bad
    rows = labelled(bad)
    assert screening.measure_tie(after, other, rows).origin == "outcome"
    assert screening.measure_tie(cause, other, rows).origin == "others"
    assert screening.measure_tie(cause, rng.normal(0, 1, 20_000), rows).origin == "unknown"
    both = cause + rng.normal(0, 1, 20_000)
    assert screening.measure_tie(cause, both, rows).origin == "others"


def test_a_tie_counts_an_enterprise_once_however_many_dates_it_has():
    rng = np.random.default_rng(0)
    bad = rng.random(500) < 0.3
    one, two = rng.normal(0, 1, (2, 500)) + bad
    once = screening.measure_tie(one, two, labelled(bad))
    thrice = [np.repeat(some, 3) for some in (one, two, bad, np.arange(500))]
    again = screening.measure_tie(thrice[0], thrice[1], labelled(thrice[2], thrice[3]))
    assert again.error == pytest.approx(once.error, rel=0.02)


@real
@pytest.mark.parametrize("name", ["ratios_1y", "ratios_5y"])
def test_no_company_ratio_is_left_out(settings, name):
    given = pd.read_parquet(RATIOS / name / "attributes.parquet")
    outcomes = pd.read_parquet(RATIOS / name / "outcomes.parquet")
    both = given.merge(outcomes[["enterprise_id", "defaulted"]], on="enterprise_id")
    plain = both[[c for c in both if c.startswith("n") or c == "defaulted"]]
    rows = as_given(plain, "defaulted")
    assert excluded_names(find_suspects(rows, definitions_of(rows), settings)) == frozenset()


def test_no_measure_of_a_tumour_is_left_out_though_many_rank_above_90(settings):
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    rows = as_given(frame.assign(target=1 - frame["target"]), "target")
    rows.columns = [name.replace(" ", "_") for name in rows]
    found = find_suspects(rows, definitions_of(rows), settings)
    assert excluded_names(found) == frozenset()
    assert "attribute_worst_perimeter" in set(found["feature"])
