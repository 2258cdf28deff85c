"""No picture ends a run, whatever the columns of `attributes` hold and are called."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskmodel import figures
from riskmodel.features import Features
from riskmodel.features.attributes import attribute_definitions
from riskmodel.features.profile import profile
from riskmodel.figures import Picture
from riskmodel.figures.axis_range import undrawable
from riskmodel.figures.guard import guard_picture
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.scorecard.bins import Bins
from riskmodel.model.learners.scorecard.scorecard import Scale, Scorecard
from riskmodel.model.master_scale import MasterScale
from riskmodel.model.risk_model import RiskModel

pytestmark = pytest.mark.slow

DAYS = pd.to_datetime(["2018-01-01", "2018-07-01", "2019-07-01", "2020-07-01"])
WHO, WHEN = np.tile(np.arange(20), 4), np.repeat(DAYS, 20)
TWENTY = np.arange(80.0) % 20

NUMBERS: dict[str, np.ndarray] = {
    "whole numbers of 19 digits": 2.0**60 + 256 * TWENTY,
    "of 16 digits, a step apart": 1e15 + TWENTY,
    "as far apart as doubles go": np.where(TWENTY % 2 == 0, 1.7e308, -1.7e308),
    "all near the end of doubles": 1.7e308 - 1e305 * TWENTY,
    "of every size": 10.0 ** (30 * TWENTY - 300),
    "infinite": np.where(TWENTY % 2 == 0, np.inf, -np.inf),
    "one value": np.full(80, 7.0),
    "one value of 19 digits": np.full(80, 2.0**60),
    "one value but for a row": np.r_[np.full(79, 2.0**60), 1.0],
    "the smallest doubles": 5e-324 * TWENTY,
    "two neighbouring doubles": np.where(TWENTY < 10, 1.0, np.nextafter(1.0, 2)),
    "missing": np.full(80, np.nan),
    "missing but for a row": np.r_[np.full(79, np.nan), 3.0],
    "missing on a date": np.where(DAYS[1] == WHEN, np.nan, TWENTY),
    "a flag": TWENTY % 2,
}
NAMES = (
    "split", "defaulted", "as_of", "pd_12m", "base", "card", "feature", "exports_usd_6m", "x", "X",
    "$x_1$", "$", r"\$\frac", "$\\frac{", "a_b^{c", "行业", "two\nlines", "tab\there", "bell\a",
    "\x1b[31mred", "l" * 500, "<b>&amp;", "", " ", "_hidden", "%s", "{0}", "nan", "ⅷ é\u200b",
)  # fmt: skip


def fitted_scorecard(name: str, levels: tuple[str, ...]) -> RiskModel:
    """One text in as many bins as levels, and one of missing values."""
    count = len(levels) + 1
    one = Bins(name, 0, levels=levels, group=tuple(range(count - 1)), rows=(5,) * count,
               defaults=(1,) * count, weights=(0.1,) * count)  # fmt: skip
    points = tuple(0.1 * k for k in range(count))
    ranker = Scorecard(Inputs((name,), (0,), {name: levels}), (one,), (points,), -2.0,
                       Scale(600.0, 50.0, 20.0), {})  # fmt: skip
    line = Calibration(Curve("logistic", -1.0, (1.5,)), 0.0, ((-2.0, 0.1, 0.2), (2.0, 0.1, 0.1)),
                       0.9, {})  # fmt: skip
    return RiskModel("scorecard", ranker, line, MasterScale((), ()), {})


def pictures(name: str, values: np.ndarray) -> dict[str, Callable[[], Picture]]:
    """Every picture that shows a feature's name or its values, of one attribute."""
    definitions = attribute_definitions({name: "number"})
    feature = definitions[0].name
    frame = pd.DataFrame({"enterprise_id": WHO, "as_of": WHEN, feature: values})
    features = Features(frame, definitions, pd.DataFrame())
    bad = pd.Series(WHO % 4 == 0).astype("boolean").where(DAYS[-1] > WHEN)
    shares = pd.DataFrame({feature: TWENTY / 20, "base": -2.0})
    seen = profile(features, bad)
    drifted = replace(seen, bands=seen.bands.assign(feature=feature))
    return {
        "coverage": lambda: figures.coverage(features),
        "shapes": lambda: figures.shapes(features),
        "feature_drift": lambda: figures.feature_drift(seen),
        "feature_bands": lambda: figures.feature_bands(drifted),
        "directions": lambda: figures.directions(seen),
        "rankings_in_time": lambda: figures.rankings_in_time(seen),
        "beeswarm": lambda: figures.beeswarm(frame, shares),
        "default_rates": lambda: figures.default_rates(seen),
        "strengths_by_value": lambda: figures.strengths_by_value(frame, shares),
        "importance": lambda: figures.importance(shares),
        "riskiest_enterprise": lambda: figures.riskiest_enterprise(shares),
        "scorecard": lambda: figures.scorecard({"scorecard": fitted_scorecard(feature, NAMES)}),
    }


