"""Plain models of an analyst's first hour: what a benchmark holds the recommended model against."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def score_logistic(rows: pd.DataFrame, later: pd.DataFrame, bad: Flags) -> Array:
    """Score by a ridge logistic regression on normal scores, with flags of missing values and texts."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

    numbers = make_pipeline(
        SimpleImputer(add_indicator=True, keep_empty_features=True),
        QuantileTransformer(
            n_quantiles=min(200, len(rows)), output_distribution="normal", random_state=0
        ),
    )
    levels = OneHotEncoder(min_frequency=40, handle_unknown="infrequent_if_exist")
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (levels, make_column_selector(dtype_exclude="number")),
    )
    model = make_pipeline(columns, LogisticRegression(C=0.1, max_iter=2000))
    plain, plain_later = _plain_types(rows), _plain_types(later)
    return np.asarray(model.fit(plain, bad).predict_proba(plain_later)[:, 1], dtype=float)


def score_boosted(rows: pd.DataFrame, later: pd.DataFrame, bad: Flags) -> Array:
    """Score by LightGBM as it comes, with small steps that held-out rows stop."""
    import lightgbm

    plain, plain_later = _as_categories(rows, later)
    held = np.arange(len(plain)) % 5 == 0
    few = bad.sum() < 1000
    model = lightgbm.LGBMClassifier(
        n_estimators=3000,
        learning_rate=0.04,
        num_leaves=8 if few else 31,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.6,
        n_jobs=1,
        random_state=0,
        verbose=-1,
    )
    stop = lightgbm.early_stopping(75, verbose=False)
    model.fit(plain[~held], bad[~held], eval_X=plain[held], eval_y=bad[held], callbacks=[stop])
    again = model.set_params(n_estimators=max(int(model.best_iteration_ * 1.25), 1))
    return np.asarray(again.fit(plain, bad).predict_proba(plain_later)[:, 1], dtype=float)


PLAIN_MODELS: Mapping[str, Callable[[pd.DataFrame, pd.DataFrame, Flags], Array]] = {
    "logistic regression": score_logistic,
    "LightGBM": score_boosted,
}
"""Plain models by name: fit rows, rows to score, default flags of the fit rows; PDs."""


def _plain_types(rows: pd.DataFrame) -> pd.DataFrame:
    """Return numbers as doubles and texts as objects, as scikit-learn wants them."""
    texts = [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]
    return rows.astype({name: object if name in texts else float for name in rows})


def _as_categories(rows: pd.DataFrame, later: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return numbers as doubles and texts as the categories of the fit rows."""
    plain, plain_later = _plain_types(rows), _plain_types(later)
    for name in plain.select_dtypes(exclude="number"):
        plain[name] = plain[name].astype("category")
        plain_later[name] = pd.Categorical(plain_later[name], plain[name].cat.categories)
    return plain, plain_later
