"""Scores of feature files with reasons: beside the rows, in words, and made once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import DataError
from riskmodel.explain import find_reasons, make_baseline
from riskmodel.features import definitions_by_name
from riskmodel.features.engine import map_partitions_in_threads
from riskmodel.model import RiskModel
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.trees import Trees
from riskmodel.model.master_scale import MasterScale
from riskmodel.model.reference_group import fit_reference_group
from riskmodel.pipeline import score_files
from riskmodel.pipeline.score_files import score_features, score_with_reasons
from riskmodel.settings import default_settings

NAMES = ("exports_usd_12m", "inquiries_3m", "sector", "attribute_rating")
INPUTS = Inputs(NAMES, (-1, 1, 0, 0), {"sector": ("shoes", "toys")})
REASONS = [f"{word}_{rank}" for rank in range(1, 5) for word in ("reason", "strength")]


def drawn(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{seed}{number:03d}" for number in range(rows)],
            "as_of": pd.Timestamp("2024-07-01"),
            "exports_usd_12m": rng.lognormal(size=rows),
            "inquiries_3m": np.where(rng.random(rows) < 0.2, np.nan, rng.poisson(2, rows)),
            "sector": rng.choice(["shoes", "toys", "rockets"], rows),
            "attribute_rating": rng.normal(size=rows).astype("float32"),
        }
    )


@pytest.fixture(scope="module")
def model() -> RiskModel:
    """A small ensemble with its peers; risk falls with exports and rises with inquiries."""
    import lightgbm

    rows = drawn(600, 9)
    odds = rows["inquiries_3m"].fillna(3) - rows["exports_usd_12m"] + rows["attribute_rating"]
    data = lightgbm.Dataset(INPUTS.matrix(rows), label=(odds > 2).astype(float))
    how = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbosity": -1}
    trees = Trees(INPUTS, lightgbm.train(how, data, num_boost_round=20).model_to_string())
    line = Calibration(Curve("logistic", -1.0, (1.5,)), 0.0, ((0.0, 0.1, 0.1),), 0.9, {})
    return RiskModel(
        "unconstrained_trees",
        trees,
        line,
        MasterScale((0.1,)),
        {},
        fit_reference_group(trees, rows, 0.5),
    )


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """Three files of two months, as `riskmodel features` leaves them."""
    folder = tmp_path / "in" / "features"
    for place, name in enumerate(["2024-07/00000", "2024-07/00001", "2024-10/00000"]):
        path = folder / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn(40, place).to_parquet(path)
    return folder.parent


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.parquet")}


def silent(words: str) -> None:
    """Nobody listens."""


def test_each_row_has_its_score_and_its_reasons_which_the_lookup_puts_in_words(
    features, model, tmp_path
):
    out = tmp_path / "scores"
    assert (
        score_with_reasons(features, out, model.to_files(), map_partitions_in_threads(1), silent)
        == 120
    )
    rows = pq.read_table(features / "features/2024-10/00000.parquet").to_pandas()
    found = pq.read_table(out / "2024-10/00000.parquet").to_pandas()
    told = pq.read_table(out / "reasons.parquet").to_pandas().set_index("reason")
    assert list(found.columns[-8:]) == REASONS
    assert found["pd_12m"].tolist() == model.score(rows)["pd_12m"].tolist()

    definitions = [definitions_by_name()[name] for name in NAMES[:3]]
    rating = told.loc["attribute_rating: unusual"]
    assert rating["family"] == "attribute_rating"
    words = [found[name].map(told["text_zh"]) for name in REASONS[::2]]
    expected = find_reasons(
        make_baseline(model, [*definitions, _rating()]), rows, default_settings().explain
    )
    for rank, column in enumerate(words, 1):
        own = expected[expected["rank"] == rank].set_index("enterprise_id")["text_zh"]
        assert column.dropna().tolist() == own.tolist()
    assert len(expected) > 40


def _rating():
    from riskmodel.features.attributes import attribute_definitions

    return attribute_definitions({"rating": "number"})[0]


@pytest.mark.parametrize(("sign", "risk"), [(1, "rises"), (-1, "falls"), (0, "none")])
def test_an_attributes_feature_moves_as_in_the_model(model, sign, risk):
    inputs = Inputs(NAMES, (-1, 1, 0, sign), {"sector": ("shoes", "toys")})
    moved = replace(model, ranker=replace(model.ranker, inputs=inputs))
    found = {feature.name: feature.risk for feature in score_files._definitions(moved)}
    assert found["attribute_rating"] == risk
    assert found["exports_usd_12m"] == "falls"


def test_a_model_remembers_the_words_and_the_flags_of_attributes(model):
    words = {"rating": {"en": "Rating", "zh": "评级", "unit": "points", "risk": "none"}}
    facts = {"settings": {"features": {"attributes": words}}}
    told = replace(model, facts=facts)
    rating = score_files._definitions(told)[-1]
    assert (rating.texts, rating.unit) == (("Rating", "评级"), "points")
    assert score_files._definitions(replace(model, facts={"flags": ["rating"]}))[-1].unit == (
        "yes or no"
    )


def test_without_reasons_asked_for_there_are_none_and_the_scores_are_the_same(
    features, model, tmp_path
):
    texts = model.to_files()
    score_features(features, tmp_path / "plain", texts, map_partitions_in_threads(1), silent)
    score_with_reasons(features, tmp_path / "more", texts, map_partitions_in_threads(1), silent)
    plain, more = (
        pq.read_table(tmp_path / name / "2024-07/00001.parquet").to_pandas()
        for name in ("plain", "more")
    )
    assert not (tmp_path / "plain/reasons.parquet").exists()
    assert plain.equals(more.drop(columns=REASONS))


def test_threads_and_a_second_go_change_no_byte(features, model, tmp_path):
    for name, threads in (("one", 1), ("two", 2), ("one", 1)):
        score_with_reasons(
            features, tmp_path / name, model.to_files(), map_partitions_in_threads(threads), silent
        )
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert len(bytes_of(tmp_path / "one")) == 4


def test_a_file_that_stands_is_used_again_and_another_is_made(features, model, tmp_path):
    out, texts = tmp_path / "scores", model.to_files()
    score_with_reasons(features, out, texts, map_partitions_in_threads(1), silent)
    times = {path: path.stat().st_mtime_ns for path in sorted(out.glob("*/*.parquet"))}
    changed, lost, kept = sorted(times)
    drawn(41, 7).to_parquet(features / "features" / changed.relative_to(out))
    lost.write_bytes(b"half a file")

    assert score_with_reasons(features, out, texts, map_partitions_in_threads(1), silent) == 121

    assert pq.read_metadata(changed).num_rows == 41
    assert pq.read_metadata(lost).num_rows == 40
    assert kept.stat().st_mtime_ns == times[kept]


def test_another_model_or_another_question_makes_every_file_anew(features, model, tmp_path):
    out, texts = tmp_path / "scores", model.to_files()
    score_features(features, out, texts, map_partitions_in_threads(1), silent)
    score_with_reasons(features, out, texts, map_partitions_in_threads(1), silent)
    path = out / "2024-07/00000.parquet"
    assert "reason_1" in pq.read_schema(path).names

    half = RiskModel(
        model.name, model.ranker, model.calibration, MasterScale((0.5,)), {}, model.reference_group
    )
    score_with_reasons(features, out, half.to_files(), map_partitions_in_threads(1), silent)
    grades = pq.read_table(path, columns=["pd_12m", "grade"]).to_pandas()
    assert (grades["grade"] == "G02").tolist() == (grades["pd_12m"] >= 0.5).tolist()


def test_a_model_without_peers_gives_no_reasons(features, model, tmp_path):
    texts = {
        name: text for name, text in model.to_files().items() if name != "reference_group.json"
    }
    with pytest.raises(DataError, match="has no reference group"):
        score_with_reasons(
            features, tmp_path / "scores", texts, map_partitions_in_threads(1), silent
        )


def test_progress_tells_files_and_rows(features, model, tmp_path):
    told: list[str] = []
    score_with_reasons(
        features, tmp_path / "s", model.to_files(), map_partitions_in_threads(1), told.append
    )
    assert told[-1] == "scores: 3 of 3 files, 120 rows"


def test_unknown_values_are_counted_and_told_each_time_whatever_the_engine(
    features, model, tmp_path
):
    stand_ins = {"exports_usd_12m": (0.5, 2.0) * 16, "sector": (0.0, 1.0) * 16}
    ranker = replace(model.ranker, inputs=replace(INPUTS, imputations=stand_ins))
    texts = replace(model, ranker=ranker).to_files()
    path = features / "features/2024-07/00001.parquet"
    rows = pd.read_parquet(path)
    rows.loc[:4, "exports_usd_12m"] = np.nan
    rows["sector"] = ["rockets"] * 3 + ["toys"] * 37
    for other in (p for p in features.rglob("*.parquet") if p != path):
        pd.read_parquet(other).assign(sector="shoes").to_parquet(other)
    rows.to_parquet(path)
    for threads in (1, 2):  # the second go finds the files as they stand
        told: list[str] = []
        score_with_reasons(
            features, tmp_path / "s", texts, map_partitions_in_threads(threads), told.append
        )
        assert [line.split(" has no known value in ") for line in told[-2:]] == [
            [f"scores: {name}", f"{count} of 120 rows; the fit rows taught nothing of that, so it"
             " counts as anyone's."]
            for name, count in (("exports_usd_12m", 5), ("sector", 3))
        ]  # fmt: skip
    scores = pd.read_parquet(tmp_path / "s/2024-07/00001.parquet")
    pd.testing.assert_series_equal(
        scores["pd_12m"], RiskModel.from_files(texts).score(rows)["pd_12m"]
    )
    assert scores["reason_1"].notna().any()


def test_a_renamed_column_is_refused_with_the_nearest_named(features, model, tmp_path):
    path = features / "features/2024-10/00000.parquet"
    pd.read_parquet(path).rename(columns={"attribute_rating": "attribute_ratings"}).to_parquet(path)
    with pytest.raises(
        DataError,
        match=r"2024-10/00000\.parquet: 1 of 4 .* \(first: attribute_rating; the nearest there:"
        r" attribute_ratings\)",
    ):
        score_features(
            features, tmp_path / "s", model.to_files(), map_partitions_in_threads(1), silent
        )