def drawn(picture: Picture) -> list[str]:
    """All words in the picture, which is drawn; a letter that the font lacks is no fault here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        assert picture._repr_png_().startswith(b"\x89PNG")
    return [text.get_text().replace("\n", " ") for axes in picture.axes for text in axes.texts]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", NUMBERS)
def test_every_picture_of_awkward_numbers_is_drawn_or_says_why_not(kind: str) -> None:
    for draw in pictures("x", NUMBERS[kind]).values():
        drawn(draw())


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_of_an_awkward_name_is_drawn(name: str) -> None:
    for draw in pictures(name, TWENTY).values():
        drawn(draw())


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("whole numbers of 19 digits", "its values differ by less than numbers of their size"),
        ("two neighbouring doubles", "its values differ by less than numbers of their size"),
        ("as far apart as doubles go", "its values reach beyond 1e+300"),
    ],
)
def test_a_spread_that_cannot_be_drawn_is_said_with_the_features_name(kind: str, why: str) -> None:
    (words,) = drawn(pictures("turnover", NUMBERS[kind])["shapes"]())

    assert words.startswith(f"attribute_turnover cannot be drawn: {why}")


def test_what_can_be_drawn_beside_it_is_drawn() -> None:
    far, near = attribute_definitions({"far": "number", "near": "number"})
    values = {"attribute_far": NUMBERS["as far apart as doubles go"], "attribute_near": TWENTY}
    frame = pd.DataFrame({"enterprise_id": WHO, "as_of": WHEN, **values})

    first, second = figures.shapes(
        Features(frame, (far, replace(near, family="size")), pd.DataFrame())
    ).axes

    assert sum(bar.get_height() for bar in first.patches) == 80
    assert not second.patches


def test_every_value_between_the_outermost_hundredths_stands_in_a_bar() -> None:
    thousand = np.arange(1000.0)
    definitions = attribute_definitions({"x": "number"})
    frame = pd.DataFrame({"attribute_x": thousand})

    (axes,) = figures.shapes(Features(frame, definitions, pd.DataFrame())).axes

    assert sum(bar.get_height() for bar in axes.patches) == 982  # 9 to 990


def test_a_feature_of_one_value_but_for_few_rows_says_so() -> None:
    definitions = attribute_definitions({"x": "number"})
    frame = pd.DataFrame({"attribute_x": np.r_[1.0, np.full(998, 2.0**60), 2.0]})

    (words,) = drawn(figures.shapes(Features(frame, definitions, pd.DataFrame())))

    assert words.endswith("cannot be drawn: without the outermost hundredths it has one value.")


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(allow_nan=False)))
@settings(max_examples=60, deadline=None)
def test_numbers_that_are_called_drawable_have_thirty_bars_of_rising_edges(
    values: np.ndarray,
) -> None:
    if undrawable(values, 30) or values.min() == values.max():
        return
    _, edges = np.histogram(values, 30)

    assert np.isfinite(edges).all()
    assert (np.diff(edges) > 0).all()


def test_a_picture_that_fails_is_said_in_its_place_and_warned_of() -> None:
    def some_picture() -> Picture:
        raise ValueError("$broken")

    with pytest.warns(UserWarning, match="Some picture could not be drawn: ValueError"):
        picture = guard_picture(some_picture)()

    assert words_start(picture, "Nothing to show: it could not be drawn (ValueError: ")


def test_a_picture_that_fails_when_it_is_shown_is_said_in_its_place() -> None:
    picture = figures.coverage(Features(pd.DataFrame(), (), pd.DataFrame()))
    picture.axes[0].text(0, 0, r"$\frac{$")

    with pytest.warns(UserWarning, match="Values known, by family of features could not be drawn"):
        assert picture._repr_png_().startswith(b"\x89PNG")


def words_start(picture: Picture, words: str) -> bool:
    return picture.axes[0].texts[0].get_text().startswith(words)
