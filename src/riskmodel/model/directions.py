"""Directions that the fit rows surely contradict: found, and released."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from riskmodel.features.ranking import COVERAGE
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.inputs import Inputs, fit_inputs
from riskmodel.settings import ModelSettings
from riskmodel.statistics.discrimination import clustered_auc


def prepare_inputs(
    rows: pd.DataFrame, definitions: Sequence[FeatureDefinition], settings: ModelSettings
) -> Inputs:
    """Select the features that vary in the fit rows, with levels, and directions as the settings say."""
    inputs = fit_inputs(rows, definitions, settings.max_categories)
    keep = settings.contradicted_directions == "keep"
    return inputs if keep else release_contradicted(inputs, rows)


def release_contradicted(inputs: Inputs, rows: pd.DataFrame) -> Inputs:
    """Return the inputs without the directions that the rows surely contradict.

    A direction is declared for every economy; where this one speaks surely against it, a model held
    to it would rank worse. The feature stays.
    """
    contradicted = set(find_contradicted(inputs, rows))
    signs = [
        0 if name in contradicted else sign
        for name, sign in zip(inputs.names, inputs.signs, strict=True)
    ]
    return replace(inputs, signs=tuple(signs))


def find_contradicted(inputs: Inputs, rows: pd.DataFrame) -> tuple[str, ...]:
    """Find the features that rank the rows' defaults against their declared direction.

    The whole interval of the AUC by enterprise, of 95 %, lies below one half. It does not allow for
    the number of directions: one that is released by chance costs little, one that is kept
    against the rows costs much. `rows`: enterprise_id, `defaulted`, the features.
    """
    from scipy.stats import t

    return tuple(
        name
        for name, area, error, freedom in _intervals(inputs, rows)
        if area + t.ppf((1 + COVERAGE) / 2, freedom) * error < 0.5
    )


def released_names(inputs: Inputs, definitions: Sequence[FeatureDefinition]) -> Iterator[str]:
    """Yield the features whose declared direction a model's inputs no longer hold."""
    declared = {one.name for one in definitions if not one.category and one.risk != "none"}
    for name, sign in zip(inputs.names, inputs.signs, strict=True):
        if name in declared and not sign:
            yield name


def _intervals(inputs: Inputs, rows: pd.DataFrame) -> Iterator[tuple[str, float, float, int]]:
    """Yield each feature with a direction: AUC along it where the value is known, error, freedom."""
    bad, matrix = rows["defaulted"].to_numpy(bool), inputs.matrix(rows)
    enterprise = pd.factorize(rows["enterprise_id"])[0]
    for place, (name, sign) in enumerate(zip(inputs.names, inputs.signs, strict=True)):
        values = sign * matrix[:, place]
        there = ~np.isnan(values)
        if sign and there.any():
            ranked = clustered_auc(values[there], bad[there], enterprise[there])
            if ranked.freedom > 0:
                yield name, ranked.auc, ranked.error, ranked.freedom
